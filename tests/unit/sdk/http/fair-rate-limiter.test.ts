import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { FairRateLimiter } from '../../../../src/sdk/http/fair-rate-limiter.js';
import type { RequestLimiter, Urgency } from '../../../../src/sdk/http/rate-limiter.js';
import { everybodyHadTheirTurn, ManualClock } from '../../../support/manual-clock.js';

const never = (): AbortSignal => new AbortController().signal;

interface Begun {
  readonly who: string;
  readonly atMs: number;
}

/** Asks for places, and notes who got one when. */
function asker(clock: ManualClock): {
  begun: Begun[];
  ask: (who: string, party: RequestLimiter, urgency?: Urgency) => Promise<void>;
} {
  const begun: Begun[] = [];
  return {
    begun,
    async ask(who, party, urgency = 'live') {
      await party.admit(never(), urgency);
      begun.push({ who, atMs: clock.monotonic() });
    },
  };
}

describe('FairRateLimiter', () => {
  it('lets no more begin in any second than the limit, lets all begin, and nobody twice before another waits once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 5 }),
        async (limit, wanted) => {
          const clock = new ManualClock({ autoAdvance: true });
          const limiter = new FairRateLimiter(clock, limit);
          const { begun, ask } = asker(clock);
          const asked = wanted.flatMap((count, index) => {
            const party = limiter.party();
            return Array.from({ length: count }, () => ask(String(index), party));
          });
          await Promise.all(asked);
          expect(begun).toHaveLength(wanted.reduce((sum, count) => sum + count, 0));
          begun.slice(limit).forEach(({ atMs }, n) => expect(atMs - begun[n]!.atMs).toBeGreaterThanOrEqual(1000));
          const turns = new Map<string, number>();
          for (const { who } of begun) {
            const turn = turns.get(who) ?? 0;
            wanted.forEach((count, other) => {
              if (count > turn) expect(turns.get(String(other)) ?? 0).toBeGreaterThanOrEqual(turn);
            });
            turns.set(who, turn + 1);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lets what is live go before any backlog', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const limiter = new FairRateLimiter(clock, 1);
    const { begun, ask } = asker(clock);
    const [busy, quiet] = [limiter.party(), limiter.party()];
    const first = ask('first', busy);
    await first;
    const backlog = Array.from({ length: 5 }, () => ask('backlog', busy, 'backlog'));
    const live = ask('live', quiet);
    await Promise.all([...backlog, live]);
    // One of the backlog may have begun to wait for the place before.
    expect(begun.findIndex(({ who }) => who === 'live')).toBeLessThanOrEqual(2);
  });

  it('holds back the one that was told to wait, and nobody else', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const limiter = new FairRateLimiter(clock, 10);
    const { begun, ask } = asker(clock);
    const [sick, well] = [limiter.party(), limiter.party(), limiter.party()];
    sick.hold(60_000);
    await Promise.all([ask('sick', sick), ask('well', well)]);
    expect(begun).toEqual([
      { who: 'well', atMs: 0 },
      { who: 'sick', atMs: 60_000 },
    ]);
  });

  it('refuses at once who would be held back for longer than it may wait, since it may hold what others need', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const limiter = new FairRateLimiter(clock, 10, 30_000);
    const { begun, ask } = asker(clock);
    const [sick, well] = [limiter.party(), limiter.party(), limiter.party()];
    sick.hold(30_001);
    await expect(ask('sick', sick)).rejects.toMatchObject({ code: 'SOURCE_RATE_LIMITED', retryAfterMs: 30_001 });
    await ask('well', well);
    await clock.sleep(1, never());
    await ask('sick', sick);
    expect(begun).toEqual([
      { who: 'well', atMs: 0 },
      { who: 'sick', atMs: 30_001 },
    ]);
  });

  it('refuses also who is told so while it waits', async () => {
    const clock = new ManualClock();
    const party = new FairRateLimiter(clock, 10, 30_000).party();
    party.hold(10_000);
    const refused = expect(party.admit(never())).rejects.toMatchObject({ code: 'SOURCE_RATE_LIMITED' });
    await everybodyHadTheirTurn();
    party.hold(86_400_000);
    await clock.advance(10_000);
    await refused;
  });

  it.each([
    [5, 3],
    [2, 2],
    [1, 1],
  ])('of %d parties holds back all where %d are told to wait in a row', async (count, told) => {
    const clock = new ManualClock({ autoAdvance: true });
    const limiter = new FairRateLimiter(clock, 10);
    const parties = Array.from({ length: count }, () => limiter.party());
    const { begun, ask } = asker(clock);
    for (const party of parties.slice(0, told)) party.hold(30_000);
    await ask('last', parties.at(-1)!);
    expect(begun).toEqual([{ who: 'last', atMs: 30_000 }]);
  });

  it('takes an answer in between as a sign that the limit is not everybody’s', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const limiter = new FairRateLimiter(clock, 10);
    const parties = Array.from({ length: 4 }, () => limiter.party());
    const { begun, ask } = asker(clock);
    for (const party of parties.slice(0, 3)) {
      party.hold(30_000);
      parties[3]!.answered?.();
    }
    await ask('last', parties[3]!);
    expect(begun).toEqual([{ who: 'last', atMs: 0 }]);
  });

  it('lets go of who is told to stop, and takes no place for it', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const limiter = new FairRateLimiter(clock, 1);
    const [one, other] = [limiter.party(), limiter.party()];
    const { begun, ask } = asker(clock);
    await ask('first', one);
    const stop = new AbortController();
    const left = one.admit(stop.signal);
    stop.abort();
    await left;
    expect(clock.monotonic()).toBe(0);
    await ask('other', other);
    expect(begun[1]).toEqual({ who: 'other', atMs: 1000 });
  });

  it('takes no place for who is told to stop in its turn', async () => {
    const clock = new ManualClock();
    const limiter = new FairRateLimiter(clock, 1);
    const party = limiter.party();
    const { begun, ask } = asker(clock);
    await ask('first', party);
    const stop = new AbortController();
    const left = party.admit(stop.signal);
    await everybodyHadTheirTurn();
    stop.abort();
    await left;
    await clock.advance(1500);
    void ask('next', party);
    await everybodyHadTheirTurn();
    expect(begun[1]).toEqual({ who: 'next', atMs: 1500 });
  });

  it('holds back who was told to wait while it waited for its turn', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const limiter = new FairRateLimiter(clock, 1);
    const [sick, well] = [limiter.party(), limiter.party(), limiter.party()];
    const { begun, ask } = asker(clock);
    await ask('sick', sick);
    const asked = [ask('sick', sick), ask('well', well)];
    sick.hold(60_000);
    await Promise.all(asked);
    expect(begun.slice(1)).toEqual([
      { who: 'well', atMs: 2000 },
      { who: 'sick', atMs: 60_000 },
    ]);
  });
});
