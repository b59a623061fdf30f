import type { SyntheticEvent } from './synthetic-event.js';

/** What an event of an exact size shall be like. */
export interface SizedEventRequest {
  /** Length of the event's text in UTF-8, bytes. */
  readonly bytes: number;
  /** When it happened, epoch milliseconds. */
  readonly occurredAtMs: number;
  /** The writing system of the filling: with `wide`, there are about three times as many bytes as characters. */
  readonly script?: 'latin' | 'wide';
}

/** Lengthens an event with one more member until its text has exactly the size asked for. */
export function padToSize(event: SyntheticEvent, { bytes, script = 'latin' }: SizedEventRequest): SyntheticEvent {
  const opening = `${event.text.slice(0, -1)},"x_filling":"`;
  const room = bytes - Buffer.byteLength(opening) - '"}'.length;
  if (room < 0) throw new RangeError(`an event cannot be as short as ${bytes} bytes`);
  const wide = script === 'wide' ? '\u5927'.repeat(Math.floor(room / 3)) : '';
  const filling = wide + 'a'.repeat(room - Buffer.byteLength(wide));
  return { ...event, text: `${opening}${filling}"}` };
}
