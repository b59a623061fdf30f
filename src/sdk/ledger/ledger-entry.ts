import type { Hash64 } from './hash.js';

/** Identity of an event as the ledger keeps it: when it happened, and a hash of its id. */
export interface LedgerKey extends Hash64 {
  /**
   * Minutes since the epoch of the event's timestamp. An event without a readable timestamp has no such minute: its
   * bucket is the minute it was first seen, negated and less one, so that the two kinds never meet.
   */
  readonly bucket: number;
  /** Milliseconds into that minute, 0 to 59,999. */
  readonly place: number;
}

/** What became of an event: acknowledged by the destination, or kept in the dead letter. */
export interface LedgerEntry extends LedgerKey {
  readonly isDeadLettered: boolean;
}
