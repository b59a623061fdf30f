import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Lateness, LATENESS_STEPS_MS, laterThan } from '../../../../src/sdk/reconciliation/lateness.js';

const HOUR_MS = 3_600_000;

describe('Lateness', () => {
  it('counts each event in the first step that it does not exceed, and the latest in one more', () => {
    const lateness = new Lateness();
    for (const ms of [0, 1000, 1001, HOUR_MS, HOUR_MS + 1, 86_400_000, 86_400_001, Infinity])
      lateness.record('sso', ms);
    const counts = Array.from({ length: LATENESS_STEPS_MS.length + 1 }, () => 0);
    [counts[0], counts[1], counts[6], counts[7], counts[10], counts[11]] = [2, 1, 1, 1, 1, 2];
    expect(lateness.toJSON()).toEqual({ sso: counts });
  });

  it('tells 64 services apart, however many the source names, and counts the others together', () => {
    const lateness = new Lateness();
    for (let n = 0; n < 10_000; n += 1) lateness.record(`service-${n}`, 1);
    const told = lateness.toJSON();
    expect(Object.keys(told)).toHaveLength(65);
    expect(told['other']?.[0]).toBe(10_000 - 64);
  });

  it('goes on from what was stored, which it leaves as it is, and tells services apart', () => {
    const first = new Lateness();
    first.record('sso', 1);
    const stored = first.toJSON();
    const second = new Lateness(stored);
    second.record('sso', 1);
    second.record('radius', 1);
    expect(Object.entries(second.toJSON()).map(([service, [count]]) => [service, count])).toEqual([
      ['radius', 1],
      ['sso', 2],
    ]);
    expect(stored['sso']?.[0]).toBe(1);
  });

  it('loses no event, and does not grow without bound, however many services there are', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), fc.nat(10 * HOUR_MS)), { maxLength: 400, size: 'max' }), (events) => {
        const lateness = new Lateness();
        for (const [service, ms] of events) lateness.record(`s${service}`, ms);
        const histograms = Object.values(lateness.toJSON());
        expect(histograms.length).toBeLessThanOrEqual(65);
        expect(histograms.flat().reduce((sum, count) => sum + count, 0)).toBe(events.length);
      }),
      { numRuns: 20 },
    );
  });

  it('says how many were surely later than a limit', () => {
    const lateness = new Lateness();
    for (const ms of [500, 4000, 200_000, HOUR_MS, 3 * HOUR_MS, 100 * HOUR_MS]) lateness.record('sso', ms);
    const histogram = lateness.toJSON()['sso'] ?? [];
    const limits = [0, 1000, 1001, 300_000, HOUR_MS, 24 * HOUR_MS, 25 * HOUR_MS];
    expect(limits.map((limit) => laterThan(histogram, limit))).toEqual([6, 5, 4, 3, 2, 1, 0]);
  });
});
