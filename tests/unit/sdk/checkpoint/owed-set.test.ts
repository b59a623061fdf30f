import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { type OwedInterval, OwedSet } from '../../../../src/sdk/checkpoint/owed-set.js';

/** The model: gaps are a bitmap of milliseconds, the tail is a number. */
const BITS = 60;

const anyMs = fc.integer({ min: 0, max: BITS - 2 });
const anyInterval = fc
  .tuple(anyMs, fc.option(anyMs, { nil: undefined, freq: 4 }))
  .map(([fromMs, toMs]): OwedInterval => ({ fromMs, toMs }));
type Step =
  | { readonly kind: 'add'; readonly interval: OwedInterval }
  | { readonly kind: 'settle-gap'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'settle-tail' | 'drop'; readonly toMs: number };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  anyInterval.map((interval): Step => ({ kind: 'add', interval })),
  fc
    .tuple(fc.oneof(anyMs, fc.constant(-Infinity)), anyMs)
    .map(([fromMs, toMs]): Step => ({ kind: 'settle-gap', fromMs, toMs })),
  anyMs.map((toMs): Step => ({ kind: 'settle-tail', toMs })),
  anyMs.map((toMs): Step => ({ kind: 'drop', toMs })),
);

class Model {
  readonly gaps = Array.from({ length: BITS }, () => false);
  tail = Infinity;

  add({ fromMs, toMs }: OwedInterval): void {
    if (toMs === undefined) this.tail = Math.min(this.tail, fromMs);
    else this.gaps.fill(true, fromMs, Math.max(fromMs, toMs));
    // What the tail holds is no gap.
    if (this.tail < BITS) this.gaps.fill(false, this.tail);
  }

  settleGap(fromMs: number, toMs: number): void {
    const from = Math.max(0, fromMs);
    this.gaps.fill(false, from, Math.max(from, toMs));
  }

  settleTail(toMs: number): void {
    if (this.tail !== Infinity) this.tail = Math.max(this.tail, toMs);
  }

  step(step: Step): void {
    if (step.kind === 'add') this.add(step.interval);
    if (step.kind === 'settle-gap') this.settleGap(step.fromMs, step.toMs);
    if (step.kind === 'drop') this.settleGap(0, step.toMs);
    if (step.kind === 'settle-tail' || step.kind === 'drop') this.settleTail(step.toMs);
  }
}

function stepped(owed: OwedSet, step: Step): OwedSet {
  if (step.kind === 'add') return owed.add(step.interval);
  if (step.kind === 'settle-gap') return owed.settleGap(step);
  return step.kind === 'settle-tail' ? owed.settleTail(step.toMs) : owed.dropBefore(step.toMs);
}

function expectEqual(owed: OwedSet, { gaps, tail }: Model): void {
  const bits = Array.from({ length: BITS }, () => false);
  for (const { fromMs, toMs } of owed.gaps) bits.fill(true, fromMs, toMs);
  expect(bits).toEqual(gaps);
  expect(owed.tailFromMs ?? Infinity).toBe(tail);
  const first = gaps.indexOf(true);
  expect(owed.fromMs ?? Infinity).toBe(first === -1 ? tail : first);
}

function expectSound(owed: OwedSet): void {
  owed.gaps.forEach(({ fromMs, toMs }, index) => {
    expect(toMs).toBeGreaterThan(fromMs);
    // Adjacent ones are one; none reaches into the tail.
    expect(toMs).toBeLessThan(owed.gaps[index + 1]?.fromMs ?? Infinity);
    expect(toMs).toBeLessThanOrEqual(owed.tailFromMs ?? Infinity);
  });
  const tail = owed.tailFromMs === undefined ? [] : [{ fromMs: owed.tailFromMs, toMs: undefined }];
  expect(owed.intervals).toEqual([...owed.gaps, ...tail]);
}

describe('OwedSet', () => {
  it('is the same set as a bitmap of milliseconds and a tail, whatever is added, settled and dropped', () => {
    fc.assert(
      fc.property(
        fc.array(anyInterval, { maxLength: 6 }),
        fc.array(anyStep, { maxLength: 20, size: 'max' }),
        (first, steps) => {
          let owed = OwedSet.of(first);
          const model = new Model();
          for (const interval of first) model.add(interval);
          for (const step of steps) {
            owed = stepped(owed, step);
            model.step(step);
            expectEqual(owed, model);
            expectSound(owed);
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
    const owed = OwedSet.of([
      { fromMs: 10, toMs: 20 },
      { fromMs: 30, toMs: undefined },
    ]);
    const before = JSON.stringify(owed.intervals);
    owed.add({ fromMs: 0, toMs: undefined });
    owed.settleGap({ fromMs: 0, toMs: 100 });
    owed.settleTail(100);
    owed.dropBefore(100);
    expect(JSON.stringify(owed.intervals)).toBe(before);
  });

  it('joins gaps that touch, and keeps apart what does not', () => {
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

  it('never joins a gap with the tail that it touches: who reads the tail has not claimed it', () => {
    const owed = OwedSet.of([{ fromMs: 50, toMs: undefined }]).add({ fromMs: 40, toMs: 60 });
    expect(owed.gaps).toEqual([{ fromMs: 40, toMs: 50 }]);
    expect(owed.settleTail(70).intervals).toEqual([
      { fromMs: 40, toMs: 50 },
      { fromMs: 70, toMs: undefined },
    ]);
  });

  it('leaves on both sides of a gap what was not settled, and the tail as it is', () => {
    const owed = OwedSet.of([
      { fromMs: 0, toMs: 30 },
      { fromMs: 40, toMs: undefined },
    ]);
    expect(owed.settleGap({ fromMs: 10, toMs: 20 }).intervals).toEqual([
      { fromMs: 0, toMs: 10 },
      { fromMs: 20, toMs: 30 },
      { fromMs: 40, toMs: undefined },
    ]);
    expect(owed.settleGap({ fromMs: 0, toMs: 100 }).intervals).toEqual([{ fromMs: 40, toMs: undefined }]);
  });

  it('never moves the tail back', () => {
    expect(OwedSet.of([{ fromMs: 40, toMs: undefined }]).settleTail(30).tailFromMs).toBe(40);
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
    expect(OwedSet.of([]).settleTail(5).fromMs).toBeUndefined();
    expect(OwedSet.of([{ fromMs: 5, toMs: 5 }]).fromMs).toBeUndefined();
    expect(OwedSet.of([{ fromMs: 5, toMs: 9 }]).settleGap({ fromMs: 0, toMs: 9 }).fromMs).toBeUndefined();
  });
});
