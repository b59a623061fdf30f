import type { RawEvent } from '../pipeline/source.js';
import { parseTimestamp } from '../time/timestamp.js';
import { findMembers, stringValue } from './find-members.js';
import { INPUT_BYTES, kernel, type MemberPlace, PLACES, SplitState } from './kernel/kernel.js';

/** No vendor's event comes near it; what does is an answer that never ends. */
const LONGEST_EVENT_BYTES = 64 * 1024 * 1024;

/** Text that is not a JSON array of values: the answer is broken, not an event of it. */
export class MalformedArrayError extends Error {
  override readonly name = 'MalformedArrayError';
}

/**
 * Splits a JSON array into the exact texts of its elements while it arrives, and finds each event's `id`,
 * `timestamp` and `service` on the way, without parsing it. Pieces may end anywhere, in the middle of an escape or of a UTF-8
 * sequence too. Bytes of an event are a view of the piece it came in, where it came in one.
 *
 * What is inside an element is checked for balanced brackets only: the destination gets what the source sent.
 */
export class EventSplitter {
  readonly #state = new SplitState();
  /** Parts of the element under way that came in earlier pieces, and their length together. */
  #carried: Uint8Array[] = [];
  #carriedBytes = 0;

  /**
   * Takes the next piece of the array's text.
   * @returns the events that ended in it
   * @throws MalformedArrayError
   */
  push(piece: Uint8Array): RawEvent[] {
    const events: RawEvent[] = [];
    const buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let from = 0; from < buffer.length; from += INPUT_BYTES) {
      this.#pushPart(buffer.subarray(from, from + INPUT_BYTES), events);
    }
    return events;
  }

  /**
   * To be called when the text is over.
   * @throws MalformedArrayError where the array had not ended
   */
  end(): void {
    if (this.#state.place === PLACES.start) throw new MalformedArrayError('it is empty');
    if (this.#state.place !== PLACES.end) throw new MalformedArrayError('it is cut off');
  }

  #pushPart(part: Buffer, events: RawEvent[]): void {
    kernel().take(part);
    for (let from = 0; from < part.length; from = this.#state.lookedAt) {
      const ended = kernel().split(this.#state, part.length, { from, carried: this.#carriedBytes });
      if (ended < 0) throw this.#malformed(part);
      for (let index = 0; index < ended; index += 1) {
        events.push(readEvent(this.#whole(part.subarray(kernel().start(index), kernel().end(index))), index));
      }
    }
    if (this.#state.place === PLACES.element) this.#carry(part);
  }

  #whole(lastPart: Buffer): Buffer {
    if (this.#carriedBytes === 0) return lastPart;
    const whole = Buffer.concat([...this.#carried, lastPart]);
    this.#carried = [];
    this.#carriedBytes = 0;
    return whole;
  }

  /** Keeps what there is of the element under way; copied, because the piece may be overwritten. */
  #carry(part: Buffer): void {
    const start = this.#carriedBytes > 0 ? 0 : this.#state.elementStart;
    this.#carried.push(Uint8Array.from(part.subarray(start)));
    this.#carriedBytes += part.length - start;
    if (this.#carriedBytes > LONGEST_EVENT_BYTES) {
      throw new MalformedArrayError(`an event in it is longer than ${LONGEST_EVENT_BYTES} bytes`);
    }
  }

  #malformed(part: Buffer): MalformedArrayError {
    const byte = part[this.#state.lookedAt] ?? 0;
    const found = `'${printable(byte)}'`;
    switch (~this.#state.place) {
      case PLACES.start:
        return new MalformedArrayError(`it begins with ${found}, not with '['`);
      case PLACES.beforeFirst:
      case PLACES.beforeNext:
        return new MalformedArrayError(`${found} stands where an event should be`);
      case PLACES.afterElement:
        return new MalformedArrayError(`${found} stands where ',' or ']' should be`);
      case PLACES.end:
        return new MalformedArrayError(`${found} follows the end of the array`);
      default:
        return new MalformedArrayError(`${found} closes what '${byte === 0x5d ? '{' : '['}' opened`);
    }
  }
}

const KEYS = ['id', 'timestamp', 'service'] as const;

/** @param index of its record in the kernel */
function readEvent(bytes: Buffer, index: number): RawEvent {
  const [id, timestamp, service] = kernel().isUnclear(index)
    ? findMembers(bytes, KEYS).map((place) => place && { ...place, isPlain: false })
    : [kernel().member(index, 0), kernel().member(index, 1), kernel().member(index, 2)];
  const time = timestamp && text(bytes, timestamp);
  return {
    bytes,
    id: id && idOf(bytes, id),
    service: service && text(bytes, service),
    timestampMs: time === undefined ? undefined : parseTimestamp(time)?.ms,
  };
}

/** What the string at a place says; undefined where there is something else. */
function text(bytes: Buffer, place: MemberPlace): string | undefined {
  return place.isPlain ? plainText(bytes, place) : stringValue(written(bytes, place));
}

/**
 * The text of a string or number; anything else identifies nothing. What is no well-formed text (a lone surrogate, broken
 * UTF-8) is known by its bytes as they are written: decoding would make different ids equal.
 */
function idOf(bytes: Buffer, place: MemberPlace): string | undefined {
  if (place.isPlain) return plainText(bytes, place) || undefined;
  const value = written(bytes, place);
  const id = stringValue(value) ?? (/^-?\d/.test(value) ? value : undefined);
  if (id === undefined || id === '') return undefined;
  const isText = !id.includes('\ufffd') && Buffer.from(id).toString('utf8') === id;
  return isText ? id : bytes.toString('latin1', place.start, place.end).trim();
}

function plainText(bytes: Buffer, { start, end }: MemberPlace): string {
  return bytes.toString('latin1', start, end);
}

function written(bytes: Buffer, { start, end }: MemberPlace): string {
  return bytes.toString('utf8', start, end).trim();
}

function printable(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}
