import type { LedgerKey } from '../ledger/ledger.js';
import type { Batch } from './destination.js';
import type { InFlightBatch } from './in-flight-batch.js';

/** The batches of all lanes that are being filled or on their way: what is in one of them is not sent in another. */
export class UnderWay<B extends Batch> {
  readonly #batches = new Set<InFlightBatch<B>>();

  add(batch: InFlightBatch<B>): void {
    this.#batches.add(batch);
  }

  /** To be called when a batch has been delivered, or will not be. */
  end(batch: InFlightBatch<B>): void {
    this.#batches.delete(batch);
    batch.end();
  }

  /** The batch that carries the event with this key. */
  carrierOf(key: LedgerKey): InFlightBatch<B> | undefined {
    for (const batch of this.#batches) if (batch.has(key)) return batch;
    return undefined;
  }
}
