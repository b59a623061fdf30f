import { type EventIdentity, type EventMembers, USUAL_MEMBERS } from '../pipeline/event-identity.js';
import type { Events } from '../pipeline/events.js';
import type { RawEvent } from '../pipeline/raw-event.js';
import { HeldText } from './held-text.js';
import { Kernel, type MemberNames, PLACES, RECORD } from './kernel/kernel.js';
import { SplitEvents } from './split-events.js';

/** No vendor's event comes near it; what does is an answer that never ends. */
export const LONGEST_EVENT_BYTES = 64 * 1024 * 1024;

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
  readonly #text: HeldText;

  /** @param members where they are found. Default: `id`, `timestamp` and `service` */
  constructor({ id, timestamp, service = '' }: EventMembers = USUAL_MEMBERS) {
    this.#names = [id, timestamp, service];
    this.#kernel = Kernel.borrow(this.#names);
    this.#text = new HeldText(this.#kernel, LONGEST_EVENT_BYTES);
  }

  /**
   * Takes the next piece of the array's text.
   * @returns the events that ended in it, some at a time: each good until the next are asked for
   * @throws MalformedArrayError
   */
  *push(piece: Uint8Array): Generator<Events, void, undefined> {
    const [kernel, text] = [this.#kernel, this.#text];
    for (let from = 0; from < piece.length;) {
      const { held } = text;
      const filled = text.fill(piece.subarray(from));
      from += filled - held;
      for (let lookedAt = held; lookedAt < filled; lookedAt = kernel.lookedAt) {
        const ended = kernel.split(lookedAt, filled, text.told);
        if (ended < 0) throw new MalformedArrayError(faultOf(kernel));
        if (ended > 0) yield new SplitEvents(kernel, ended, this.#names, text.takeWhole(kernel.word(0, RECORD.end)));
      }
      text.keep(filled);
      if (text.isTooLong) throw new MalformedArrayError(`an event in it is longer than ${LONGEST_EVENT_BYTES} bytes`);
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
}

/** What is wrong with the text at the byte that a kernel could not take. */
export function faultOf(kernel: Kernel): string {
  const byte = kernel.input[kernel.lookedAt] ?? 0;
  const found = `'${printable(byte)}'`;
  switch (~kernel.place) {
    case PLACES.start:
      return `it begins with ${found}, not with '['`;
    case PLACES.beforeFirst:
    case PLACES.beforeNext:
      return `${found} stands where an event should be`;
    case PLACES.afterElement:
      return `${found} stands where ',' or ']' should be`;
    case PLACES.end:
      return `${found} follows the end of the array`;
    case PLACES.tooDeep:
      return 'an event in it is nested too deeply';
    default:
      return `${found} closes what '${byte === 0x5d ? '{' : '['}' opened`;
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
