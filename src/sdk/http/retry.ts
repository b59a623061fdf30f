import { abortError, ModuleError } from '../errors.js';
import type { Clock, Random } from '../ports.js';
import { backoffMs, type RetryPolicy } from './backoff.js';

export interface RetryOptions {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends a wait between tries: `retry` then rejects as aborted. */
  readonly requested: AbortSignal;
  /** Which failures are worth another try; those that say so of themselves where it is not given. */
  readonly isWorthIt?: (error: ModuleError) => boolean;
  /** Told before each wait. */
  readonly onRetry?: (failure: { error: ModuleError; attempt: number; delayMs: number }) => void;
}

/**
 * Tries an operation until it succeeds, fails for good, or the deadline has passed. What may be tried again is what
 * rejects with a `ModuleError` that says so; a `Retry-After` is waited out.
 * @throws whatever the last try threw; an AbortError where a stop was requested before the next try
 */
export async function retry<Result>(operation: () => Promise<Result>, options: RetryOptions): Promise<Result> {
  const { policy, clock, random, requested, isWorthIt = saysSo, onRetry } = options;
  const startedAt = clock.monotonic();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof ModuleError) || !isWorthIt(error)) throw error;
      const statedMs = Math.min(error.retryAfterMs ?? 0, policy.longestStatedWaitMs ?? Infinity);
      const delayMs = Math.max(backoffMs(policy, attempt, random), statedMs);
      if (clock.monotonic() + delayMs - startedAt > policy.deadlineMs) throw error;
      if (attempt >= (policy.mostAttempts ?? Infinity)) throw error;
      if (!requested.aborted) onRetry?.({ error, attempt, delayMs });
      await clock.sleep(delayMs, requested);
      if (requested.aborted) throw abortError();
    }
  }
}

function saysSo({ retryable }: ModuleError): boolean {
  return retryable;
}
