import type { Added, Batch } from '../pipeline/destination.js';
import type { Events } from '../pipeline/events.js';
import { BODY_FORMS, type BodyForm, type EventRun } from './body-form.js';
import { BODY_BYTES, MAX_EVENT_BYTES, MAX_REQUEST_BYTES } from './limits.js';

const NO_BODY = Buffer.alloc(0);
/** Room for so many events' places is made at once. */
const FEWEST_STARTS = 1536;
const noMemory = (): undefined => undefined;

/** How large a batch may grow. */
export interface IntakeBatchLimits {
  readonly events: number;
  /** The whole request body, as encoded. */
  readonly requestBytes: number;
  /** One event's text; what the intake is known to take where it is not given. */
  readonly eventBytes?: number;
}

interface IntakeBatchOptions {
  readonly limits?: IntakeBatchLimits;
  readonly form?: BodyForm;
  /** Gives memory to fill, instead of new one. */
  readonly memory?: () => Buffer | undefined;
}

/** The body of one request as it grows. Each event's text is copied once, as the form has it, straight into the body. */
export class IntakeBatch implements Batch {
  readonly #limits: IntakeBatchLimits;
  readonly #form: BodyForm;
  readonly #prefix: Buffer;
  readonly #memory: () => Buffer | undefined;
  /** Taken with the first event: most of the time there is none to come. */
  #body: Buffer = NO_BODY;
  #length: number;
  /** Where each event begins, with what opens it, and where the last one ends. */
  #starts = new Int32Array(0);
  #count = 0;
  /** Added one after the other, with room left for them: many are copied together faster than each by itself. */
  #run: (EventRun & { readonly at: number }) | undefined;

  constructor(intakeKey: string, { limits, form = BODY_FORMS.json, memory = noMemory }: IntakeBatchOptions = {}) {
    this.#limits = limits ?? { events: Infinity, requestBytes: MAX_REQUEST_BYTES };
    this.#form = form;
    this.#prefix = form.prefix(intakeKey);
    this.#memory = memory;
    this.#length = this.#prefix.length;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#length + this.#form.suffix.length;
  }

  /** To be taken only when nothing will be asked of the batch any more but how large it was. */
  get memory(): Buffer {
    return this.#body;
  }

  add(events: Events, from: number, to: number): Added {
    const { suffix, size } = this.#form;
    const { events: mostEvents, requestBytes, eventBytes = MAX_EVENT_BYTES } = this.#limits;
    const [at, isFirst] = [this.#length, this.count === 0];
    let refusal: Added = 'full';
    let index = from;
    for (; index < to && this.count < mostEvents; index += 1) {
      if (events.size(index) > eventBytes) {
        refusal = 'oversized';
        break;
      }
      const start = this.count === 0 ? this.#length : this.#length + 1;
      const end = start + size(events, index);
      if (end + suffix.length > requestBytes && this.count > 0) break;
      this.#noteStart(start);
      this.#length = end;
    }
    if (index === from) return refusal;
    this.#makeRoom(this.bytes, at);
    if (!isFirst) this.#body[at] = this.#form.separator;
    if (this.#run?.events === events && this.#run.to === from) {
      this.#run.to = index;
    } else {
      this.copyAdded();
      this.#run = { events, from, to: index, at: isFirst ? at : at + 1 };
    }
    return index - from;
  }

  copyAdded(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#form.copy(run, this.#body, run.at);
    this.#run = undefined;
  }

  text(index: number): Uint8Array {
    this.#expectCopied();
    return this.#form.decode(this.#event(index));
  }

  /**
   * The request body that carries the events at `indexes`, ascending; of all of them without a copy, unless `intakeKey` is
   * another one than the batch was begun with.
   */
  body(indexes: readonly number[], intakeKey?: string): Uint8Array {
    const { separator, suffix } = this.#form;
    this.#expectCopied();
    const prefix = intakeKey === undefined ? this.#prefix : this.#form.prefix(intakeKey);
    if (indexes.length === this.count && prefix.equals(this.#prefix)) {
      this.#makeRoom(this.bytes);
      this.#body.set(suffix, this.#length);
      return this.#body.subarray(0, this.bytes);
    }
    const between = Buffer.of(separator);
    const parts = indexes.flatMap((index, n) => (n === 0 ? [this.#event(index)] : [between, this.#event(index)]));
    return Buffer.concat([prefix, ...parts, suffix]);
  }

  /** What is not there yet must never be taken for what an earlier batch has left in this memory. */
  #expectCopied(): void {
    if (this.#run !== undefined) throw new Error('Events were added and not copied: the pipeline breaks its contract');
  }

  /** The event at `index` as it stands in the body. */
  #event(index: number): Buffer {
    const end = index + 1 < this.#count ? (this.#starts[index + 1] ?? 0) - 1 : this.#length;
    return this.#body.subarray(this.#starts[index], end);
  }

  #noteStart(start: number): void {
    if (this.#count === this.#starts.length) {
      const longer = new Int32Array(Math.max(FEWEST_STARTS, this.#count * 2));
      longer.set(this.#starts);
      this.#starts = longer;
    }
    this.#starts[this.#count] = start;
    this.#count += 1;
  }

  /** @param filled bytes that are there */
  #makeRoom(needed: number, filled = this.#length): void {
    if (this.#body === NO_BODY) {
      // Pages that nothing is written to take no memory; growing step by step would leave holes that do.
      this.#body = this.#memory() ?? Buffer.allocUnsafeSlow(BODY_BYTES);
      this.#body.set(this.#prefix);
    }
    if (needed <= this.#body.length) return;
    const doubled = Math.min(this.#body.length * 2, this.#limits.requestBytes);
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, doubled));
    this.#body.copy(grown, 0, 0, filled);
    this.#body = grown;
  }
}
