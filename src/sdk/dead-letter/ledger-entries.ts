import { eventOf } from '../json/event-splitter.js';
import { Ledger, type LedgerEntry } from '../ledger/ledger.js';
import type { EventIdentity } from '../pipeline/event-identity.js';
import type { DeadLetterRecord } from './dead-letter-record.js';

/** How the ledger knows events of the dead letter that have been delivered. What is no JSON has no place in time. */
export function ledgerEntriesOf(records: readonly DeadLetterRecord[], identity?: EventIdentity): LedgerEntry[] {
  return records.flatMap(({ event }) => {
    const read = eventOf(event, identity);
    return read?.timestampMs === undefined ? [] : [Ledger.keyOf(read, 0)];
  });
}
