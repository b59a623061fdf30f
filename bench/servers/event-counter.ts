import { ID_MARK, NUMBER_DIGITS } from './event-text.js';

/** A single byte, since that is found fastest. */
const MARK = ID_MARK.charCodeAt(0);
const ID_BYTES = 1 + NUMBER_DIGITS;
const NOTHING = Buffer.alloc(0);

/** Counts the events of a body while it arrives, by their ids, and looks at nothing else. */
export class EventCounter {
  count = 0;
  /** What the last piece ended with, where an id may have begun. */
  #end: Buffer = NOTHING;

  /** @param onEvent told each event's number */
  constructor(private readonly onEvent?: (row: number) => void) {}

  push(piece: Buffer): void {
    if (this.#end.length > 0) this.#look(Buffer.concat([this.#end, piece.subarray(0, ID_BYTES - 1)]));
    this.#look(piece);
    const end = piece.length < ID_BYTES ? Buffer.concat([this.#end, piece]) : piece;
    this.#end = Buffer.from(end.subarray(Math.max(0, end.length - ID_BYTES + 1)));
  }

  #look(bytes: Buffer): void {
    for (let at = bytes.indexOf(MARK); at >= 0 && at + ID_BYTES <= bytes.length;) {
      this.count += 1;
      this.onEvent?.(Number(bytes.toString('latin1', at + 1, at + ID_BYTES)));
      at = bytes.indexOf(MARK, at + ID_BYTES);
    }
  }
}
