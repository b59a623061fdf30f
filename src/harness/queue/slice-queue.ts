import { randomUUID } from 'node:crypto';

import type { Job, Queue } from 'bullmq';

import type { Slice } from '../../sdk/backfill/plan-slices.js';
import { decodeCheckpoint } from '../../sdk/checkpoint/checkpoint-document.js';
import { CHECKPOINT_DOCUMENT, DeliveryState } from '../../sdk/checkpoint/delivery-state.js';
import { ConfigurationError, ModuleError } from '../../sdk/errors.js';
import type { LedgerEntry } from '../../sdk/ledger/ledger.js';
import { LEDGER_FOLDER } from '../../sdk/ledger/ledger-store.js';
import { decodeSegment } from '../../sdk/ledger/segment.js';
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
const RESIGN = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** A slice as it stands in the queue. */
export interface QueuedSlice extends Slice {
  readonly id: string;
  readonly state: 'open' | 'completed' | 'failed';
  /** Events of it delivered by now, as far as its worker has told. */
  readonly delivered: number;
  /** Why the last try failed. */
  readonly failure: string | undefined;
}

/** The coordinator's side of the queue. All methods throw ModuleError QUEUE_UNAVAILABLE while Redis is away. */
export class SliceQueue {
  readonly #id: string;

  private constructor(
    private readonly queue: Queue,
    private readonly connection: QueueConnection,
    private readonly identity: Identity,
  ) {
    this.#id = JSON.stringify({ ...identity, coordinator: randomUUID() });
  }

  static async open(connection: QueueConnection, identity: Identity): Promise<SliceQueue> {
    const { Queue: BullQueue } = await loadPackage(() => import('bullmq'));
    const queue = new BullQueue(QUEUE_NAME, { connection: connection.redis, prefix: KEY_PREFIX });
    // Whoever asks for something is told by that.
    queue.on('error', () => undefined);
    return new SliceQueue(queue, connection, identity);
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
    const jobs = await this.connection.ask(() => this.queue.getJobs());
    return jobs.map((job) => {
      const slice = decodeSlice(job.data);
      if (slice === undefined || !isSame(slice, this.identity)) throw this.#otherStream(slice);
      const { fromMs, toMs, events } = slice;
      const { id = '', progress, failedReason }: Partial<Job> = job;
      return {
        ...{ id, fromMs, toMs, events, state: stateOf(job), delivered: deliveredOf(progress) },
        failure: failedReason || undefined,
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
        ...{ jobId: jobIdOf(slice), attempts: ATTEMPTS, backoff: { type: 'fixed', delay: RETRY_AFTER_MS } },
        ...{ removeOnComplete: false, removeOnFail: false, stackTraceLimit: 0 },
      },
    }));
    await this.connection.ask(() => this.queue.addBulk(jobs));
  }

  async retry(id: string): Promise<void> {
    await this.connection.ask(async () => (await this.queue.getJob(id))?.retry('failed'));
  }

  /** Takes a slice out, with its documents. One that a worker is busy with stays for now. */
  async remove(id: string): Promise<void> {
    const removed = await this.connection.ask(() => this.queue.remove(id));
    if (removed === 1) await this.connection.ask((redis) => redis.del(documentsKey(id)));
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
      const entries: LedgerEntry[] = [];
      for (const name of names) {
        const segment = await documents.read(`${LEDGER_FOLDER}/${name}`);
        if (segment === undefined) return undefined;
        for (const entry of decodeSegment(segment, name)) entries.push(entry);
      }
      return entries;
    } catch (error) {
      if (error instanceof ModuleError && error.code === 'STATE_CORRUPT') return undefined;
      throw error;
    }
  }

  /** How many workers are connected; undefined where the server does not tell. */
  async workers(): Promise<number | undefined> {
    return this.connection.ask(() => this.queue.getWorkersCount()).catch(() => undefined);
  }

  async #tellKnown(slice: Slice, entries: readonly LedgerEntry[]): Promise<void> {
    const id = jobIdOf(slice);
    const key = documentsKey(id);
    await this.connection.ask((redis) => redis.eval(CLEAR, 2, this.queue.toKey(id), key));
    const isThere = async (): Promise<boolean> => (await this.connection.ask((redis) => redis.exists(key))) === 1;
    if (entries.length === 0 || (await isThere())) return;
    const state = await openSliceState(jobDocuments(this.connection, id), slice, this.identity.stream);
    await state.commit({ entries, settled: undefined });
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
export function openSliceState(
  storage: Parameters<typeof DeliveryState.open>[0]['storage'],
  { fromMs }: Slice,
  stream: string,
): Promise<DeliveryState> {
  return DeliveryState.open({ storage, startFromMs: fromMs, keepMs: Infinity, stream });
}

function stateOf({ finishedOn, failedReason }: Partial<Job>): QueuedSlice['state'] {
  if (!finishedOn) return 'open';
  return failedReason ? 'failed' : 'completed';
}
