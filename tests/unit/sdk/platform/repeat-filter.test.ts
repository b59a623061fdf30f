import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { RepeatFilter } from '../../../../src/sdk/platform/repeat-filter.js';

const MINUTE = 60_000;

describe('what says the same', () => {
  it('is let through once a minute, counted from when it was let through', () => {
    const filter = new RepeatFilter();
    const times = [0, 1, 30_000, MINUTE - 1, MINUTE, MINUTE + 1, 2 * MINUTE - 1, 2 * MINUTE];
    expect(times.filter((time) => filter.admit('same', time))).toEqual([0, MINUTE, 2 * MINUTE]);
  });

  it('is told from what says something else', () => {
    const filter = new RepeatFilter();
    expect([filter.admit('info a', 0), filter.admit('error a', 0), filter.admit('info b', 0)]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('is forgotten after 4096 other things', () => {
    const filter = new RepeatFilter();
    for (let key = 0; key < 4096; key += 1) filter.admit(String(key), 0);
    expect(filter.admit('0', 1)).toBe(false);
    filter.admit('one more', 1);
    expect(filter.size).toBe(4096);
    expect(filter.admit('0', 1)).toBe(true);
  });

  it('agrees with the plain rule for any sequence of few keys, and keeps within bounds for any', () => {
    const step = fc.record({ key: fc.nat(6).map(String), afterMs: fc.nat(40_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const filter = new RepeatFilter();
        const last = new Map<string, number>();
        let now = 0;
        for (const { key, afterMs } of steps) {
          now += afterMs;
          const expected = now - (last.get(key) ?? -Infinity) >= MINUTE;
          expect(filter.admit(key, now)).toBe(expected);
          if (expected) last.set(key, now);
          expect(filter.size).toBeLessThanOrEqual(4096);
        }
      }),
    );
  });
});
