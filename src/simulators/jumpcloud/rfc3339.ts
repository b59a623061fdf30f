import type { Instant } from '../events/instant.js';

// `$` without the m flag refuses a trailing newline, as the API does.
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/;

/** Reads an RFC 3339 date-time with its nanoseconds; undefined when it is not one. */
export function parseRfc3339(text: string): Instant | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  const utcMs = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  // Date.UTC carries 30 February and 25 o'clock over into the next unit.
  if (new Date(utcMs).toISOString().slice(0, 19) !== `${year}-${month}-${day}T${hour}:${minute}:${second}`) {
    return undefined;
  }
  const nanos = Number(fraction.slice(0, 9).padEnd(9, '0'));
  return { ms: utcMs - offsetMs(zone) + Math.floor(nanos / 1_000_000), ns: nanos % 1_000_000 };
}

function offsetMs(zone: string): number {
  if (zone.length === 1) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** Writes an instant as the API does in its messages: seconds, and a fraction only when there is one. */
export function formatRfc3339({ ms }: Instant): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
