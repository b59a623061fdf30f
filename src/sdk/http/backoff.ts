import type { Random } from '../ports.js';

/** How long to wait between tries, and when to give up. Milliseconds. */
export interface RetryPolicy {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** Counted from the first try. No new try begins after it. */
  readonly deadlineMs: number;
  /** Longest wait that the other side may ask for. No limit where it is not given. */
  readonly longestStatedWaitMs?: number;
  /** The first try included. No limit where it is not given. */
  readonly mostAttempts?: number;
}

/**
 * The wait after the `attempt`-th failure (1 is the first): doubling from the first delay up to the longest, the upper
 * half of it left to chance, so that many clients do not come back at once.
 */
export function backoffMs(policy: RetryPolicy, attempt: number, random: Random): number {
  const full = Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full / 2 + (full / 2) * random());
}
