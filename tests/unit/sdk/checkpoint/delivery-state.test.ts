import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Agreement } from '../../../../src/sdk/checkpoint/checkpoint-document.js';
import { DeliveryState, type Progress } from '../../../../src/sdk/checkpoint/delivery-state.js';
import { OwedSet } from '../../../../src/sdk/checkpoint/owed-set.js';
import { Ledger, type LedgerEntry } from '../../../../src/sdk/ledger/ledger.js';
import { HOUR_MS, type HourRecord } from '../../../../src/sdk/reconciliation/hour-store.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import type { Storage } from '../../../../src/sdk/storage/storage.js';
import { dieAtChange, failChange, FailingStorage, type StorageFailure } from '../../../support/failing-storage.js';
import { ManualClock } from '../../../support/manual-clock.js';

const START_MS = Date.UTC(2030, 0, 2, 3, 4, 5);
const KEEP_MS = 120_000;
const MINUTE_MS = 60_000;
/** Later than anything here. */
const END_MS = START_MS + 30 * 24 * HOUR_MS;
const NOTHING: Progress = { entries: [], settled: undefined };

function open(
  storage: Storage,
  options: { startFromMs?: number; stream?: string; keepMs?: number; clock?: ManualClock } = {},
): Promise<DeliveryState> {
  return DeliveryState.open({ storage, startFromMs: START_MS, keepMs: KEEP_MS, stream: 'all', ...options });
}

/** A storage that takes its time to write. */
class SlowStorage implements Storage {
  readonly written: { readonly name: string; readonly beganAtMs: number }[] = [];
  writeMs = 10;
  isBroken = false;
  readonly location = 'a slow storage';

  constructor(
    private readonly inner: Storage,
    private readonly clock: ManualClock,
  ) {}

  read(name: string): Promise<Uint8Array | undefined> {
    return this.inner.read(name);
  }

  async write(name: string, content: Uint8Array): Promise<void> {
    this.written.push({ name, beganAtMs: this.clock.monotonic() });
    await this.clock.sleep(this.writeMs);
    if (this.isBroken) throw new Error('no room');
    await this.inner.write(name, content);
  }

  remove(name: string): Promise<void> {
    return this.inner.remove(name);
  }

  list(folder: string): Promise<string[]> {
    return this.inner.list(folder);
  }
}

/** The key of the event with this id, at so many milliseconds after the start. */
function key(id: string, atMs: number, isDeadLettered = false): LedgerEntry {
  const event = { bytes: Buffer.from(id), id, timestampMs: START_MS + atMs };
  return { ...Ledger.keyOf(event, START_MS), isDeadLettered };
}

/** The tail was read up to so many milliseconds after the start. */
function tail(toMs: number): Progress['settled'] {
  return { lane: 'tail', fromMs: START_MS, toMs: START_MS + toMs };
}

/** As many events of the first hour as fill a segment. */
function fullSegment(): LedgerEntry[] {
  return Array.from({ length: 16_384 }, (_, n) => key(`full-${n}`, n % 60_000));
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
      await state.commit({
        entries: [key('a', 5)],
        settled: { lane: 'tail', fromMs: START_MS, toMs: START_MS + 1234 },
      });
      const again = await open(storage, { startFromMs: START_MS + 999_999, stream: 'other' });
      expect(again.resumption).toEqual({ kind: 'resumed', previousStream: 'all' });
      expect(again.owed.intervals).toEqual([{ fromMs: START_MS + 1234, toMs: undefined }]);
      expect(again.ledger.has(key('a', 5))).toBe(true);
      await again.commit(NOTHING);
      expect((await open(storage)).resumption).toEqual({ kind: 'resumed', previousStream: 'other' });
    });

    it("takes over the Python connector's position, a minute earlier for what the source had not shown", async () => {
      const storage = createMemoryStorage();
      await write(storage, { most_recent_date_seen: '2030-01-02T04:00:00+00:00', cursor: 'x' });
      const state = await open(storage);
      const positionMs = Date.UTC(2030, 0, 2, 4);
      expect(state.resumption).toEqual({ kind: 'taken-over', positionMs });
      expect(state.owed.intervals).toEqual([{ fromMs: positionMs - 60_000, toMs: undefined }]);
      // Ids of what the other connector delivered are not known here: what lies before must not be read again.
      expect(state.readableFromMs).toBe(positionMs - 60_000);
    });

    it('keeps the keys of other programs', async () => {
      const storage = createMemoryStorage();
      await write(storage, { cursor: ['x', 1], most_recent_date_seen: '2030-01-02T04:00:00+00:00' });
      await (await open(storage)).commit(NOTHING);
      expect(await document(storage)).toMatchObject({ cursor: ['x', 1] });
      await (await open(storage)).commit({ entries: [key('a', 1)], settled: undefined });
      expect(await document(storage)).toMatchObject({ cursor: ['x', 1] });
    });

    it.each([-3_600_000, 3_600_000])(
      'follows a position that somebody else moved by %d ms, and still knows what was delivered',
      async (movedMs) => {
        const storage = createMemoryStorage();
        const state = await open(storage);
        await state.commit({
          entries: [key('a', 5)],
          settled: { lane: 'tail', fromMs: START_MS, toMs: START_MS + 1000 },
        });
        const positionMs = START_MS + movedMs;
        await write(storage, {
          ...(await document(storage)),
          most_recent_date_seen: new Date(positionMs).toISOString(),
        });
        const again = await open(storage);
        expect(again.resumption).toEqual({ kind: 'taken-over', positionMs });
        expect(again.owed.intervals).toEqual([{ fromMs: positionMs - 60_000, toMs: undefined }]);
        await again.commit(NOTHING);
        expect((await open(storage)).resumption).toMatchObject({ kind: 'resumed' });
        // What lies before the position is not read, so it need not be known; until the position is moved back.
        const backMs = START_MS - 3_600_000;
        await write(storage, { ...(await document(storage)), most_recent_date_seen: new Date(backMs).toISOString() });
        expect((await open(storage)).ledger.has(key('a', 5))).toBe(true);
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
      await (await open(storage)).commit({ entries: [key('a', 5)], settled: undefined });
      await storage.remove('ledger/00000001.bin');
      await expect(open(storage)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    });

    it('passes on that the storage cannot be read', async () => {
      const storage = new FailingStorage(createMemoryStorage(), () => 'undone');
      await expect(open(storage)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    });
  });

  describe('in a commit', () => {
    it('writes hours before the ledger before the checkpoint, and removes segments after all', async () => {
      const storage = new FailingStorage(createMemoryStorage());
      const state = await open(storage);
      await state.commit({ entries: fullSegment(), settled: undefined });
      const before = storage.operations.length;
      await state.commit({ entries: [key('b', 5 * HOUR_MS)], settled: tail(5 * HOUR_MS) });
      const changes = storage.operations.slice(before).filter(({ kind }) => kind !== 'read');
      expect(changes.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
        'write proofs/2030-01-02.json',
        'write ledger/00000002.bin',
        'write context.json',
        'write backup/context.json',
        'remove ledger/00000001.bin',
      ]);
      expect(await document(storage)).toMatchObject({ delivery: { ledger: { segments: ['00000002.bin'] } } });
    });

    it('is written together with what others commit while an earlier one is being written', async () => {
      const storage = new FailingStorage(createMemoryStorage());
      const state = await open(storage);
      await state.commit(NOTHING);
      const before = storage.operations.length;
      const first = state.commit({ entries: [key('a', 1)], settled: undefined });
      await Promise.resolve();
      await Promise.resolve();
      const others = ['b', 'c', 'd'].map(async (name, n) => {
        await state.commit({ entries: [key(name, n + 2)], settled: undefined });
        // Whoever is told that it is durable finds it on storage.
        expect((await open(storage)).ledger.has(key(name, n + 2))).toBe(true);
      });
      await Promise.all([first, ...others]);
      const written = storage.operations.slice(before).filter(({ kind }) => kind === 'write');
      expect(written.filter(({ name }) => name === 'context.json')).toHaveLength(2);
    });

    it.each([
      [10, 20],
      [200, 100],
    ])(
      'whose writes take %d ms rests %d ms behind another one, and takes along what comes meanwhile',
      async (writeMs, restMs) => {
        const clock = new ManualClock();
        const storage = new SlowStorage(createMemoryStorage(), clock);
        const state = await open(storage, { clock });
        // With the copy of the document that is written once.
        const opening = state.commit(NOTHING);
        await clock.advance(1000);
        await opening;
        storage.writeMs = writeMs;
        const first = state.commit({ entries: [key('a', 1)], settled: undefined });
        // The ledger, and the document.
        await clock.advance(2 * writeMs);
        await first;
        const [endedAt, before] = [clock.monotonic(), storage.written.length];
        const second = state.commit({ entries: [key('b', 2)], settled: undefined });
        await clock.advance(restMs - 1);
        expect(storage.written).toHaveLength(before);
        const third = state.commit({ entries: [key('c', 3)], settled: undefined });
        await clock.advance(1 + 2 * writeMs);
        await Promise.all([second, third]);
        expect(storage.written.slice(before)).toEqual([
          { name: 'ledger/00000001.bin', beganAtMs: endedAt + restMs },
          { name: 'context.json', beganAtMs: endedAt + restMs + writeMs },
        ]);
      },
    );

    it('rests behind a write that failed as well, and then writes what it should have', async () => {
      const clock = new ManualClock();
      const storage = new SlowStorage(createMemoryStorage(), clock);
      const state = await open(storage, { clock });
      storage.isBroken = true;
      const first = state.commit({ entries: [key('a', 1)], settled: undefined });
      const failure = expect(first).rejects.toThrow();
      await clock.advance(storage.writeMs);
      await failure;
      storage.isBroken = false;
      const [endedAt, before] = [clock.monotonic(), storage.written.length];
      const second = state.commit({ entries: [key('b', 2)], settled: undefined });
      await clock.advance(1000);
      await second;
      expect(storage.written[before]?.beganAtMs).toBe(endedAt + storage.writeMs);
      const { ledger } = await open(storage);
      expect([key('a', 1), key('b', 2)].map((each) => ledger.has(each))).toEqual([true, true]);
    });

    it('does not rest behind a write that tells of no event', async () => {
      const clock = new ManualClock();
      const storage = new SlowStorage(createMemoryStorage(), clock);
      const state = await open(storage, { clock });
      const commits = [state.commit(NOTHING)];
      // With the copy of the document.
      await clock.advance(2 * storage.writeMs);
      commits.push(state.commit({ entries: [key('a', 1)], settled: undefined }));
      await clock.advance(storage.writeMs);
      expect(storage.written.at(-1)?.beganAtMs).toBe(clock.monotonic());
      await clock.advance(1000);
      await Promise.all(commits);
    });

    it('does not rest where nothing was written lately', async () => {
      const clock = new ManualClock();
      const storage = new SlowStorage(createMemoryStorage(), clock);
      const state = await open(storage, { clock });
      for (let n = 0; n < 3; n += 1) {
        const [beganAt, before] = [clock.monotonic(), storage.written.length];
        const commit = state.commit({ entries: [key(`a${n}`, n)], settled: undefined });
        await clock.advance(100);
        await commit;
        expect(storage.written[before]?.beganAtMs).toBe(beganAt);
      }
    });

    it('fails for all that were to be written together, and takes them all along when it is tried again', async () => {
      const storage = new FailingStorage(createMemoryStorage());
      const state = await open(storage);
      await state.commit(NOTHING);
      storage.plan = ({ change }) => (change === undefined ? undefined : 'undone');
      const names = ['a', 'b', 'c'];
      const tried = await Promise.allSettled(
        names.map((name, n) => state.commit({ entries: [key(name, n)], settled: undefined })),
      );
      expect(tried.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
      storage.plan = () => undefined;
      await state.commit(NOTHING);
      const again = await open(storage);
      expect(names.map((name, n) => again.ledger.has(key(name, n)))).toEqual([true, true, true]);
    });

    it('does not write a key twice', async () => {
      const storage = new FailingStorage(createMemoryStorage());
      const state = await open(storage);
      await state.commit({ entries: [key('a', 1), key('a', 1)], settled: undefined });
      const before = storage.operations.length;
      await state.commit({ entries: [key('a', 1)], settled: undefined });
      expect(storage.operations.slice(before).map(({ name }) => name)).toEqual(['context.json']);
      expect(state.ledger.size).toBe(1);
    });

    it('takes what is delivered now out of the dead letters, for good', async () => {
      const storage = createMemoryStorage();
      const state = await open(storage);
      await state.commit({ entries: [key('a', 1000, true), key('b', 1000, true)], settled: undefined });
      expect(state.ledger.count(START_MS, START_MS + 2000)).toEqual({ delivered: 0, deadLettered: 2 });
      await state.commit({ entries: [key('a', 1000)], settled: undefined });
      await state.commit({ entries: [key('a', 1000, true)], settled: undefined });
      for (const each of [state, await open(storage)]) {
        expect(each.ledger.count(START_MS, START_MS + 2000)).toEqual({ delivered: 1, deadLettered: 1 });
      }
    });

    it('removes at a later start what a crash kept it from removing', async () => {
      const inner = createMemoryStorage();
      await (await open(inner)).commit({ entries: fullSegment(), settled: undefined });
      const dying = new FailingStorage(inner);
      const state = await open(dying);
      // Hours, segment, document; the removal is the fourth change.
      dying.plan = (operation) => (operation.kind === 'read' ? undefined : dieAtChange(4)(operation));
      // What was to be committed is durable: a segment that is only in the way fails nothing.
      await state.commit({ entries: [key('b', 5 * HOUR_MS)], settled: tail(5 * HOUR_MS) });
      expect(await inner.list('ledger')).toEqual(['00000001.bin', '00000002.bin']);
      const again = await open(inner);
      await again.commit({ entries: [key('c', 10 * HOUR_MS)], settled: tail(10 * HOUR_MS) });
      expect(await inner.list('ledger')).toEqual(['00000002.bin']);
    });

    it('removes in the same run what could not be removed at once', async () => {
      const storage = new FailingStorage(createMemoryStorage());
      const state = await open(storage);
      await state.commit({ entries: fullSegment(), settled: undefined });
      storage.plan = ({ kind }) => (kind === 'remove' ? 'undone' : undefined);
      await state.commit({ entries: [key('b', 5 * HOUR_MS)], settled: tail(5 * HOUR_MS) });
      storage.plan = () => undefined;
      await state.commit(NOTHING);
      expect(await storage.list('ledger')).toEqual(['00000002.bin']);
    });
  });

  describe('of the look-back', () => {
    const at = (ms: number): number => START_MS + ms;

    it('moves on with a tail that looks back itself, and stays where it leaves that to others', async () => {
      const storage = createMemoryStorage();
      const state = await open(storage);
      await state.commit({ entries: [], settled: { lane: 'tail', fromMs: at(0), toMs: at(500), looksBack: true } });
      expect(state.lookedBackToMs).toBe(at(500));
      await state.commit({ entries: [], settled: tail(900) });
      expect(state.lookedBackToMs).toBe(at(500));
      expect((await open(storage)).lookedBackToMs).toBe(at(500));
      await state.commit({ entries: [], settled: { lane: 'gap', fromMs: at(0), toMs: at(900) } });
      expect(state.lookedBackToMs).toBe(at(500));
      state.lookedBack(at(700));
      state.lookedBack(at(600));
      await state.commit(NOTHING);
      expect((await open(storage)).lookedBackToMs).toBe(at(700));
    });

    it('was at the edge of the tail in what earlier releases wrote', async () => {
      const storage = createMemoryStorage();
      const state = await open(storage);
      await state.commit({ entries: [], settled: { lane: 'tail', fromMs: at(0), toMs: at(500), looksBack: true } });
      expect(await text(storage)).not.toContain('looked_back_to');
      expect((await open(storage)).lookedBackToMs).toBe(at(500));
    });

    it('begins anew where the position is moved, and where what is old is left to a backfill or given up', async () => {
      const moved = await open(createMemoryStorage());
      await moved.commit({ entries: [], settled: tail(900) });
      moved.moveTo(at(400));
      expect(moved.lookedBackToMs).toBe(at(400));
      moved.moveTo(at(800));
      expect(moved.lookedBackToMs).toBe(at(800));
      const left = await open(createMemoryStorage());
      await left.commit({ entries: [], settled: { ...tail(900)!, toMs: at(500), looksBack: true } });
      await left.commit({ entries: [], settled: tail(900) });
      left.leaveToBackfill(at(5000), 100);
      // With what was still to be looked back to.
      expect(left.backfillGaps).toEqual([{ fromMs: at(400), toMs: at(5000) }]);
      expect(left.lookedBackToMs).toBe(at(5000));
      const gone = await open(createMemoryStorage());
      await gone.commit({ entries: [], settled: tail(900) });
      gone.giveUpBefore(at(300));
      expect(gone.lookedBackToMs).toBe(at(300));
    });
  });

  describe('of hours that left the horizon', () => {
    const hours = async (state: DeliveryState): Promise<HourRecord[]> => state.hours.read(START_MS, END_MS);
    /** An hour's worth of events a day long, one every ten minutes, from START_MS on. */
    const day = Array.from({ length: 24 * 6 }, (_, n) => key(`e${n}`, n * 600_000 + 777));
    const agree = (state: DeliveryState, more: Partial<Agreement> = {}): void =>
      state.agree({
        fromMs: state.countableFromMs,
        toMs: (state.owed.tailFromMs ?? 0) - 2,
        atMs: 0,
        disputed: [],
        ...more,
      });

    it('forgets the ids as soon as an agreement covers them, and keeps the numbers as proven', async () => {
      const state = await open(createMemoryStorage());
      await state.commit({ entries: day, settled: tail(90 * MINUTE_MS) });
      await state.commit(NOTHING);
      expect(await hours(state)).toEqual([]);
      agree(state);
      await state.commit(NOTHING);
      expect(await hours(state)).toEqual([
        {
          fromMs: START_MS,
          toMs: Date.UTC(2030, 0, 2, 4),
          delivered: 6,
          deadLettered: 0,
          explained: 0,
          proof: 'proven',
        },
      ]);
      expect(state.ledger.has(day[5]!)).toBe(false);
      expect(state.ledger.has(day[6]!)).toBe(true);
      expect(state.readableFromMs).toBe(Date.UTC(2030, 0, 2, 4));
      expect(state.checkpoint.unproven).toEqual([]);
    });

    it('keeps every id that lies less than the horizon behind the edge, however much was proven', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 6 }), async (minutes) => {
          const state = await open(createMemoryStorage());
          let edge = 0;
          for (const each of minutes) {
            edge += each * MINUTE_MS;
            await state.commit({ entries: day, settled: tail(edge) });
            agree(state);
            await state.commit(NOTHING);
            expect(state.readableFromMs).toBeLessThanOrEqual(Math.max(START_MS, START_MS + edge - KEEP_MS));
            for (const [n, entry] of day.entries()) {
              if (n * 600_000 >= edge - KEEP_MS) expect(state.ledger.has(entry)).toBe(true);
            }
          }
        }),
        { numRuns: 10 },
      );
    });

    it('forgets them as unknown two hours after the horizon where no comparison agreed, not earlier', async () => {
      const state = await open(createMemoryStorage());
      const hourEnd = Date.UTC(2030, 0, 2, 4) - START_MS;
      await state.commit({ entries: day, settled: tail(hourEnd + KEEP_MS + 2 * HOUR_MS - 1) });
      expect(await hours(state)).toEqual([]);
      await state.commit({ entries: [], settled: tail(hourEnd + KEEP_MS + 2 * HOUR_MS) });
      expect(await hours(state)).toMatchObject([{ delivered: 6, proof: 'unknown' }]);
      expect(state.checkpoint.unproven).toEqual([{ fromMs: START_MS, toMs: START_MS + hourEnd }]);
    });

    it('does not take an agreement for a proof of hours that were inside the horizon when it was made', async () => {
      const state = await open(createMemoryStorage());
      await state.commit({ entries: day, settled: tail(90 * MINUTE_MS) });
      agree(state);
      await state.commit({ entries: [], settled: tail(8 * HOUR_MS) });
      // 03 o'clock was outside when it was made; 04 o'clock, in which it ended, was not.
      expect(await hours(state)).toMatchObject([
        { proof: 'proven' },
        ...[4, 5, 6, 7, 8].map(() => ({ proof: 'unknown' })),
      ]);
      expect(state.checkpoint.unproven).toEqual([{ fromMs: Date.UTC(2030, 0, 2, 4), toMs: Date.UTC(2030, 0, 2, 9) }]);
    });

    it('does not take an old agreement for a proof of hours that it covers, but that were young then', async () => {
      const state = await open(createMemoryStorage(), { keepMs: 2 * HOUR_MS });
      await state.commit({ entries: day, settled: tail(3 * HOUR_MS) });
      // It reaches up to 06:04; only what ended before 04:04 had left the horizon.
      agree(state);
      await state.commit({ entries: [], settled: tail(9 * HOUR_MS) });
      expect((await hours(state)).map(({ proof }) => proof)).toEqual(['proven', ...[4, 5, 6, 7].map(() => 'unknown')]);
    });

    it.each([
      ['does not reach them', (state: DeliveryState) => agree(state, { fromMs: START_MS + 1 })],
      [
        'was made but for a dispute inside of them',
        (state: DeliveryState) =>
          agree(state, { disputed: [{ fromMs: START_MS + 5 * MINUTE_MS, toMs: START_MS + 6 * MINUTE_MS }] }),
      ],
    ])('are unknown where the agreement %s', async (_, agreement) => {
      const state = await open(createMemoryStorage());
      await state.commit({ entries: day, settled: tail(150 * MINUTE_MS) });
      agreement(state);
      await state.commit(NOTHING);
      expect(await hours(state)).toMatchObject([{ proof: 'unknown' }, { proof: 'proven' }]);
    });

    it('forgets nothing that a gap still needs, nor anything after it, proven or not', async () => {
      const state = await open(createMemoryStorage(), { keepMs: 2 * HOUR_MS });
      await state.commit({ entries: day, settled: tail(3 * HOUR_MS) });
      const gap = { fromMs: START_MS + MINUTE_MS, toMs: START_MS + 2 * MINUTE_MS };
      state.owe(gap);
      agree(state);
      await state.commit(NOTHING);
      expect(await hours(state)).toEqual([]);
      await state.commit({ entries: [], settled: { ...gap, lane: 'gap' } });
      expect(await hours(state)).toMatchObject([{ proof: 'proven' }]);
    });

    it('does not remember for ever because of a gap that cannot be read', async () => {
      const state = await open(createMemoryStorage());
      state.owe({ fromMs: START_MS, toMs: START_MS + MINUTE_MS });
      await state.commit({ entries: day, settled: tail(2 * MINUTE_MS) });
      state.owe({ fromMs: START_MS, toMs: START_MS + MINUTE_MS });
      await state.commit({ entries: [], settled: tail(6 * 24 * HOUR_MS) });
      expect(state.ledger.has(day[0]!)).toBe(true);
      await state.commit({ entries: [], settled: tail(8 * 24 * HOUR_MS) });
      expect(state.ledger.has(day[0]!)).toBe(false);
      expect(state.owed.gaps).toEqual([{ fromMs: START_MS, toMs: START_MS + MINUTE_MS }]);
    });

    it('moves what was explained into the hour that it belongs to', async () => {
      const storage = createMemoryStorage();
      const state = await open(storage);
      await state.commit({ entries: day, settled: tail(150 * MINUTE_MS) });
      state.explain({ fromMs: START_MS + MINUTE_MS, toMs: START_MS + 2 * MINUTE_MS }, 3);
      state.explain({ fromMs: START_MS + 100 * MINUTE_MS, toMs: START_MS + 101 * MINUTE_MS }, -1);
      expect(state.expected({ fromMs: START_MS, toMs: START_MS + HOUR_MS })).toBe(6 + 3);
      agree(state, { toMs: START_MS + 80 * MINUTE_MS });
      await state.commit(NOTHING);
      expect(await hours(state)).toMatchObject([{ delivered: 6, explained: 3 }]);
      expect(state.checkpoint.explained).toEqual([{ atMs: START_MS + 100 * MINUTE_MS, difference: -1 }]);
      expect((await open(storage)).checkpoint.explained).toEqual(state.checkpoint.explained);
    });

    it('takes a new explanation in place of all earlier ones of the range', async () => {
      const state = await open(createMemoryStorage());
      const range = (from: number, to: number) => ({ fromMs: START_MS + from, toMs: START_MS + to });
      state.explain(range(10, 20), 1);
      state.explain(range(20, 30), 2);
      state.explain(range(10, 21), 5);
      expect(state.checkpoint.explained).toEqual([{ atMs: START_MS + 10, difference: 5 }]);
      state.explain(range(0, 100), 0);
      expect(state.checkpoint.explained).toEqual([]);
    });

    it('writes what was judged later in place of the record', async () => {
      const storage = createMemoryStorage();
      const state = await open(storage);
      await state.commit({ entries: day, settled: tail(5 * HOUR_MS) });
      const [first, ...rest] = await hours(state);
      state.judge([first!], 'proven');
      state.closeUnproven({ fromMs: first!.fromMs, toMs: first!.toMs });
      await state.commit(NOTHING);
      expect(await hours(await open(storage))).toEqual([{ ...first, proof: 'proven' }, ...rest]);
      expect((await open(storage)).checkpoint.unproven).toEqual([{ fromMs: first!.toMs, toMs: rest.at(-1)!.toMs }]);
    });

    it('counts nothing of the time before counting began, and begins at a border', async () => {
      const storage = createMemoryStorage();
      const state = await open(storage);
      const edgeMs = START_MS + 100 * MINUTE_MS + 776;
      const isBefore = ({ bucket, place }: (typeof day)[number]): boolean => bucket * MINUTE_MS + place < edgeMs;
      await state.commit({ entries: day.filter(isBefore), settled: tail(100 * MINUTE_MS + 776) });
      const other = await open(storage, { stream: 'other' });
      expect(other.countableFromMs).toBe(edgeMs);
      await other.commit({ entries: day.filter((entry) => !isBefore(entry)), settled: tail(5 * HOUR_MS) });
      const [first] = await hours(other);
      // The event at 777 is too near to the edge at 776.
      expect(first).toMatchObject({ fromMs: START_MS + 100 * MINUTE_MS + 780, proof: 'unknown' });
    });

    it('counts anew behind what another stream delivered beyond the edge, and never again what it collected', async () => {
      const storage = createMemoryStorage();
      const state = await open(storage);
      await state.commit({ entries: day, settled: tail(5 * HOUR_MS) });
      const beyondMs = START_MS + 30 * HOUR_MS;
      await state.commit({ entries: [key('beyond', 30 * HOUR_MS)], settled: tail(29 * HOUR_MS) });
      const other = await open(storage, { stream: 'other' });
      expect(other.countableFromMs).toBe(beyondMs + 1);
      await other.commit(NOTHING);
      // Durable: the next start finds the same stream.
      const again = await open(storage, { stream: 'other' });
      const collected = [0, 5 * HOUR_MS, 29 * HOUR_MS].map((ms) => again.isUncounted({ fromMs: START_MS + ms }));
      expect(collected).toEqual([true, true, true]);
      expect(again.isUncounted({ fromMs: beyondMs + HOUR_MS })).toBe(false);
      // What is read anew, and of which nothing is remembered, is of this stream; ids are remembered as before.
      const ledgerFromMs = again.readableFromMs;
      again.backfill({ fromMs: START_MS - 2 * HOUR_MS, toMs: START_MS + 2 * HOUR_MS });
      expect(again.isUncounted({ fromMs: START_MS + HOUR_MS })).toBe(START_MS + 2 * HOUR_MS > ledgerFromMs);
      expect(again.checkpoint.ledgerFromMs).toBeLessThanOrEqual(ledgerFromMs + HOUR_MS);
    });

    it('refuses to start where the hours to be written next are corrupt, rather than to fail in a commit', async () => {
      const storage = createMemoryStorage();
      const state = await open(storage);
      await state.commit({ entries: day, settled: tail(5 * HOUR_MS) });
      await storage.write('proofs/2030-01-02.json', Buffer.from('{}'));
      await expect(open(storage)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    });

    it('counts each event that was ever added once, in an hour or in the ledger, wherever the hours were cut', async () => {
      // Around full hours, where they are cut, and some milliseconds apart, so that borders move.
      const anyAtMs = fc
        .tuple(
          fc.integer({ min: 0, max: 12 }),
          fc.oneof(fc.integer({ min: -4, max: 8 }), fc.integer({ min: 0, max: HOUR_MS })),
        )
        .map(([hour, ms]) => Math.max(1, hour * HOUR_MS + ms));
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.array(anyAtMs, { maxLength: 10 }), fc.integer({ min: 0, max: 150 }), fc.boolean()), {
            minLength: 1,
            maxLength: 12,
            size: 'max',
          }),
          async (steps) => {
            const storage = createMemoryStorage();
            // A full hour, and nothing near it: the first border.
            const startFromMs = Date.UTC(2030, 0, 2, 4) - 500;
            const at = (ms: number): number => startFromMs + 500 + ms;
            let state = await open(storage, { startFromMs });
            let [added, edgeMs, n, dead] = [0, startFromMs, 0, 0];
            for (const [times, minutes, restarts] of steps) {
              const entries = times
                .map(at)
                .filter((atMs) => atMs >= state.readableFromMs)
                .map((atMs) => key(`n${n++}`, atMs - START_MS, n % 4 === 0));
              added += entries.length;
              dead += entries.filter(({ isDeadLettered }) => isDeadLettered).length;
              edgeMs += minutes * MINUTE_MS;
              await state.commit({ entries, settled: { lane: 'tail', fromMs: startFromMs, toMs: edgeMs } });
              if (minutes % 2 === 0) agree(state);
              await state.commit(NOTHING);
              if (restarts) state = await open(storage);
              const kept = await state.hours.read(START_MS, state.readableFromMs);
              const { delivered, deadLettered } = state.ledger.count(state.readableFromMs, Infinity);
              const sum = kept.reduce(
                (all, hour) => all + hour.delivered + hour.deadLettered,
                delivered + deadLettered,
              );
              expect(sum).toBe(added);
              expect(kept.reduce((all, hour) => all + hour.deadLettered, deadLettered)).toBe(dead);
              kept.forEach((hour, index) => expect(hour.toMs).toBe(kept[index + 1]?.fromMs ?? state.readableFromMs));
            }
          },
        ),
        { numRuns: 60 },
      );
    });
  });

  describe('when the source has forgotten', () => {
    it('gives up what lies before, tells which ranges, and remembers them', async () => {
      const storage = createMemoryStorage();
      const state = await open(storage);
      await state.commit({ entries: [], settled: tail(200) });
      state.owe({ fromMs: START_MS, toMs: START_MS + 100 });
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
    await state.commit({ entries: [], settled: { lane: 'tail', fromMs: START_MS, toMs: START_MS + 1000 } });
    state.owe({ fromMs: START_MS + 100, toMs: START_MS + 200 });
    await state.commit(NOTHING);
    expect((await open(storage)).owed.intervals).toEqual([
      { fromMs: START_MS + 100, toMs: START_MS + 200 },
      { fromMs: START_MS + 1000, toMs: undefined },
    ]);
  });

  it('begins anew, ids and counts too, where the tail is owed from an earlier time on', async () => {
    const storage = createMemoryStorage();
    await write(storage, { most_recent_date_seen: '2035-01-01T00:00:00+00:00' });
    const state = await open(storage);
    state.owe({ fromMs: START_MS, toMs: undefined });
    expect(state.owed.intervals).toEqual([{ fromMs: START_MS, toMs: undefined }]);
    // Otherwise nothing would be read twice, compared or forgotten before 2035.
    expect([state.readableFromMs, state.countableFromMs]).toEqual([START_MS, START_MS]);
    await state.commit({ entries: [key('a', 5)], settled: tail(5 * HOUR_MS) });
    expect(state.ledger.has(key('a', 5))).toBe(false);
  });

  it('remembers an event just before its beginning, which a question about the beginning reaches, over a restart', async () => {
    const storage = createMemoryStorage();
    const startFromMs = Date.UTC(2030, 0, 2, 4);
    const before = key('a', startFromMs - 1 - START_MS);
    await (await open(storage, { startFromMs })).commit({ entries: [before], settled: undefined });
    expect((await open(storage)).ledger.has(before)).toBe(true);
  });

  /*
   * Two lanes. Events lie 20 minutes apart. Each step acknowledges some of the next ones, in any order, and settles the
   * tail up to the first that is not acknowledged, as the pump does; at the same time it owes a range behind the edge, or
   * reads one that is owed, in which there is an event that was missing. Or it restarts the program.
   */
  const STEP_MS = 20 * MINUTE_MS;
  type Step =
    | {
        readonly kind: 'work';
        readonly ahead: readonly number[];
        readonly lane: 'owe' | 'read' | 'idle';
        readonly back: number;
        readonly agrees: boolean;
      }
    | { readonly kind: 'restart' };
  const anyWork: fc.Arbitrary<Step> = fc.record({
    kind: fc.constant('work' as const),
    ahead: fc.uniqueArray(fc.nat(8), { maxLength: 8 }),
    lane: fc.constantFrom('owe' as const, 'read' as const, 'idle' as const),
    back: fc.integer({ min: 1, max: 6 }),
    agrees: fc.boolean(),
  });
  const anySteps = fc.array(
    fc.oneof({ weight: 4, arbitrary: anyWork }, { weight: 1, arbitrary: fc.constant<Step>({ kind: 'restart' }) }),
    { minLength: 1, maxLength: 25, size: 'max' },
  );

  class World {
    /** Names of the acknowledged events, with their times; and those of them whose commit returned. */
    readonly acknowledged = new Map<string, number>();
    readonly committed = new Set<string>();
    owed = OwedSet.of([{ fromMs: START_MS, toMs: undefined }]);
    /** What must be owed on disk at least, and may be at the most: a range that was just found may be there or not. */
    least = this.owed;
    most = this.owed;
    #durable = this.owed;
    #missing = 0;

    /** What one step commits, all of it at the same time. */
    step(step: Extract<Step, { kind: 'work' }>, state: DeliveryState): Progress[] {
      if (step.lane === 'owe') this.#owe(step.back, state);
      const lanes = [this.#readTail(step.ahead)];
      if (step.lane === 'read') lanes.push(...this.#readGap(state));
      if (step.agrees) {
        state.agree({ fromMs: state.countableFromMs, toMs: this.owed.tailFromMs ?? 0, atMs: 0, disputed: [] });
      }
      return lanes;
    }

    noteCommit(): void {
      for (const event of this.acknowledged.keys()) this.committed.add(event);
      [this.least, this.most, this.#durable] = [this.owed, this.owed, this.owed];
    }

    keyOf(name: string): LedgerEntry {
      return key(name, (this.acknowledged.get(name) ?? 0) - START_MS);
    }

    /** What a state that was read back must never have lost. */
    async check(state: DeliveryState): Promise<void> {
      // Owed on disk is never smaller than owed in truth, and never larger than at the last commit that returned.
      expect(covers(state.owed, this.least)).toBe(true);
      expect(covers(this.most, state.owed)).toBe(true);
      for (const [name, timeMs] of this.acknowledged) {
        if (timeMs < state.readableFromMs) continue;
        // The ledger is never behind the owed set, and never behind a commit that returned.
        const isOwed = state.owed.intervals.some(({ fromMs, toMs = Infinity }) => timeMs >= fromMs && timeMs < toMs);
        if (!isOwed || this.committed.has(name)) expect(state.ledger.has(this.keyOf(name))).toBe(true);
      }
      const names = [...this.acknowledged.keys()];
      const known = names.filter((name) => state.ledger.has(this.keyOf(name)));
      // Nothing is in the ledger that was not acknowledged.
      expect(state.ledger.size).toBe(known.length);
      // What may be read again reaches back as far as ids are to be kept, and as gaps need it.
      const keptFromMs = (state.owed.tailFromMs ?? 0) - KEEP_MS;
      expect(state.readableFromMs).toBeLessThanOrEqual(Math.max(START_MS, keptFromMs));
      // Each event that was forgotten is in the numbers of its hour.
      const hours = await state.hours.read(START_MS, state.readableFromMs);
      const sum = hours.reduce((all, { delivered, deadLettered }) => all + delivered + deadLettered, 0);
      const forgotten = names.filter((name) => (this.acknowledged.get(name) ?? 0) < state.readableFromMs);
      expect(sum).toBe(forgotten.length);
    }

    #readTail(ahead: readonly number[]): Progress {
      const edge = this.#edge();
      const names = ahead.map((distance) => `event-${edge + distance}`).filter((name) => !this.acknowledged.has(name));
      for (const name of names) this.acknowledged.set(name, START_MS + Number(name.slice(6)) * STEP_MS + 500);
      const settled = { lane: 'tail', fromMs: START_MS, toMs: START_MS + this.#edge() * STEP_MS } as const;
      this.owed = this.owed.settleTail(settled.toMs);
      this.least = this.least.settleTail(settled.toMs);
      return { entries: names.map((name) => this.keyOf(name)), settled };
    }

    #readGap(state: DeliveryState): Progress[] {
      // Only one that is owed on disk as well: before that it is not there to be read.
      const gap = this.#durable.gaps[0];
      // What lies before the ledger for too long is not in the numbers of its hour any more.
      if (gap === undefined || gap.fromMs < state.readableFromMs) return [];
      const toMs = Math.min(gap.toMs, gap.fromMs + STEP_MS);
      const name = `late-${(this.#missing += 1)}`;
      this.acknowledged.set(name, gap.fromMs + 100);
      this.owed = this.owed.settleGap({ fromMs: gap.fromMs, toMs });
      this.least = this.least.settleGap({ fromMs: gap.fromMs, toMs });
      return [{ entries: [this.keyOf(name)], settled: { lane: 'gap', fromMs: gap.fromMs, toMs } }];
    }

    #owe(back: number, state: DeliveryState): void {
      const fromMs = START_MS + (this.#edge() - back) * STEP_MS;
      if (fromMs < state.readableFromMs) return;
      const gap = { fromMs, toMs: fromMs + STEP_MS / 2 };
      this.owed = this.owed.add(gap);
      this.most = this.most.add(gap);
      state.owe(gap);
    }

    #edge(): number {
      let edge = 0;
      while (this.acknowledged.has(`event-${edge}`)) edge += 1;
      return edge;
    }
  }

  /** All at once; waits for all. */
  async function commitAll(state: DeliveryState, progress: readonly Progress[]): Promise<void> {
    const ended = await Promise.allSettled(progress.map((each) => state.commit(each)));
    for (const each of ended) if (each.status === 'rejected') throw each.reason;
  }

  async function play(steps: readonly Step[], storage: Storage, world: World): Promise<void> {
    let state = await open(storage);
    await state.commit(NOTHING);
    for (const step of steps) {
      if (step.kind === 'restart') {
        state = await open(storage);
        await world.check(state);
      } else {
        await commitAll(state, world.step(step, state));
        world.noteCommit();
      }
    }
  }

  it('owes after a crash at any write of either lane everything that was not settled, and knows all that was', async () => {
    let crashes = 0;
    await fc.assert(
      fc.asyncProperty(
        anySteps,
        fc.integer({ min: 1, max: 40 }),
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
          await world.check(await open(inner));
        },
      ),
      { numRuns: 80, endOnFailure: true },
    );
    expect(crashes).toBeGreaterThan(5);
  });

  it('loses nothing when a commit fails at any write and is called again with nothing new', async () => {
    let failures = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyWork, { minLength: 1, maxLength: 15, size: 'max' }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom<StorageFailure>('undone', 'done'),
        async (steps, n, failure) => {
          const inner = createMemoryStorage();
          const storage = new FailingStorage(inner, failChange(n, failure));
          const [world, state] = [new World(), await open(storage)];
          for (const step of steps) {
            if (step.kind === 'restart') continue;
            await commitAll(state, world.step(step, state)).catch(async () => {
              failures += 1;
              await state.commit(NOTHING);
            });
            world.noteCommit();
          }
          const again = await open(inner);
          await world.check(again);
          expect(again.owed.intervals).toEqual(world.owed.intervals);
        },
      ),
      { numRuns: 50, endOnFailure: true },
    );
    expect(failures).toBeGreaterThan(3);
  });
});
