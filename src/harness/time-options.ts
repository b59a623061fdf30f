import { InvalidArgumentError } from 'commander';

import { DURATION_SYNTAX, parseDuration } from '../sdk/time/duration.js';
import { parseTimestamp } from '../sdk/time/timestamp.js';

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
