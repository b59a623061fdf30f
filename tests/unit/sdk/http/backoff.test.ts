import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { backoffMs, type RetryPolicy } from '../../../../src/sdk/http/backoff.js';

const POLICY: RetryPolicy = { firstDelayMs: 1000, longestDelayMs: 30_000, deadlineMs: 300_000 };

describe('backoffMs', () => {
  it('doubles with each failure up to the longest delay', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 100].map((attempt) => backoffMs(POLICY, attempt, () => 1 - Number.EPSILON));
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('leaves the upper half to chance', () => {
    expect(backoffMs(POLICY, 3, () => 0)).toBe(2000);
    expect(backoffMs(POLICY, 3, () => 0.5)).toBe(3000);
  });

  it('is always a whole number between half of the first and all of the longest delay', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 0, max: 600_000 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (firstDelayMs, more, attempt, chance) => {
          const policy = { firstDelayMs, longestDelayMs: firstDelayMs + more, deadlineMs: 0 };
          const delay = backoffMs(policy, attempt, () => chance);
          expect(Number.isSafeInteger(delay)).toBe(true);
          expect(delay).toBeGreaterThanOrEqual(Math.floor(firstDelayMs / 2));
          expect(delay).toBeLessThanOrEqual(policy.longestDelayMs);
          expect(backoffMs(policy, attempt + 1, () => chance)).toBeGreaterThanOrEqual(delay);
        },
      ),
    );
  });
});
