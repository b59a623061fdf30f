import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { type OwedInterval, OwedSet } from '../../../../src/sdk/checkpoint/owed-set.js';

/** The model is a bitmap of milliseconds; the last bit stands for all the time after it. */
const BITS = 60;

const anyMs = fc.integer({ min: 0, max: BITS - 2 });
const anyInterval = fc
  .tuple(anyMs, fc.option(anyMs, { nil: undefined, freq: 4 }))
  .map(([fromMs, toMs]): OwedInterval => ({ fromMs, toMs }));
type Step =
  | { readonly kind: 'add'; readonly interval: OwedInterval }
  | { readonly kind: 'settle'; readonly fromMs: number; readonly toMs: number };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  anyInterval.map((interval): Step => ({ kind: 'add', interval })),
  fc
    .tuple(fc.oneof(anyMs, fc.constant(-Infinity)), anyMs)
    .map(([fromMs, toMs]): Step => ({ kind: 'settle', fromMs, toMs })),
);

function bitsOf(intervals: readonly OwedInterval[]): boolean[] {
  const bits = Array.from({ length: BITS }, () => false);
  for (const { fromMs, toMs } of intervals) bits.fill(true, fromMs, Math.max(fromMs, toMs ?? BITS));
  return bits;
}

function expectSound(owed: OwedSet): void {
  owed.intervals.forEach(({ fromMs, toMs }, index) => {
    if (toMs !== undefined) expect(toMs).toBeGreaterThan(fromMs);
    const next = owed.intervals[index + 1];
    // Adjacent ones are one; nothing follows an open one.
    if (next !== undefined) expect(toMs).toBeLessThan(next.fromMs);
  });
}

describe('OwedSet', () => {
  it('is the same set as a bitmap of milliseconds, whatever is added and settled', () => {
    fc.assert(
      fc.property(
        fc.array(anyInterval, { maxLength: 6 }),
        fc.array(anyStep, { maxLength: 20, size: 'max' }),
        (first, steps) => {
          let owed = OwedSet.of(first);
          let bits = bitsOf(first);
          for (const step of steps) {
            if (step.kind === 'add') {
              owed = owed.add(step.interval);
              const added = bitsOf([step.interval]);
              bits = bits.map((bit, at) => bit || added[at] === true);
            } else {
              owed = owed.settle(step.fromMs, step.toMs);
              bits = bits.map((bit, at) => bit && !(at >= step.fromMs && at < step.toMs));
            }
            expect(bitsOf(owed.intervals)).toEqual(bits);
            expectSound(owed);
            expect(owed.fromMs ?? -1).toBe(bits.indexOf(true));
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('does not depend on the order in which intervals are given', () => {
    fc.assert(
      fc.property(fc.array(anyInterval, { maxLength: 8 }), (intervals) => {
        expect(OwedSet.of(intervals.toReversed()).intervals).toEqual(OwedSet.of(intervals).intervals);
      }),
    );
  });

  it('is not changed by what is made of it', () => {
    const owed = OwedSet.of([{ fromMs: 10, toMs: 20 }]);
    owed.add({ fromMs: 0, toMs: undefined });
    owed.settle(0, 100);
    expect(owed.intervals).toEqual([{ fromMs: 10, toMs: 20 }]);
  });

  it('joins what touches, and keeps apart what does not', () => {
    expect(
      OwedSet.of([
        { fromMs: 5, toMs: 9 },
        { fromMs: 0, toMs: 5 },
      ]).intervals,
    ).toEqual([{ fromMs: 0, toMs: 9 }]);
    expect(
      OwedSet.of([
        { fromMs: 6, toMs: 9 },
        { fromMs: 0, toMs: 5 },
      ]).intervals,
    ).toHaveLength(2);
  });

  it('leaves on both sides what was not settled, the tail open', () => {
    expect(OwedSet.of([{ fromMs: 0, toMs: undefined }]).settle(10, 20).intervals).toEqual([
      { fromMs: 0, toMs: 10 },
      { fromMs: 20, toMs: undefined },
    ]);
  });

  it('takes back a range that turns out to be owed again', () => {
    const owed = OwedSet.of([{ fromMs: 50, toMs: undefined }]).add({ fromMs: 10, toMs: 20 });
    expect(owed.intervals).toEqual([
      { fromMs: 10, toMs: 20 },
      { fromMs: 50, toMs: undefined },
    ]);
    expect(owed.fromMs).toBe(10);
  });

  it('has no left edge where nothing is owed', () => {
    expect(OwedSet.of([]).fromMs).toBeUndefined();
    expect(OwedSet.of([{ fromMs: 5, toMs: 5 }]).fromMs).toBeUndefined();
    expect(OwedSet.of([{ fromMs: 5, toMs: 9 }]).settle(0, 9).fromMs).toBeUndefined();
  });
});
