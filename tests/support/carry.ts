import { EntryList } from '../../src/sdk/ledger/entry-list.js';
import type { LedgerEntry } from '../../src/sdk/ledger/ledger.js';
import type { Batch } from '../../src/sdk/pipeline/destination.js';
import type { InFlightBatch, PageProgress } from '../../src/sdk/pipeline/in-flight-batch.js';
import type { UnderWay } from '../../src/sdk/pipeline/under-way.js';

/** Has a batch take an event, from whatever other one carries it. */
export function carry<B extends Batch>(
  underWay: UnderWay<B>,
  batch: InFlightBatch<B>,
  key: LedgerEntry,
  page: PageProgress,
): void {
  underWay.give(batch, key);
  batch.remember(EntryList.from([key]), 0, 1, page);
}
