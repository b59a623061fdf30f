import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { RateLimiter } from '../../../../src/sdk/http/rate-limiter.js';
import { everybodyHadTheirTurn, ManualClock } from '../../../support/manual-clock.js';

/** A signal of its own for each, as many wait at the same time. */
const never = (): AbortSignal => new AbortController().signal;

/** Asks for a place `atMs` after the start, and notes when it got one. */
async function begin(limiter: RateLimiter, clock: ManualClock, atMs: number, begun: number[]): Promise<void> {
  if (atMs > 0) await clock.sleep(atMs);
  await limiter.admit(never());
  begun.push(clock.monotonic());
}

describe('RateLimiter', () => {
  it('never lets more begin in any second than the limit, and never holds one back for longer than needed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 1, maxLength: 30, size: 'max' }),
        async (limit, times) => {
          const clock = new ManualClock({ autoAdvance: true });
          const limiter = new RateLimiter(clock, limit);
          const begun: number[] = [];
          await Promise.all(times.map((atMs) => begin(limiter, clock, atMs, begun)));
          const expected: number[] = [];
          for (const atMs of times.toSorted((a, b) => a - b)) {
            const free = (expected.at(-limit) ?? -Infinity) + 1000;
            expected.push(Math.max(atMs, expected.at(-1) ?? 0, expected.length < limit ? 0 : free));
          }
          expect(begun).toEqual(expected);
          begun.slice(limit).forEach((at, n) => expect(at - begun[n]!).toBeGreaterThanOrEqual(1000));
        },
      ),
      { numRuns: 80 },
    );
  });

  it('lets nothing begin while the other side has asked for silence, whoever waits already', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 15, size: 'max' }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 0, max: 3000 })), { maxLength: 4 }),
        async (times, holds) => {
          const clock = new ManualClock({ autoAdvance: true });
          const limiter = new RateLimiter(clock, 2);
          const begun: number[] = [];
          const silences: [number, number][] = [];
          const silence = async ([atMs, forMs]: [number, number]): Promise<void> => {
            await clock.sleep(atMs);
            limiter.hold(forMs);
            silences.push([clock.monotonic(), clock.monotonic() + forMs]);
          };
          await Promise.all([...times.map((atMs) => begin(limiter, clock, atMs, begun)), ...holds.map(silence)]);
          for (const at of begun) {
            // At the very instant of the asking, whoever came first was first.
            for (const [from, to] of silences) expect(at > from && at < to).toBe(false);
          }
          expect(begun).toHaveLength(times.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('does not let a shorter silence end a longer one', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const limiter = new RateLimiter(clock, 10);
    limiter.hold(30_000);
    limiter.hold(10);
    await limiter.admit(never());
    expect(clock.monotonic()).toBe(30_000);
  });

  it.each([
    [0.5, [0, 2000, 4000]],
    [0.1, [0, 10_000, 20_000]],
    [1, [0, 1000, 2000]],
    [2.9, [0, 0, 1000]],
  ])('takes %d requests a second', async (requestsPerSecond, expected) => {
    const clock = new ManualClock({ autoAdvance: true });
    const limiter = new RateLimiter(clock, requestsPerSecond);
    const begun: number[] = [];
    await Promise.all([0, 0, 0].map((atMs) => begin(limiter, clock, atMs, begun)));
    expect(begun).toEqual(expected);
  });

  it('lets requests begin in the order in which they asked', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const limiter = new RateLimiter(clock, 2);
    const order: number[] = [];
    await Promise.all([0, 1, 2, 3, 4].map((n) => limiter.admit(never()).then(() => order.push(n))));
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('is not fooled by a wall clock that jumps, nor by a timer that fires early', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const early = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      sleep: (ms: number, signal?: AbortSignal) => clock.sleep(Math.max(1, ms - 7), signal),
    };
    const limiter = new RateLimiter(early, 1);
    await limiter.admit(never());
    clock.jump(3_600_000);
    await limiter.admit(never());
    expect(clock.monotonic()).toBe(1000);
  });

  it('ends a wait at once when told to stop, and counts no request for it', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(clock, 1);
    await limiter.admit(never());
    const stop = new AbortController();
    let ended = false;
    const waiting = limiter.admit(stop.signal).then(() => (ended = true));
    await clock.advance(500);
    expect(ended).toBe(false);
    stop.abort();
    await waiting;
    expect(clock.monotonic()).toBe(500);
    await clock.advance(500);
    let next = false;
    void limiter.admit(never()).then(() => (next = true));
    await everybodyHadTheirTurn();
    expect(next).toBe(true);
  });

  it('does not wait at all where the stop came before', async () => {
    const limiter = new RateLimiter(new ManualClock(), 1);
    limiter.hold(60_000);
    await limiter.admit(AbortSignal.abort());
  });

  it('ends a wait at once also for one who waits behind another', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(clock, 1);
    limiter.hold(60_000);
    const order: string[] = [];
    const first = limiter.admit(never()).then(() => order.push('first'));
    const stop = new AbortController();
    const second = limiter.admit(stop.signal).then(() => order.push('second'));
    const third = limiter.admit(never()).then(() => order.push('third'));
    stop.abort();
    await everybodyHadTheirTurn();
    expect(order).toEqual(['second']);
    await clock.advance(60_000);
    expect(order).toEqual(['second', 'first']);
    await clock.advance(1000);
    await Promise.all([first, second, third]);
    expect(order).toEqual(['second', 'first', 'third']);
  });
});

describe('a backlog beside live requests', () => {
  /** Asks for places one after the other, without end. */
  async function hunger(limiter: RateLimiter, clock: ManualClock, untilMs: number): Promise<number> {
    for (let begun = 0; ; begun += 1) {
      await limiter.admit(never(), 'backlog');
      if (clock.monotonic() >= untilMs) return begun;
    }
  }

  it.each([
    [10, 9],
    [2, 1],
    [20, 18],
  ])('of %d places takes %d, however hungry it is, and live requests never wait', async (limit, most) => {
    const clock = new ManualClock({ autoAdvance: true });
    const limiter = new RateLimiter(clock, limit);
    const eating = Promise.all([1, 2, 3].map(() => hunger(limiter, clock, 20_000)));
    for (let second = 1; second < 20; second += 1) {
      await clock.sleep(second * 1000 + 137 - clock.monotonic());
      const askedAt = clock.monotonic();
      await limiter.admit(never());
      expect(clock.monotonic()).toBe(askedAt);
    }
    const eaten = (await eating).reduce((sum, each) => sum + each, 0);
    expect(eaten / 20).toBeLessThanOrEqual(most);
    expect(eaten / 20).toBeGreaterThan(most * 0.8);
  });

  it.each([2, 10, 11, 21, 100])(
    'takes the whole of %d where nothing live was asked for a while, and lets what is wait for one place only',
    async (limit) => {
      const clock = new ManualClock({ autoAdvance: true });
      const limiter = new RateLimiter(clock, limit);
      const begun: number[] = [];
      const eating = Promise.all(
        [1, 2, 3].map(async () => {
          while (clock.monotonic() < 60_000) {
            await limiter.admit(never(), 'backlog');
            begun.push(clock.monotonic());
          }
        }),
      );
      const waits: number[] = [];
      for (let minute = 0; minute < 4; minute += 1) {
        await clock.sleep(10_000 + minute * 13_137 - clock.monotonic());
        const askedAt = clock.monotonic();
        await limiter.admit(never());
        begun.push(clock.monotonic());
        waits.push(clock.monotonic() - askedAt);
      }
      await eating;
      const idle = begun.filter((atMs) => atMs >= 16_000 && atMs < 23_000);
      expect(idle.length).toBeGreaterThanOrEqual(7 * limit * 0.9);
      // A timer fires at whole milliseconds.
      expect(Math.max(...waits)).toBeLessThanOrEqual(1000 / limit + 1);
      begun.sort((a, b) => a - b);
      expect(begun.slice(limit).every((atMs, index) => atMs - begun[index]! >= 1000)).toBe(true);
    },
  );

  it('waits while live requests take every place, and ends at once where it is told to stop', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(clock, 1);
    const order: string[] = [];
    const stop = new AbortController();
    await limiter.admit(never());
    const backlog = limiter.admit(stop.signal, 'backlog').then(() => order.push('backlog'));
    const live = limiter.admit(never()).then(() => order.push('live'));
    await clock.advance(1500);
    await live;
    expect(order).toEqual(['live']);
    stop.abort();
    await backlog;
    expect(clock.monotonic()).toBe(1500);
  });
});
