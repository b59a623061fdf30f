import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { type Border, findBorder, REACH_MS } from '../../../../src/sdk/ledger/border.js';

const MINUTE_MS = 60_000;
/** The middle of three minutes, so that borders are looked for over the ends of minutes. */
const BASE_MS = Date.UTC(2030, 0, 2, 3, 4);

type PlacesOf = (bucket: number) => number[] | undefined;

/** Milliseconds into their minutes, by minute, as the ledger has them. */
function placesOf(known: readonly number[]): PlacesOf {
  const places = new Map<number, number[]>();
  for (const ms of known) {
    const bucket = Math.floor(ms / MINUTE_MS);
    const inside = places.get(bucket) ?? [];
    inside.push(ms - bucket * MINUTE_MS);
    places.set(bucket, inside);
  }
  return (bucket) => places.get(bucket);
}

/** What is asked for, said as simply as it can be. */
function naive(known: readonly number[], nearMs: number, untilMs: number): Border | undefined {
  const step = untilMs >= nearMs ? 1 : -1;
  for (let at = nearMs; (untilMs - at) * step >= 0; at += step) {
    if (known.every((ms) => Math.abs(ms - at) > 2)) return at;
  }
  return undefined;
}

/** Around the end of a minute, dense enough that there often is no border for a while. */
const anyMs = fc.integer({ min: -40, max: 40 }).map((ms) => BASE_MS + ms);
const anyKnown = fc.oneof(
  fc.array(anyMs, { maxLength: 40, size: 'max' }),
  // One gap of so many milliseconds in full traffic.
  fc
    .tuple(anyMs, fc.nat(8))
    .map(([gapMs, length]) => range(BASE_MS - 60, BASE_MS + 60).filter((ms) => ms < gapMs || ms >= gapMs + length)),
);

function range(fromMs: number, toMs: number): number[] {
  return Array.from({ length: toMs - fromMs }, (_, n) => fromMs + n);
}

describe('a border', () => {
  it('is the first instant in the direction asked that has no known event within two milliseconds', () => {
    fc.assert(
      fc.property(anyKnown, anyMs, anyMs, (known, nearMs, untilMs) => {
        expect(findBorder(placesOf(known), nearMs, untilMs)).toBe(naive(known, nearMs, untilMs));
      }),
      { numRuns: 1000 },
    );
  });

  it('is where it was asked for, where nothing is known', () => {
    expect(findBorder(() => undefined, BASE_MS, BASE_MS + 9)).toBe(BASE_MS);
    expect(findBorder(() => undefined, BASE_MS, BASE_MS)).toBe(BASE_MS);
    expect(findBorder(() => [], BASE_MS, BASE_MS - 9)).toBe(BASE_MS);
  });

  it('leaves out of account what lies farther away than it may be looked for', () => {
    expect(findBorder(placesOf([BASE_MS]), BASE_MS, BASE_MS + 2)).toBeUndefined();
    expect(findBorder(placesOf([BASE_MS]), BASE_MS, BASE_MS + 3)).toBe(BASE_MS + 3);
    expect(findBorder(placesOf([BASE_MS]), BASE_MS, BASE_MS - 3)).toBe(BASE_MS - 3);
  });

  it('is found over many minutes, and not at all where every second millisecond has an event', () => {
    const dense = range(BASE_MS - MINUTE_MS, BASE_MS + 3 * MINUTE_MS).filter((ms) => ms % 2 === 0);
    expect(findBorder(placesOf(dense), BASE_MS, BASE_MS + 2 * MINUTE_MS)).toBeUndefined();
    expect(findBorder(placesOf(dense), BASE_MS, BASE_MS + 5 * MINUTE_MS)).toBe(BASE_MS + 3 * MINUTE_MS + 1);
    expect(findBorder(placesOf(dense), BASE_MS, BASE_MS - 5 * MINUTE_MS)).toBe(BASE_MS - MINUTE_MS - 3);
  });

  it('looks at each minute once', () => {
    const asked: number[] = [];
    const dense = placesOf(range(BASE_MS - 10, BASE_MS + MINUTE_MS + 10));
    findBorder((bucket) => (asked.push(bucket), dense(bucket)), BASE_MS, BASE_MS + 3 * MINUTE_MS);
    const first = BASE_MS / MINUTE_MS;
    expect(asked).toEqual([first - 1, first, first + 1]);
  });

  it('is farther from every known event than a question about it reaches', () => {
    // Whatever is counted by an inclusive bound is then counted by an exclusive one, to the millisecond, too.
    expect(REACH_MS).toBe(1);
  });
});
