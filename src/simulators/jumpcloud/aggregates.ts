import { isObject, type JsonObject } from './query.js';
import { RequestRefused } from './request-refused.js';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Counts values in the answer shape of `/events/distinct` (API page, 3.3). */
export function renderDistinct(values: Iterable<string>, field: string, shape: 'flat' | 'named'): JsonObject {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const buckets = [...counts].sort((a, b) => b[1] - a[1]).map(([key, count]) => ({ key, doc_count: count }));
  return {
    [shape === 'named' ? field : 'buckets']: buckets,
    doc_count_error_upper_bound: 0,
    sum_other_doc_count: 0,
  };
}

/** Reads the bucket width of `/events/interval` (API page, 3.4), milliseconds, and the zone's offset. */
export function readInterval(body: JsonObject): { readonly widthMs: number; readonly offsetMs: number } {
  const unit = typeof body.interval_unit === 'string' ? UNIT_MS[body.interval_unit] : undefined;
  if (unit === undefined) throw new RequestRefused(400, 'interval_unit must be one of s, m, h, d, w');
  const value = body.interval_value ?? '1';
  if (typeof value !== 'string' || !/^[1-9]\d*$/.test(value)) {
    throw new RequestRefused(400, 'interval_value must be a string with a whole number');
  }
  const zone = /^([+-])(\d\d)(\d\d)$/.exec(typeof body.timezone === 'string' ? body.timezone : '+0000');
  if (zone === null) throw new RequestRefused(400, 'timezone must be an offset such as -0500');
  const minutes = Number(zone[2]) * 60 + Number(zone[3]);
  return { widthMs: unit * Number(value), offsetMs: (zone[1] === '-' ? -minutes : minutes) * 60_000 };
}

/** Counts instants (ascending epoch milliseconds) in the answer shape of `/events/interval`. */
export function renderIntervals(
  instants: Iterable<number>,
  { widthMs, offsetMs }: { readonly widthMs: number; readonly offsetMs: number },
): JsonObject {
  const counts = new Map<number, number>();
  for (const ms of instants) {
    const key = Math.floor((ms + offsetMs) / widthMs) * widthMs - offsetMs;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const buckets = [...counts].map(([key, count]) => ({
    key,
    key_as_string: new Date(key).toISOString(),
    doc_count: count,
  }));
  return { buckets };
}

/** Keeps only the named members of an event; dotted names reach into objects. */
export function projectEvent(event: JsonObject, fields: readonly string[]): JsonObject {
  const projected: Record<string, unknown> = {};
  for (const field of fields) copyPath(event, projected, field.split('.'));
  return projected;
}

function copyPath(from: JsonObject, to: Record<string, unknown>, path: readonly string[]): void {
  const [name = '', ...rest] = path;
  const value = from[name];
  if (value === undefined) return;
  if (rest.length === 0) {
    to[name] = value;
    return;
  }
  if (!isObject(value)) return;
  const inner = isObject(to[name]) ? { ...to[name] } : {};
  copyPath(value, inner, rest);
  to[name] = inner;
}
