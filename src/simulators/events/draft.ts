import type { SeededRandom } from '../random.js';
import type { Cast } from './cast.js';

/** What a template gets to write one event with. */
export interface Draft {
  readonly random: SeededRandom;
  readonly cast: Cast;
  /** When the thing happened, epoch milliseconds; the event's own timestamp is written by the generator. */
  readonly occurredAtMs: number;
}

/**
 * Writes all members of an event but `id`, `timestamp`, `service`, `@version` and `organization`: JSON text that
 * begins with `"event_type"` and has no surrounding braces.
 */
export type EventTemplate = (draft: Draft) => string;
