import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { holdJob, jobDocuments } from '../../src/harness/queue/job-documents.js';
import type { LoadedConfiguration } from '../../src/harness/load-configuration.js';
import type { QueueConnection } from '../../src/harness/queue/queue-connection.js';
import { SharedQueue } from '../../src/harness/queue/shared-queue.js';
import { SharedLimiter } from '../../src/harness/queue/shared-limiter.js';
import { encodeSlice, jobIdOf, identityOf } from '../../src/harness/queue/slice-job.js';
import { openSliceState } from '../../src/harness/queue/slice-queue.js';
import { runProgram } from '../../src/harness/program.js';
import { triggers } from '../../src/modules.js';
import type { ClosedInterval } from '../../src/sdk/checkpoint/owed-set.js';
import { ModuleError } from '../../src/sdk/errors.js';
import { Ledger } from '../../src/sdk/ledger/ledger.js';
import { EventList } from '../../src/sdk/pipeline/event-list.js';
import type { Page, Window } from '../../src/sdk/pipeline/source.js';
import { systemClock } from '../../src/sdk/system.js';
import { SYNTHETIC_API_KEY } from '../../src/simulators/jumpcloud/options.js';
import { SYNTHETIC_INTAKE_KEY } from '../../src/simulators/sekoia/options.js';
import { describeStorage } from '../contract/storage.js';
import { rawEvent } from '../support/events.js';
import { fakeHarness } from '../support/fake-harness.js';
import { freePort } from '../support/free-port.js';
import { type HeldEvent, IndexedSource } from '../support/indexed-source.js';
import { heldBefore, LaneRig } from '../support/lane-rig.js';
import { MANUAL_CLOCK_START_MS as START_MS, ManualClock } from '../support/manual-clock.js';
import { ACKNOWLEDGED, RecordingDestination, unsettled } from '../support/recording-destination.js';
import { IDENTITY, QueueRig } from '../support/queue-rig.js';
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const never = (): AbortSignal => new AbortController().signal;

/** Gives its events in pages of a batch each, the next one when the one before is on its way. */
class OneByOne extends IndexedSource {
  constructor(
    source: IndexedSource,
    private readonly goOn: Promise<void>,
  ) {
    super(source.now);
    this.hold(...source.held);
  }

  override async *read(window: Window, signal: AbortSignal): AsyncGenerator<Page, number, undefined> {
    const events = this.inside(window).map(({ event }) => rawEvent(event));
    for (let at = 0; at < events.length; at += 10) {
      yield { events: new EventList(events.slice(at, at + 10)), settledToMs: events[at]!.timestampMs };
      if (at > 0) await Promise.race([this.goOn, systemClock.sleep(60_000, signal)]);
    }
    return window.toMs;
  }
}

const SLICE = { fromMs: START_MS - 10 * DAY_MS, toMs: START_MS - 10 * DAY_MS + HOUR_MS, events: undefined };

describeWithRedis('a queue on a real Redis', () => {
  let redis: RedisServer;
  let rig: LaneRig;
  let queues: QueueRig;

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    rig = await LaneRig.open({ startFromMs: START_MS - HOUR_MS });
    queues = new QueueRig(redis, rig);
    await (await queues.connect()).redis.flushall();
  });
  afterEach(() => queues.close());

  describe('the coordinator and its workers', () => {
    const OWED: ClosedInterval = { fromMs: START_MS - 4 * DAY_MS, toMs: START_MS - 2 * DAY_MS };

    /** Where nothing is counted, slices end at instants that are known: events lie there, and around. */
    function holdAtBorders(): HeldEvent[] {
      rig.source.onCount = () => {
        throw new ModuleError('SOURCE_NOT_FOUND', 'no counts here');
      };
      const held: HeldEvent[] = [];
      for (let atMs = OWED.fromMs + HOUR_MS; atMs < OWED.toMs; atMs += HOUR_MS) {
        for (const offsetMs of [-2, -1, 0, 1, 2, 1000])
          held.push(heldBefore(`${atMs}${offsetMs}`, START_MS - atMs - offsetMs));
      }
      rig.source.hold(...held);
      return held;
    }

    const idsOf = (held: readonly HeldEvent[]): string[] => held.map(({ event }) => event.id).toSorted();

    it('deliver each event once, and the numbers of all hours are known to the coordinator', async () => {
      const held = holdAtBorders();
      rig.state.backfill(OWED);
      const { lane, progress } = await queues.coordinator(OWED.toMs);
      await queues.work(rig.source, rig.destination);
      await queues.work(rig.source, rig.destination);
      await lane.untilDone();
      expect(rig.deliveredIds.toSorted()).toEqual(idsOf(held));
      expect(rig.state.backfillGaps).toEqual([]);
      const hours = await rig.state.hours.read(OWED.fromMs - HOUR_MS, OWED.toMs);
      const counted = hours.reduce((sum, { delivered }) => sum + delivered, 0);
      expect(counted + rig.state.ledger.size).toBe(held.length);
      expect(progress.at(-1)).toMatchObject({ workers: 2 });
      // Nothing is left behind but the queue's own bookkeeping.
      const keys = await queues.connections[0]!.redis.keys('*slice*');
      expect(keys).toEqual([]);
    });

    it('deliver again what a Redis that lost everything had not handed over, and nothing else', async () => {
      const held = holdAtBorders();
      rig.state.backfill(OWED);
      const { lane } = await queues.coordinator(OWED.toMs);
      const [connection] = queues.connections;
      let gapsThen: readonly ClosedInterval[] = [];
      rig.source.onRead = async () => {
        if (rig.source.reads.length !== 12) return;
        gapsThen = rig.state.backfillGaps;
        await connection!.redis.flushall();
      };
      await queues.work(rig.source, rig.destination);
      await lane.untilDone();
      expect([...new Set(rig.deliveredIds)].toSorted()).toEqual(idsOf(held));
      const inGaps = held.filter(({ atMs }) => gapsThen.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs));
      expect(rig.deliveredIds.length - held.length).toBeLessThanOrEqual(inGaps.length);
    });

    it('do not deliver what the ledger knows, nor go on with a job of something else', async () => {
      const held = holdAtBorders();
      rig.state.backfill(OWED);
      const known = held.filter((_, n) => n % 3 === 0).map(({ event }) => Ledger.keyOf(rawEvent(event), 0));
      await rig.state.commit({ entries: known, settled: undefined });
      const { lane } = await queues.coordinator(OWED.toMs);
      await queues.work(rig.source, rig.destination);
      await lane.untilDone();
      expect(rig.deliveredIds).toHaveLength(held.length - known.length);
    });

    it('take no result at its word that its documents do not bear out', async () => {
      const { queue } = await queues.coordinator(OWED.toMs);
      const [connection] = queues.connections;
      const job = { ...SLICE, id: jobIdOf(SLICE), hasEnded: true, delivered: 1, failure: undefined } as const;
      expect(await queue.result(job)).toBeUndefined();
      const documents = jobDocuments(connection!, job.id);
      const state = await openSliceState(documents, SLICE, 'tests');
      const entries = [Ledger.keyOf(rawEvent(heldBefore('one', START_MS - SLICE.fromMs - 5).event), 0)];
      await state.commit({ entries, settled: { lane: 'tail', fromMs: SLICE.fromMs, toMs: SLICE.toMs - 1 } });
      expect(await queue.result(job)).toBeUndefined();
      await state.commit({ entries: [], settled: { lane: 'tail', fromMs: SLICE.fromMs, toMs: SLICE.toMs } });
      expect(await queue.result(job)).toEqual(entries);
      await documents.write('ledger/00000001.bin', new Uint8Array(10));
      expect(await queue.result(job)).toBeUndefined();
      await documents.remove('ledger/00000001.bin');
      expect(await queue.result(job)).toBeUndefined();
    });

    it('deliver a slice of which documents without a job say that it was done', async () => {
      const held = heldBefore('one', START_MS - SLICE.fromMs - 5);
      rig.source.hold(held);
      rig.state.backfill(SLICE);
      const { lane } = await queues.coordinator(SLICE.toMs);
      const left = await openSliceState(jobDocuments(queues.connections[0]!, jobIdOf(SLICE)), SLICE, 'tests');
      const entries = [Ledger.keyOf(rawEvent(held.event), 0)];
      await left.commit({ entries, settled: { lane: 'tail', fromMs: SLICE.fromMs, toMs: SLICE.toMs } });
      await queues.work(rig.source, rig.destination);
      await lane.untilDone();
      expect(rig.deliveredIds).toEqual(['one']);
    });

    it('go on with the slices of a coordinator that was lost where they were', async () => {
      const few = { fromMs: OWED.toMs - 3 * HOUR_MS, toMs: OWED.toMs };
      const held = holdAtBorders().filter(({ atMs }) => atMs >= few.fromMs);
      rig.state.backfill(few);
      const first = await queues.coordinator(OWED.toMs);
      const ended = expect(first.lane.untilDone()).rejects.toThrow();
      await queues.work(rig.source, rig.destination);
      rig.source.onRead = async () => {
        // What is under way ends, and is not handed over to anybody yet.
        if (rig.source.reads.length >= 2) first.stop.request();
      };
      await ended;
      rig.source.onRead = () => undefined;
      const { lane } = await queues.coordinator(OWED.toMs);
      await lane.untilDone();
      expect(rig.deliveredIds.toSorted()).toEqual(idsOf(held));
    });

    it('wait for a Redis that is away when they begin', async () => {
      const few = { fromMs: OWED.toMs - 2 * HOUR_MS, toMs: OWED.toMs };
      const held = holdAtBorders().filter(({ atMs }) => atMs >= few.fromMs);
      rig.state.backfill(few);
      const { lane, warnings } = await queues.coordinator(OWED.toMs);
      const { said } = await queues.work(rig.source, rig.destination);
      await redis.kill();
      const ended = lane.untilDone();
      while (warnings.length === 0 || !said.some((text) => text.includes('Waiting until'))) await systemClock.sleep(10);
      await redis.start();
      await ended;
      expect(rig.deliveredIds.toSorted()).toEqual(idsOf(held));
      expect(warnings).toEqual([expect.stringContaining('It is asked again until it answers; nothing is lost.')]);
    });

    it('deliver nothing of a slice again that another run has begun, and a busy worker goes on with', async () => {
      const slice = { fromMs: OWED.toMs - HOUR_MS, toMs: OWED.toMs };
      const held = Array.from({ length: 200 }, (_, n) => heldBefore(`${n}`, START_MS - slice.fromMs - 1 - n * 1000));
      rig.source.hold(...held);
      rig.state.backfill(slice);
      const first = await queues.coordinator(OWED.toMs);
      const ended = expect(first.lane.untilDone()).rejects.toThrow();
      const release = new AbortController();
      const busy = new RecordingDestination({
        async script(_batch, _signals, n) {
          // Four are acknowledged and written down; the next four are under way until everything else has ended.
          if (n > 4 && n <= 8) await systemClock.sleep(60_000, release.signal);
          return ACKNOWLEDGED;
        },
      });
      await queues.work(rig.source, busy);
      while (busy.batches.length < 8) await systemClock.sleep(10);
      first.stop.request();
      await ended;
      // The connector has read the beginning meanwhile: the job is owed in part.
      const entries = held.slice(0, 20).map(({ event }) => Ledger.keyOf(rawEvent(event), 0));
      await rig.state.commit({ entries, settled: { lane: 'backfill', fromMs: slice.fromMs, toMs: held[20]!.atMs } });
      const { lane } = await queues.coordinator(OWED.toMs);
      await lane.untilDone();
      const sent = busy.batches.length;
      release.abort();
      await queues.close();
      const idsIn = (texts: readonly string[]): string[] =>
        texts.map((text) => (JSON.parse(text) as { id: string }).id);
      const ids = idsIn(busy.acknowledged);
      expect([...new Set(ids)].toSorted()).toEqual(idsOf(held));
      const underWay = idsIn(busy.batches.slice(4, 8).flatMap(({ texts }) => texts));
      const repeated = ids.filter((id, index) => ids.indexOf(id) < index);
      expect(repeated.filter((id) => !underWay.includes(id))).toEqual([]);
      expect(busy.batches).toHaveLength(sent);
    });

    it('deliver nothing again of a job that was withdrawn, when Redis went away right after', async () => {
      const held = [5, 6].map((ms) => heldBefore(`${ms}`, START_MS - SLICE.fromMs - ms));
      rig.source.hold(...held);
      rig.state.backfill(SLICE);
      const { lane, queue } = await queues.coordinator(SLICE.toMs);
      await queue.add([SLICE], () => []);
      const left = await openSliceState(jobDocuments(queues.connections[0]!, jobIdOf(SLICE)), SLICE, 'tests');
      await left.commit({ entries: [Ledger.keyOf(rawEvent(held[0]!.event), 0)], settled: undefined });
      // The connector has read the last minute meanwhile: the job is owed in part.
      const settled = { lane: 'backfill', fromMs: SLICE.toMs - 60_000, toMs: SLICE.toMs } as const;
      await rig.state.commit({ entries: [], settled });
      const [withdraw, known] = [queue.withdraw.bind(queue), queue.known.bind(queue)];
      let failures = 0;
      queue.withdraw = async (id) => {
        queue.known = async () => {
          queue.known = known;
          failures += 1;
          throw new ModuleError('QUEUE_UNAVAILABLE', 'cut off');
        };
        return withdraw(id);
      };
      await queues.work(rig.source, rig.destination);
      await lane.untilDone();
      expect(failures).toBeGreaterThan(0);
      expect(rig.deliveredIds).toEqual(['6']);
    });

    it('leave a job with its documents that a worker gives back while it is withdrawn', async () => {
      const held = [5, 6].map((ms) => heldBefore(`${ms}`, START_MS - SLICE.fromMs - ms));
      rig.source.hold(...held);
      rig.state.backfill(SLICE);
      const { lane, queue } = await queues.coordinator(SLICE.toMs);
      const id = jobIdOf(SLICE);
      await queue.add([SLICE], () => []);
      const settled = { lane: 'backfill', fromMs: SLICE.toMs - 60_000, toMs: SLICE.toMs } as const;
      await rig.state.commit({ entries: [], settled });
      const [withdraw, forget] = [queue.withdraw.bind(queue), queue.forget.bind(queue)];
      const documents = jobDocuments(queues.connections[0]!, id);
      let turns = 0;
      queue.withdraw = async (which) => {
        turns += 1;
        return turns === 1 ? false : withdraw(which);
      };
      queue.forget = async (which) => {
        // What another worker wrote down before the job was taken out of its hands.
        if (turns === 1) throw new Error('forgotten while it was anybody’s');
        return forget(which);
      };
      const state = await openSliceState(documents, SLICE, 'tests');
      await state.commit({ entries: [Ledger.keyOf(rawEvent(held[0]!.event), 0)], settled: undefined });
      await queues.work(rig.source, rig.destination);
      await lane.untilDone();
      expect(rig.deliveredIds).toEqual(['6']);
    });

    it('say what keeps them from going on when that is something else than before', async () => {
      rig.source.hold(heldBefore('one', START_MS - SLICE.fromMs - 5));
      rig.state.backfill(SLICE);
      const { lane, queue, warnings } = await queues.coordinator(SLICE.toMs);
      const failing = (times: number, message: string) => {
        const error = new ModuleError('QUEUE_UNAVAILABLE', message, { advice: `Mend: ${message}` });
        return async (): Promise<void> => {
          if (times > 0) {
            times -= 1;
            throw error;
          }
        };
      };
      const [all, add] = [queue.all.bind(queue), queue.add.bind(queue)];
      const [away, full] = [failing(2, 'away'), failing(3, 'full')];
      queue.all = async () => away().then(all);
      queue.add = async (...args) => full().then(() => add(...args));
      await queues.work(rig.source, rig.destination);
      await lane.untilDone();
      expect(warnings).toEqual([expect.stringMatching(/^away\./), expect.stringMatching(/^full\./)]);
    });

    it('send nothing more of a slice that was lost, however much of it is to be read', async () => {
      const held = Array.from({ length: 60 }, (_, n) => heldBefore(`${n}`, START_MS - SLICE.fromMs - 1 - n * 1000));
      rig.source.hold(...held);
      rig.state.backfill(SLICE);
      const first = await queues.coordinator(SLICE.toMs);
      const ended = expect(first.lane.untilDone()).rejects.toThrow();
      const client = queues.connections[0]!.redis;
      const job = `sekoia-module:backfill:${jobIdOf(SLICE)}`;
      let lose = (): void => undefined;
      const isLost = new Promise<void>((resolve) => (lose = resolve));
      const away = new RecordingDestination({
        async script() {
          // Taken for lost, and given to another, while it was busy with its first batch.
          await client.set(`${job}:lock`, 'another');
          lose();
          await systemClock.sleep(100);
          return ACKNOWLEDGED;
        },
      });
      const { log } = await queues.work(new OneByOne(rig.source, isLost), away);
      while (away.underWay > 0 || away.batches.length === 0) await systemClock.sleep(10);
      while (!log.lines.some(({ message }) => message.includes('Another worker has taken over')))
        await systemClock.sleep(10);
      first.stop.request();
      await ended;
      expect(away.batches).toHaveLength(1);
    });

    it('leave a slice to others at once when they are stopped', async () => {
      rig.source.hold(heldBefore('one', START_MS - SLICE.fromMs - 5));
      rig.state.backfill(SLICE);
      const { lane } = await queues.coordinator(SLICE.toMs);
      const client = queues.connections[0]!.redis;
      const slow = new RecordingDestination({
        async script(batch, { requested }) {
          await systemClock.sleep(60_000, requested);
          return unsettled(batch, new ModuleError('DESTINATION_UNAVAILABLE', 'stopped'));
        },
      });
      const ended = lane.untilDone();
      const stopped = await queues.work(rig.source, slow);
      while (slow.underWay === 0) await systemClock.sleep(10);
      stopped.stop.request();
      await stopped.ended;
      expect(await client.lrange('sekoia-module:backfill:wait', 0, -1)).toEqual([jobIdOf(SLICE)]);
      expect(await client.exists(`sekoia-module:backfill:${jobIdOf(SLICE)}:lock`)).toBe(0);
      await queues.work(rig.source, rig.destination);
      await ended;
      expect(rig.deliveredIds).toEqual(['one']);
    });

    it('are done with a slice that failed at first', async () => {
      rig.source.hold(heldBefore('one', START_MS - SLICE.fromMs - 5));
      rig.state.backfill(SLICE);
      const { lane } = await queues.coordinator(SLICE.toMs);
      rig.source.onRead = () => {
        if (rig.source.reads.length === 1) throw new ModuleError('SOURCE_UNAVAILABLE', 'busy');
      };
      await queues.work(rig.source, rig.destination);
      await lane.untilDone();
      expect(rig.deliveredIds).toEqual(['one']);
    });

    it('tell why a slice failed, and no secret to Redis', async () => {
      rig.source.hold(heldBefore('one', START_MS - SLICE.fromMs - 5));
      rig.state.backfill(SLICE);
      const { lane, stop, warnings } = await queues.coordinator(SLICE.toMs);
      rig.source.onRead = () => {
        throw new ModuleError('SOURCE_UNAVAILABLE', 'busy, said the API to a-credential', { advice: '' });
      };
      const ended = expect(lane.untilDone()).rejects.toThrow();
      await queues.work(rig.source, rig.destination);
      while (warnings.length === 0) await systemClock.sleep(20);
      stop.request();
      await ended;
      expect(warnings).toEqual(['A slice failed, and is tried again: busy, said the API to [redacted]']);
    });

    it('are one coordinator, and workers of its stream', async () => {
      const { queue } = await queues.coordinator(OWED.toMs);
      const other = await queues.coordinator(OWED.toMs);
      expect(await queue.lead()).toBe(true);
      const soon = async (): Promise<void> => {
        await queue.lead();
      };
      await expect(other.queue.begin(soon, () => false)).rejects.toMatchObject({ code: 'STATE_LOCKED' });
      const stranger = await queues.work(rig.source, rig.destination, identityOf('another', ['a-credential']));
      await expect(stranger.ended).rejects.toThrow('is for another stream: tests');
      const poor = await queues.work(rig.source, rig.destination, identityOf('tests', ['another-credential']));
      await expect(poor.ended).rejects.toThrow('with another account or intake key');
      const older = await queues.work(rig.source, rig.destination, IDENTITY, '1.0.0');
      await expect(older.ended).rejects.toThrow('is run by version 1.2.3 of this program, and this worker is 1.0.0');
      await queue.resign();
      expect(await other.queue.lead()).toBe(true);
      await other.queue.resign();
    });
  });

  describe('the rate limit of two machines', () => {
    const KEY = 'sekoia-module:rate:tests';

    async function limiters(requestsPerSecond: number): Promise<[SharedLimiter, SharedLimiter]> {
      const open = async () =>
        new SharedLimiter({
          connection: await queues.connect(),
          credential: 'tests',
          requestsPerSecond,
          clock: systemClock,
        });
      return [await open(), await open()];
    }

    /** When requests were let through, by the clock of Redis, milliseconds, ascending. */
    async function begun(key = KEY): Promise<number[]> {
      const times = await queues.connections[0]!.redis.lrange(key, 0, -1);
      return times.map((time) => Number(time) / 1000).toReversed();
    }

    it('is never exceeded in any second by both together, and leaves a place to what is live', async () => {
      const [one, two] = await limiters(20);
      const backlog = Array.from({ length: 40 }, (_, n) => (n % 2 ? one : two).admit(never(), 'backlog'));
      const live = Array.from({ length: 10 }, () => one.admit(never(), 'live'));
      await Promise.all([...backlog, ...live]);
      const [all, ofBacklog] = [await begun(), await begun(`${KEY}:backlog`)];
      expect([all.length, ofBacklog.length]).toEqual([50, 40]);
      const apart = (times: readonly number[], places: number): number =>
        Math.min(...times.slice(places).map((time, n) => time - times[n]!));
      expect(apart(all, 20)).toBeGreaterThanOrEqual(1000);
      expect(apart(ofBacklog, 18)).toBeGreaterThanOrEqual(1000);
    });

    it('holds all of them back where one was told to wait', async () => {
      const [one, two] = await limiters(1000);
      one.hold(400);
      // The hold is on its way on another connection.
      await queues.connections.at(-2)!.redis.ping();
      const askedAt = systemClock.monotonic();
      await two.admit(never(), 'backlog');
      expect(systemClock.monotonic() - askedAt).toBeGreaterThan(300);
    });

    it('lets nothing of a backlog through while Redis is away, and ends with a stop', async () => {
      const [one] = await limiters(20);
      await one.admit(never(), 'backlog');
      await redis.kill();
      const stop = new AbortController();
      let isThrough = false;
      const waiting = one.admit(stop.signal, 'backlog').then(() => (isThrough = !stop.signal.aborted));
      // What is live goes on by the place that no backlog has.
      await one.admit(never(), 'live');
      expect(isThrough).toBe(false);
      stop.abort();
      await waiting;
      expect(isThrough).toBe(false);
      await redis.start();
      await one.admit(never(), 'backlog');
    });
  });

  describe('documents of a job', () => {
    const locked = async (token: string) => {
      const [connection] = queues.connections;
      const lock = { jobKey: 'job', activeKey: 'active', token, lockMs: 60_000 };
      return jobDocuments(connection!, 'a-job', lock);
    };
    const CONTENT = new Uint8Array([0, 255]);

    it('are written by whoever has the lock alone', async () => {
      const { redis: client } = queues.connections[0]!;
      const [mine, theirs] = [await locked('mine'), await locked('theirs')];
      await client.set('job:lock', 'mine');
      await mine.write('context.json', CONTENT);
      await expect(theirs.write('context.json', new Uint8Array())).rejects.toMatchObject({ code: 'STATE_LOCKED' });
      expect([...(await theirs.read('context.json'))!]).toEqual([...CONTENT]);
    });

    it('are written again after the lock ran out, as long as nobody else was given the job', async () => {
      const { redis: client } = queues.connections[0]!;
      const mine = await locked('mine');
      await expect(mine.write('context.json', CONTENT)).rejects.toMatchObject({ code: 'STATE_LOCKED' });
      await client.lpush('active', 'a-job');
      await mine.write('context.json', CONTENT);
      expect(await client.get('job:lock')).toBe('mine');
      expect(await client.pttl('job:lock')).toBeGreaterThan(0);
    });

    it('are not mixed with those that an older save has brought back', async () => {
      const { redis: client } = queues.connections[0]!;
      const mine = await locked('mine');
      await client.set('job:lock', 'mine');
      await mine.write('ledger/00000001.bin', CONTENT);
      const save = await client.dumpBuffer('sekoia-module:documents:a-job');
      await mine.write('ledger/00000002.bin', CONTENT);
      await client.restore('sekoia-module:documents:a-job', 0, save, 'REPLACE');
      await expect(mine.write('context.json', CONTENT)).rejects.toMatchObject({
        code: 'STATE_LOCKED',
        message: expect.stringContaining('gone back to an older save'),
      });
      // Whoever begins with what is there now goes on from it.
      const again = await locked('mine');
      expect(await again.list('ledger')).toEqual(['00000001.bin']);
      await again.write('context.json', CONTENT);
    });

    it('are written once more where the answer to the first time was lost', async () => {
      const { redis: client } = queues.connections[0]!;
      await client.set('job:lock', 'mine');
      let isLost = true;
      const [connection] = queues.connections;
      const lossy = {
        description: connection!.description,
        async ask(operation: (redis: typeof client) => Promise<unknown>) {
          const answer = await operation(client);
          if (isLost && answer === 1) throw new ModuleError('QUEUE_UNAVAILABLE', 'cut off');
          return answer;
        },
      } as unknown as QueueConnection;
      const mine = jobDocuments(lossy, 'a-job', { jobKey: 'job', activeKey: 'active', token: 'mine', lockMs: 60_000 });
      await expect(mine.write('context.json', CONTENT)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
      isLost = false;
      await mine.write('context.json', CONTENT);
      await mine.write('context.json', CONTENT);
    });
  });

  describe('a slice in the hands of a worker', () => {
    it('is taken out of them, and the worker finds that out', async () => {
      const { queue } = await queues.coordinator(SLICE.toMs);
      const [connection] = queues.connections;
      const id = jobIdOf(SLICE);
      const [jobKey, activeKey] = [`sekoia-module:backfill:${id}`, 'sekoia-module:backfill:active'];
      await queue.add([SLICE], () => []);
      await connection!.redis.lmove('sekoia-module:backfill:wait', activeKey, 'LEFT', 'LEFT');
      await connection!.redis.set(`${jobKey}:lock`, 'mine');
      const lock = { jobKey, activeKey, token: 'mine', lockMs: 60_000 };
      await holdJob(connection!, id, lock);
      await queue.withdraw(id);
      expect(await queue.all()).toEqual([]);
      await expect(holdJob(connection!, id, lock)).rejects.toMatchObject({ code: 'STATE_LOCKED' });
      await expect(jobDocuments(connection!, id, lock).write('context.json', new Uint8Array())).rejects.toMatchObject({
        code: 'STATE_LOCKED',
      });
      // It can be added again.
      await queue.add([SLICE], () => []);
      expect(await queue.all()).toHaveLength(1);
    });

    it('is told to be there still when the worker gives it back meanwhile', async () => {
      const { queue } = await queues.coordinator(SLICE.toMs);
      const { redis: client } = queues.connections.at(-1)!;
      const id = jobIdOf(SLICE);
      const [waitKey, activeKey] = ['sekoia-module:backfill:wait', 'sekoia-module:backfill:active'];
      await queue.add([SLICE], () => []);
      await client.lmove(waitKey, activeKey, 'LEFT', 'LEFT');
      await client.set(`sekoia-module:backfill:${id}:lock`, 'mine');
      const evaluate = client.eval.bind(client);
      client.eval = (async (...args: Parameters<typeof evaluate>) => {
        await client.lmove(activeKey, waitKey, 'LEFT', 'LEFT');
        await client.del(`sekoia-module:backfill:${id}:lock`);
        return evaluate(...args);
      }) as typeof evaluate;
      expect(await queue.withdraw(id)).toBe(false);
      expect(await queue.all()).toHaveLength(1);
      client.eval = evaluate;
      expect(await queue.withdraw(id)).toBe(true);
      expect(await queue.all()).toEqual([]);
    });
  });

  describeStorage('a job on Redis', async () => {
    await queues.connections[0]!.redis.flushall();
    return jobDocuments(queues.connections[0]!, 'a-job');
  });

  it('is told at the start where it cannot be used, with advice and without the password', async () => {
    const harness = fakeHarness({
      triggers,
      environment: {
        ...{
          MODULE_CONFIGURATION: JSON.stringify({ apikey: SYNTHETIC_API_KEY }),
          CONNECTOR_CONFIGURATION: JSON.stringify({
            ...{ intake_key: SYNTHETIC_INTAKE_KEY, intake_server: 'https://intake.example' },
          }),
          DATA_PATH: '/work/data',
        },
        WORD: 'a-password-of-redis',
      },
    });
    const clock = new ManualClock({ autoAdvance: true });
    Object.assign(harness, { clock });
    const nobody = `redis://127.0.0.1:${await freePort()}`;
    expect(await runProgram(['worker', '--queue', nobody], harness)).toBe(1);
    expect(harness.stderr.text).toMatch(/ECONNREFUSED.*It is tried for a minute/);
    expect(harness.stderr.text).toMatch(/The queue redis:.* cannot be used: .*ECONNREFUSED.*\nCheck host and port/);
    expect(clock.monotonic()).toBeGreaterThan(30_000);
    expect(clock.monotonic()).toBeLessThanOrEqual(60_000);
    const waitedMs = clock.monotonic();
    const guarded = await startRedis(['--requirepass', 'another']);
    try {
      const url = `redis://:\${WORD}@127.0.0.1:${guarded.port}`;
      expect(await runProgram(['backfill', '--from', '10d', '--queue', url], harness)).toBe(1);
      expect(await runProgram(['worker', '--queue', guarded.url], harness)).toBe(1);
      const { redis: client } = queues.connections[0]!;
      await client.acl('SETUSER', 'reader', 'reset', 'on', '>a-password-of-redis', '~*', '+ping', '+get', '+info');
      const reader = `redis://reader:\${WORD}@127.0.0.1:${redis.port}`;
      expect(await runProgram(['worker', '--queue', reader], harness)).toBe(1);
    } finally {
      await guarded.stop();
    }
    expect(harness.stderr.text).toMatch(/WRONGPASS.*\nCheck user and password/);
    expect(harness.stderr.text).toMatch(/NOPERM.*\nGive the user what BullMQ needs: ACL SETUSER/);
    // What waiting does not change is not waited for.
    expect(clock.monotonic()).toBe(waitedMs);
    expect(harness.stderr.text).toMatch(/NOAUTH.*\nCheck user and password/);
    expect(harness.stderr.text).not.toContain('a-password-of-redis');
  });

  it('tells accounts apart by where they are as well', async () => {
    const accountAt = async (base_url: string, intake: string): Promise<string> => {
      const values = { module: { apikey: 'k', base_url }, arguments: { intake_server: intake } };
      const configuration = { loaded: { secrets: ['k'], resolved: { values } } } as unknown as LoadedConfiguration;
      const queue = await SharedQueue.open(redis.url, configuration, fakeHarness({ triggers }));
      queue.close();
      return queue.of('tests').identity.account;
    };
    const one = await accountAt('https://api.example', 'https://intake.example');
    expect(await accountAt('https://api.example', 'https://intake.example')).toBe(one);
    expect(await accountAt('https://api.eu.example', 'https://intake.example')).not.toBe(one);
    expect(await accountAt('https://api.example', 'https://intake.eu.example')).not.toBe(one);
  });

  it('holds no secret', () => {
    const identity = identityOf('services all', ['a-secret-key']);
    expect(JSON.stringify(encodeSlice(SLICE, identity))).not.toContain('a-secret-key');
    expect(IDENTITY.account).toMatch(/^[0-9a-f]{16}$/);
  });
});
