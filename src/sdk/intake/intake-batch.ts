import type { Added, Batch } from '../pipeline/destination.js';
import type { RawEvent } from '../pipeline/source.js';
import { MAX_GROWTH, readEscaped, writeEscaped } from './json-escape.js';
import { MAX_EVENT_BYTES, MAX_REQUEST_BYTES } from './limits.js';

const SUFFIX = Buffer.from(']}');
const QUOTE = 0x22;
const COMMA = 0x2c;
const INITIAL_BYTES = 64 * 1024;

/** How large a batch may grow. */
export interface IntakeBatchLimits {
  readonly events: number;
  /** The whole request body, as encoded. */
  readonly requestBytes: number;
  /** One event's text; what the intake is known to take where it is not given. */
  readonly eventBytes?: number;
}

/**
 * The body of one `POST /batch` as it grows: `{"intake_key":"…","jsons":["…","…"]}`, where each string is the exact text
 * of an event. Each event's text is copied once, escaped, straight into the body.
 */
export class IntakeBatch implements Batch {
  #body: Buffer;
  #length: number;
  /** Where each event's string begins, its quote included, and where the last one ends. */
  readonly #starts: number[] = [];
  readonly #prefix: Buffer;

  constructor(
    intakeKey: string,
    private readonly limits: IntakeBatchLimits = { events: Infinity, requestBytes: MAX_REQUEST_BYTES },
  ) {
    this.#prefix = Buffer.from(`{"intake_key":${JSON.stringify(intakeKey)},"jsons":[`);
    this.#body = Buffer.allocUnsafe(INITIAL_BYTES);
    this.#length = this.#prefix.copy(this.#body);
  }

  get count(): number {
    return this.#starts.length;
  }

  get bytes(): number {
    return this.#length + SUFFIX.length;
  }

  add({ bytes }: RawEvent): Added {
    if (bytes.length > (this.limits.eventBytes ?? MAX_EVENT_BYTES)) return 'oversized';
    if (this.count >= this.limits.events) return 'full';
    this.#makeRoomFor(bytes.length * MAX_GROWTH + 3 + SUFFIX.length);
    const start = this.count === 0 ? this.#length : this.#length + 1;
    const end = writeEscaped(bytes, this.#body, start + 1);
    if (end + 1 + SUFFIX.length > this.limits.requestBytes && this.count > 0) return 'full';
    if (this.count > 0) this.#body[this.#length] = COMMA;
    this.#body[start] = QUOTE;
    this.#body[end] = QUOTE;
    this.#starts.push(start);
    this.#length = end + 1;
    return 'added';
  }

  text(index: number): Uint8Array {
    return readEscaped(this.#string(index).subarray(1, -1));
  }

  /** The request body that carries the events at `indexes`, ascending; of all of them without a copy. */
  body(indexes: readonly number[]): Uint8Array {
    if (indexes.length === this.count) {
      SUFFIX.copy(this.#body, this.#length);
      return this.#body.subarray(0, this.#length + SUFFIX.length);
    }
    const parts = indexes.flatMap((index, n) => (n === 0 ? [this.#string(index)] : [COMMA_TEXT, this.#string(index)]));
    return Buffer.concat([this.#prefix, ...parts, SUFFIX]);
  }

  /** The event at `index` as a JSON string, quotes included. */
  #string(index: number): Buffer {
    const next = this.#starts[index + 1];
    return this.#body.subarray(this.#starts[index], next === undefined ? this.#length : next - 1);
  }

  #makeRoomFor(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#body.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#body.length * 2));
    this.#body.copy(grown, 0, 0, this.#length);
    this.#body = grown;
  }
}

const COMMA_TEXT = Buffer.from(',');
