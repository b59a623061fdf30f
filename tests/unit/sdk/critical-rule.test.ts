import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { isCounted, isTimeForCritical } from '../../../src/sdk/critical-rule.js';
import { ConfigurationError, ERROR_CODES, ModuleError, type ErrorCode } from '../../../src/sdk/errors.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('it is time for critical', () => {
  it.each([
    ['half an hour', 30 * MINUTE, 6 * MINUTE],
    ['an hour', HOUR, 12 * MINUTE],
    ['12 hours', 12 * HOUR, 2 * HOUR + 24 * MINUTE],
    ['a day', DAY, 4 * HOUR + 48 * MINUTE],
    ['two days', 2 * DAY, 9 * HOUR + 36 * MINUTE],
    ['five days', 5 * DAY, DAY],
    ['a month', 30 * DAY, DAY],
  ])('after %s of running, with five errors and this long without success, and not before', (_, runningMs, limitMs) => {
    const at = { errors: 5, runningMs, withoutSuccessMs: limitMs };
    expect(isTimeForCritical(at)).toBe(true);
    expect(isTimeForCritical({ ...at, withoutSuccessMs: limitMs - 1 })).toBe(false);
    expect(isTimeForCritical({ ...at, errors: 4 })).toBe(false);
  });

  it('never in the first half hour', () => {
    expect(isTimeForCritical({ errors: 1000, runningMs: 30 * MINUTE - 1, withoutSuccessMs: 30 * MINUTE - 1 })).toBe(
      false,
    );
  });

  it('still, with more errors and more time without success, whatever the numbers', () => {
    const history = fc.record({
      errors: fc.nat(20),
      runningMs: fc.nat(20 * DAY),
      withoutSuccessMs: fc.nat(20 * DAY),
    });
    fc.assert(
      fc.property(history, fc.nat(20), fc.nat(20 * DAY), (before, more, later) => {
        const { errors, runningMs, withoutSuccessMs } = before;
        if (!isTimeForCritical(before)) return;
        expect([errors >= 5, runningMs >= 30 * MINUTE, withoutSuccessMs >= 6 * MINUTE]).not.toContain(false);
        const after = { runningMs, errors: errors + more, withoutSuccessMs: withoutSuccessMs + later };
        expect(isTimeForCritical(after)).toBe(true);
      }),
    );
  });
});

describe('an error counts', () => {
  const UNCOUNTED: readonly ErrorCode[] = [
    'STATE_UNAVAILABLE',
    'DESTINATION_UNAVAILABLE',
    'PLATFORM_UNREACHABLE',
    'PLATFORM_UNAVAILABLE',
  ];

  it.each(Object.keys(ERROR_CODES) as ErrorCode[])('unless the platform itself is out of order: %s', (code) => {
    expect(isCounted(new ModuleError(code, 'x'))).toBe(!UNCOUNTED.includes(code));
    expect(isCounted(new ModuleError(code, 'x', { status: 503 }))).toBe(!UNCOUNTED.includes(code));
  });

  it.each<[string, unknown, boolean]>([
    ['a bucket that refuses', new ModuleError('STATE_UNAVAILABLE', 'x', { status: 403 }), true],
    ['a bucket that is overloaded', new ModuleError('STATE_UNAVAILABLE', 'x', { status: 503 }), false],
    ['a setting', new ConfigurationError([{ setting: 'a', problem: 'b' }]), true],
    ['a defect', new TypeError('undefined is no function'), true],
    ['a thrown text', 'text', true],
  ])('%s: %s', (_, thrown, counted) => {
    expect(isCounted(thrown)).toBe(counted);
  });
});
