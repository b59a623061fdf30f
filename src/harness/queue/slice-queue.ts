import { randomUUID } from 'node:crypto';

import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';

import type { Slice } from '../../sdk/backfill/plan-slices.js';
import { decodeCheckpoint } from '../../sdk/checkpoint/checkpoint-document.js';
import { CHECKPOINT_DOCUMENT, DeliveryState } from '../../sdk/checkpoint/delivery-state.js';
import { ConfigurationError, ModuleError } from '../../sdk/errors.js';
import type { LedgerEntry } from '../../sdk/ledger/ledger.js';
import { LEDGER_FOLDER } from '../../sdk/ledger/ledger-store.js';
import { decodeSegment } from '../../sdk/ledger/segment.js';
import type { Storage } from '../../sdk/storage/storage.js';
import { documentsKey, jobDocuments } from './job-documents.js';
import { KEY_PREFIX, loadPackage, type QueueConnection } from './queue-connection.js';
import { decodeSlice, deliveredOf, encodeSlice, type Identity, isSame, jobIdOf } from './slice-job.js';

/** BullMQ's name of the queue. */
export const QUEUE_NAME = 'backfill';
/** Who coordinates, and for whom: workers take no job without it. */
export const COORDINATOR_KEY = `${KEY_PREFIX}:coordinator`;
/** A coordinator that was not heard of for so long is gone, milliseconds. */
const COORDINATOR_MS = 6_000;
const ASK_AGAIN_MS = 1_000;
/** A slice is tried until it is done, or taken back. */
const ATTEMPTS = 1_000_000_000;
const RETRY_AFTER_MS = 5_000;

const LEAD = `
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;
/*
 * Documents without a job were left behind by whoever took the job out, and lost Redis before the documents were removed.
 * What they say was delivered was so then, perhaps to another intake: a new job must not begin with them.
 */
const CLEAR = `if redis.call('EXISTS', KEYS[1]) == 0 then return redis.call('DEL', KEYS[2]) end return 0`;
/*
 * Takes a job out of a worker's hands and away: the worker finds its lock gone before it sends or writes anything more. One
 * that is in nobody's hands by now is left: answers 1 where it is.
 */
const WITHDRAW = `
if redis.call('LREM', KEYS[1], 0, ARGV[1]) > 0 then
  redis.call('SREM', KEYS[2], ARGV[1])
  redis.call('DEL', KEYS[3], KEYS[4])
end
return redis.call('EXISTS', KEYS[3])`;
const RESIGN = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** A slice as it stands in the queue. */
export interface QueuedSlice extends Slice {
  readonly id: string;
  /** True where nobody will do anything more of it. That all of it is delivered is for `result` to say. */
  readonly hasEnded: boolean;
  /** Events of it delivered by now, as far as its worker has told. */
  readonly delivered: number;
  /** Why the last try failed, where another one is to follow. */
  readonly failure: string | undefined;
}

/** The coordinator's side of the queue. All methods throw ModuleError QUEUE_UNAVAILABLE while Redis is away, and
 * QUEUE_REFUSED where it refuses. */
export class SliceQueue {
  readonly #id: string;

  #opened: Queue | undefined;

  /**
   * @param version of this program: workers of another one do no work for it
   * @param retryAfterMs how long a slice that failed waits for its next try
   */
  constructor(
    private readonly connection: QueueConnection,
    private readonly identity: Identity,
    version: string,
    private readonly retryAfterMs = RETRY_AFTER_MS,
  ) {
    this.#id = JSON.stringify({ ...identity, version, coordinator: randomUUID() });
  }

  /**
   * Says that this process coordinates, for some seconds.
   * @returns false where another one does
   */
  async lead(): Promise<boolean> {
    const led = await this.connection.ask((redis) => redis.eval(LEAD, 1, COORDINATOR_KEY, this.#id, COORDINATOR_MS));
    return led === 1;
  }

  /**
   * The same at the start: one that ended without a word is waited for.
   * @throws ModuleError STATE_LOCKED where another one is at work
   */
  async begin(sleep: (ms: number) => Promise<void>, isStopped: () => boolean): Promise<void> {
    for (let waitedMs = 0; !isStopped(); waitedMs += ASK_AGAIN_MS) {
      if (await this.lead()) return;
      if (waitedMs > COORDINATOR_MS) throw this.#coordinatedElsewhere();
      await sleep(ASK_AGAIN_MS);
    }
  }

  /** Workers take no job any more. */
  async resign(): Promise<void> {
    await this.connection.ask((redis) => redis.eval(RESIGN, 1, COORDINATOR_KEY, this.#id));
  }

  /**
   * All slices that Redis knows of.
   * @throws ConfigurationError where they are another stream's
   */
  async all(): Promise<QueuedSlice[]> {
    const jobs = await this.#ask((queue) => queue.getJobs());
    return jobs.map((job) => {
      const slice = decodeSlice(job.data);
      if (slice === undefined || !isSame(slice, this.identity)) throw this.#otherStream(slice);
      const { fromMs, toMs, events } = slice;
      const { id = '', progress, failedReason, finishedOn }: Partial<Job> = job;
      const hasEnded = Boolean(finishedOn);
      return {
        ...{ id, fromMs, toMs, events, hasEnded, delivered: deliveredOf(progress) },
        // BullMQ leaves it there when a later try succeeds.
        failure: hasEnded ? undefined : failedReason || undefined,
      };
    });
  }

  /**
   * Adds slices; those that are there already stay as they are.
   * @param known events of a slice that were delivered before
   */
  async add(slices: readonly Slice[], known: (slice: Slice) => readonly LedgerEntry[]): Promise<void> {
    for (const slice of slices) await this.#tellKnown(slice, known(slice));
    const jobs = slices.map((slice) => ({
      name: 'slice',
      data: encodeSlice(slice, this.identity),
      opts: {
        ...{ jobId: jobIdOf(slice), attempts: ATTEMPTS, backoff: { type: 'fixed', delay: this.retryAfterMs } },
        ...{ removeOnComplete: false, removeOnFail: false, stackTraceLimit: 0 },
      },
    }));
    await this.#ask((queue) => queue.addBulk(jobs));
  }

  /**
   * Takes a slice out, also one that a worker is busy with: it finds that out before it delivers anything more.
   * @returns false where its worker has ended just now, or given it back: then it is still there, for anybody
   */
  async withdraw(id: string): Promise<boolean> {
    const removed = await this.#ask((queue) => queue.remove(id));
    if (removed === 1) return true;
    const keys = [keyOf('active'), keyOf('stalled'), keyOf(id), `${keyOf(id)}:lock`];
    const left = await this.connection.ask((redis) => redis.eval(WITHDRAW, keys.length, ...keys, id));
    return left === 0;
  }

  /** Removes what was known of a slice that was taken out. */
  async forget(id: string): Promise<void> {
    await this.connection.ask((redis) => redis.del(documentsKey(id)));
  }

  /**
   * The events of a slice that were delivered or dead-lettered; undefined where its documents do not say that this is all of
   * it: what Redis calls completed is not taken at its word.
   */
  async result({ id, toMs }: QueuedSlice): Promise<LedgerEntry[] | undefined> {
    const documents = jobDocuments(this.connection, id);
    try {
      const content = decodeCheckpoint(await documents.read(CHECKPOINT_DOCUMENT), documents.location);
      if (content.kind !== 'own' || content.checkpoint.owed.some(({ fromMs }) => fromMs < toMs)) return undefined;
      const names = await documents.list(LEDGER_FOLDER);
      if (content.checkpoint.segments.some((name) => !names.includes(name))) return undefined;
      return (await Promise.all(names.map((name) => segmentOf(documents, name)))).flat();
    } catch (error) {
      if (isCorrupt(error)) return undefined;
      throw error;
    }
  }

  /** Events of a slice, done or not, that are known to have been delivered or dead-lettered. */
  async known(id: string): Promise<LedgerEntry[]> {
    const documents = jobDocuments(this.connection, id);
    const segments = (await documents.list(LEDGER_FOLDER)).map((name) =>
      segmentOf(documents, name).catch((error: unknown) => {
        if (isCorrupt(error)) return [];
        throw error;
      }),
    );
    return (await Promise.all(segments)).flat();
  }

  /** How many workers are connected; undefined where the server does not tell. */
  async workers(): Promise<number | undefined> {
    return this.#ask((queue) => queue.getWorkersCount()).catch(() => undefined);
  }

  async #tellKnown(slice: Slice, entries: readonly LedgerEntry[]): Promise<void> {
    const id = jobIdOf(slice);
    const key = documentsKey(id);
    await this.connection.ask((redis) => redis.eval(CLEAR, 2, keyOf(id), key));
    const isThere = async (): Promise<boolean> => (await this.connection.ask((redis) => redis.exists(key))) === 1;
    if (entries.length === 0 || (await isThere())) return;
    const state = await openSliceState(jobDocuments(this.connection, id), slice, this.identity.stream);
    await state.commit({ entries, settled: undefined });
  }

  /** BullMQ's queue does not recover from a Redis that was away when it was made. */
  #ask<Result>(operation: (queue: Queue) => Promise<Result>): Promise<Result> {
    return this.connection.ask(async (redis) => {
      await redis.ping();
      return operation((this.#opened ??= await this.#open(redis)));
    });
  }

  async #open(redis: Redis): Promise<Queue> {
    const { Queue: BullQueue } = await loadPackage(() => import('bullmq'));
    const queue = new BullQueue(QUEUE_NAME, { connection: redis, prefix: KEY_PREFIX });
    // Whoever asks for something is told by that.
    queue.on('error', () => undefined);
    await queue.waitUntilReady();
    return queue;
  }

  #otherStream(slice: Identity | undefined): ConfigurationError {
    const what =
      slice === undefined
        ? 'jobs of something else'
        : slice.stream === this.identity.stream
          ? 'jobs of another account or intake'
          : `jobs of another stream (${slice.stream})`;
    const problem =
      `${this.connection.description} holds ${what}: finish that backfill first, or name another database of Redis, ` +
      'such as redis://HOST:PORT/1';
    return new ConfigurationError([{ setting: '--queue', problem }]);
  }

  #coordinatedElsewhere(): ModuleError {
    return new ModuleError('STATE_LOCKED', `Another backfill coordinates the queue ${this.connection.description}`, {
      advice: 'Let it end, or name another database of Redis, such as redis://HOST:PORT/1.',
    });
  }
}

/** The state of a slice: owed from its beginning on, and nothing of it is forgotten. */
export function openSliceState(storage: Storage, { fromMs }: Slice, stream: string): Promise<DeliveryState> {
  return DeliveryState.open({ storage, startFromMs: fromMs, keepMs: Infinity, stream });
}

/** BullMQ's key of a job, or of something that there is one of in a queue. */
export function keyOf(name: string): string {
  return `${KEY_PREFIX}:${QUEUE_NAME}:${name}`;
}

/** @throws ModuleError STATE_CORRUPT */
async function segmentOf(documents: Storage, name: string): Promise<LedgerEntry[]> {
  const segment = await documents.read(`${LEDGER_FOLDER}/${name}`);
  return [...decodeSegment(segment ?? new Uint8Array(), name)];
}

function isCorrupt(error: unknown): boolean {
  return error instanceof ModuleError && error.code === 'STATE_CORRUPT';
}
