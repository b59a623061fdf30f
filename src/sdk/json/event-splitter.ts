import { type EventIdentity, type EventMembers, USUAL_MEMBERS } from '../pipeline/event-identity.js';
import type { Events } from '../pipeline/events.js';
import type { RawEvent } from '../pipeline/raw-event.js';
import { INPUT_BYTES, Kernel, type MemberNames, PLACES, RECORD } from './kernel/kernel.js';
import { SplitEvents } from './split-events.js';

/** No vendor's event comes near it; what does is an answer that never ends. */
const LONGEST_EVENT_BYTES = 64 * 1024 * 1024;
/** An event is put together outside of the kernel where less room than this is left in it. */
const LEAST_ROOM = 64 * 1024;

/** Text that is not a JSON array of values: the answer is broken, not an event of it. */
export class MalformedArrayError extends Error {
  /** For logs. */
  override readonly name = 'MalformedArrayError';
}

/**
 * Splits a JSON array into the exact texts of its elements while it arrives, and finds each event's id, time and service on
 * the way, without parsing it. Pieces may end anywhere, in the middle of an escape or of a UTF-8 sequence too.
 *
 * What is inside an element is checked for balanced brackets only: the destination gets what the source sent.
 */
export class EventSplitter {
  readonly #names: MemberNames;
  readonly #kernel: Kernel;
  /** Bytes that are in the kernel, all of them looked at: of an element under way, if there is one. */
  #held = 0;
  /** Parts of the element under way that were taken out of the kernel, and their length together. */
  #carried: Buffer[] = [];
  #carriedBytes = 0;

  /** @param members where they are found. Default: `id`, `timestamp` and `service` */
  constructor({ id, timestamp, service = '' }: EventMembers = USUAL_MEMBERS) {
    this.#names = [id, timestamp, service];
    this.#kernel = Kernel.borrow(this.#names);
  }

  /**
   * Takes the next piece of the array's text.
   * @returns the events that ended in it, some at a time: each good until the next are asked for
   * @throws MalformedArrayError
   */
  *push(piece: Uint8Array): Generator<Events, void, undefined> {
    const kernel = this.#kernel;
    for (let from = 0; from < piece.length;) {
      const part = piece.subarray(from, from + INPUT_BYTES - this.#held);
      kernel.input.set(part, this.#held);
      from += part.length;
      const filled = this.#held + part.length;
      for (let lookedAt = this.#held; lookedAt < filled; lookedAt = kernel.lookedAt) {
        const ended = kernel.split(lookedAt, filled, this.#carriedBytes);
        if (ended < 0) throw this.#malformed();
        if (ended > 0) yield new SplitEvents(kernel, ended, this.#names, this.#takeCarried());
      }
      this.#keep(filled);
    }
  }

  /**
   * To be called when the text is over.
   * @throws MalformedArrayError where the array had not ended
   */
  end(): void {
    if (this.#kernel.place === PLACES.start) throw new MalformedArrayError('it is empty');
    if (this.#kernel.place !== PLACES.end) throw new MalformedArrayError('it is cut off');
  }

  /** To be called when nothing will be asked any more of it or its events: what it needed serves the next one. */
  close(): void {
    this.#kernel.giveBack();
  }

  /** The whole of the first element that ended, where parts of it were taken out. */
  #takeCarried(): Buffer | undefined {
    if (this.#carriedBytes === 0) return undefined;
    const whole = Buffer.concat([...this.#carried, this.#kernel.input.subarray(0, this.#kernel.word(0, RECORD.end))]);
    this.#carried = [];
    this.#carriedBytes = 0;
    return whole;
  }

  /** Keeps what there is of the element under way. */
  #keep(filled: number): void {
    const kernel = this.#kernel;
    if (kernel.place !== PLACES.element) {
      this.#held = 0;
      return;
    }
    const start = kernel.elementStart;
    this.#held = filled - start;
    if (this.#held <= INPUT_BYTES - LEAST_ROOM) {
      if (start > 0) kernel.input.copyWithin(0, start, filled);
      return;
    }
    this.#carried.push(Buffer.from(kernel.input.subarray(start, filled)));
    this.#carriedBytes += this.#held;
    this.#held = 0;
    if (this.#carriedBytes > LONGEST_EVENT_BYTES) {
      throw new MalformedArrayError(`an event in it is longer than ${LONGEST_EVENT_BYTES} bytes`);
    }
  }

  #malformed(): MalformedArrayError {
    const byte = this.#kernel.input[this.#kernel.lookedAt] ?? 0;
    const found = `'${printable(byte)}'`;
    switch (~this.#kernel.place) {
      case PLACES.start:
        return new MalformedArrayError(`it begins with ${found}, not with '['`);
      case PLACES.beforeFirst:
      case PLACES.beforeNext:
        return new MalformedArrayError(`${found} stands where an event should be`);
      case PLACES.afterElement:
        return new MalformedArrayError(`${found} stands where ',' or ']' should be`);
      case PLACES.end:
        return new MalformedArrayError(`${found} follows the end of the array`);
      case PLACES.tooDeep:
        return new MalformedArrayError('an event in it is nested too deeply');
      default:
        return new MalformedArrayError(`${found} closes what '${byte === 0x5d ? '{' : '['}' opened`);
    }
  }
}

/** The event that a text is; undefined where it is no one JSON value. */
export function eventOf(text: Uint8Array, identity: EventIdentity = USUAL_MEMBERS): RawEvent | undefined {
  const splitter = new EventSplitter(membersOf(identity));
  try {
    let [event, count]: [RawEvent | undefined, number] = [undefined, 0];
    for (const events of splitter.push(Buffer.concat([OPEN, text, CLOSE]))) {
      event ??= events.at(0);
      count += events.count;
    }
    splitter.end();
    return event === undefined || count > 1 ? undefined : locate({ ...event, bytes: text }, identity);
  } catch (error) {
    if (error instanceof MalformedArrayError) return undefined;
    throw error;
  } finally {
    splitter.close();
  }
}

/** The members to look for while splitting, where a function finds what they hold: none. */
export function membersOf(identity: EventIdentity): EventMembers {
  return typeof identity === 'function' ? { id: '', timestamp: '' } : identity;
}

/** An event with what a function finds in it. What is no JSON after all has neither id nor time. */
export function locate(event: RawEvent, identity: EventIdentity): RawEvent {
  if (typeof identity !== 'function') return event;
  const { bytes } = event;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return { bytes, id: undefined, timestampMs: undefined };
  }
  return { bytes, ...identity(parsed) };
}

const OPEN = Buffer.from('[');
const CLOSE = Buffer.from(']');

function printable(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}
