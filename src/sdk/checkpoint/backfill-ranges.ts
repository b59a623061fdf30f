import { HOUR_MS } from '../reconciliation/hour-store.js';
import { type ClosedInterval, OwedSet } from './owed-set.js';

/**
 * What lies so near to an hour is known before the hour is closed: then it can be cut from its neighbours where no event
 * lies, and an event that both of them show is known to the one that is read later. Milliseconds.
 */
export const MARGIN_MS = 60_000;

/** The parts of gaps that lie in one of the ranges. */
export function within(gaps: readonly ClosedInterval[], ranges: readonly ClosedInterval[]): ClosedInterval[] {
  const parts = ranges.flatMap((range) =>
    gaps.map((gap) => ({ fromMs: Math.max(gap.fromMs, range.fromMs), toMs: Math.min(gap.toMs, range.toMs) })),
  );
  return [...OwedSet.of(parts).gaps];
}

/** The parts of gaps that lie in none of the ranges. */
export function outside(gaps: readonly ClosedInterval[], ranges: readonly ClosedInterval[]): readonly ClosedInterval[] {
  return ranges.reduce((set, range) => set.settleGap(range), OwedSet.of(gaps)).gaps;
}

export function overlap(a: ClosedInterval, b: ClosedInterval): boolean {
  return a.fromMs < b.toMs && b.fromMs < a.toMs;
}

/** The full hour that an instant lies in begins then. */
export function wholeHours(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}

/** What has been read of backfilled ranges, by the hour: no gap reaches into these hours or close to them any more. */
export function finishedPieces(
  ranges: readonly ClosedInterval[],
  gaps: readonly ClosedInterval[],
): readonly ClosedInterval[] {
  const open = gaps.map(({ fromMs, toMs }) => ({
    fromMs: wholeHours(fromMs - MARGIN_MS),
    toMs: wholeHours(toMs + MARGIN_MS - 1) + HOUR_MS,
  }));
  return outside(ranges, open).flatMap(byHour);
}

function byHour({ fromMs, toMs }: ClosedInterval): ClosedInterval[] {
  const pieces: ClosedInterval[] = [];
  for (let at = fromMs; at < toMs; at = wholeHours(at) + HOUR_MS) {
    pieces.push({ fromMs: at, toMs: Math.min(toMs, wholeHours(at) + HOUR_MS) });
  }
  return pieces;
}
