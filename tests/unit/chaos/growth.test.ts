import { describe, expect, it } from '@jest/globals';

import { trendOf } from '../../chaos/soak/growth.js';
import { heapAfterCollection } from '../../chaos/soak/heap.js';

const HOUR_MS = 3_600_000;
const TOLERANCE = { share: 0.1, absolute: 5 };

function every30s(value: (atMs: number) => number): { atMs: number; value: number }[] {
  return Array.from({ length: 120 }, (_, index) => ({ atMs: index * 30_000, value: value(index * 30_000) }));
}

describe('a trend', () => {
  it('is flat after a warm-up, whatever collections of garbage do in between', () => {
    const samples = every30s((atMs) => (atMs < HOUR_MS / 4 ? atMs / 9000 : 100 + ((atMs / 30_000) % 10) * 4));
    const trend = trendOf(samples, HOUR_MS, TOLERANCE);
    expect(trend.hasGrown).toBe(false);
    expect(trend.max).toBe(136);
    expect(Math.abs(trend.slopePerHour)).toBeLessThan(10);
  });

  it('that rises slowly and steadily has grown', () => {
    const trend = trendOf(
      every30s((atMs) => 100 + (atMs / HOUR_MS) * 60),
      HOUR_MS,
      TOLERANCE,
    );
    expect(trend.slopePerHour).toBeCloseTo(60);
    expect(trend.hasGrown).toBe(true);
  });

  it('cannot be told of no measurements, and has then not grown', () => {
    expect(trendOf([], HOUR_MS, TOLERANCE)).toMatchObject({ samples: 0, hasGrown: false });
  });
});

describe('the heap after a full collection', () => {
  it.each([
    ['[7:0x1]    9876 ms: Mark-Compact 42.1 (60.2) -> 30.5 (55.0) MB, pooled: 2 MB, 9.1 / 0.0 ms', 30.5],
    ['[7:0x1]    9876 ms: Mark-Compact (reduce) 31.0 (55.0) -> 28 (40.0) MB, 9.1 / 0.0 ms', 28],
  ])('is read from %s', (line, megabytes) => {
    expect(heapAfterCollection(line)).toBe(megabytes * 1024 * 1024);
  });

  it('is not told by a small collection', () => {
    expect(heapAfterCollection('[7:0x1] 99 ms: Scavenge 42.1 (60.2) -> 30.5 (55.0) MB')).toBeUndefined();
  });
});
