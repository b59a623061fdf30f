import type { EventIdentity } from './event-identity.js';
import type { Events } from './events.js';

/** A range of event time to read, epoch milliseconds. Both bounds may be inclusive: repeats are the ledger's job. */
export interface Window {
  /** Begin. */
  readonly fromMs: number;
  /** End. */
  readonly toMs: number;
}

/** A piece of a window's events, in ascending order of time as far as the source keeps its word. */
export interface Page {
  /** They are valid until the next page is asked for. */
  readonly events: Events;
  /**
   * Once this page and all before it are settled, nothing that was visible before this instant is owed (epoch
   * milliseconds, rounded down). Undefined where that cannot be said, as when the order is not ascending.
   */
  readonly settledToMs: number | undefined;
}

/** Where events come from. It knows nothing of where they go, and keeps no state of its own between windows. */
export interface Source {
  /** How its events tell their id and time. Default: the members `id`, `timestamp` and `service`. */
  readonly identity?: EventIdentity;
  /**
   * Reads a window to its end. It may yield an event twice; it must not leave one out.
   * @returns the instant up to which every event visible was yielded, epoch milliseconds: the window's end, or earlier
   *   where the source's own clock had not reached that when it was asked
   * @throws ModuleError where it cannot go on; the pump asks again later, from what is then still owed
   */
  read(window: Window, signal: AbortSignal): AsyncGenerator<Page, number, undefined>;
  /**
   * How many events the source holds in a window, as `read` with the same window would show them.
   * @throws ModuleError where it does not say; SOURCE_CANNOT_COUNT where it never can
   */
  count(window: Window, signal: AbortSignal): Promise<number>;
  /** The source's own clock, epoch milliseconds: nothing after it can be asked for. */
  now(): number;
  /**
   * Asks the source for its time. Never rejects: reading will tell what is wrong.
   * @returns what its clock shows by its own word, epoch milliseconds; undefined where it gave none
   */
  learnTime(signal: AbortSignal): Promise<number | undefined>;
}
