import { abortError } from '../errors.js';
import { LONGEST_EVENT_BYTES } from '../json/event-splitter.js';
import { BrokenContentError } from './broken-content-error.js';
import { contentOf } from './stored-content.js';
import type { StoredEvents } from './stored-events.js';
import { type StoredFault, StoredSplitter } from './stored-splitter.js';

export type { StoredEvents, StoredFault };

/** How an object is read. */
export interface StoredReading {
  /** Leaves out what begins before this offset, faults too. Default: 0 */
  readonly from?: number;
  /** An event that is longer is a fault. Default: 64 MiB */
  readonly maxEventBytes?: number;
  /** May change bytes of an event's text in place, to give it the form that the source's API has. */
  readonly restore?: (text: Uint8Array) => void;
  /** Called once for each part that gives no event, in their order, after the events before it were taken. */
  readonly onFault: (fault: StoredFault) => void;
  /** Ends the reading: it rejects with an abort error. */
  readonly signal?: AbortSignal;
}

/**
 * Reads the events out of a stored object, whatever its form: an array, one event a line, or events one after another; plain,
 * gzip or zstd. The form is found out by looking at the content. Nothing is held but the event under way.
 *
 * The text of an event is what stands between its braces, untouched: of an indented array with its line ends and blanks.
 * @param chunks the object's bytes, in pieces of any size; what it throws is thrown on, after the whole events before
 */
export async function* readStoredEvents(
  chunks: AsyncIterable<Uint8Array>,
  reading: StoredReading,
): AsyncGenerator<StoredEvents, void, undefined> {
  const { from = 0, maxEventBytes = LONGEST_EVENT_BYTES, restore, onFault, signal } = reading;
  const splitter = new StoredSplitter({ from, maxEventBytes, restore, onFault });
  let cutOff: string | undefined;
  try {
    try {
      for await (const piece of contentOf(chunks)) {
        if (signal?.aborted === true) throw abortError();
        yield* splitter.push(piece);
      }
    } catch (error) {
      if (!(error instanceof BrokenContentError)) throw error;
      cutOff = error.message;
    }
    if (signal?.aborted === true) throw abortError();
    yield* splitter.end(cutOff);
  } finally {
    splitter.close();
  }
}
