import type { EntryList } from '../ledger/entry-list.js';
import type { RawEvent } from './raw-event.js';

/**
 * Events of a page, in the order in which they came. Nothing is made of an event that nobody asks for. All of it is valid
 * until the next page is asked for: copy what must live longer.
 */
export interface Events {
  /** Number of events. */
  readonly count: number;
  /** Bytes of all their texts. */
  readonly bytes: number;
  /** The event at `index`, from 0. */
  at(index: number): RawEvent;
  /** Its exact JSON text, UTF-8. */
  text(index: number): Uint8Array;
  /** Bytes of its text. */
  size(index: number): number;
  /** Its own time, epoch milliseconds; undefined where it has none that can be read. */
  timestampMs(index: number): number | undefined;
  /** How the ledger knows them: one list, which a second call may change. @param seenMs epoch milliseconds of the sighting, for events without a time */
  keys(seenMs: number): EntryList;
  /** Bytes of its text as a JSON string, quotes included. */
  quotedSize(index: number): number;
  /** Copies those from `from` to before `to`, as JSON strings with commas between them, to `target`, from its byte `at` on. */
  copyQuoted(from: number, to: number, target: Uint8Array, at: number): void;
  /**
   * The texts of those from `from` to before `to` as they came; undefined where there is more, or less, than one byte between
   * them.
   */
  run(from: number, to: number): Uint8Array | undefined;
}
