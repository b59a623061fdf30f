import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { HashSet } from '../../../../src/sdk/ledger/hash-set.js';

/** Few different halves, so that pairs repeat, and so that many want the same place. */
const anyHalf = fc.oneof(fc.constantFrom(0, 1, 2, 64, 128, -(2 ** 31), -1), fc.integer());
const anyHash = fc.record({ high: anyHalf, low: anyHalf });

describe('HashSet', () => {
  it('answers like a Set, whatever is added in whatever order', () => {
    fc.assert(
      fc.property(
        fc.array(anyHash, { maxLength: 300, size: 'max' }),
        fc.array(anyHash, { maxLength: 50 }),
        fc.nat(400),
        (added, others, expected) => {
          const [hashes, model] = [new HashSet(expected), new Set<string>()];
          for (const hash of added) {
            expect(hashes.add(hash.high, hash.low)).toBe(!model.has(JSON.stringify(hash)));
            model.add(JSON.stringify(hash));
            expect(hashes.size).toBe(model.size);
          }
          for (const hash of [...added, ...others])
            expect(hashes.has(hash.high, hash.low)).toBe(model.has(JSON.stringify(hash)));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('keeps every hash while it grows', () => {
    const hashes = new HashSet();
    const added = Array.from({ length: 10_000 }, (_, n) => ({ high: n, low: 0 }));
    expect(added.every((hash) => hashes.add(hash.high, hash.low))).toBe(true);
    expect(added.every((hash) => hashes.has(hash.high, hash.low))).toBe(true);
    expect(hashes.has(10_000, 0)).toBe(false);
    expect(hashes.has(0, 1)).toBe(false);
    expect(hashes.size).toBe(10_000);
  });

  it('holds the hash of nothing but zeros like any other', () => {
    const hashes = new HashSet();
    expect(hashes.has(0, 0)).toBe(false);
    expect(hashes.add(0, 0)).toBe(true);
    expect(hashes.add(0, 0)).toBe(false);
    expect(hashes.has(0, 0)).toBe(true);
    expect(hashes.size).toBe(1);
  });

  it('tells the mark that was set last, like a Map, and can be emptied', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyHash, fc.nat(65_535)), { maxLength: 300, size: 'max' }), (steps) => {
        const [hashes, model] = [new HashSet(), new Map<string, number>()];
        for (const [hash, mark] of steps) {
          expect(hashes.set(hash.high, hash.low, mark)).toBe(model.get(JSON.stringify(hash)));
          model.set(JSON.stringify(hash), mark);
        }
        expect(hashes.size).toBe(model.size);
        const marks = steps.map(([hash]) => hashes.mark(hash.high, hash.low));
        expect(marks).toEqual(steps.map(([hash]) => model.get(JSON.stringify(hash))));
        hashes.clear();
        expect(hashes.size).toBe(0);
        expect(steps.some(([hash]) => hashes.has(hash.high, hash.low))).toBe(false);
        for (const [hash] of steps) hashes.set(hash.high, hash.low, 7);
        expect(hashes.size).toBe(model.size);
        expect(steps.every(([hash]) => hashes.mark(hash.high, hash.low) === 7)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps with each hash the mark that it was first added with', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyHash, fc.nat(59_999)), { maxLength: 200, size: 'max' }), (added) => {
        const [hashes, model] = [new HashSet(), new Map<string, number>()];
        for (const [hash, mark] of added) {
          hashes.add(hash.high, hash.low, mark);
          const name = JSON.stringify(hash);
          model.set(name, model.get(name) ?? mark);
        }
        expect([...hashes.marks()].sort((a, b) => a - b)).toEqual([...model.values()].sort((a, b) => a - b));
      }),
      { numRuns: 25 },
    );
  });
});
