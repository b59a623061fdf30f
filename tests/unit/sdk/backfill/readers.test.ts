import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Readers, type ReadersOptions } from '../../../../src/sdk/backfill/readers.js';
import { ManualClock } from '../../../support/manual-clock.js';

const RANGE = { fromMs: 0, toMs: 1 };
const pageOf = (requestsPerSecond: number): ReadersOptions => ({
  pace: { requestsPerSecond, eventsPerRequest: 10_000 },
});

function open(options?: ReadersOptions) {
  const clock = new ManualClock();
  const readers = new Readers(clock, options);
  return {
    readers,
    clock,
    count: async (waitMs: number): Promise<void> => {
      const counted = readers.timed(async () => {
        await clock.sleep(waitMs);
        return 7;
      })(RANGE);
      await clock.advance(waitMs);
      expect(await counted).toBe(7);
    },
    /** Reads a slice: its first events after `waitMs`, all of a page after so much more. @returns what was told each time */
    read: async (waitMs: number, restMs = 0): Promise<boolean[]> => {
      const told = readers.begin();
      await clock.advance(waitMs);
      const news = [told(100), told(100)];
      await clock.advance(restMs);
      return [...news, told(9_800), told(100)];
    },
  };
}

describe('how many slices are read at the same time', () => {
  it.each([
    [2, 'of a source that answers at once', 1, 1000],
    [3, 'at a usual latency and rate limit', 200, 10],
    [8, 'of a source that takes a second for a page', 1000, 10],
    [2, 'where the rate limit allows no more, however slow it is', 1000, 1],
    [5, 'at a usual latency without a limit that matters', 200, 1000],
  ])('is %d %s, by a slice or by counts alone', async (wanted, _, waitMs, requestsPerSecond) => {
    const [bySlice, byCounts] = [open(pageOf(requestsPerSecond)), open(pageOf(requestsPerSecond))];
    await bySlice.read(waitMs);
    expect(bySlice.readers.wanted).toBe(wanted);
    await byCounts.count(waitMs + 3000);
    await byCounts.count(waitMs);
    await byCounts.count(waitMs + 500);
    expect(byCounts.readers.wanted).toBe(wanted);
  });

  it('is that of a usual latency where nothing was asked yet, and no more than four where no rate limit is known', async () => {
    expect(open(pageOf(10)).readers.wanted).toBe(3);
    const unknown = open();
    expect(unknown.readers.wanted).toBe(4);
    await unknown.read(60_000);
    expect(unknown.readers.wanted).toBe(4);
  });

  it('is no more than it is told to be', async () => {
    const { readers, read } = open({ ...pageOf(10), most: 4 });
    await read(1000);
    expect(readers.wanted).toBe(4);
  });

  it('is told by slices rather than by counts, as soon as there is one', async () => {
    const { readers, read, count } = open(pageOf(10));
    await count(1);
    expect(readers.wanted).toBe(2);
    expect(await read(1000)).toEqual([false, false, true, false]);
    await count(1);
    expect(readers.wanted).toBe(8);
  });

  it('counts the shortest wait of all full pages, and none of a few events', async () => {
    const { readers, read, clock } = open(pageOf(10));
    await read(60_000);
    expect(readers.wanted).toBe(8);
    await read(500, 2000);
    expect(readers.wanted).toBe(6);
    await read(700);
    const told = readers.begin();
    await clock.advance(1);
    expect([told(3), told(9_996)]).toEqual([false, false]);
    expect(readers.wanted).toBe(6);
    expect(told(1)).toBe(true);
    expect(readers.wanted).toBe(2);
  });

  it('is two to eight, whatever comes', async () => {
    const anyMs = fc.nat(400_000);
    const anyRate = fc.double({ min: 0.1, max: 1000, noNaN: true });
    await fc.assert(
      fc.asyncProperty(anyRate, fc.array(fc.tuple(anyMs, anyMs), { maxLength: 8 }), async (rate, slices) => {
        const { readers, read } = open(pageOf(rate));
        for (const [waitMs, restMs] of slices) {
          await read(waitMs, restMs);
          expect([2, 3, 4, 5, 6, 7, 8]).toContain(readers.wanted);
        }
      }),
      { numRuns: 50 },
    );
  });
});
