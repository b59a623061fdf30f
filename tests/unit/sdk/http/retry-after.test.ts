import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { statedWaitMs } from '../../../../src/sdk/http/retry-after.js';

const NOW_MS = Date.UTC(2030, 0, 2, 3, 4, 5);
const HOUR_MS = 3_600_000;

function wait(retryAfter: string | undefined, headers: Record<string, string> = {}, status = 429): number | undefined {
  return statedWaitMs(
    { status, headers: { ...headers, ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }) } },
    NOW_MS,
  );
}

describe('statedWaitMs', () => {
  it.each([
    ['0', 0],
    ['1', 1000],
    ['120', 120_000],
    [' 7 ', 7000],
    ['1.5', 1500],
    ['0.0001', 1],
    ['3600', HOUR_MS],
    ['86401', 24 * HOUR_MS],
    ['99999999999999999999', 24 * HOUR_MS],
  ])('takes %j as seconds, a day at the most', (text, expected) => {
    expect(wait(text)).toBe(expected);
  });

  it("measures a date against the answer's own clock, so that ours may be wrong", () => {
    const date = 'Wed, 02 Jan 2030 10:00:00 GMT';
    expect(wait('Wed, 02 Jan 2030 10:00:30 GMT', { date })).toBe(30_000);
    expect(wait('Wed, 02 Jan 2030 09:59:30 GMT', { date })).toBe(0);
    expect(wait('Fri, 04 Jan 2030 10:00:00 GMT', { date })).toBe(24 * HOUR_MS);
  });

  it('measures a date against our clock where the answer has none', () => {
    expect(wait('Wed, 02 Jan 2030 03:05:05 GMT')).toBe(60_000);
    expect(wait('Wed, 02 Jan 2030 03:05:05 GMT', { date: 'yesterday' })).toBe(60_000);
  });

  it.each([undefined, '', 'soon', 'a few seconds', '1s'])('says nothing where the header is %j', (text) => {
    expect(wait(text)).toBeUndefined();
  });

  it.each([200, 301, 400, 401, 500, 502, 504])('says nothing of an answer with status %d', (status) => {
    expect(wait('5', {}, status)).toBeUndefined();
  });

  it('counts for 429 and 503', () => {
    expect(wait('5', {}, 503)).toBe(5000);
    expect(wait('5', {}, 429)).toBe(5000);
  });

  it.each(['x-rate-limit-reset', 'x-ratelimit-reset'])(
    'takes %s for the instant of a 429 without Retry-After',
    (name) => {
      const at = (ms: number) => ({ [name]: `${Math.floor(ms / 1000)}` });
      expect(wait(undefined, at(NOW_MS + 30_000))).toBe(30_000);
      expect(wait(undefined, at(NOW_MS - 30_000))).toBe(0);
      expect(wait(undefined, { ...at(NOW_MS + 30_000), date: new Date(NOW_MS + 10_000).toUTCString() })).toBe(20_000);
      expect(wait(undefined, at(NOW_MS + 48 * HOUR_MS))).toBe(24 * HOUR_MS);
      expect(wait('7', at(NOW_MS + 30_000))).toBe(7000);
      expect(wait(undefined, at(NOW_MS + 30_000), 503)).toBeUndefined();
      expect(wait(undefined, { [name]: '30' })).toBeUndefined();
      expect(wait(undefined, { [name]: 'soon' })).toBeUndefined();
    },
  );

  it('is a sane wait whatever a server writes', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (text, date) => {
        const ms = wait(text, date === undefined ? {} : { date });
        if (ms === undefined) return;
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(24 * HOUR_MS);
      }),
      { numRuns: 500 },
    );
  });
});
