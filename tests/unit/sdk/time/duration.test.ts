import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../../../src/sdk/time/duration.js';

describe('parseDuration', () => {
  it.each([
    ['1ms', 1],
    ['45s', 45_000],
    ['90m', 5_400_000],
    ['6h', 21_600_000],
    ['30d', 2_592_000_000],
    ['2w', 1_209_600_000],
    ['0s', 0],
    ['1h30m', 5_400_000],
    ['1d1ms', 86_400_001],
    [' 1 H 30 M ', 5_400_000],
  ])('reads %j as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', ' ', '60', 'm', '-5m', '+5m', '1.5h', '30m1h', '1h1h', '5 minutes', '5y', 'PT5M', '1e3s', '٣s'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it('refuses what cannot be counted exactly in milliseconds', () => {
    expect(parseDuration('9007199254740991ms')).toBeUndefined();
    expect(parseDuration('999999999999999w')).toBeUndefined();
    expect(parseDuration('999999999999999ms')).toBe(999_999_999_999_999);
  });

  it('takes time in proportion to the length of the text, whatever is in it', () => {
    expect(parseDuration('1'.repeat(100_000))).toBeUndefined();
    expect(parseDuration(' '.repeat(100_000))).toBeUndefined();
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [1, '1ms'],
    [300_000, '5m'],
    [5_400_000, '1h30m'],
    [7_776_000_000, '90d'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('writes every duration so that it reads back the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 14 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});

describe('a duration in one unit', () => {
  it('is its number times its unit', () => {
    const unit = fc.constantFrom<[string, number]>(
      ['ms', 1],
      ['s', 1e3],
      ['m', 6e4],
      ['h', 36e5],
      ['d', 864e5],
      ['w', 6048e5],
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), unit, (amount, [name, unitMs]) => {
        expect(parseDuration(`${amount}${name}`)).toBe(amount * unitMs);
      }),
    );
  });
});
