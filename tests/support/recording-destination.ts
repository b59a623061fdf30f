import type { DeliveryOutcome } from '../../src/sdk/outcome.js';
import type { Added, Batch, DeliverySignals, Destination } from '../../src/sdk/pipeline/destination.js';
import type { Events } from '../../src/sdk/pipeline/events.js';
import type { RawEvent } from '../../src/sdk/pipeline/raw-event.js';

/** A batch of texts. It makes the most of what its contract allows: nothing is copied before it has to be. */
export class TextBatch implements Batch {
  readonly texts: string[] = [];
  readonly #added: (() => void)[] = [];
  #bytes = 0;

  constructor(private readonly limits: { readonly events: number; readonly eventBytes: number }) {}

  get count(): number {
    return this.texts.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(events: Events, from: number, to: number): Added {
    for (let index = from; index < to; index += 1) {
      const refusal = this.#addOne(events, index);
      if (refusal !== undefined) return index === from ? refusal : index - from;
    }
    return to - from;
  }

  #addOne(events: Events, index: number): Added | undefined {
    const bytes = events.text(index);
    if (bytes.length > this.limits.eventBytes) return 'oversized';
    if (this.count >= this.limits.events) return 'full';
    const at = this.texts.push('not copied') - 1;
    this.#added.push(() => (this.texts[at] = Buffer.from(events.text(index)).toString('utf8')));
    this.#bytes += bytes.length;
    return undefined;
  }

  copyAdded(): void {
    for (const copy of this.#added.splice(0)) copy();
  }

  text(index: number): Uint8Array {
    return Buffer.from(this.texts[index] ?? '');
  }
}

/** All acknowledged. */
export const ACKNOWLEDGED: DeliveryOutcome = { rejections: [], unsettled: [] };

/** Nothing acknowledged. */
export function unsettled(batch: Batch, failure: Error): DeliveryOutcome {
  return { rejections: [], unsettled: Array.from({ length: batch.count }, (_, index) => index), failure };
}

export interface RecordingDestinationOptions {
  /** Events in a batch; asked for each batch. */
  readonly batchEvents?: () => number;
  readonly maxEventBytes?: number;
  /** What is sent in place of an oversized event. Nothing is where there is no such thing. */
  readonly reduce?: (event: RawEvent) => Uint8Array | undefined;
  /** What becomes of a batch; `n` is 1 for the first. Everything is acknowledged where there is no script. */
  readonly script?: (batch: TextBatch, signals: DeliverySignals, n: number) => Promise<DeliveryOutcome>;
}

/** A destination that keeps what it acknowledged, and answers as its script says. */
export class RecordingDestination implements Destination<TextBatch> {
  /** Texts in the order of their acknowledgement, repeats included. */
  readonly acknowledged: string[] = [];
  readonly batches: TextBatch[] = [];
  underWay = 0;
  mostUnderWay = 0;

  constructor(readonly options: RecordingDestinationOptions = {}) {}

  createBatch(): TextBatch {
    const { batchEvents, maxEventBytes = Infinity } = this.options;
    return new TextBatch({ events: batchEvents?.() ?? 10, eventBytes: maxEventBytes });
  }

  reduce(event: RawEvent): Uint8Array | undefined {
    return this.options.reduce?.(event);
  }

  async deliver(batch: TextBatch, signals: DeliverySignals): Promise<DeliveryOutcome> {
    this.batches.push(batch);
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    try {
      const outcome = (await this.options.script?.(batch, signals, this.batches.length)) ?? ACKNOWLEDGED;
      const others = new Set([...outcome.unsettled, ...outcome.rejections.map(({ index }) => index)]);
      this.acknowledged.push(...batch.texts.filter((_, index) => !others.has(index)));
      return outcome;
    } finally {
      this.underWay -= 1;
    }
  }
}
