import { EventSplitter, MalformedArrayError } from '../json/event-splitter.js';
import { Ledger, type LedgerEntry } from '../ledger/ledger.js';
import type { DeadLetterRecord } from './dead-letter-record.js';

/** How the ledger knows events of the dead letter that have been delivered. What is no JSON has no place in time. */
export function ledgerEntriesOf(records: readonly DeadLetterRecord[]): LedgerEntry[] {
  return records.flatMap(({ event }) => {
    const splitter = new EventSplitter();
    try {
      const [raw] = splitter.push(Buffer.concat([OPEN, event, CLOSE]));
      const isDated = raw?.timestampMs !== undefined;
      return isDated ? [Ledger.keyOf(raw, 0)] : [];
    } catch (error) {
      if (error instanceof MalformedArrayError) return [];
      throw error;
    }
  });
}

const OPEN = Buffer.from('[');
const CLOSE = Buffer.from(']');
