import type { LedgerEntry } from '../ledger/ledger.js';
import type { RawEvent } from './raw-event.js';

/**
 * Events of a page, in the order in which they came. Nothing is made of an event that nobody asks for. All of it is valid
 * until the next page is asked for: copy what must live longer.
 */
export interface Events {
  /** Number of events. */
  readonly count: number;
  /** The event at `index`, from 0. */
  at(index: number): RawEvent;
  /** Its exact JSON text, UTF-8. */
  text(index: number): Uint8Array;
  /** Bytes of its text. */
  size(index: number): number;
  /** Its own time, epoch milliseconds; undefined where it has none that can be read. */
  timestampMs(index: number): number | undefined;
  /** How the ledger knows it. @param seenMs epoch milliseconds of the sighting, for events without a time */
  key(index: number, seenMs: number): LedgerEntry;
  /** Its text as a JSON string, quotes included; good until that of another one is asked for. */
  quoted(index: number): Uint8Array;
}
