import { eventsOf, inOrderOfReading, planSlices, type Slice } from '../../sdk/backfill/plan-slices.js';
import { outside, within } from '../../sdk/checkpoint/backfill-ranges.js';
import type { ClosedInterval } from '../../sdk/checkpoint/owed-set.js';
import type { Progress } from '../../sdk/checkpoint/delivery-state.js';
import { abortError, ModuleError } from '../../sdk/errors.js';
import { retry } from '../../sdk/http/retry.js';
import type { BackfillProgress } from '../../sdk/lanes/backfill-lane.js';
import type { Batch } from '../../sdk/pipeline/destination.js';
import type { Pipeline } from '../../sdk/pipeline/pump.js';
import type { TriggerContext } from '../../sdk/trigger.js';
import { jobIdOf } from './slice-job.js';
import type { QueuedSlice, SliceQueue } from './slice-queue.js';

/** Events in a job, about: what a worker has at stake, and what Redis holds of it, is small. */
const JOB_EVENTS = 25_000;
/** Jobs in Redis at a time: enough for a dozen workers, and few enough to be looked at each second. */
const MOST_JOBS = 64;
const TURN_MS = 500;
/** A coordinator tells that it is there so often. */
const LEAD_EVERY_MS = 2_000;
const MINUTE_MS = 60_000;
const DELETED_SOON_MS = 86_400_000;
/** Workers need a moment to connect. */
const NO_WORKER_AFTER_MS = 10_000;

export interface QueueProgress extends BackfillProgress {
  /** Undefined where the server does not tell. */
  readonly workers: number | undefined;
}

export interface QueueLaneOptions {
  readonly queue: SliceQueue;
  /** What lies before is read by workers. Epoch milliseconds. */
  readonly toMs: number;
  /** How long the source keeps events, milliseconds. */
  readonly retentionMs: number;
  /** How long it waits before it looks at the queue again. */
  readonly turnMs?: number;
  readonly onProgress: (progress: QueueProgress) => void;
  /** Told what an operator should know, once each. */
  readonly warn: (text: string) => void;
}

/**
 * Coordinates the workers of a queue. What is owed stands in the state of this data path alone: slices of it become jobs,
 * and a slice is owed no more once a worker's ledger, which is taken over, says that all of it was acknowledged. Jobs that
 * Redis has lost are added again.
 */
export class QueueLane<B extends Batch> {
  /** Planned, not jobs yet: those of a few hundred thousand events, and what the first of them was cut into. */
  #coarse: Slice[] = [];
  #fine: Slice[] = [];
  /** Slices that are jobs, or are to be, by their names. */
  readonly #jobs = new Map<string, Slice>();
  /** Whether jobs of an earlier run were looked for. */
  #hasAdopted = false;
  readonly #told = new Set<string>();
  /** What has kept turns from succeeding since the last one that did. */
  readonly #toldAway = new Set<string>();
  readonly #lost: Error[] = [];
  #progress = { slicesRead: 0, delivered: 0, read: 0, planned: 0 as number | undefined };
  #workers: number | undefined;
  /** When a worker was there last, or nobody could tell. */
  #workerAtMs: number;

  constructor(
    private readonly options: QueueLaneOptions,
    private readonly pipeline: Pipeline<B>,
    private readonly context: TriggerContext,
  ) {
    this.#workerAtMs = context.clock.monotonic();
  }

  /**
   * Goes on until nothing that is older than `toMs` is owed to a backfill.
   * @throws ModuleError STATE_LOCKED where another process coordinates; an AbortError after a stop
   */
  async untilDone(): Promise<void> {
    const { queue } = this.options;
    const { clock, stop } = this.context;
    const { requested } = stop;
    const { turnMs = TURN_MS } = this.options;
    const isOver = new AbortController();
    await this.#begin();
    const leading = this.#lead(isOver.signal);
    try {
      this.#workerAtMs = clock.monotonic();
      while (this.#gaps.length > 0) {
        if (requested.aborted) throw abortError();
        this.#assertLeading();
        await this.#turn().catch((error: unknown) => this.#away(error));
        if (this.#gaps.length > 0) await clock.sleep(turnMs, requested);
      }
      await this.#persist({ entries: [], settled: undefined });
    } finally {
      isOver.abort();
      await leading;
      await queue.resign().catch(() => undefined);
    }
  }

  /** A Redis that was reached once is waited for, now as later. */
  async #begin(): Promise<void> {
    const { clock, stop } = this.context;
    const { requested } = stop;
    for (let hasBegun = false; !hasBegun;) {
      try {
        await this.options.queue.begin(
          (ms) => clock.sleep(ms, requested),
          () => requested.aborted,
        );
        hasBegun = true;
      } catch (error) {
        this.#away(error);
        await clock.sleep(TURN_MS, requested);
      }
    }
  }

  #assertLeading(): void {
    const [lost] = this.#lost;
    if (lost !== undefined) throw lost;
  }

  get #gaps(): readonly ClosedInterval[] {
    return within(this.pipeline.state.backfillGaps, [{ fromMs: -Infinity, toMs: this.options.toMs }]);
  }

  async #lead(isOver: AbortSignal): Promise<void> {
    const { clock } = this.context;
    for (let isLeading = true; isLeading;) {
      await clock.sleep(LEAD_EVERY_MS, isOver);
      if (isOver.aborted) return;
      // While Redis is away nobody else leads either.
      isLeading = await this.options.queue.lead().catch(() => true);
      if (!isLeading) this.#lost.push(new ModuleError('STATE_LOCKED', 'Another backfill has taken over the queue'));
    }
  }

  /** Goes on with the jobs of an earlier run that are still owed. */
  #adopt(jobs: Iterable<QueuedSlice>): void {
    for (const job of jobs) {
      const owed = within(this.#gaps, [job]);
      const isWhole = owed.length === 1 && owed[0]?.fromMs === job.fromMs && owed[0].toMs === job.toMs;
      const isFree = within([...this.#jobs.values()], [job]).length === 0;
      if (!isWhole || !isFree) continue;
      this.#jobs.set(job.id, job);
      this.#plan([job]);
    }
  }

  async #turn(): Promise<void> {
    const { queue } = this.options;
    const queued = new Map((await queue.all()).map((job) => [job.id, job]));
    if (!this.#hasAdopted) this.#adopt(queued.values());
    this.#hasAdopted = true;
    let underWay = 0;
    for (const job of queued.values()) {
      const owed = within(this.#gaps, [job]);
      if (!this.#jobs.has(job.id) || owed.length === 0) await this.#withdraw(job, owed);
      else if (job.hasEnded) await this.#take(job, owed);
      else {
        underWay += job.delivered;
        if (job.failure !== undefined) this.#warnOnce(`A slice failed, and is tried again: ${job.failure}`);
      }
    }
    await this.#fill();
    const missing = [...this.#jobs.values()].filter((slice) => !queued.has(jobIdOf(slice)));
    if (missing.length > 0) await queue.add(missing, (slice) => this.#known(slice));
    this.#toldAway.clear();
    this.#workers = await queue.workers();
    const nowMs = this.context.clock.monotonic();
    if (this.#workers !== 0) this.#workerAtMs = nowMs;
    else if (nowMs - this.#workerAtMs > NO_WORKER_AFTER_MS) {
      this.#warnOnce("No worker is there. Start some, here or elsewhere: 'sekoia-module worker --queue ...'");
    }
    this.#tell(underWay);
  }

  /** What of a slice was delivered here before: a worker must not deliver it again. */
  #known({ fromMs, toMs }: Slice): LedgerEntries {
    return [...this.pipeline.state.ledger.entries(fromMs, toMs)];
  }

  /**
   * Takes a job out that nobody is to do, or not as it is: it is done, and was brought back by a Redis that has forgotten, or
   * others have read a part of it. What is known of the rest is taken over, so that the slices that are planned in its place
   * do not deliver it again.
   */
  async #withdraw(job: QueuedSlice, owed: readonly ClosedInterval[]): Promise<void> {
    const { queue } = this.options;
    // Before as well: of a job that is out, and Redis away then, nobody asks any more.
    await this.#takeOver(job, owed);
    // One that is anybody's by now is looked at again in the next turn: its documents are still written.
    if (!(await queue.withdraw(job.id))) return;
    await this.#takeOver(job, owed);
    await queue.forget(job.id);
    this.#jobs.delete(job.id);
  }

  /** Takes into the ledger what a job is known to have delivered of what is owed. */
  async #takeOver({ id }: QueuedSlice, owed: readonly ClosedInterval[]): Promise<void> {
    const { ledger } = this.pipeline.state;
    const entries = owed.length === 0 ? [] : await this.options.queue.known(id);
    const fresh = entries.filter((entry) => {
      const atMs = entry.bucket * MINUTE_MS + entry.place;
      return owed.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs) && !ledger.has(entry);
    });
    if (fresh.length > 0) await this.#persist({ entries: fresh, settled: undefined });
  }

  /** Takes a slice off what is owed, and its ids into the ledger, before Redis forgets it. */
  async #take(job: QueuedSlice, owed: readonly ClosedInterval[]): Promise<void> {
    const { queue } = this.options;
    const { ledger } = this.pipeline.state;
    const entries = await queue.result(job);
    if (entries === undefined) {
      this.#warnOnce(`The result of a slice is not whole, and the rest is done again: ${job.id}`);
      const slice = this.#jobs.get(job.id);
      await this.#withdraw(job, owed);
      if (slice !== undefined) this.#jobs.set(job.id, slice);
      return;
    }
    const fresh = entries.filter((entry) => !ledger.has(entry));
    const { fromMs, toMs } = job;
    await this.#persist({ entries: fresh, settled: { lane: 'backfill', fromMs, toMs } });
    const { delivered, read, slicesRead } = this.#progress;
    this.#progress = {
      ...this.#progress,
      slicesRead: slicesRead + 1,
      delivered: delivered + fresh.filter(({ isDeadLettered }) => !isDeadLettered).length,
      read: read + entries.length,
    };
    this.#jobs.delete(job.id);
    await queue.withdraw(job.id);
    await queue.forget(job.id);
  }

  /** Writes state, trying again until it can be written: until then nothing is taken, and nothing is lost. */
  async #persist(progress: Progress): Promise<void> {
    const { clock, random, stop } = this.context;
    let rest = progress;
    await retry(
      async () => {
        const now = rest;
        // The state takes progress in before it writes: a second try has nothing to add.
        rest = { entries: [], settled: undefined };
        await this.pipeline.state.commit(now);
      },
      {
        policy: { firstDelayMs: 1000, longestDelayMs: 10_000, deadlineMs: Infinity },
        ...{ clock, random, requested: stop.requested },
        onRetry: (failure) => this.pipeline.listener({ kind: 'retrying', side: 'state', ...failure }),
      },
    );
  }

  /** Plans some slices, where there is room for jobs: counting goes on while others are read. */
  async #fill(): Promise<void> {
    while (this.#jobs.size < MOST_JOBS) {
      const slice = await this.#next();
      if (slice === undefined) return;
      if (within(this.#gaps, [slice]).length > 0) this.#jobs.set(jobIdOf(slice), slice);
      // Workers need not wait for the counts of all the others.
      if (this.#fine.length === 0) return;
    }
  }

  async #next(): Promise<Slice | undefined> {
    const { source } = this.pipeline;
    const { requested } = this.context.stop;
    const planned = this.#fine.shift();
    if (planned !== undefined) return planned;
    const count = (range: ClosedInterval): Promise<number> => source.count(range, requested);
    if (this.#coarse.length === 0) {
      const fresh = outside(this.#gaps, [...this.#jobs.values()]);
      if (fresh.length === 0) return undefined;
      this.#coarse = this.#inOrder(await planSlices(fresh, count));
      this.#plan(this.#coarse);
    }
    const coarse = this.#coarse.shift();
    if (coarse === undefined) return undefined;
    const isSmall = coarse.events !== undefined && coarse.events <= JOB_EVENTS;
    this.#fine = isSmall ? [coarse] : this.#inOrder(await planSlices([coarse], count, { mostEvents: JOB_EVENTS }));
    return this.#fine.shift();
  }

  #inOrder(slices: readonly Slice[]): Slice[] {
    return inOrderOfReading(slices, this.pipeline.source.now() - this.options.retentionMs + DELETED_SOON_MS);
  }

  #plan(slices: readonly Slice[]): void {
    const { planned } = this.#progress;
    const events = eventsOf(slices);
    this.#progress = {
      ...this.#progress,
      planned: planned === undefined || events === undefined ? undefined : planned + events,
    };
  }

  #tell(underWay: number): void {
    const { slicesRead, read, ...rest } = this.#progress;
    const slices = slicesRead + this.#jobs.size + this.#fine.length + this.#coarse.length;
    this.options.onProgress({ ...rest, slices, slicesRead, read: read + underWay, workers: this.#workers });
  }

  #away(error: unknown): void {
    if (!(error instanceof ModuleError) || error.code === 'CONFIGURATION_INVALID' || !error.retryable) throw error;
    // Workers have to come back as well.
    this.#workerAtMs = this.context.clock.monotonic();
    // A Redis that is back, and takes no writes then, has to be told of as well.
    const what = `${error.code} ${error.advice ?? ''}`;
    if (this.#toldAway.has(what)) return;
    this.#toldAway.add(what);
    this.options.warn(`${error.message}. It is asked again until it answers; nothing is lost.`);
  }

  #warnOnce(text: string): void {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.options.warn(text);
  }
}

type LedgerEntries = ReturnType<Parameters<SliceQueue['add']>[1]>;
