/**
 * An instant as vendors write it: RFC 3339 with zero to nine fraction digits, kept whole.
 *
 * JavaScript dates end at milliseconds and texts of mixed precision do not sort, so an instant is a whole number of
 * milliseconds (rounded down: the safe side for a position) and the nanoseconds beyond it.
 */
export interface Timestamp {
  /** Epoch milliseconds, rounded down. */
  readonly ms: number;
  /** Nanoseconds beyond `ms`, 0 to 999,999. */
  readonly nanos: number;
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:([Zz])|([+-])(\d\d):(\d\d))$/;

/**
 * Reads an RFC 3339 date-time, with `Z` or an offset. Fraction digits past the ninth are cut off. A leap second counts
 * as the second before it.
 * @returns undefined where the text is no such thing, or names a day or hour that does not exist.
 */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, date = '', time = '', second = '', fraction = '', , sign, offsetHours, offsetMinutes] = match;
  const minuteMs = startOfMinute(`${date}T${time}`);
  const seconds = second === '60' ? 59 : Number(second);
  const offset = offsetMs(sign, Number(offsetHours), Number(offsetMinutes));
  if (minuteMs === undefined || seconds > 59 || offset === undefined) return undefined;
  const fractionNanos = Number(fraction.padEnd(9, '0'));
  const ms = minuteMs + seconds * 1000 - offset + Math.floor(fractionNanos / 1_000_000);
  return { ms, nanos: fractionNanos % 1_000_000 };
}

/** The last minute that was asked for: events come in order of time, many of one minute. */
let lastMinute: { readonly text: string; readonly ms: number | undefined } = { text: '', ms: undefined };

/** @returns undefined where there is no such day or minute */
function startOfMinute(text: string): number | undefined {
  if (text !== lastMinute.text) {
    const ms = Date.parse(`${text}:00Z`);
    // Date rolls 30 February over into March: only what reads back the same was a real instant.
    const isReal = !Number.isNaN(ms) && isoText(ms).startsWith(text);
    lastMinute = { text, ms: isReal ? ms : undefined };
  }
  return lastMinute.ms;
}

/** Epoch milliseconds as `2030-01-02T03:04:05Z`, with three fraction digits only where they are not zero. */
export function formatTimestamp(ms: number): string {
  const { seconds, fraction } = isoParts(ms);
  return fraction === '000' ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}

/**
 * Epoch milliseconds as Python's `datetime.isoformat()` writes them in UTC: no fraction, or six digits. The Python
 * connector's checkpoint is in this form.
 */
export function formatPythonTimestamp(ms: number): string {
  const { seconds, fraction } = isoParts(ms);
  return fraction === '000' ? `${seconds}+00:00` : `${seconds}.${fraction}000+00:00`;
}

/** Negative, zero or positive as `a` is before, at or after `b`, to the nanosecond. */
export function compareTimestamps(a: Timestamp, b: Timestamp): number {
  return a.ms - b.ms || a.nanos - b.nanos;
}

function offsetMs(sign: string | undefined, hours: number, minutes: number): number | undefined {
  if (sign === undefined) return 0;
  if (hours > 23 || minutes > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function isoText(ms: number): string {
  return new Date(ms).toISOString();
}

function isoParts(ms: number): { seconds: string; fraction: string } {
  const iso = isoText(ms);
  return { seconds: iso.slice(0, 19), fraction: iso.slice(20, 23) };
}
