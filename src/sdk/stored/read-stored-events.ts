import type { Events } from '../pipeline/events.js';

/**
 * Events of a stored object, in the order in which they stand there, with their places. As all {@link Events} they are good
 * until the next are asked for.
 */
export interface StoredEvents extends Events {
  /** Where the event at `index` begins: bytes, in the content as it is without compression. */
  offset(index: number): number;
  /** Where it ends: one past its last byte. */
  end(index: number): number;
}

/** A part of an object that gave no event. */
export interface StoredFault {
  /** Where what was not delivered begins: bytes, in the content as it is without compression. */
  readonly offset: number;
  /** Where reading went on, or where the content ended. */
  readonly end: number;
  /** In words, fit for a log. */
  readonly reason: string;
  /** Whether events behind it were looked for and are delivered, or nothing behind its offset could be read. */
  readonly rest: 'skipped' | 'end';
}

/** How an object is read. */
export interface StoredReading {
  /** Leaves out what begins before this offset, faults too. Default: 0 */
  readonly from?: number;
  /** An event that is longer is a fault. Default: 64 MiB */
  readonly maxEventBytes?: number;
  /** May change bytes of an event's text in place, to give it the form that the source's API has. */
  readonly restore?: (text: Uint8Array) => void;
  /** Called once for each part that gives no event, in their order, after the events before it were taken. */
  onFault(fault: StoredFault): void;
  /** Ends the reading: it rejects with an abort error. */
  readonly signal?: AbortSignal;
}

/**
 * Reads the events out of a stored object, whatever its form: an array, one event a line, or events one after another; plain,
 * gzip or zstd. The form is found out by looking at the content. Nothing is held but the event under way.
 * @param chunks the object's bytes, in pieces of any size; what it throws is thrown on, after the whole events before
 */
export function readStoredEvents(
  chunks: AsyncIterable<Uint8Array>,
  reading: StoredReading,
): AsyncGenerator<StoredEvents, void, undefined> {
  throw new Error(`Not there yet: ${typeof chunks} ${typeof reading}`);
}
