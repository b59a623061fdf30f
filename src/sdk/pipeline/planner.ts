import type { DeliveryState } from '../checkpoint/delivery-state.js';
import type { Window } from './source.js';

/**
 * The look-back is at least this long: both clocks are known to a second only, and whether the source's bounds include
 * their own instant is not known at all.
 */
const LEAST_LOOK_BACK_MS = 2000;

/**
 * No window is longer: what cannot be said inside a window, because its events do not come in order, is said at its end,
 * and a failure in the middle costs a window at the most.
 */
const LONGEST_WINDOW_MS = 86_400_000;

/** What to read next of the tail. */
export interface PlannedWindow extends Window {
  /** True where it reaches up to now: nothing is left to read after it. */
  readonly reachesNow: boolean;
  /** The tail's edge: what lies before it was read already. */
  readonly edgeMs: number;
}

/**
 * The window to read next: the beginning of the tail, at the most a day of it and up to the source's now, begun a
 * look-back earlier, so that events that became visible late are seen. What the look-back repeats is the ledger's job;
 * where the ledger does not remember it does not reach, nor where a backfill is still to read.
 * @returns undefined where nothing can be asked for yet
 */
export function planWindow(state: DeliveryState, nowMs: number, overlapMs: number): PlannedWindow | undefined {
  const edgeMs = state.owed.tailFromMs;
  if (edgeMs === undefined) return undefined;
  const lookBackMs = Math.max(overlapMs, LEAST_LOOK_BACK_MS);
  const fromMs = Math.max(edgeMs - lookBackMs, Math.min(state.steadyFromMs, edgeMs));
  const toMs = Math.min(nowMs, edgeMs + LONGEST_WINDOW_MS);
  return fromMs < toMs ? { fromMs, toMs, reachesNow: toMs === nowMs, edgeMs } : undefined;
}
