import { describe, expect, it } from '@jest/globals';

import { ModuleError } from '../../../../src/sdk/errors.js';
import { BackfillLane, type BackfillProgress } from '../../../../src/sdk/lanes/backfill-lane.js';
import type { DeliveryOutcome } from '../../../../src/sdk/outcome.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import { heldBefore, LaneRig, type LaneRigOptions } from '../../../support/lane-rig.js';
import { MANUAL_CLOCK_START_MS as START_MS } from '../../../support/manual-clock.js';
import { onStorage } from '../../../support/pump-rig.js';
import { ACKNOWLEDGED, RecordingDestination } from '../../../support/recording-destination.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOTHING = { entries: [], settled: undefined };

async function open(options: LaneRigOptions = {}) {
  const rig = await LaneRig.open({ startFromMs: START_MS - HOUR_MS, ...options });
  const progress: BackfillProgress[] = [];
  let done = 0;
  const lane = new BackfillLane(
    { retentionMs: 90 * DAY_MS, onProgress: (each) => progress.push(each), onDone: () => (done += 1) },
    rig.pipeline,
    rig.context,
  );
  return { rig, lane, progress, done: () => done };
}

/** Ten days of events, one each two hours, before the tail. */
function holdTenDays({ source }: LaneRig): string[] {
  const held = Array.from({ length: 120 }, (_, n) => heldBefore(`old-${n}`, HOUR_MS + (n + 0.5) * 2 * HOUR_MS));
  source.hold(...held);
  return held.map((_, n) => `old-${n}`);
}

const TEN_DAYS = { fromMs: START_MS - 10 * DAY_MS - HOUR_MS, toMs: START_MS - HOUR_MS };
/** Where nothing is counted, ten days are cut into 12 slices of equal time. */
const SLICE_MS = 20 * HOUR_MS;

function refuseCounts(): never {
  throw new ModuleError('SOURCE_NOT_FOUND', 'no counts here');
}

describe('the backfill lane', () => {
  it('reads a range, each event once, settles it, and keeps numbers instead of ids', async () => {
    const { rig, lane, progress, done } = await open({ once: true });
    const ids = holdTenDays(rig);
    rig.state.backfill(TEN_DAYS);
    await rig.settleTail();
    await lane.untilDone();
    expect(rig.deliveredIds.toSorted()).toEqual(ids.toSorted());
    expect((await onStorage(rig.storage)).owed.gaps).toEqual([]);
    expect(rig.state.checkpoint.backfill).toEqual([]);
    const hours = await rig.state.hours.read(TEN_DAYS.fromMs - HOUR_MS, TEN_DAYS.toMs);
    expect(hours.reduce((sum, { delivered }) => sum + delivered, 0) + rig.state.ledger.size).toBe(120);
    expect(rig.state.ledger.size).toBeLessThan(3);
    expect(progress.at(-1)).toMatchObject({ read: 120, delivered: 120, planned: 120 });
    expect(done()).toBe(1);
  });

  it('reads newest slices first where the source does not count', async () => {
    const { rig, lane } = await open({ once: true });
    holdTenDays(rig);
    rig.source.onCount = refuseCounts;
    rig.state.backfill(TEN_DAYS);
    await lane.untilDone();
    const began = rig.source.reads.map(({ fromMs }) => fromMs);
    expect(began).toEqual(began.toSorted((a, b) => b - a));
    expect(rig.deliveredIds).toHaveLength(120);
  });

  it('asks for a millisecond more than a slice on either side, and settles the slice alone', async () => {
    const { rig, lane } = await open({ once: true });
    rig.source.onCount = refuseCounts;
    rig.state.backfill(TEN_DAYS);
    // Nothing but the newest slice can be read: what is owed then says what it settled.
    rig.source.onRead = () => {
      if (rig.source.reads.length > 1) throw new TypeError('dies');
    };
    await expect(lane.untilDone()).rejects.toThrow('dies');
    const [slice] = rig.source.reads;
    expect(slice).toEqual({ fromMs: TEN_DAYS.toMs - SLICE_MS - 1, toMs: TEN_DAYS.toMs + 1 });
    expect(rig.state.backfillGaps).toEqual([{ fromMs: TEN_DAYS.fromMs, toMs: TEN_DAYS.toMs - SLICE_MS }]);
  });

  it.each([
    ['include neither instant', false, false],
    ['include their begin', true, false],
    ['include their end', false, true],
    ['include both instants', true, true],
  ])(
    'delivers what lies at the border of two slices, once, where bounds %s',
    async (_, startInclusive, endInclusive) => {
      const { rig, lane } = await open({ once: true, reading: { startInclusive, endInclusive, index: 'exact' } });
      rig.source.onCount = refuseCounts;
      const ids = Array.from({ length: 13 }, (_each, n) => `border-${n}`);
      rig.source.hold(...ids.map((id, n) => heldBefore(id, HOUR_MS + n * SLICE_MS)));
      rig.state.backfill(TEN_DAYS);
      await lane.untilDone();
      expect(rig.deliveredIds.toSorted()).toEqual(ids.toSorted());
    },
  );

  it('leaves gaps of the repair alone, and reads nothing where nothing was given to it', async () => {
    const { rig, lane } = await open({ once: true });
    rig.state.owe({ fromMs: START_MS - HOUR_MS, toMs: START_MS - 1000 });
    await lane.untilDone();
    expect(rig.source.reads).toEqual([]);
  });

  it('goes on where it ended after a crash at any read, repeating nothing that was committed', async () => {
    for (let crashAt = 1; crashAt <= 12; crashAt += 3) {
      const storage = createMemoryStorage();
      const first = await open({ once: true, storage });
      const ids = holdTenDays(first.rig);
      first.rig.source.onCount = refuseCounts;
      first.rig.source.onRead = () => {
        if (first.rig.source.reads.length === crashAt) throw new TypeError('dies');
      };
      first.rig.state.backfill(TEN_DAYS);
      await first.rig.state.commit(NOTHING);
      await expect(first.lane.untilDone()).rejects.toThrow('dies');
      const second = await open({ once: true, storage });
      holdTenDays(second.rig);
      await second.lane.untilDone();
      expect([...first.rig.deliveredIds, ...second.rig.deliveredIds].toSorted()).toEqual(ids.toSorted());
    }
  });

  /** A lane over ten days in twelve slices; how many of them wait for their first page is noted whenever one begins to. */
  async function watchReaders(waitMs: (slice: number) => number) {
    const { rig } = await open({ once: true });
    const ids = holdTenDays(rig);
    rig.source.onCount = refuseCounts;
    // A page of few events, so that each slice has one that is full.
    const readingPace = { requestsPerSecond: 10, eventsPerRequest: 5 };
    const lane = new BackfillLane({ retentionMs: 90 * DAY_MS, readingPace }, rig.pipeline, rig.context);
    const waiting: number[] = [];
    let now = 0;
    rig.source.onRead = async () => {
      now += 1;
      waiting.push(now);
      await rig.clock.sleep(waitMs(waiting.length));
      now -= 1;
    };
    rig.state.backfill(TEN_DAYS);
    return { rig, lane, ids, waiting };
  }

  it.each([
    [2, 'of a source that answers at once', 5],
    [3, 'at a usual latency', 200],
    [8, 'of a source that takes a second to answer', 1000],
  ])('reads %d slices at the same time %s, as far as its requests allow', async (readers, _, waitMs) => {
    const { rig, lane, ids, waiting } = await watchReaders(() => waitMs);
    const running = lane.untilDone();
    await rig.clock.advance(HOUR_MS);
    await running;
    expect(rig.deliveredIds.toSorted()).toEqual(ids.toSorted());
    // Of the first three nothing was known.
    expect(Math.max(...waiting.slice(3))).toBe(readers);
  });

  it.each(['fails', 'is stopped'])(
    'begins no further slice once it %s, and goes on with all of them later',
    async (how) => {
      const { rig, lane, ids, waiting } = await watchReaders(() => 1000);
      const { onRead } = rig.source;
      rig.source.onRead = async (window) => {
        await onRead(window);
        if (waiting.length < 5) return;
        if (how === 'is stopped') rig.stop.request();
        else throw new TypeError('dies');
      };
      const ended = lane.untilDone().catch((error: unknown) => error);
      await rig.clock.advance(HOUR_MS);
      expect(await ended).toMatchObject({ name: how === 'fails' ? 'TypeError' : 'AbortError' });
      expect(waiting.length).toBeLessThan(12);
      const second = await open({ once: true, storage: rig.storage });
      holdTenDays(second.rig);
      await second.lane.untilDone();
      expect(new Set([...rig.deliveredIds, ...second.rig.deliveredIds])).toEqual(new Set(ids));
    },
  );

  it('waits while the tail is in trouble, until it is woken', async () => {
    const { rig } = await open();
    holdTenDays(rig);
    let isWell = false;
    const lane = new BackfillLane({ retentionMs: 90 * DAY_MS, isWell: () => isWell }, rig.pipeline, rig.context);
    rig.state.backfill(TEN_DAYS);
    const running = lane.run();
    await rig.clock.advance(HOUR_MS);
    expect(rig.source.reads).toEqual([]);
    isWell = true;
    lane.wake();
    await rig.clock.advance(1000);
    expect(rig.deliveredIds).toHaveLength(120);
    rig.stop.request();
    await running;
  });

  it('tries again with growing pauses what failed, and gives up where it is to end by itself', async () => {
    const { rig, lane } = await open({ once: true });
    holdTenDays(rig);
    rig.source.onRead = () => {
      throw new ModuleError('SOURCE_UNAVAILABLE', 'out of luck');
    };
    rig.state.backfill(TEN_DAYS);
    const ended = lane.untilDone().catch((error: unknown) => error);
    await rig.clock.advance(HOUR_MS);
    expect(await ended).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(rig.source.reads.length).toBeGreaterThan(3);
    expect(rig.told).toContainEqual({ kind: 'waiting', delayMs: expect.any(Number) });
    expect(rig.state.backfillGaps).toEqual([TEN_DAYS]);
  });

  it.each([
    ['is read again as a whole', 1000, [1, 2]],
    ['fails in the middle of a page', 2, [12]],
  ])('counts once what %s', async (_, batchEvents, failing) => {
    let tries = 0;
    const script = (): Promise<DeliveryOutcome> => {
      tries += 1;
      if (failing.includes(tries)) throw new ModuleError('DESTINATION_UNAVAILABLE', 'status 503');
      return Promise.resolve(ACKNOWLEDGED);
    };
    const destination = new RecordingDestination({ batchEvents: () => batchEvents, script });
    const { rig, lane, progress } = await open({ destination });
    const ids = holdTenDays(rig);
    rig.state.backfill(TEN_DAYS);
    const done = lane.untilDone();
    await rig.clock.advance(HOUR_MS);
    await done;
    expect(tries).toBeGreaterThan(failing.length);
    expect(progress.at(-1)).toMatchObject({ planned: ids.length, read: ids.length, delivered: ids.length });
  });
});
