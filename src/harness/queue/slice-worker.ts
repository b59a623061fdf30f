import { hostname } from 'node:os';

import type { Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';

import type { Slice } from '../../sdk/backfill/plan-slices.js';
import type { DeliveryState } from '../../sdk/checkpoint/delivery-state.js';
import { createPipeline } from '../../sdk/connector.js';
import type { ConnectorParts } from '../../sdk/connector-parts.js';
import type { DeadLetter } from '../../sdk/dead-letter/dead-letter.js';
import { ConfigurationError, describeError, isAbort, ModuleError } from '../../sdk/errors.js';
import { SLICES_AT_ONCE } from '../../sdk/lanes/backfill-lane.js';
import { FailureReport } from '../../sdk/lanes/failure-report.js';
import type { Redactor } from '../../sdk/observability/redactor.js';
import type { Batch } from '../../sdk/pipeline/destination.js';
import type { PipelineEvent } from '../../sdk/pipeline/pipeline-event.js';
import { pumpWindow } from '../../sdk/pipeline/pump.js';
import { questionAbout } from '../../sdk/reconciliation/reconciler.js';
import { Stop } from '../../sdk/stop.js';
import { formatTimestamp } from '../../sdk/time/timestamp.js';
import type { TriggerContext } from '../../sdk/trigger.js';
import { documentsKey, jobDocuments } from './job-documents.js';
import { KEY_PREFIX, loadPackage, type QueueConnection } from './queue-connection.js';
import { decodeIdentity, decodeSlice, type Identity, isSame } from './slice-job.js';
import { COORDINATOR_KEY, openSliceState, QUEUE_NAME } from './slice-queue.js';

/** A worker that was not heard of for so long has lost its slices, milliseconds. */
const LOCK_MS = 6_000;
const STALLED_EVERY_MS = 2_000;
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
  /** `context.storage` is for the dead letter: nothing else of a worker is kept there. */
  readonly parts: ConnectorParts<B>;
  readonly context: TriggerContext;
  /** For what Redis gets to see of failures. */
  readonly redact: Redactor;
  readonly onDone: (slice: DoneSlice) => void;
  /** Told what the worker waits for. */
  readonly say: (text: string) => void;
}

/** Executes slices of a queue, a few at a time, until stopped. */
export class SliceWorker<B extends Batch> {
  readonly #stop: Stop;
  readonly #release: () => void;
  readonly #report: FailureReport;
  #deadLetter: DeadLetter | undefined;
  #fatal: unknown;
  #said = '';

  constructor(private readonly options: SliceWorkerOptions<B>) {
    const { stop, log, clock } = options.context;
    ({ stop: this.#stop, release: this.#release } = Stop.within(stop));
    this.#report = new FailureReport(log, clock);
  }

  /** @throws ModuleError where the queue is another stream's, or where only an operator can mend a failure */
  async run(): Promise<void> {
    const { connection, context } = this.options;
    const { requested, forced } = this.#stop;
    const { clock } = context;
    const { Worker: BullWorker, WaitingError } = await loadPackage(() => import('bullmq'));
    const redis = await connection.openPatient();
    const worker: Worker = new BullWorker(QUEUE_NAME, (job, token = '') => this.#execute(job, token, WaitingError), {
      ...{ connection: redis, prefix: KEY_PREFIX, autorun: false, name: hostname(), concurrency: SLICES_AT_ONCE },
      ...{ lockDuration: LOCK_MS, stalledInterval: STALLED_EVERY_MS, maxStalledCount: Number.MAX_SAFE_INTEGER },
      ...{ drainDelay: 1, runRetryDelay: ASK_EVERY_MS },
    });
    worker.on('error', (error) => context.log.debug(`The queue: ${describeError(error)}`));
    try {
      while (!requested.aborted) {
        const isLed = await this.#isLed();
        // While Redis is away nothing can be taken anyway.
        if (isLed === true) await worker.resume();
        else if (isLed === false && worker.isRunning()) await worker.pause(true);
        await clock.sleep(ASK_EVERY_MS, requested);
      }
    } finally {
      this.#stop.request();
      await worker.pause(true);
      // Lets go at once of what waits for jobs, which may be for as long as a slice that failed is to wait.
      const closed = worker.close(forced.aborted);
      // What is under way ends first; then, where Redis is away, nobody waits for it.
      while (worker.isRunning() && !forced.aborted && redis.status === 'ready') await clock.sleep(50, forced);
      await this.#atMost(GIVE_BACK_MS, closed);
      redis.disconnect();
      this.#release();
    }
    // What was thrown in a job is an error.
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    if (this.#fatal !== undefined) throw this.#fatal;
  }

  /** Whether a backfill of this stream is being coordinated; undefined while Redis is away. */
  async #isLed(): Promise<boolean | undefined> {
    const { connection, identity } = this.options;
    let text: string | null;
    try {
      text = await connection.ask((redis) => redis.get(COORDINATOR_KEY));
    } catch (error) {
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
    const leader = decodeIdentity(text);
    if (leader === undefined || !isSame(leader, identity)) throw this.#refusal(leader);
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
        this.#fatal ??= error;
        this.#stop.request();
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
    const { parts, context, onDone } = this.options;
    const startedAt = context.clock.monotonic();
    const state = await this.#openState(slice, job, token);
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
    const pipeline = { ...own, source, listener, deadLetter: this.#deadLetter };
    await this.#deadLetter.ensureRoom();
    // A clock of the source that is behind shows the rest later.
    while ((state.owed.tailFromMs ?? slice.toMs) < slice.toMs) {
      const claim = { fromMs: state.owed.tailFromMs ?? slice.fromMs, toMs: slice.toMs };
      const errand = {
        ...{ window: questionAbout(claim), claim, share: slice },
        ...{ parallelDeliveries: PARALLEL_DELIVERIES, lateBeforeMs: -Infinity },
        lane: 'tail' as const,
      };
      await pumpWindow(errand, pipeline);
      if ((state.owed.tailFromMs ?? slice.toMs) <= claim.fromMs) throw notMoving(slice);
    }
    onDone({ ...slice, delivered, durationMs: context.clock.monotonic() - startedAt });
  }

  /** What another worker has left of it, or from its beginning. */
  async #openState(slice: Slice, job: Job, token: string): Promise<DeliveryState> {
    const { connection, identity, context } = this.options;
    const id = job.id ?? '';
    const activeKey = `${KEY_PREFIX}:${QUEUE_NAME}:active`;
    const lock = { jobKey: `${KEY_PREFIX}:${QUEUE_NAME}:${id}`, activeKey, token, lockMs: LOCK_MS };
    const documents = jobDocuments(connection, id, lock);
    const open = (): Promise<DeliveryState> => openSliceState(documents, slice, identity.stream);
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

  #sayOnce(text: string): void {
    if (text === this.#said) return;
    this.#said = text;
    this.options.say(text);
  }
}

function notMoving({ fromMs, toMs }: Slice): ModuleError {
  return new ModuleError(
    'SOURCE_ANSWER_INVALID',
    `The source does not show the end of ${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)} yet: its clock is behind`,
  );
}
