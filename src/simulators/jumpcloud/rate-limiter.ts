import type { Now } from '../timing.js';
import type { RateLimit } from './options.js';
import { RequestRefused } from './request-refused.js';

/** Takes a request of a credential into account, or refuses it with 429. */
type CheckRate = (credential: string) => void;

/** A token bucket for each credential. */
export function createRateCheck(limit: RateLimit | undefined, now: Now): CheckRate {
  if (limit === undefined) return () => undefined;
  const { requestsPerSecond, burst = requestsPerSecond, retryAfterSeconds = 1 } = limit;
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return (credential) => {
    const atMs = now();
    const bucket = buckets.get(credential) ?? { tokens: burst, atMs };
    const refilled = bucket.tokens + ((atMs - bucket.atMs) / 1000) * requestsPerSecond;
    const tokens = Math.min(burst, refilled);
    buckets.set(credential, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs });
    if (tokens >= 1) return;
    const headers = retryAfterSeconds === null ? [] : [['Retry-After', String(retryAfterSeconds)] as const];
    throw new RequestRefused(429, 'Too Many Requests', headers);
  };
}
