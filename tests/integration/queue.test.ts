import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { jobDocuments } from '../../src/harness/queue/job-documents.js';
import { SharedLimiter } from '../../src/harness/queue/shared-limiter.js';
import { encodeSlice, jobIdOf, identityOf } from '../../src/harness/queue/slice-job.js';
import { openSliceState } from '../../src/harness/queue/slice-queue.js';
import { runProgram } from '../../src/harness/program.js';
import { triggers } from '../../src/modules.js';
import type { ClosedInterval } from '../../src/sdk/checkpoint/owed-set.js';
import { ModuleError } from '../../src/sdk/errors.js';
import { Ledger } from '../../src/sdk/ledger/ledger.js';
import { systemClock } from '../../src/sdk/system.js';
import { SYNTHETIC_API_KEY } from '../../src/simulators/jumpcloud/options.js';
import { SYNTHETIC_INTAKE_KEY } from '../../src/simulators/sekoia/options.js';
import { describeStorage } from '../contract/storage.js';
import { rawEvent } from '../support/events.js';
import { fakeHarness } from '../support/fake-harness.js';
import { freePort } from '../support/free-port.js';
import { type HeldEvent } from '../support/indexed-source.js';
import { heldBefore, LaneRig } from '../support/lane-rig.js';
import { MANUAL_CLOCK_START_MS as START_MS } from '../support/manual-clock.js';
import { IDENTITY, QueueRig } from '../support/queue-rig.js';
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const never = (): AbortSignal => new AbortController().signal;
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
      const job = { ...SLICE, id: jobIdOf(SLICE), state: 'completed', delivered: 1, failure: undefined } as const;
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
    const nobody = `redis://127.0.0.1:${await freePort()}`;
    expect(await runProgram(['worker', '--queue', nobody], harness)).toBe(1);
    expect(harness.stderr.text).toMatch(/The queue redis:.* cannot be used: .*ECONNREFUSED.*\nCheck host and port/);
    const guarded = await startRedis(['--requirepass', 'another']);
    try {
      const url = `redis://:\${WORD}@127.0.0.1:${guarded.port}`;
      expect(await runProgram(['backfill', '--from', '10d', '--queue', url], harness)).toBe(1);
      expect(await runProgram(['worker', '--queue', guarded.url], harness)).toBe(1);
    } finally {
      await guarded.stop();
    }
    expect(harness.stderr.text).toMatch(/WRONGPASS.*\nCheck user and password/);
    expect(harness.stderr.text).toMatch(/NOAUTH.*\nCheck user and password/);
    expect(harness.stderr.text).not.toContain('a-password-of-redis');
  });

  it('holds no secret', () => {
    const identity = identityOf('services all', ['a-secret-key']);
    expect(JSON.stringify(encodeSlice(SLICE, identity))).not.toContain('a-secret-key');
    expect(IDENTITY.account).toMatch(/^[0-9a-f]{16}$/);
  });
});
