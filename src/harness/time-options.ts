import { InvalidArgumentError } from 'commander';

import { DURATION_SYNTAX, parseDuration } from '../sdk/time/duration.js';
import { parseTimestamp } from '../sdk/time/timestamp.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Longer ranges are told by the day. */
const LONGEST_BY_HOUR_MS = 2 * DAY_MS;

/** By what a range is told, and how long one of them is. */
export function lengthOfLines(fromMs: number, toMs: number, by?: 'hour' | 'day'): ['hour' | 'day', number] {
  const length = by ?? (toMs - fromMs > LONGEST_BY_HOUR_MS ? 'day' : 'hour');
  return [length, length === 'day' ? DAY_MS : HOUR_MS];
}

/** An instant as people give it: `now`, so long ago, or a date and time. Epoch milliseconds, once now is known. */
export type GivenInstant = (nowMs: number) => number;

/** Reads `now`, a duration before now, a date (midnight UTC), or an RFC 3339 time. */
export function instant(text: string): GivenInstant {
  if (text.trim().toLowerCase() === 'now') return (nowMs) => nowMs;
  const durationMs = parseDuration(text);
  if (durationMs !== undefined) return (nowMs) => nowMs - durationMs;
  const parsed = parseTimestamp(/^\d{4}-\d\d-\d\d$/.test(text.trim()) ? `${text.trim()}T00:00:00Z` : text.trim());
  if (parsed === undefined) {
    throw new InvalidArgumentError(
      `It must be 'now', so long ago (${DURATION_SYNTAX}), a date such as 2030-01-02, or a time such as 2030-01-02T03:04:05Z.`,
    );
  }
  return () => parsed.ms;
}
