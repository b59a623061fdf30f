import type { DeliveryState } from '../checkpoint/delivery-state.js';
import type { Window } from './source.js';

/**
 * The look-back is at least this long: both clocks are known to a second only, and whether the source's bounds include
 * their own instant is not known at all.
 */
const LEAST_LOOK_BACK_MS = 2000;

/**
 * No more of the tail is read in one window: what cannot be said inside a window, because its events do not come in order,
 * is said at its end, and a failure in the middle costs a window at the most.
 */
const LONGEST_WINDOW_MS = 86_400_000;

/** How far behind its edge the tail is read again, for events that became visible late. */
export interface LookBackOptions {
  /** How late they may be, milliseconds. */
  readonly overlapMs: number;
  /**
   * Where a lane beside the tail looks back: the tail does it itself as long as that shows no more known events than
   * these. Default: always, since nobody else does.
   */
  readonly mostRepeated?: number;
}

/** What to read next of the tail. */
export interface PlannedWindow extends Window {
  /** True where it reaches up to now: nothing is left to read after it. */
  readonly reachesNow: boolean;
  /** The tail's edge: what lies before it was read already. */
  readonly edgeMs: number;
  /** False where looking back is left to the lane beside. */
  readonly looksBack: boolean;
}

/**
 * The window to read next: the beginning of the tail, at the most a day of it and up to the source's now. It begins a look-back
 * earlier, so that events that became visible late are seen, unless that would keep what is new waiting: then it is read
 * beside the tail. What the look-back repeats is the ledger's job; where the ledger does not remember it does not reach, nor
 * where a backfill is still to read.
 * @returns undefined where nothing can be asked for yet
 */
export function planWindow(
  state: DeliveryState,
  nowMs: number,
  { overlapMs, mostRepeated = Infinity }: LookBackOptions,
): PlannedWindow | undefined {
  const edgeMs = state.owed.tailFromMs;
  if (edgeMs === undefined) return undefined;
  const toMs = Math.min(nowMs, edgeMs + LONGEST_WINDOW_MS);
  const leastFromMs = reached(state, edgeMs, edgeMs - LEAST_LOOK_BACK_MS);
  const lookBackFromMs = Math.min(leastFromMs, reached(state, edgeMs, state.lookedBackToMs - overlapMs));
  // The clock of the source may be behind what it was; what is late is there to be seen.
  if (lookBackFromMs >= toMs) return undefined;
  const looksBack =
    toMs <= edgeMs ||
    // Far behind, it is no more than what is new.
    edgeMs - lookBackFromMs <= toMs - edgeMs ||
    // Where nobody came to do it beside the tail, for so long, it is due.
    edgeMs - state.lookedBackToMs > overlapMs ||
    eventsIn(state, lookBackFromMs, leastFromMs) <= mostRepeated;
  return { fromMs: looksBack ? lookBackFromMs : leastFromMs, toMs, reachesNow: toMs === nowMs, edgeMs, looksBack };
}

/**
 * What is to be read beside the tail: from where the last look-back left off, less `overlapMs`, up to the tail's edge. An event
 * that was not shown by then, and is no later than `overlapMs`, lies behind where the next one begins.
 * @returns undefined where the tail looks back itself
 */
export function planLookBack(state: DeliveryState, nowMs: number, options: LookBackOptions): Window | undefined {
  const planned = planWindow(state, nowMs, options);
  if (planned === undefined || planned.looksBack) return undefined;
  const { edgeMs } = planned;
  return { fromMs: reached(state, edgeMs, state.lookedBackToMs - options.overlapMs), toMs: edgeMs };
}

/** As far back as may be read again, at the most to an instant. */
function reached({ steadyFromMs }: DeliveryState, edgeMs: number, fromMs: number): number {
  return Math.max(fromMs, Math.min(steadyFromMs, edgeMs));
}

function eventsIn({ ledger }: DeliveryState, fromMs: number, toMs: number): number {
  const { delivered, deadLettered } = ledger.count(fromMs, toMs);
  return delivered + deadLettered;
}
