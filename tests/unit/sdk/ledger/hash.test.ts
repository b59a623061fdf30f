import { describe, expect, it } from '@jest/globals';

import { hash64 } from '../../../../src/sdk/ledger/hash.js';

/** Ids as vendors make them: 24 hexadecimal digits of which the last ones count up. */
function sequentialIds(count: number, each: (id: Buffer) => void): void {
  const id = Buffer.from('65a1b2c3d4e5f60718000000');
  for (let n = 0; n < count; n += 1) {
    id.write(n.toString(16).padStart(6, '0'), 18, 'latin1');
    each(id);
  }
}

describe('hash64', () => {
  it('is fixed, because it is on disk', () => {
    const texts = ['', 'a', 'b', '65a1b2c3d4e5f60718293a4b', 'é🙂'];
    expect(texts.map((text) => hash64(Buffer.from(text)))).toEqual([
      { high: 427168990, low: 575097789 },
      { high: 763255951, low: 1025564120 },
      { high: 2261708573 | 0, low: 113669840 },
      { high: 3570435458 | 0, low: 1325133916 },
      { high: 1921399328, low: 2694029219 | 0 },
    ]);
  });

  it('gives sequential ids different hashes, in which each half alone is as good as chance', () => {
    // Outside of Jest, where globals are not slow, two million of five kinds of id had no collision either.
    const count = 50_000;
    const [highs, lows] = [new Uint32Array(count), new Uint32Array(count)];
    const whole = new Set<string>();
    let at = 0;
    sequentialIds(count, (id) => {
      const { high, low } = hash64(id);
      [highs[at], lows[at]] = [high, low];
      whole.add(`${high} ${low}`);
      at += 1;
    });
    expect(whole.size).toBe(count);
    for (const half of [highs, lows]) {
      expect(unevenness(half, (hash) => hash & 1023)).toBeLessThan(1023 + 6 * 45);
      expect(unevenness(half, (hash) => hash >>> 22)).toBeLessThan(1023 + 6 * 45);
      // The birthday problem: 0.3 pairs of equal halves are to be expected.
      expect(new Set(half).size).toBeGreaterThan(count - 10);
    }
  });

  it('tells apart texts that differ in one bit, in order, or in length only', () => {
    const texts = ['ab', 'ba', 'aa', 'bb', 'a', 'aaa', '\0', '\0\0', '\0\0\0', ''];
    const seen = new Set(texts.map((text) => JSON.stringify(hash64(Buffer.from(text)))));
    expect(seen.size).toBe(texts.length);
  });

  it('changes about half of the bits when one bit of the text changes', () => {
    const id = Buffer.from('65a1b2c3d4e5f60718293a4b');
    const before = hash64(id);
    let changed = 0;
    for (let bit = 0; bit < id.length * 8; bit += 1) {
      const other = Buffer.from(id);
      other[bit >> 3]! ^= 1 << (bit & 7);
      const after = hash64(other);
      changed += ones(before.high ^ after.high) + ones(before.low ^ after.low);
    }
    const average = changed / (id.length * 8);
    expect(average).toBeGreaterThan(28);
    expect(average).toBeLessThan(36);
  });
});

/** Chi-square of how the hashes spread over 1024 places: mean 1023, standard deviation 45 for chance. */
function unevenness(hashes: Uint32Array, placeOf: (hash: number) => number): number {
  const counts = Array.from({ length: 1024 }, () => 0);
  for (const hash of hashes) counts[placeOf(hash)]! += 1;
  const expected = hashes.length / counts.length;
  return counts.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
}

function ones(value: number): number {
  return (value >>> 0).toString(2).replaceAll('0', '').length;
}
