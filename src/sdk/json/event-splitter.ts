import type { RawEvent } from '../pipeline/source.js';
import { parseTimestamp } from '../time/timestamp.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** No vendor's event comes near it; what does is an answer that never ends. */
const LONGEST_EVENT_BYTES = 64 * 1024 * 1024;

/** Where in the text we are: before the array, before an element, inside one, after one, or after the array. */
type Place = 'start' | 'before-first' | 'before-next' | 'element' | 'after-element' | 'end';

/** A member of the event's top level whose key may be one that we look for. Offsets from the element's start. */
interface Candidate {
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

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
  #place: Place = 'start';
  #markBytes = 0;
  /** Parts of the element under way that came in earlier pieces, and their length together. */
  #carried: Uint8Array[] = [];
  #carriedBytes = 0;
  readonly #open: number[] = [];
  #inString = false;
  #escaped = false;
  /** At the top level of an object: the next string is a key. */
  #keyExpected = false;
  #keyHasEscape = false;
  #keyStart = 0;
  #keyEnd = 0;
  #valueStart = -1;
  #candidates: Candidate[] = [];

  /**
   * Takes the next piece of the array's text.
   * @returns the events that ended in it
   * @throws MalformedArrayError
   */
  push(piece: Uint8Array): RawEvent[] {
    const events: RawEvent[] = [];
    let elementStart = 0;
    for (let at = 0; at < piece.length; at += 1) {
      if (this.#inString && !this.#escaped) {
        at = skipPlainText(piece, at);
        if (at === piece.length) break;
      }
      const byte = piece[at] ?? 0;
      if (this.#place !== 'element') {
        if (!this.#beginsElement(byte)) continue;
        elementStart = at;
      }
      const ended = this.#scan(byte, this.#carriedBytes + at - elementStart);
      if (ended === 'no') continue;
      // A scalar ends before the byte that shows its end, which is then looked at as what follows an element.
      const end = ended === 'with-this-byte' ? at + 1 : at;
      events.push(this.#finish(piece.subarray(elementStart, end)));
      if (ended === 'before-this-byte') this.#beginsElement(byte);
    }
    if (this.#place === 'element') {
      // Copied, because the piece may be overwritten once the caller has it back.
      this.#carried.push(Uint8Array.from(piece.subarray(elementStart)));
      this.#carriedBytes += piece.length - elementStart;
      if (this.#carriedBytes > LONGEST_EVENT_BYTES) {
        throw new MalformedArrayError(`an event in it is longer than ${LONGEST_EVENT_BYTES} bytes`);
      }
    }
    return events;
  }

  /**
   * To be called when the text is over.
   * @throws MalformedArrayError where the array had not ended
   */
  end(): void {
    if (this.#place === 'start') throw new MalformedArrayError('it is empty');
    if (this.#place !== 'end') throw new MalformedArrayError('it is cut off');
  }

  /** Looks at a byte outside of elements. True where an element begins with it. */
  #beginsElement(byte: number): boolean {
    if (isBlank(byte)) return false;
    switch (this.#place) {
      case 'start':
        if (this.#markBytes < BYTE_ORDER_MARK.length && byte === BYTE_ORDER_MARK[this.#markBytes]) {
          this.#markBytes += 1;
          return false;
        }
        if (byte !== OPEN_ARRAY) throw new MalformedArrayError(`it begins with '${printable(byte)}', not with '['`);
        this.#place = 'before-first';
        return false;
      case 'before-first':
      case 'before-next':
        if (byte === CLOSE_ARRAY && this.#place === 'before-first') {
          this.#place = 'end';
          return false;
        }
        if (byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT || byte === COLON) {
          throw new MalformedArrayError(`'${printable(byte)}' stands where an event should be`);
        }
        this.#place = 'element';
        return true;
      case 'after-element':
        if (byte !== COMMA && byte !== CLOSE_ARRAY) {
          throw new MalformedArrayError(`'${printable(byte)}' stands where ',' or ']' should be`);
        }
        this.#place = byte === COMMA ? 'before-next' : 'end';
        return false;
      default:
        throw new MalformedArrayError(`'${printable(byte)}' follows the end of the array`);
    }
  }

  /** Looks at a byte inside an element; `offset` is its place in the element. */
  #scan(byte: number, offset: number): 'no' | 'with-this-byte' | 'before-this-byte' {
    if (this.#inString) return this.#scanString(byte, offset);
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        if (this.#keyExpected && this.#open.length === 1) {
          this.#keyStart = offset + 1;
          this.#keyHasEscape = false;
        }
        return 'no';
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.#open.push(byte);
        if (this.#open.length === 1) this.#keyExpected = byte === OPEN_OBJECT;
        return 'no';
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        return this.#close(byte, offset);
      case COMMA:
        if (this.#open.length === 0) return 'before-this-byte';
        if (this.#open.length === 1) {
          this.#endMember(offset);
          this.#keyExpected = this.#open[0] === OPEN_OBJECT;
        }
        return 'no';
      case COLON:
        if (this.#open.length === 1 && this.#valueStart === -1) this.#valueStart = offset + 1;
        return 'no';
      default:
        return this.#open.length === 0 && isBlank(byte) ? 'before-this-byte' : 'no';
    }
  }

  #scanString(byte: number, offset: number): 'no' | 'with-this-byte' {
    if (this.#escaped) {
      this.#escaped = false;
      return 'no';
    }
    if (byte === BACKSLASH) {
      this.#escaped = true;
      this.#keyHasEscape = true;
      return 'no';
    }
    if (byte !== QUOTE) return 'no';
    this.#inString = false;
    if (this.#open.length === 0) return 'with-this-byte';
    if (this.#open.length === 1 && this.#keyExpected) {
      this.#keyExpected = false;
      this.#keyEnd = offset;
      const length = offset - this.#keyStart;
      // Only a key that may be one of ours has its value's place remembered.
      this.#valueStart = this.#keyHasEscape || WANTED_LENGTHS.includes(length) ? -1 : -2;
    }
    return 'no';
  }

  #close(byte: number, offset: number): 'no' | 'with-this-byte' | 'before-this-byte' {
    const opened = this.#open.pop();
    if (opened === undefined) return 'before-this-byte';
    if ((opened === OPEN_OBJECT) !== (byte === CLOSE_OBJECT)) {
      throw new MalformedArrayError(`'${printable(byte)}' closes what '${printable(opened)}' opened`);
    }
    if (this.#open.length > 0) return 'no';
    this.#endMember(offset);
    return 'with-this-byte';
  }

  #endMember(offset: number): void {
    if (this.#valueStart >= 0) {
      this.#candidates.push({
        keyStart: this.#keyStart,
        keyEnd: this.#keyEnd,
        valueStart: this.#valueStart,
        valueEnd: offset,
      });
    }
    this.#valueStart = -2;
  }

  #finish(lastPart: Uint8Array): RawEvent {
    const bytes = this.#carried.length === 0 ? asBuffer(lastPart) : Buffer.concat([...this.#carried, lastPart]);
    const candidates = this.#candidates;
    this.#place = 'after-element';
    this.#carried = [];
    this.#carriedBytes = 0;
    this.#open.length = 0;
    this.#keyExpected = false;
    this.#valueStart = -2;
    this.#candidates = [];
    const service = findMember(bytes, candidates, SERVICE);
    return {
      bytes,
      id: idOf(bytes, candidates),
      service: service && stringValue(memberText(bytes, service)),
      timestampMs: timestampOf(bytes, candidates),
    };
  }
}

const ID = 'id';
const TIMESTAMP = 'timestamp';
const SERVICE = 'service';
const WANTED_LENGTHS: readonly number[] = [ID, TIMESTAMP, SERVICE].map(({ length }) => length);

/**
 * The text of a string or number; anything else identifies nothing. What is no well-formed text (a lone surrogate, broken
 * UTF-8) is known by its bytes as they are written: decoding would make different ids equal.
 */
function idOf(bytes: Buffer, candidates: readonly Candidate[]): string | undefined {
  const member = findMember(bytes, candidates, ID);
  if (member === undefined) return undefined;
  const value = memberText(bytes, member);
  const text = stringValue(value) ?? (/^-?\d/.test(value) ? value : undefined);
  if (text === undefined || text === '') return undefined;
  const isText = !text.includes('\ufffd') && Buffer.from(text).toString('utf8') === text;
  return isText ? text : bytes.toString('latin1', member.valueStart, member.valueEnd).trim();
}

function timestampOf(bytes: Buffer, candidates: readonly Candidate[]): number | undefined {
  const member = findMember(bytes, candidates, TIMESTAMP);
  const text = member === undefined ? undefined : stringValue(memberText(bytes, member));
  return text === undefined ? undefined : parseTimestamp(text)?.ms;
}

/** A top-level member by its key. Of several with the same key the last one counts, as for JSON.parse. */
function findMember(bytes: Buffer, candidates: readonly Candidate[], key: string): Candidate | undefined {
  return candidates.findLast(({ keyStart, keyEnd }) => {
    const written = bytes.toString('utf8', keyStart, keyEnd);
    return written === key || (written.includes('\\') && stringValue(`"${written}"`) === key);
  });
}

function memberText(bytes: Buffer, { valueStart, valueEnd }: Candidate): string {
  return bytes.toString('utf8', valueStart, valueEnd).trim();
}

/** What a JSON string says; undefined where the text is no JSON string. */
function stringValue(json: string): string | undefined {
  if (!json.startsWith('"')) return undefined;
  if (!json.includes('\\')) return json.slice(1, -1);
  try {
    return String(JSON.parse(json));
  } catch {
    // An escape that JSON does not know: the event goes on its way as it is, only unidentified.
    return undefined;
  }
}

/** Most of an event is the inside of strings: @returns the place of the next byte that may end one or escape another. */
function skipPlainText(piece: Uint8Array, from: number): number {
  let at = from;
  while (at < piece.length && piece[at] !== QUOTE && piece[at] !== BACKSLASH) at += 1;
  return at;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function printable(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}
