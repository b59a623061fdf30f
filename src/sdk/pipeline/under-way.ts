import { HashSet } from '../ledger/hash-set.js';
import type { Hash64 } from '../ledger/hash.js';
import type { LedgerKey } from '../ledger/ledger.js';
import type { Batch } from './destination.js';
import { InFlightBatch } from './in-flight-batch.js';

/** The batches of all lanes that are being filled or on their way: what is in one of them is not sent in another. */
export class UnderWay<B extends Batch> {
  /** The events of all batches, each marked with its batch's number. */
  readonly #events = new HashSet();
  readonly #batches: (InFlightBatch<B> | undefined)[] = [];

  /** @param onFollowed called when another lane begins to wait for an event in the batch */
  begin(batch: B, onFollowed?: () => void): InFlightBatch<B> {
    const free = this.#batches.indexOf(undefined);
    const number = free < 0 ? this.#batches.length : free;
    const begun = new InFlightBatch(batch, {
      onRemembered: (key) => this.#events.set(placed(key), number),
      onFollowed,
    });
    this.#batches[number] = begun;
    return begun;
  }

  /** To be called when a batch has been delivered, or will not be. */
  end(batch: InFlightBatch<B>): void {
    const number = this.#batches.indexOf(batch);
    if (number < 0) return;
    this.#batches[number] = undefined;
    // An event may have moved to another batch meanwhile.
    for (const key of batch.keys()) {
      const event = placed(key);
      if (this.#events.mark(event) === number) this.#events.delete(event);
    }
    batch.end();
  }

  /** The batch that carries the event with this key. */
  carrierOf(key: LedgerKey): InFlightBatch<B> | undefined {
    const number = this.#events.mark(placed(key));
    return number === undefined ? undefined : this.#batches[number];
  }
}

/** Events of one id at different times are different events; when one without a time of its own is seen says nothing of it. */
function placed({ bucket, high, low }: LedgerKey): Hash64 {
  return bucket < 0 ? { high, low } : { high: high ^ Math.imul(bucket, 0x9e3779b1), low };
}
