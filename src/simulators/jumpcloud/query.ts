import type { Instant } from '../events/instant.js';
import { headerOf, type SimulatedRequest } from '../http/exchange.js';
import type { JumpcloudApiOptions } from './options.js';
import { SUPPORTED_SERVICES } from './options.js';
import { RequestRefused } from './request-refused.js';
import { formatRfc3339, parseRfc3339 } from './rfc3339.js';

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The selectors that all endpoints share, checked. */
export interface Selection {
  /** Names as sent; contains `all` when everything is wanted. */
  readonly services: readonly string[];
  readonly start: Instant;
  readonly end?: Instant;
}

const DEFAULT_LIMIT = 1_000;
const MAX_LIMIT = 10_000;

/** Reads a request's body as a JSON object. */
export function readBody(request: SimulatedRequest): JsonObject {
  const type = headerOf(request, 'content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new RequestRefused(400, 'Content-Type must be application/json');
  if (request.bodyTooLarge === true) throw new RequestRefused(400, 'request body too large');
  let value: unknown;
  try {
    value = JSON.parse(request.body.toString());
  } catch {
    throw new RequestRefused(400, 'request body is not valid JSON');
  }
  if (!isObject(value)) throw new RequestRefused(400, 'request body is not a JSON object');
  return value;
}

/** Checks `service`, `start_time` and `end_time` (API page, 3.1, 6 and 7.1). */
export function readSelection(body: JsonObject, options: JumpcloudApiOptions, nowMs: number): Selection {
  const services = readServices(body.service, options.supportedServices ?? SUPPORTED_SERVICES);
  const start = readInstant(body.start_time, 'start_time');
  if (start === undefined) throw new RequestRefused(400, 'start_time is required');
  if (start.ms > nowMs) throw new RequestRefused(400, `Start Time in the future ${formatRfc3339(start)}`);
  const end = readInstant(body.end_time, 'end_time');
  if (end === undefined) return { services, start };
  const order = end.ms - start.ms || end.ns - start.ns;
  if (order < 0 || (order === 0 && options.equalBounds !== 'answer')) {
    const bounds = `${formatRfc3339(start)} > ${formatRfc3339(end)}`;
    throw new RequestRefused(400, `Start Time not after End Time ${bounds}`);
  }
  return { services, start, end };
}

function readServices(value: unknown, supported: readonly string[]): string[] {
  if (!Array.isArray(value) || value.length === 0) throw new RequestRefused(400, 'service is required');
  return value.map((name: unknown) => {
    if (typeof name === 'string' && (name === 'all' || supported.includes(name))) return name;
    const names = ['all', ...supported].join(', ');
    throw new RequestRefused(400, `unknown service ${JSON.stringify(name)}, supported services: ${names}`);
  });
}

function readInstant(value: unknown, name: string): Instant | undefined {
  if (value === undefined || value === null) return undefined;
  const instant = typeof value === 'string' ? parseRfc3339(value) : undefined;
  if (instant === undefined) throw new RequestRefused(400, `${name} is not an RFC 3339 date-time`);
  return instant;
}

/** The row limit that applies: nonsense falls back to 1,000 without a word. */
export function readLimit(value: unknown, excessive: JumpcloudApiOptions['excessiveLimit']): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value <= 0) return DEFAULT_LIMIT;
  if (value <= MAX_LIMIT) return value;
  return excessive === 'maximum' ? MAX_LIMIT : DEFAULT_LIMIT;
}

/** The direction that applies: whatever is not `desc` means ascending. */
export function readSort(value: unknown): 'ASC' | 'DESC' {
  return typeof value === 'string' && value.toUpperCase() === 'DESC' ? 'DESC' : 'ASC';
}

/** The offset that applies; nonsense means none. */
export function readSkip(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 0;
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
