import { HashSet } from '../ledger/hash-set.js';
import type { LedgerKey } from '../ledger/ledger.js';
import type { Batch } from './destination.js';

/** How far a page is: it is settled when all of it was read and no event of it is open. */
export interface PageProgress {
  open: number;
  read: boolean;
  /** What may be committed once this page and all before it are settled, epoch milliseconds. */
  readonly settledToMs: number | undefined;
}

/** A batch on its way, with what has to be remembered of each event in it. */
export class InFlightBatch<B extends Batch> {
  readonly #hashes = new HashSet();
  readonly #keys: LedgerKey[] = [];
  readonly #pages: PageProgress[] = [];
  readonly #ids: (string | undefined)[] = [];

  constructor(readonly batch: B) {}

  /** True where the event with this key is in the batch. Two minutes' events may share a hash as little as two ids. */
  has(key: LedgerKey): boolean {
    return this.#hashes.has(key);
  }

  remember(key: LedgerKey, id: string | undefined, page: PageProgress): void {
    this.#hashes.add(key);
    this.#keys.push(key);
    this.#ids.push(id);
    this.#pages.push(page);
    page.open += 1;
  }

  id(index: number): string | undefined {
    return this.#ids[index];
  }

  /** Closes every event but the unsettled ones. @returns the keys of those closed */
  settle(unsettled: readonly number[]): LedgerKey[] {
    const open = new Set(unsettled);
    return this.#keys.filter((_, index) => {
      if (open.has(index)) return false;
      const page = this.#pages[index];
      if (page !== undefined) page.open -= 1;
      return true;
    });
  }
}
