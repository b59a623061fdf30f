import { DURATION_SYNTAX, formatDuration, parseDuration } from '../time/duration.js';
import { formatTimestamp, parseTimestamp } from '../time/timestamp.js';
import type { Parsed } from './parsed.js';
import { showValue } from './redact.js';

/** Where the first run starts. */
export interface StartFrom {
  /** Epoch milliseconds. */
  readonly ms: number;
  /** As it was written. */
  readonly text: string;
  /** True where it was written as a time before now. */
  readonly isRelative: boolean;
}

/** How long a source keeps its events. */
export interface Retention {
  /** Milliseconds. */
  readonly ms: number;
  /** Who keeps them, for messages: `JumpCloud`. */
  readonly keeper: string;
}

/**
 * Reads where the first run starts, against `now` (epoch milliseconds): a duration before now, an RFC 3339 time, or
 * `retention` for as far back as the source keeps events. Farther back than that is cut off with a warning.
 */
export function parseStartFrom(text: string, now: number, retention: Retention): Parsed<StartFrom> {
  const trimmed = text.trim();
  const oldest = now - retention.ms;
  if (trimmed.toLowerCase() === 'retention') return { value: { ms: oldest, text: trimmed, isRelative: true } };
  const durationMs = parseDuration(trimmed);
  const ms = durationMs === undefined ? parseTimestamp(trimmed)?.ms : now - durationMs;
  if (ms === undefined) {
    const forms = `a duration (${DURATION_SYNTAX}), a time such as 2030-01-02T03:04:05Z, or 'retention'`;
    return { problem: `must be ${forms}, not ${showValue(trimmed, false)}` };
  }
  if (ms > now) return { problem: `${trimmed} is in the future: it is now ${formatTimestamp(now)}` };
  const isRelative = durationMs !== undefined;
  if (ms >= oldest) return { value: { ms, text: trimmed, isRelative } };
  const kept = `the ${formatDuration(retention.ms)} that ${retention.keeper} keeps`;
  return {
    value: { ms: oldest, text: trimmed, isRelative },
    warning: `${trimmed} is longer ago than ${kept}: starting at ${formatTimestamp(oldest)}`,
  };
}
