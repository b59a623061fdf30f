import type { Added, Batch } from '../../src/sdk/pipeline/destination.js';
import { EventList } from '../../src/sdk/pipeline/event-list.js';
import type { RawEvent } from '../../src/sdk/pipeline/raw-event.js';
import { formatTimestamp } from '../../src/sdk/time/timestamp.js';

/** An event for tests, with what the pipeline has to find in its text. */
export interface TestEvent {
  readonly id: string;
  /** Epoch milliseconds; undefined for an event without a timestamp. */
  readonly timestampMs: number | undefined;
  /** The exact JSON text. */
  readonly text: string;
}

/** Has what a re-serialisation would alter: blanks, an escape, a number that no double holds. */
export function testEvent(id: string, timestampMs: number | undefined, padding = 0): TestEvent {
  const time = timestampMs === undefined ? '' : `"timestamp":"${formatTimestamp(timestampMs)}", `;
  const text = `{ "id":"${id}", ${time}"big":18446744073709551617,"é":"\\u00e9\\/","pad":"${'x'.repeat(padding)}"}`;
  return { id, timestampMs, text };
}

/** As a source yields it, in bytes of its own. */
export function rawEvent({ id, timestampMs, text }: TestEvent): RawEvent {
  return { id, timestampMs, bytes: Buffer.from(text) };
}

/** Adds an event to a batch, and has it copied. */
export function addTo(batch: Batch, event: RawEvent): 'added' | Exclude<Added, number> {
  const added = batch.add(...alone(event));
  batch.copyAdded();
  return added === 1 ? 'added' : (added as Exclude<Added, number>);
}

/** One event as a batch takes it. */
export function alone(event: RawEvent): [EventList, number, number] {
  return [new EventList([event]), 0, 1];
}
