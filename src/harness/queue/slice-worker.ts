import { hostname } from 'node:os';

import type { Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';

import type { Slice } from '../../sdk/backfill/plan-slices.js';
import type { DeliveryState } from '../../sdk/checkpoint/delivery-state.js';
import { createPipeline } from '../../sdk/connector.js';
import type { ConnectorParts } from '../../sdk/connector-parts.js';
import type { DeadLetter } from '../../sdk/dead-letter/dead-letter.js';
import { ConfigurationError, describeError, isAbort, ModuleError } from '../../sdk/errors.js';
import { SLICES_AT_ONCE } from '../../sdk/backfill/plan-slices.js';
import { FailureReport } from '../../sdk/lanes/failure-report.js';
import type { Redactor } from '../../sdk/observability/redactor.js';
import type { Batch, Destination } from '../../sdk/pipeline/destination.js';
import { persist } from '../../sdk/pipeline/persist.js';
import type { PipelineEvent } from '../../sdk/pipeline/pipeline-event.js';
import { pumpWindow } from '../../sdk/pipeline/pump.js';
import { questionAbout } from '../../sdk/reconciliation/reconciler.js';
import { Stop } from '../../sdk/stop.js';
import { formatTimestamp } from '../../sdk/time/timestamp.js';
import type { TriggerContext } from '../../sdk/trigger.js';
import { documentsKey, holdJob, jobDocuments, type JobLock } from './job-documents.js';
import { KEY_PREFIX, loadPackage, type QueueConnection, queueFailure } from './queue-connection.js';
import { decodeLeader, decodeSlice, type Identity, isSame } from './slice-job.js';
import { COORDINATOR_KEY, keyOf, openSliceState, QUEUE_NAME } from './slice-queue.js';

const LOCK_MS = 6_000;
const ASK_EVERY_MS = 1_000;
const TELL_EVERY_MS = 1_000;
/** How long giving back may take where Redis is away. */
const GIVE_BACK_MS = 3_000;
const PARALLEL_DELIVERIES = 4;

/** What became of a slice that this worker had. */
export interface DoneSlice extends Slice {
  /** By this worker; another one may have begun it. */
  readonly delivered: number;
  readonly durationMs: number;
}

export interface SliceWorkerOptions<B extends Batch> {
  readonly connection: QueueConnection;
  readonly identity: Identity;
  /** Of this program: a backfill of another one may mean something else by a slice. */
  readonly version: string;
  /** A worker that was not heard of for so long has lost its slices, milliseconds. Default: 6,000. */
  readonly lockMs?: number;
  /** `context.storage` is for the dead letter: nothing else of a worker is kept there. */
  readonly parts: ConnectorParts<B>;
  readonly context: TriggerContext;
  /** For what Redis gets to see of failures. */
  readonly redact: Redactor;
  readonly onDone: (slice: DoneSlice) => void;
  /** Told what the worker waits for. */
  readonly say: (text: string) => void;
}

/** BullMQ's worker, and its connection. */
interface BullWorker {
  readonly worker: Worker;
  readonly redis: Redis;
}

/** What a job is done with. */
interface HeldJob {
  readonly state: DeliveryState;
  /** Makes sure that the job is still this worker's. */
  readonly hold: () => Promise<void>;
}

/** Executes slices of a queue, a few at a time, until stopped. */
export class SliceWorker<B extends Batch> {
  readonly #stop: Stop;
  readonly #release: () => void;
  readonly #report: FailureReport;
  readonly #lockMs: number;
  /** By job under way: takes its lock again where that ran out and nobody else has it. */
  readonly #renew = new Map<string, () => Promise<void>>();
  #deadLetter: DeadLetter | undefined;
  /** When Redis last answered, and since when without a break. */
  #heardAtMs = -Infinity;
  #steadyFromMs = Infinity;
  #fatal: unknown;
  #said = '';

  constructor(private readonly options: SliceWorkerOptions<B>) {
    const { stop, log, clock } = options.context;
    ({ stop: this.#stop, release: this.#release } = Stop.within(stop));
    this.#report = new FailureReport(log, clock);
    this.#lockMs = options.lockMs ?? LOCK_MS;
  }

  /** @throws ModuleError where the queue is another stream's, or where only an operator can mend a failure */
  async run(): Promise<void> {
    const { requested } = this.#stop;
    const { clock } = this.options.context;
    let worker: BullWorker | undefined;
    try {
      while (!requested.aborted) {
        const isLed = await this.#isLed();
        // While Redis is away nothing can be taken anyway.
        if (isLed === true) {
          worker ??= await this.#open();
          await worker?.worker.resume();
          if (worker !== undefined) await this.#freeLost(worker);
        } else if (isLed === false && worker?.worker.isRunning() === true) await worker.worker.pause(true);
        await clock.sleep(ASK_EVERY_MS, requested);
      }
    } finally {
      this.#stop.request();
      if (worker !== undefined) await this.#close(worker);
      this.#release();
    }
    // What was thrown in a job is an error.
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    if (this.#fatal !== undefined) throw this.#fatal;
  }

  /** Undefined where Redis went away meanwhile: BullMQ's worker does not recover from that while it is being made. */
  async #open(): Promise<BullWorker | undefined> {
    const { connection, context } = this.options;
    const { Worker: BullMqWorker, WaitingError } = await loadPackage(() => import('bullmq'));
    const redis = await connection.openPatient();
    const worker: Worker = new BullMqWorker(QUEUE_NAME, (job, token = '') => this.#execute(job, token, WaitingError), {
      ...{ connection: redis, prefix: KEY_PREFIX, autorun: false, name: hostname(), concurrency: SLICES_AT_ONCE },
      ...{ lockDuration: this.#lockMs, stalledInterval: this.#lockMs / 3, skipStalledCheck: true },
      ...{ maxStalledCount: Number.MAX_SAFE_INTEGER, drainDelay: 1, runRetryDelay: ASK_EVERY_MS },
    });
    worker.on('error', (error) => {
      const failure = queueFailure(connection.description, error);
      if (failure.code === 'QUEUE_REFUSED') this.#fail(failure);
      context.log.debug(`The queue: ${describeError(error)}`);
    });
    worker.on('lockRenewalFailed', (ids) => {
      // Those that nobody else has taken meanwhile are ours again.
      for (const id of ids)
        void this.#renew
          .get(id)?.()
          .catch(() => undefined);
    });
    try {
      await worker.waitUntilReady();
      return { worker, redis };
    } catch {
      redis.disconnect();
      await worker.close(true);
      return undefined;
    }
  }

  async #close({ worker, redis }: BullWorker): Promise<void> {
    const { forced } = this.#stop;
    await worker.pause(true);
    // Lets go at once of what waits for jobs, which may be for as long as a slice that failed is to wait.
    const closed = worker.close(forced.aborted);
    // What is under way ends first; then, where Redis is away, nobody waits for it.
    while (worker.isRunning() && !forced.aborted && redis.status === 'ready')
      await this.options.context.clock.sleep(50, forced);
    await this.#atMost(GIVE_BACK_MS, closed);
    redis.disconnect();
  }

  /**
   * Gives slices of workers that are lost to others. Where Redis, or this machine, was away, the others may have been as
   * well: they get time to say that they are there.
   */
  async #freeLost({ worker }: BullWorker): Promise<void> {
    const nowMs = this.options.context.clock.monotonic();
    if (nowMs - this.#heardAtMs > this.#lockMs / 2) this.#steadyFromMs = nowMs;
    this.#heardAtMs = nowMs;
    if (nowMs - this.#steadyFromMs < this.#lockMs) return;
    // BullMQ does this once in `stalledInterval`, however many ask.
    await worker
      .getBackend()
      .moveStalledJobsToWait()
      .catch((error: unknown) => worker.emit('error', error as Error));
  }

  #fail(error: unknown): void {
    this.#fatal ??= error;
    this.#stop.request();
  }

  /** Whether a backfill of this stream is being coordinated; undefined while Redis is away. */
  async #isLed(): Promise<boolean | undefined> {
    const { connection, identity, version } = this.options;
    let text: string | null;
    try {
      text = await connection.ask((redis) => redis.get(COORDINATOR_KEY));
    } catch (error) {
      if (!(error instanceof ModuleError) || !error.retryable) throw error;
      this.#sayOnce(`${describeError(error)}. Waiting until it answers; nothing is lost.`);
      return undefined;
    }
    if (text === null) {
      this.#sayOnce(
        "Waiting for a backfill to begin: 'sekoia-module backfill --queue ... --from ...' plans the slices.",
      );
      return false;
    }
    this.#sayOnce('Taking slices.');
    const leader = decodeLeader(text);
    if (leader === undefined || !isSame(leader, identity)) throw this.#refusal(leader);
    if (leader.version !== version) throw this.#otherVersion(leader.version);
    return true;
  }

  async #execute(job: Job, token: string, giveBack: new () => Error): Promise<void> {
    const { context, identity, redact } = this.options;
    const slice = decodeSlice(job.data);
    try {
      if (slice === undefined || !isSame(slice, identity)) throw this.#refusal(slice);
      await this.#deliver(slice, job, token);
      if (this.#report.clear()) context.log.info('Slices succeed again');
    } catch (error) {
      const isForOperator = error instanceof ModuleError && !error.retryable && error.code !== 'STATE_LOCKED';
      if (isForOperator || !(error instanceof ModuleError || isAbort(error))) {
        // The others are to have the slice, and somebody has to look at this worker.
        this.#fail(error);
      }
      if (this.#stop.requested.aborted) {
        await this.#atMost(
          GIVE_BACK_MS,
          job.moveToWait(token).catch(() => undefined),
        );
        throw new giveBack();
      }
      if (error instanceof ModuleError) {
        const line = ['A slice failed, and is tried again:', error.message, error.advice ?? ''].join(' ').trim();
        this.#report.tell(error, line, { level: 'warning', fields: { code: error.code } });
      }
      // BullMQ keeps its message, and nothing else of it.
      throw new Error(redact(describeError(error)), { cause: error });
    }
  }

  async #deliver(slice: Slice, job: Job, token: string): Promise<void> {
    const id = job.id ?? '';
    const lock = { jobKey: keyOf(id), activeKey: keyOf('active'), token, lockMs: this.#lockMs };
    const hold = (): Promise<void> => holdJob(this.options.connection, id, lock);
    this.#renew.set(id, hold);
    try {
      await this.#read(slice, job, { state: await this.#openState(slice, id, lock), hold });
    } finally {
      // The same job may be here once more, because others had lost it meanwhile.
      if (this.#renew.get(id) === hold) this.#renew.delete(id);
    }
  }

  async #read(slice: Slice, job: Job, { state, hold }: HeldJob): Promise<void> {
    const { parts, context, onDone } = this.options;
    const startedAt = context.clock.monotonic();
    const { backlogSource: source = parts.source } = parts;
    let delivered = 0;
    let toldAt = -Infinity;
    const listener = (event: PipelineEvent): void => {
      parts.listener(event);
      if (event.kind !== 'delivered') return;
      delivered += event.events;
      if (context.clock.monotonic() - toldAt < TELL_EVERY_MS) return;
      toldAt = context.clock.monotonic();
      void job.updateProgress({ delivered: state.ledger.size }).catch(() => undefined);
    };
    const own = createPipeline(parts, { ...context, stop: this.#stop }, state);
    this.#deadLetter ??= own.deadLetter;
    const destination = whileHeld(own.destination, () => persist({ ...own, listener }, hold));
    const pipeline = { ...own, source, destination, listener, deadLetter: this.#deadLetter };
    await this.#deadLetter.ensureRoom();
    // A clock of the source that is behind shows the rest later.
    while ((state.owed.tailFromMs ?? slice.toMs) < slice.toMs) {
      const claim = { fromMs: state.owed.tailFromMs ?? slice.fromMs, toMs: slice.toMs };
      const errand = {
        ...{ window: questionAbout(claim), claim, share: slice },
        ...{ parallelDeliveries: PARALLEL_DELIVERIES, lateBeforeMs: -Infinity },
        ...{ lane: 'tail' as const, looksBack: true },
      };
      await pumpWindow(errand, pipeline);
      if ((state.owed.tailFromMs ?? slice.toMs) <= claim.fromMs) throw notMoving(slice);
    }
    onDone({ ...slice, delivered, durationMs: context.clock.monotonic() - startedAt });
  }

  /** What another worker has left of it, or from its beginning. */
  async #openState(slice: Slice, id: string, lock: JobLock): Promise<DeliveryState> {
    const { connection, identity, context } = this.options;
    const open = (): Promise<DeliveryState> =>
      openSliceState(jobDocuments(connection, id, lock), slice, identity.stream);
    const state = await open().catch(async (error: unknown) => {
      if (!(error instanceof ModuleError) || error.code !== 'STATE_CORRUPT') throw error;
      context.log.warning(`A slice is done again from its beginning: ${error.message}`, { code: error.code });
      await connection.ask((redis: Redis) => redis.del(documentsKey(id)));
      return open();
    });
    await state.commit({ entries: [], settled: undefined });
    return state;
  }

  async #atMost(ms: number, promise: Promise<unknown>): Promise<void> {
    const isOver = new AbortController();
    await Promise.race([promise, this.options.context.clock.sleep(ms, isOver.signal)]);
    isOver.abort();
  }

  #refusal(found: Identity | undefined): ConfigurationError {
    const { connection, identity } = this.options;
    const what =
      found === undefined
        ? 'something that is no slice'
        : found.stream === identity.stream
          ? 'the same stream with another account or intake key'
          : `another stream: ${found.stream}`;
    const problem =
      `${connection.description} is for ${what}; this worker is for ${identity.stream}. Give it the configuration of the ` +
      'backfill, the same playbook file say, or another queue';
    return new ConfigurationError([{ setting: '--queue', problem }]);
  }

  #otherVersion(found: string | undefined): ConfigurationError {
    const { connection, version } = this.options;
    const problem =
      `the backfill at ${connection.description} is run by version ${found ?? 'unknown'} of this program, and this worker is ` +
      `${version}: run the same version on all machines`;
    return new ConfigurationError([{ setting: '--queue', problem }]);
  }

  #sayOnce(text: string): void {
    if (text === this.#said) return;
    this.#said = text;
    this.options.say(text);
  }
}

/** A batch is sent only by a worker that has its job: one that was away for too long may have lost it to another. */
function whileHeld<B extends Batch>(destination: Destination<B>, hold: () => Promise<void>): Destination<B> {
  return {
    createBatch: () => destination.createBatch(),
    reduce: (event) => destination.reduce?.(event),
    async deliver(batch, signals) {
      await hold();
      return destination.deliver(batch, signals);
    },
  };
}

function notMoving({ fromMs, toMs }: Slice): ModuleError {
  return new ModuleError(
    'SOURCE_ANSWER_INVALID',
    `The source does not show the end of ${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)} yet: its clock is behind`,
  );
}
