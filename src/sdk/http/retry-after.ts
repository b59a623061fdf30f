import type { HttpResponse } from '../ports.js';

/** No server's word keeps us silent for longer than this: beyond a day it is a mistake. */
const LONGEST_WAIT_MS = 86_400_000;

/**
 * How long an answer asks to wait before the next request, milliseconds, at most a day: the `Retry-After` header of a
 * 429 or 503, as a number of seconds or an HTTP date (RFC 9110, section 10.2.3). Some APIs have none and tell with a 429 when
 * their limit begins anew, in epoch seconds: `X-Rate-Limit-Reset` (Okta), `X-RateLimit-Reset` (GitHub).
 * @param nowMs our own time, used where the answer carries no `Date` to measure a date against
 * @returns undefined where the answer does not ask, or not readably
 */
export function statedWaitMs(response: Pick<HttpResponse, 'status' | 'headers'>, nowMs: number): number | undefined {
  if (response.status !== 429 && response.status !== 503) return undefined;
  const text = response.headers['retry-after']?.trim();
  const serverNow = Date.parse(response.headers['date'] ?? '');
  const atMs = Number.isNaN(serverNow) ? nowMs : serverNow;
  if (text === undefined) return response.status === 429 ? untilResetMs(response.headers, atMs) : undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1000), LONGEST_WAIT_MS);
  const until = Date.parse(text);
  if (Number.isNaN(until)) return undefined;
  return Math.min(Math.max(0, until - atMs), LONGEST_WAIT_MS);
}

function untilResetMs(headers: HttpResponse['headers'], atMs: number): number | undefined {
  const text = (headers['x-rate-limit-reset'] ?? headers['x-ratelimit-reset'])?.trim();
  if (text === undefined || !EPOCH_SECONDS.test(text)) return undefined;
  return Math.min(Math.max(0, Number(text) * 1000 - atMs), LONGEST_WAIT_MS);
}

/** Others count the seconds that are left: too few digits for an instant of our time. */
const EPOCH_SECONDS = /^\d{10}$/;
