import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { inCompany, stretchOf, stretchWarnings } from '../../../../src/sdk/streams/company.js';

const PACE = { frequencyMs: 60_000, reconcileEveryMs: 300_000, requestsPerSecond: 10 };

describe('the pace of many streams', () => {
  it('is as it is set where the rate limit carries it', () => {
    expect(stretchOf(PACE, 400)).toBe(1);
    expect(stretchWarnings(PACE, 400)).toEqual([]);
    expect(stretchWarnings(PACE, 0)).toEqual([]);
  });

  it('is stretched where it does not, and the numbers are told', () => {
    expect(stretchOf(PACE, 1000)).toBeCloseTo(2.5);
    expect(stretchWarnings(PACE, 1000)).toEqual([
      '1000 organizations at this frequency and reconcile_every need 20.0 requests a second, and requests_per_second ' +
        'leaves 8.0 for them: each is read every 150 s and compared every 750 s instead. 25 requests a second would be enough',
    ]);
  });

  it('leaves a fifth of the rate limit free, whatever is set', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1000, max: 3_600_000 }),
        fc.integer({ min: 10_000, max: 86_400_000 }),
        fc.double({ min: 0.01, max: 1000, noNaN: true }),
        (streams, frequencyMs, reconcileEveryMs, requestsPerSecond) => {
          const settings = { frequencyMs, reconcileEveryMs, requestsPerSecond, retryForMs: 3_600_000 };
          const own = inCompany(settings, streams);
          const asked = streams * (1000 / own.frequencyMs + 1000 / own.reconcileEveryMs);
          expect(asked).toBeLessThanOrEqual(requestsPerSecond * 0.8 * (1 + 1e-9));
          expect(own.frequencyMs).toBeGreaterThanOrEqual(frequencyMs);
          expect(own.retryForMs).toBe(30_000);
        },
      ),
    );
  });
});
