import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  eventsOf,
  inOrderOfReading,
  leastDurationMs,
  leftOf,
  planSlices,
} from '../../../../src/sdk/backfill/plan-slices.js';
import { type ClosedInterval, OwedSet } from '../../../../src/sdk/checkpoint/owed-set.js';
import { abortError, ModuleError } from '../../../../src/sdk/errors.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2030, 0, 2);

const anyReaders = fc.integer({ min: 2, max: 8 });
const anyRanges = fc
  .array(fc.tuple(fc.nat(90 * DAY_MS), fc.integer({ min: 1, max: 40 * DAY_MS })), { minLength: 1, maxLength: 4 })
  .map(
    (pairs) =>
      OwedSet.of(pairs.map(([from, length]) => ({ fromMs: START_MS + from, toMs: START_MS + from + length }))).gaps,
  );

/** Joined where they touch. */
const covered = (slices: readonly ClosedInterval[]): ClosedInterval[] => [...OwedSet.of(slices).gaps];

function expectAscendingAndDisjoint(slices: readonly ClosedInterval[]): void {
  const isInOrder = slices.every(
    ({ fromMs, toMs }, at) => fromMs < toMs && fromMs >= (slices[at - 1]?.toMs ?? -Infinity),
  );
  expect(isInOrder).toBe(true);
}

describe('planSlices', () => {
  it('covers the ranges exactly, in order and without overlap, whatever the source counts', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyRanges,
        fc.array(fc.nat(500_000), { minLength: 1, maxLength: 20 }),
        async (ranges, counts) => {
          let asked = 0;
          const slices = await planSlices(ranges, async () => counts[(asked += 1) % counts.length] ?? 0);
          expectAscendingAndDisjoint(slices);
          expect(covered(slices)).toEqual(ranges);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('makes slices of less than the wanted number of events, one count for each cut', async () => {
    await fc.assert(
      fc.asyncProperty(anyRanges, fc.integer({ min: 1, max: 3 }), anyReaders, async (ranges, power, atOnce) => {
        // Denser and denser.
        const density = ({ fromMs, toMs }: ClosedInterval): number =>
          Math.round((((toMs - START_MS) / HOUR_MS) ** power - ((fromMs - START_MS) / HOUR_MS) ** power) / 10);
        let asked = 0;
        const count = async (range: ClosedInterval): Promise<number> => {
          asked += 1;
          return density(range);
        };
        const slices = await planSlices(ranges, count, { atOnce: () => atOnce });
        expect(asked).toBe(slices.length);
        const most = Math.min(250_000, Math.max(50_000, Math.ceil((eventsOf(slices) ?? 0) / atOnce / 0.8)));
        const tooMany = slices.filter(({ fromMs, toMs, events = 0 }) => toMs - fromMs > 120_000 && events > most + 1);
        expect(tooMany).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it.each([60_000, 200_000, 600_000, 2_000_000, 3_000_000].flatMap((events) => [2, 3, 8].map((n) => [events, n])))(
    'makes as many slices of %d events that come evenly as keep all %d busy that read them, to the end',
    async (events = 0, atOnce = 0) => {
      const range = { fromMs: START_MS, toMs: START_MS + 10 * DAY_MS };
      const slices = await planSlices(
        [range],
        async ({ fromMs, toMs }) => Math.round((events * (toMs - fromMs)) / (10 * DAY_MS)),
        { atOnce: () => atOnce },
      );
      expect(slices.length % atOnce).toBe(0);
      const sizes = slices.map((slice) => slice.events ?? 0);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(Math.max(...sizes) / 50);
    },
  );

  it.each([1_000_000, 300_000, 60_001])(
    'asks for few counts where each of them says %d, whatever the range',
    async (said) => {
      let asked = 0;
      const quarter = { fromMs: START_MS, toMs: START_MS + 90 * 24 * HOUR_MS };
      const slices = await planSlices([quarter], async () => {
        asked += 1;
        return said;
      });
      expect(covered(slices)).toEqual([quarter]);
      expect(asked).toBeLessThan(150);
    },
  );

  it('makes slices of equal time, a day at the most, where the source does not count', async () => {
    await fc.assert(
      fc.asyncProperty(anyRanges, async (ranges) => {
        const slices = await planSlices(ranges, () => Promise.reject(new ModuleError('SOURCE_NOT_FOUND', 'no counts')));
        expectAscendingAndDisjoint(slices);
        expect(covered(slices)).toEqual(ranges);
        expect(slices.every(({ fromMs, toMs, events }) => toMs - fromMs <= DAY_MS && events === undefined)).toBe(true);
        expect(eventsOf(slices)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it('asks for no more counts once one of them has failed', async () => {
    const range = { fromMs: START_MS, toMs: START_MS + 8 * DAY_MS };
    let asked = 0;
    const slices = await planSlices([range], async ({ fromMs, toMs }) => {
      asked += 1;
      const isRight = fromMs >= START_MS + 4 * DAY_MS;
      if (isRight) throw new ModuleError('SOURCE_NOT_FOUND', 'no counts');
      // Those of the left half are answered after the right one failed.
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      return (toMs - fromMs) / 60;
    });
    expect(eventsOf(slices)).toBeUndefined();
    const askedByThen = asked;
    for (let turn = 0; turn < 500; turn += 1) await Promise.resolve();
    expect(asked).toBe(askedByThen);
    expect(asked).toBeGreaterThan(2);
  });

  it('is over at a stop, and with a defect', async () => {
    const range = { fromMs: START_MS, toMs: START_MS + DAY_MS };
    await expect(planSlices([range], () => Promise.reject(abortError()))).rejects.toMatchObject({ name: 'AbortError' });
    await expect(planSlices([range], () => Promise.reject(new TypeError('a bug')))).rejects.toThrow('a bug');
  });
});

describe('the order of reading', () => {
  it('is newest first, but for what is deleted soon: that comes before, oldest first', () => {
    const slices = [1, 2, 3, 4, 5].map((n) => ({ fromMs: n * 10, toMs: n * 10 + 10 }));
    expect(inOrderOfReading(slices, 25).map(({ fromMs }) => fromMs)).toEqual([10, 20, 50, 40, 30]);
  });
});

describe('what is left of a plan', () => {
  it('is what is still owed, with numbers in proportion', () => {
    const slices = [
      { fromMs: 0, toMs: 100, events: 1000 },
      { fromMs: 100, toMs: 200, events: undefined },
    ];
    expect(leftOf(slices, [{ fromMs: 50, toMs: 120 }])).toEqual([
      { fromMs: 50, toMs: 100, events: 500 },
      { fromMs: 100, toMs: 120, events: undefined },
    ]);
  });
});

describe('the time that a plan takes', () => {
  it('follows from the rate and the size of pages', () => {
    const slices = [1, 2].map((n) => ({ fromMs: n, toMs: n + 1, events: 50_000 }));
    expect(leastDurationMs(slices, { requestsPerSecond: 10, eventsPerRequest: 10_000 })).toBe(1200);
    expect(
      leastDurationMs([{ fromMs: 0, toMs: 1, events: undefined }], { requestsPerSecond: 1, eventsPerRequest: 1 }),
    ).toBeUndefined();
  });
});
