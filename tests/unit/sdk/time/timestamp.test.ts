import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  compareTimestamps,
  formatPythonTimestamp,
  formatTimestamp,
  parseTimestamp,
} from '../../../../src/sdk/time/timestamp.js';

const T = Date.UTC(2030, 0, 2, 3, 4, 5);
const FIRST_MS = Date.UTC(2000, 0, 1);
const LAST_MS = Date.UTC(2100, 0, 1);

const anySecond = fc.integer({ min: FIRST_MS / 1000, max: LAST_MS / 1000 });
const anyNanos = fc.oneof(
  fc.integer({ min: 0, max: 999_999_999 }),
  fc.constantFrom(0, 1, 999_999, 1_000_000, 999_999_999),
);
/** An instant in whole nanoseconds, as vendors write it: trailing zeros cut off, none at all without a dot. */
const anyInstant = fc.tuple(anySecond, anyNanos).map(([second, nanos]) => {
  const fraction = String(nanos).padStart(9, '0').replace(/0+$/, '');
  const text = `${new Date(second * 1000).toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
  return { text, nanos: BigInt(second) * 1_000_000_000n + BigInt(nanos) };
});

function parse(text: string): { ms: number; nanos: number } {
  const parsed = parseTimestamp(text);
  if (parsed === undefined) throw new Error(`${text} was not understood`);
  return parsed;
}

describe('parseTimestamp', () => {
  it('keeps every nanosecond, and rounds milliseconds down', () => {
    fc.assert(
      fc.property(anyInstant, ({ text, nanos }) => {
        const parsed = parse(text);
        expect(BigInt(parsed.ms)).toBe(nanos / 1_000_000n);
        expect(BigInt(parsed.nanos)).toBe(nanos % 1_000_000n);
      }),
      { numRuns: 500 },
    );
  });

  it('orders instants of mixed precision as time does, which their texts do not', () => {
    fc.assert(
      fc.property(anyInstant, anyInstant, (a, b) => {
        const order = a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
        expect(Math.sign(compareTimestamps(parse(a.text), parse(b.text)))).toBe(order);
      }),
    );
    expect(compareTimestamps(parse('2030-01-02T03:04:05.9Z'), parse('2030-01-02T03:04:05Z'))).toBeGreaterThan(0);
    expect(compareTimestamps(parse('2030-01-02T03:04:05.000000002Z'), parse('2030-01-02T03:04:05.000000001Z'))).toBe(1);
  });

  it('agrees with Date about every offset', () => {
    fc.assert(
      fc.property(
        anySecond,
        fc.integer({ min: 0, max: 23 }),
        fc.nat(59),
        fc.constantFrom('+', '-'),
        (second, h, m, sign) => {
          const wall = new Date(second * 1000).toISOString().slice(0, 19);
          const text = `${wall}.5${sign}${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`;
          expect(parseTimestamp(text)).toEqual({ ms: Date.parse(text), nanos: 0 });
        },
      ),
    );
  });

  it.each([
    ['2030-01-02T03:04:05Z', T, 0],
    ['2030-01-02t03:04:05z', T, 0],
    ['2030-01-02 03:04:05Z', T, 0],
    ['2030-01-02T03:04:05.6Z', T + 600, 0],
    ['2030-01-02T03:04:05.678901234Z', T + 678, 901_234],
    ['2030-01-02T03:04:05.6789012349999999Z', T + 678, 901_234],
    ['2030-01-02T03:04:05.999999999Z', T + 999, 999_999],
    ['2030-01-02T03:04:05+00:00', T, 0],
    ['2030-01-02T03:04:05-00:00', T, 0],
    ['2030-01-02T12:34:05+09:30', T, 0],
    ['2030-01-01T21:34:05.25-05:30', T + 250, 0],
    ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29), 0],
    ['2016-12-31T23:59:60Z', Date.UTC(2016, 11, 31, 23, 59, 59), 0],
    ['1969-12-31T23:59:59.9999Z', -1, 900_000],
    ['0001-01-01T00:00:00Z', Date.parse('0001-01-01T00:00:00Z'), 0],
    ['9999-12-31T23:59:59Z', Date.UTC(9999, 11, 31, 23, 59, 59), 0],
  ])('reads %s', (text, ms, nanos) => {
    expect(parseTimestamp(text)).toEqual({ ms, nanos });
  });

  it.each([
    '',
    '2030-01-02',
    '2030-01-02T03:04Z',
    '2030-01-02T03:04:05',
    '2030-01-02T03:04:05.Z',
    '2030-01-02T03:04:05,5Z',
    '2030-01-02T03:04:05+0000',
    '2030-01-02T03:04:05+00',
    '2030-01-02T03:04:05+24:00',
    '2030-01-02T03:04:05+00:60',
    '2030-02-30T03:04:05Z',
    '2029-02-29T03:04:05Z',
    '2030-13-01T03:04:05Z',
    '2030-00-01T03:04:05Z',
    '2030-01-32T03:04:05Z',
    '2030-01-02T24:00:00Z',
    '2030-01-02T03:60:05Z',
    '2030-01-02T03:04:61Z',
    ' 2030-01-02T03:04:05Z',
    '2030-01-02T03:04:05Z\n',
    '+002030-01-02T03:04:05Z',
    '1893553445',
    'Wed, 02 Jan 2030 03:04:05 GMT',
    '２０３０-01-02T03:04:05Z',
  ])('does not understand %j', (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  it('answers for every text, and quickly for a long one', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseTimestamp(text)));
    expect(parseTimestamp(`2030-01-02T03:04:05.${'9'.repeat(1_000_000)}`)).toBeUndefined();
  });
});

describe('formatTimestamp', () => {
  it('reads back the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST_MS, max: LAST_MS }), (ms) => {
        expect(parseTimestamp(formatTimestamp(ms))).toEqual({ ms, nanos: 0 });
      }),
    );
  });

  it('shows a fraction only where there is one', () => {
    expect(formatTimestamp(T)).toBe('2030-01-02T03:04:05Z');
    expect(formatTimestamp(T + 20)).toBe('2030-01-02T03:04:05.020Z');
  });

  it('cuts down what is finer than a millisecond, since a position may only be too early', () => {
    expect(formatTimestamp(T + 0.9)).toBe('2030-01-02T03:04:05Z');
  });
});

describe('formatPythonTimestamp', () => {
  it('reads back the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST_MS, max: LAST_MS }), (ms) => {
        expect(parseTimestamp(formatPythonTimestamp(ms))).toEqual({ ms, nanos: 0 });
      }),
    );
  });

  it("has the form of Python's isoformat: no fraction, or six digits", () => {
    expect(formatPythonTimestamp(T)).toBe('2030-01-02T03:04:05+00:00');
    expect(formatPythonTimestamp(T + 20)).toBe('2030-01-02T03:04:05.020000+00:00');
  });
});
