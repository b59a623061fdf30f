import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { DeliveryState, type Progress } from '../../../../src/sdk/checkpoint/delivery-state.js';
import { OwedSet } from '../../../../src/sdk/checkpoint/owed-set.js';
import { Ledger, type LedgerKey } from '../../../../src/sdk/ledger/ledger.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import type { Storage } from '../../../../src/sdk/storage/storage.js';
import { dieAtChange, failChange, FailingStorage, type StorageFailure } from '../../../support/failing-storage.js';

const START_MS = Date.UTC(2030, 0, 2, 3, 4, 5);
const KEEP_MS = 120_000;
const NOTHING: Progress = { keys: [], settled: undefined };

function open(storage: Storage, options: { startFromMs?: number; stream?: string } = {}): Promise<DeliveryState> {
  return DeliveryState.open({ storage, startFromMs: START_MS, keepMs: KEEP_MS, stream: 'all', ...options });
}

/** The key of the event with this id, at so many milliseconds after the start. */
function key(id: string, atMs: number): LedgerKey {
  return Ledger.keyOf({ bytes: Buffer.from(id), id, timestampMs: START_MS + atMs }, START_MS);
}

async function text(storage: Storage): Promise<string> {
  return Buffer.from((await storage.read('context.json')) ?? '').toString();
}

async function document(storage: Storage): Promise<Record<string, unknown>> {
  return JSON.parse(await text(storage)) as Record<string, unknown>;
}

async function write(storage: Storage, content: unknown): Promise<void> {
  await storage.write('context.json', Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)));
}

/** True where all of `inner` is in `outer`. */
function covers(outer: OwedSet, inner: OwedSet): boolean {
  return (
    JSON.stringify(OwedSet.of([...outer.intervals, ...inner.intervals]).intervals) === JSON.stringify(outer.intervals)
  );
}

describe('DeliveryState', () => {
  describe('at the start', () => {
    it('owes everything from start_from on where nothing is remembered, and writes nothing by itself', async () => {
      const storage = new FailingStorage(createMemoryStorage());
      const state = await open(storage);
      expect(state.resumption).toEqual({ kind: 'first-start' });
      expect(state.owed.intervals).toEqual([{ fromMs: START_MS, toMs: undefined }]);
      expect(state.readableFromMs).toBe(START_MS);
      expect(storage.changes).toBe(0);
    });

    it('resumes where it stopped, whatever start_from says by then', async () => {
      const storage = createMemoryStorage();
      const state = await open(storage);
      await state.commit({ keys: [key('a', 5)], settled: { fromMs: START_MS, toMs: START_MS + 1234 } });
      const again = await open(storage, { startFromMs: START_MS + 999_999, stream: 'other' });
      expect(again.resumption).toEqual({ kind: 'resumed', previousStream: 'all' });
      expect(again.owed.intervals).toEqual([{ fromMs: START_MS + 1234, toMs: undefined }]);
      expect(again.ledger.has(key('a', 5))).toBe(true);
      await again.commit(NOTHING);
      expect((await open(storage)).resumption).toEqual({ kind: 'resumed', previousStream: 'other' });
    });

    it("takes over the Python connector's position, a second earlier because that was rounded up", async () => {
      const storage = createMemoryStorage();
      await write(storage, { most_recent_date_seen: '2030-01-02T04:00:00+00:00', cursor: 'x' });
      const state = await open(storage);
      const positionMs = Date.UTC(2030, 0, 2, 4);
      expect(state.resumption).toEqual({ kind: 'taken-over', positionMs });
      expect(state.owed.intervals).toEqual([{ fromMs: positionMs - 1000, toMs: undefined }]);
      // Ids of what the other connector delivered are not known here: what lies before must not be read again.
      expect(state.readableFromMs).toBe(positionMs - 1000);
    });

    it('keeps the keys of other programs', async () => {
      const storage = createMemoryStorage();
      await write(storage, { cursor: ['x', 1], most_recent_date_seen: '2030-01-02T04:00:00+00:00' });
      await (await open(storage)).commit(NOTHING);
      expect(await document(storage)).toMatchObject({ cursor: ['x', 1] });
      await (await open(storage)).commit({ keys: [key('a', 1)], settled: undefined });
      expect(await document(storage)).toMatchObject({ cursor: ['x', 1] });
    });

    it.each([-3_600_000, 3_600_000])(
      'follows a position that somebody else moved by %d ms, and still knows what was delivered',
      async (movedMs) => {
        const storage = createMemoryStorage();
        const state = await open(storage);
        await state.commit({ keys: [key('a', 5)], settled: { fromMs: START_MS, toMs: START_MS + 1000 } });
        const positionMs = START_MS + movedMs;
        await write(storage, {
          ...(await document(storage)),
          most_recent_date_seen: new Date(positionMs).toISOString(),
        });
        const again = await open(storage);
        expect(again.resumption).toEqual({ kind: 'taken-over', positionMs });
        expect(again.owed.intervals).toEqual([{ fromMs: positionMs - 1000, toMs: undefined }]);
        expect(again.ledger.has(key('a', 5))).toBe(true);
        await again.commit(NOTHING);
        expect((await open(storage)).resumption).toMatchObject({ kind: 'resumed' });
      },
    );

    it.each(['', 'no JSON', '[]', '{"delivery":{}}'])(
      'refuses the file %j, and leaves it as it is',
      async (content) => {
        const storage = createMemoryStorage();
        await write(storage, content);
        await expect(open(storage)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
        expect(await text(storage)).toBe(content);
      },
    );

    it('refuses to go on without a segment that the checkpoint names', async () => {
      const storage = createMemoryStorage();
      await (await open(storage)).commit({ keys: [key('a', 5)], settled: undefined });
      await storage.remove('ledger/00000001.bin');
      await expect(open(storage)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    });

    it('passes on that the storage cannot be read', async () => {
      const storage = new FailingStorage(createMemoryStorage(), () => 'undone');
      await expect(open(storage)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    });
  });

  describe('in a commit', () => {
    it('writes the ledger before the checkpoint, and removes segments after both', async () => {
      const storage = new FailingStorage(createMemoryStorage());
      await (await open(storage)).commit({ keys: [key('a', 0)], settled: undefined });
      const state = await open(storage);
      const before = storage.operations.length;
      await state.commit({
        keys: [key('b', 3_600_000)],
        settled: { fromMs: START_MS, toMs: START_MS + 3_600_000 },
      });
      expect(storage.operations.slice(before).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
        'write ledger/00000002.bin',
        'write context.json',
        'remove ledger/00000001.bin',
      ]);
      expect(await document(storage)).toMatchObject({ delivery: { ledger: { segments: ['00000002.bin'] } } });
    });

    it('does not write a key twice', async () => {
      const storage = new FailingStorage(createMemoryStorage());
      const state = await open(storage);
      await state.commit({ keys: [key('a', 1), key('a', 1)], settled: undefined });
      const before = storage.operations.length;
      await state.commit({ keys: [key('a', 1)], settled: undefined });
      expect(storage.operations.slice(before).map(({ name }) => name)).toEqual(['context.json']);
      expect(state.ledger.size).toBe(1);
    });

    it('forgets ids only when they lie further behind the left edge than they are to be kept', async () => {
      const storage = createMemoryStorage();
      const state = await open(storage);
      const edgeMs = START_MS + 600_000;
      const keys = Array.from({ length: 60 }, (_, n) => key(`${n}`, n * 10_000));
      await state.commit({ keys, settled: { fromMs: START_MS, toMs: edgeMs } });
      const within = (at: number): boolean => START_MS + at >= edgeMs - KEEP_MS;
      for (let n = 0; n < 60; n += 1) {
        if (within(n * 10_000)) expect(state.ledger.has(keys[n]!)).toBe(true);
      }
      expect(state.ledger.has(keys[0]!)).toBe(false);
      expect(state.readableFromMs).toBeLessThanOrEqual(edgeMs - KEEP_MS);
      expect(state.readableFromMs).toBeGreaterThan(edgeMs - KEEP_MS - 60_000);
      expect(
        keys.filter((_, n) => START_MS + n * 10_000 >= state.readableFromMs).every((k) => state.ledger.has(k)),
      ).toBe(true);
    });

    it('forgets nothing while something old is still owed', async () => {
      const state = await open(createMemoryStorage());
      await state.commit({ keys: [key('a', 5)], settled: { fromMs: START_MS + 1, toMs: START_MS + 86_400_000 } });
      expect(state.owed.fromMs).toBe(START_MS);
      expect(state.ledger.has(key('a', 5))).toBe(true);
    });

    it('removes at a later start what a crash kept it from removing', async () => {
      const inner = createMemoryStorage();
      await (await open(inner)).commit({ keys: [key('a', 0)], settled: undefined });
      const dying = new FailingStorage(inner);
      const state = await open(dying);
      dying.plan = dieAtChange(3);
      const settled = { fromMs: START_MS, toMs: START_MS + 3_600_000 };
      // What was to be committed is durable: a segment that is only in the way fails nothing.
      await state.commit({ keys: [key('b', 3_600_000)], settled });
      expect(await inner.list('ledger')).toEqual(['00000001.bin', '00000002.bin']);
      const again = await open(inner);
      const next = { fromMs: settled.toMs, toMs: settled.toMs + 3_600_000 };
      await again.commit({ keys: [key('c', 7_200_000)], settled: next });
      expect(await inner.list('ledger')).toEqual(['00000003.bin']);
    });
  });

  describe('when the source has forgotten', () => {
    it('gives up what lies before, tells which ranges, and remembers them', async () => {
      const storage = createMemoryStorage();
      const state = await open(storage);
      await state.commit({ keys: [], settled: { fromMs: START_MS + 100, toMs: START_MS + 200 } });
      expect(state.giveUpBefore(START_MS + 300)).toEqual([
        { fromMs: START_MS, toMs: START_MS + 100 },
        { fromMs: START_MS + 200, toMs: START_MS + 300 },
      ]);
      expect(state.owed.intervals).toEqual([{ fromMs: START_MS + 300, toMs: undefined }]);
      expect(state.giveUpBefore(START_MS + 300)).toEqual([]);
      await state.commit(NOTHING);
      expect(await document(storage)).toMatchObject({
        delivery: { unreachable: [{ to: '2030-01-02T03:04:05.100Z' }, { from: '2030-01-02T03:04:05.200Z' }] },
      });
      await (await open(storage)).commit(NOTHING);
      expect((await document(storage))['delivery']).toHaveProperty('unreachable.length', 2);
    });

    it('gives up nothing where nothing so old is owed', async () => {
      const state = await open(createMemoryStorage());
      expect(state.giveUpBefore(START_MS)).toEqual([]);
      expect(state.owed.intervals).toEqual([{ fromMs: START_MS, toMs: undefined }]);
    });
  });

  it('remembers a range that is owed again', async () => {
    const storage = createMemoryStorage();
    const state = await open(storage);
    await state.commit({ keys: [], settled: { fromMs: START_MS, toMs: START_MS + 1000 } });
    state.owe({ fromMs: START_MS + 100, toMs: START_MS + 200 });
    await state.commit(NOTHING);
    expect((await open(storage)).owed.intervals).toEqual([
      { fromMs: START_MS + 100, toMs: START_MS + 200 },
      { fromMs: START_MS + 1000, toMs: undefined },
    ]);
  });

  /*
   * Events lie 20 seconds apart. Each step acknowledges some of the next ones, in any order, and settles up to the first
   * that is not acknowledged, as the pump does; or it restarts the program.
   */
  const STEP_MS = 20_000;
  type Step = { readonly kind: 'acknowledge'; readonly ahead: readonly number[] } | { readonly kind: 'restart' };
  const anySteps = fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc
          .array(fc.nat(8), { maxLength: 8 })
          .map((ahead): Step => ({ kind: 'acknowledge', ahead: [...new Set(ahead)] })),
      },
      { weight: 1, arbitrary: fc.constant<Step>({ kind: 'restart' }) },
    ),
    { minLength: 1, maxLength: 25, size: 'max' },
  );

  class World {
    /** Numbers of the acknowledged events, and those of them whose commit returned. */
    readonly acknowledged = new Set<number>();
    readonly committed = new Set<number>();
    owed = OwedSet.of([{ fromMs: START_MS, toMs: undefined }]);
    owedAtLastCommit = this.owed;

    /** Acknowledges events. @returns what to commit */
    step(ahead: readonly number[]): Progress {
      const edge = this.#edge();
      const events = ahead.map((distance) => edge + distance).filter((event) => !this.acknowledged.has(event));
      for (const event of events) this.acknowledged.add(event);
      const settled = { fromMs: START_MS + edge * STEP_MS, toMs: START_MS + this.#edge() * STEP_MS };
      this.owed = this.owed.settle(settled.fromMs, settled.toMs);
      return { keys: events.map((event) => this.keyOf(event)), settled };
    }

    noteCommit(): void {
      for (const event of this.acknowledged) this.committed.add(event);
      this.owedAtLastCommit = this.owed;
    }

    keyOf(event: number): LedgerKey {
      return key(`event-${event}`, event * STEP_MS);
    }

    /** What a state that was read back must never have lost. */
    check(state: DeliveryState): void {
      // Owed on disk is never smaller than owed in truth, and never larger than at the last commit that returned.
      expect(covers(state.owed, this.owed)).toBe(true);
      expect(covers(this.owedAtLastCommit, state.owed)).toBe(true);
      for (const event of this.acknowledged) {
        const timeMs = START_MS + event * STEP_MS;
        if (timeMs < state.readableFromMs) continue;
        // The ledger is never behind the owed set, and never behind a commit that returned.
        const settled = timeMs < (state.owed.fromMs ?? Infinity);
        if (settled || this.committed.has(event)) expect(state.ledger.has(this.keyOf(event))).toBe(true);
      }
      const known = [...this.acknowledged].filter((event) => state.ledger.has(this.keyOf(event))).length;
      // Nothing is in the ledger that was not acknowledged.
      expect(state.ledger.size).toBe(known);
      // What may be read again reaches back as far as ids are to be kept.
      expect(state.readableFromMs).toBeLessThanOrEqual(Math.max(START_MS, (state.owed.fromMs ?? 0) - KEEP_MS));
    }

    #edge(): number {
      let edge = 0;
      while (this.acknowledged.has(edge)) edge += 1;
      return edge;
    }
  }

  async function play(steps: readonly Step[], storage: Storage, world: World): Promise<DeliveryState> {
    let state = await open(storage);
    await state.commit(NOTHING);
    for (const step of steps) {
      if (step.kind === 'restart') {
        state = await open(storage);
        world.check(state);
      } else {
        await state.commit(world.step(step.ahead));
        world.noteCommit();
      }
    }
    return state;
  }

  it('owes after a crash at any write everything that was not settled, and knows everything that was', async () => {
    let crashes = 0;
    await fc.assert(
      fc.asyncProperty(
        anySteps,
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom<StorageFailure>('undone', 'done'),
        async (steps, n, failure) => {
          const inner = createMemoryStorage();
          const dying = new FailingStorage(inner);
          const die = dieAtChange(n, failure);
          // Reads go on until it has died.
          dying.plan = (operation) => (dying.changes < n ? undefined : die(operation));
          const world = new World();
          await play(steps, dying, world).catch((error: unknown) => {
            crashes += 1;
            expect(error).toMatchObject({ code: 'STATE_UNAVAILABLE' });
          });
          world.check(await open(inner));
        },
      ),
      { numRuns: 300 },
    );
    expect(crashes).toBeGreaterThan(50);
  });

  it('loses nothing when a commit fails at any write and is called again with nothing new', async () => {
    let failures = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(8), { maxLength: 8 }), { minLength: 1, maxLength: 15, size: 'max' }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom<StorageFailure>('undone', 'done'),
        async (steps, n, failure) => {
          const inner = createMemoryStorage();
          const storage = new FailingStorage(inner, failChange(n, failure));
          const [world, state] = [new World(), await open(storage)];
          for (const ahead of steps) {
            await state.commit(world.step([...new Set(ahead)])).catch(async () => {
              failures += 1;
              await state.commit(NOTHING);
            });
            world.noteCommit();
          }
          const again = await open(inner);
          world.check(again);
          expect(again.owed.intervals).toEqual(world.owed.intervals);
        },
      ),
      { numRuns: 150 },
    );
    expect(failures).toBeGreaterThan(20);
  });
});
