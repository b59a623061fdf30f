import { createHash } from 'node:crypto';

/** Digits of the SHA-256 of what an object holds: 64 bits, as everywhere where events are told apart. */
const HASH_DIGITS = 16;
/** Where events lie that have no time of their own. */
const NO_TIME = 'without-time';

/**
 * The folder of an event's hour, UTC: `2030/01/02/03`.
 * @param timestampMs epoch milliseconds; undefined where the event has none
 */
export function folderOf(timestampMs: number | undefined): string {
  const text = isoTime(timestampMs);
  return text === undefined ? NO_TIME : text.slice(0, 13).replaceAll(/[-T]/g, '/');
}

/**
 * The name of an object, by its contents alone, so that a second try replaces the first:
 * `2030/01/02/03/2030-01-02T03-04-05.678Z_0123456789abcdef.ndjson.gz`.
 * @param firstMs the earliest of its events' times, all of one hour; undefined where they have none
 * @param lines what it holds before compression
 */
export function objectName(firstMs: number | undefined, lines: Uint8Array): string {
  const hash = createHash('sha256').update(lines).digest('hex').slice(0, HASH_DIGITS);
  const first = isoTime(firstMs);
  const file = first === undefined ? hash : `${first.replaceAll(':', '-')}_${hash}`;
  return `${folderOf(firstMs)}/${file}.ndjson.gz`;
}

/** Undefined beyond the years that have four digits. */
function isoTime(ms: number | undefined): string | undefined {
  const date = new Date(ms ?? NaN);
  const text = Number.isNaN(date.getTime()) ? '' : date.toISOString();
  return /^\d{4}-/.test(text) ? text : undefined;
}
