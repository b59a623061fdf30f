import type { ClosedInterval } from '../sdk/checkpoint/owed-set.js';
import { ConfigurationError } from '../sdk/errors.js';
import { type GivenInstant, instant } from './time-options.js';

const HOUR_MS = 3_600_000;

/** Beginning and end as they are given. */
export interface BackfillRange {
  readonly from: GivenInstant;
  /** Default: now. */
  readonly to?: GivenInstant;
}

/**
 * Whole hours, and nothing that the source has deleted.
 * @throws ConfigurationError where there is no such range
 */
export function rangeOf(
  { from, to = instant('now') }: BackfillRange,
  nowMs: number,
  retentionMs: number,
): ClosedInterval {
  const [fromMs, toMs] = [from(nowMs), Math.min(to(nowMs), nowMs)];
  if (fromMs >= toMs) {
    throw new ConfigurationError([{ setting: '--from', problem: 'must lie before --to, and before now' }]);
  }
  const keptFromMs = nowMs - retentionMs;
  if (toMs <= keptFromMs) {
    throw new ConfigurationError([{ setting: '--to', problem: `lies before everything that the source still has` }]);
  }
  return {
    fromMs: Math.ceil(Math.max(Math.floor(fromMs / HOUR_MS) * HOUR_MS, keptFromMs)),
    toMs: Math.min(Math.ceil(toMs / HOUR_MS) * HOUR_MS, Math.floor(nowMs)),
  };
}
