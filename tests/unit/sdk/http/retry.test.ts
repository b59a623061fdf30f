import { describe, expect, it } from '@jest/globals';

import { isAbort, ModuleError, type ModuleErrorDetails } from '../../../../src/sdk/errors.js';
import { retry, type RetryOptions } from '../../../../src/sdk/http/retry.js';
import { everybodyHadTheirTurn, ManualClock } from '../../../support/manual-clock.js';

const POLICY = { firstDelayMs: 1000, longestDelayMs: 8000, deadlineMs: 60_000 };

function unavailable(details: ModuleErrorDetails = {}): ModuleError {
  return new ModuleError('SOURCE_UNAVAILABLE', 'Not now.', details);
}

/** An operation that goes through these outcomes, the last of them again and again. */
function scripted(...outcomes: unknown[]): { operation: () => Promise<unknown>; tries: () => number } {
  let tries = 0;
  return {
    tries: () => tries,
    operation: async () => {
      const outcome = outcomes[Math.min(tries, outcomes.length - 1)];
      tries += 1;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
}

function options(overrides: Partial<RetryOptions> = {}): RetryOptions & { readonly clock: ManualClock } {
  return {
    policy: POLICY,
    random: () => 1,
    requested: new AbortController().signal,
    ...overrides,
    clock: new ManualClock({ autoAdvance: true }),
  };
}

/** What a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('retry', () => {
  it('tries once and does not wait where that succeeds', async () => {
    const { operation, tries } = scripted('done');
    const world = options();
    expect(await retry(operation, world)).toBe('done');
    expect(tries()).toBe(1);
    expect(world.clock.sleeps).toEqual([]);
  });

  it('waits no longer than its policy lets the other side ask for', async () => {
    const { operation } = scripted(unavailable({ retryAfterMs: 3_600_000 }), 'done');
    const world = options({ policy: { ...POLICY, longestStatedWaitMs: 30_000 } });
    await retry(operation, world);
    expect(world.clock.sleeps).toEqual([30_000]);
  });

  it('tries no more often than it may', async () => {
    const { operation, tries } = scripted(unavailable());
    const world = options({ policy: { ...POLICY, deadlineMs: Infinity, mostAttempts: 3 } });
    expect(await rejection(retry(operation, world))).toBeInstanceOf(ModuleError);
    expect(tries()).toBe(3);
    expect(world.clock.sleeps).toEqual([1000, 2000]);
  });

  it('waits longer after each failure, until it succeeds', async () => {
    const { operation, tries } = scripted(
      unavailable(),
      unavailable(),
      unavailable(),
      unavailable(),
      unavailable(),
      'done',
    );
    const world = options();
    expect(await retry(operation, world)).toBe('done');
    expect(tries()).toBe(6);
    expect(world.clock.sleeps).toEqual([1000, 2000, 4000, 8000, 8000]);
  });

  it.each([
    new ModuleError('SOURCE_CREDENTIAL_REFUSED', 'No.'),
    new TypeError('a defect'),
    Object.assign(new Error('Stopped'), { name: 'AbortError' }),
  ])('does not try again after %s', async (error) => {
    const { operation, tries } = scripted(error, 'done');
    const world = options();
    expect(await rejection(retry(operation, world))).toBe(error);
    expect(tries()).toBe(1);
    expect(world.clock.sleeps).toEqual([]);
  });

  it('waits as long as the other side asks, where that is longer than its own wait', async () => {
    const { operation } = scripted(unavailable({ retryAfterMs: 25_000 }), unavailable({ retryAfterMs: 10 }), 'done');
    const world = options();
    await retry(operation, world);
    expect(world.clock.sleeps).toEqual([25_000, 2000]);
  });

  it('gives up with the last error when the next try would begin after the deadline', async () => {
    const last = unavailable();
    const errors = Array.from({ length: 20 }, () => unavailable());
    const { operation, tries } = scripted(...errors.slice(0, 9), last);
    const world = options();
    // 1 + 2 + 4 + 8 * 6 = 55 s; another 8 s would be 63 s.
    expect(await rejection(retry(operation, world))).toBe(last);
    expect(tries()).toBe(10);
    expect(world.clock.monotonic()).toBe(55_000);
  });

  it('still begins a try exactly at the deadline', async () => {
    const { operation, tries } = scripted(unavailable(), 'done');
    expect(await retry(operation, options({ policy: { ...POLICY, deadlineMs: 1000 } }))).toBe('done');
    expect(tries()).toBe(2);
  });

  it('counts the time that tries take towards the deadline', async () => {
    const world = options();
    let tries = 0;
    const slow = async (): Promise<never> => {
      tries += 1;
      await world.clock.sleep(30_000);
      throw unavailable();
    };
    await rejection(retry(slow, world));
    expect(tries).toBe(2);
  });

  it('gives up at once where the other side asks to wait past the deadline, and does not cut its wait short', async () => {
    const error = unavailable({ retryAfterMs: 60_001 });
    const world = options();
    expect(await rejection(retry(scripted(error).operation, world))).toBe(error);
    expect(world.clock.sleeps).toEqual([]);
  });

  it('never gives up without a deadline', async () => {
    const outcomes = Array.from({ length: 500 }, () => unavailable());
    const { operation } = scripted(...outcomes, 'done');
    expect(await retry(operation, options({ policy: { ...POLICY, deadlineMs: Infinity } }))).toBe('done');
  });

  it('is not fooled by a wall clock that jumps', async () => {
    const world = options();
    const { operation, tries } = scripted(unavailable(), unavailable(), 'done');
    const jumping = async (): Promise<unknown> => {
      world.clock.jump(86_400_000);
      return operation();
    };
    expect(await retry(jumping, world)).toBe('done');
    expect(tries()).toBe(3);
  });

  it('tells of each wait before it begins', async () => {
    const first = unavailable();
    const told: unknown[] = [];
    const world = options({
      onRetry: (failure) => told.push({ ...failure, slept: world.clock.sleeps.length }),
    });
    await retry(scripted(first, unavailable(), 'done').operation, world);
    expect(told).toEqual([
      { error: first, attempt: 1, delayMs: 1000, slept: 0 },
      expect.objectContaining({ attempt: 2, delayMs: 2000, slept: 1 }),
    ]);
  });

  it('ends a wait at once when a stop is requested, without another try', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const { operation, tries } = scripted(unavailable({ retryAfterMs: 50_000 }), 'done');
    const result = rejection(retry(operation, { ...options(), clock, requested: stop.signal }));
    await clock.advance(10_000);
    stop.abort();
    expect(isAbort(await result)).toBe(true);
    expect(tries()).toBe(1);
    expect(clock.monotonic()).toBe(10_000);
  });

  it('neither waits nor tells of a wait where a stop was requested during the try', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const told: unknown[] = [];
    const operation = async (): Promise<never> => {
      stop.abort();
      throw unavailable();
    };
    const world = { ...options({ onRetry: (failure) => told.push(failure) }), clock, requested: stop.signal };
    expect(isAbort(await rejection(retry(operation, world)))).toBe(true);
    expect(told).toEqual([]);
  });

  it('waits no shorter than it said', async () => {
    const clock = new ManualClock();
    const { operation, tries } = scripted(unavailable(), 'done');
    const result = retry(operation, { ...options(), clock });
    await clock.advance(999);
    expect(tries()).toBe(1);
    await clock.advance(1);
    await everybodyHadTheirTurn();
    expect(tries()).toBe(2);
    expect(await result).toBe('done');
  });
});
