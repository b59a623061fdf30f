import { eventsOf, inOrderOfReading, leftOf, planSlices, type Slice } from '../backfill/plan-slices.js';
import { Readers } from '../backfill/readers.js';
import { outside, within } from '../checkpoint/backfill-ranges.js';
import type { ClosedInterval } from '../checkpoint/owed-set.js';
import type { ReadingPace } from '../connector-parts.js';
import { isAbort, ModuleError } from '../errors.js';
import type { Batch } from '../pipeline/destination.js';
import type { PipelineEvent } from '../pipeline/pipeline-event.js';
import { Places } from '../pipeline/places.js';
import { type Pipeline, pumpWindow } from '../pipeline/pump.js';
import type { Source } from '../pipeline/source.js';
import { questionAbout } from '../reconciliation/reconciler.js';
import { formatTimestamp } from '../time/timestamp.js';
import type { TriggerContext } from '../trigger.js';
import { FailurePauses } from './failure-pauses.js';

/**
 * Of all slices: enough to fill the time in which others wait for a commit. The tail keeps its own four places. Where streams
 * share a process, each window has those that its place gives it.
 */
const PARALLEL_DELIVERIES = 12;
/** Where streams share a process, others wait behind these. */
const MOST_READERS_BESIDE_OTHERS = 4;
/** So long after a turn that left something, the next one begins. */
const TURN_AGAIN_MS = 5_000;
/** How long a run that is to end by itself goes on trying. */
const ONCE_PATIENCE_MS = 300_000;
/** What the source deletes within a day is read first. */
const DELETED_SOON_MS = 86_400_000;
/** How often the log is told how far it is. */
const TELL_EVERY_MS = 60_000;

/** How far a backfill is. */
export interface BackfillProgress {
  readonly slices: number;
  readonly slicesRead: number;
  /** About how many events were to be read at its begin; undefined where the source does not count. */
  readonly planned: number | undefined;
  /** Events that the source has shown so far, repeats included, but for those that have to be read again. */
  readonly read: number;
  readonly delivered: number;
}

export interface BackfillOptions {
  /** The source as it is read for a backlog. Default: as it is read for the tail. */
  readonly backlogSource?: Source;
  /** How long the source keeps events, milliseconds. */
  readonly retentionMs: number;
  /** No more slices are read at the same time than its requests allow. */
  readonly readingPace?: ReadingPace;
  /** What lies before is read elsewhere, on a data path of its own. Epoch milliseconds. Default: all is read here. */
  readonly fromMs?: number;
  /**
   * Whether both ends work, as far as the tail knows: while they do not, the backfill waits to be woken, so that trouble is
   * met and told by one. Default: they do.
   */
  readonly isWell?: () => boolean;
  /** Called whenever something was read, delivered or planned. */
  readonly onProgress?: (progress: BackfillProgress) => void;
  /** Called when all is read. */
  readonly onDone?: () => void;
}

/**
 * Reads, beside the tail and after it in every queue, the ranges that were given to a backfill: cut into slices, a few at
 * the same time, newest first (`inOrderOfReading`). Each slice is settled from its beginning on while its deliveries become
 * durable, so that a stop or a crash costs no more than what was under way.
 */
export class BackfillLane<B extends Batch> {
  readonly #pipeline: Pipeline<B>;
  readonly #failures: FailurePauses;
  #slices: readonly Slice[] = [];
  /** By the stopwatch; undefined while all goes well. */
  #failingSince: number | undefined;
  #wakeUp = new AbortController();
  #readers: Readers;
  readonly #deliveries = new Places(PARALLEL_DELIVERIES);
  readonly #progress = { slices: 0, slicesRead: 0, planned: 0 as number | undefined, read: 0, delivered: 0 };
  #toldAt: number;

  constructor(
    private readonly options: BackfillOptions,
    pipeline: Pipeline<B>,
    private readonly context: TriggerContext,
  ) {
    const { backlogSource: source = pipeline.source } = options;
    const listener = (event: PipelineEvent): void => {
      pipeline.listener(event);
      this.#hear(event);
    };
    this.#pipeline = { ...pipeline, source, listener };
    this.#failures = new FailurePauses('Backfilling', context, pipeline.listener);
    this.#toldAt = context.clock.monotonic();
    this.#readers = this.#newReaders();
  }

  /** Reads what there is to be read, and waits for more, until stopped. */
  async run(): Promise<void> {
    const { stop, clock } = this.context;
    const { requested } = stop;
    requested.addEventListener('abort', () => this.wake(), { once: true });
    while (!requested.aborted) {
      this.#wakeUp = new AbortController();
      const isWell = this.options.isWell?.() ?? true;
      const pauseMs = isWell ? await this.#turn() : undefined;
      if (pauseMs === undefined) await aborted(this.#wakeUp.signal);
      else await clock.sleep(pauseMs, requested);
    }
  }

  /** There may be more to be read, or both ends work again. */
  wake(): void {
    this.#wakeUp.abort();
  }

  /**
   * Reads all there is, trying again for some minutes where that may help.
   * @throws ModuleError the failure that did not pass; an AbortError after a stop
   */
  async untilDone(): Promise<void> {
    const { clock, stop } = this.context;
    for (;;) {
      const pauseMs = await this.#turn();
      if (pauseMs === undefined) return;
      await clock.sleep(pauseMs, stop.requested);
    }
  }

  /** @returns how long to pause before what is left is tried again, milliseconds; undefined where nothing is left */
  async #turn(): Promise<number | undefined> {
    const { stop, clock, log, once } = this.context;
    const startedAt = clock.monotonic();
    const owedMs = this.#owedMs();
    try {
      await this.#readAll();
      this.#failingSince = undefined;
      if (this.#failures.succeeded()) log.info('Backfilling again');
      return this.#owedMs() === 0 ? undefined : TURN_AGAIN_MS;
    } catch (error) {
      if (isAbort(error) && stop.requested.aborted) {
        if (once) throw error;
        return 0;
      }
      if (!(error instanceof ModuleError) || error.code === 'STATE_LOCKED') throw error;
      if (this.#owedMs() < owedMs) {
        this.#failingSince = undefined;
        this.#failures.progressed();
      }
      this.#failingSince ??= startedAt;
      if (once && (!error.retryable || clock.monotonic() - this.#failingSince > ONCE_PATIENCE_MS)) throw error;
      return this.#failures.failed(error);
    }
  }

  get #gaps(): readonly ClosedInterval[] {
    const { fromMs = -Infinity } = this.options;
    return within(this.#pipeline.state.backfillGaps, [{ fromMs, toMs: Infinity }]);
  }

  /** How much event time is left, milliseconds. */
  #owedMs(): number {
    return this.#gaps.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  }

  async #readAll(): Promise<void> {
    const { state, deadLetter } = this.#pipeline;
    if (this.#gaps.length === 0) return;
    const startedAt = this.context.clock.monotonic();
    const deliveredBefore = this.#progress.delivered;
    await deadLetter.ensureRoom();
    // What the source was like another day says little.
    this.#readers = this.#newReaders();
    const slices = await this.#plan();
    await this.#readSlices(inOrderOfReading(slices, this.#deletedSoonBeforeMs()));
    if (this.#gaps.length > 0) return;
    // The hours that were waiting for the last slice are closed.
    await state.commit({ entries: [], settled: undefined });
    const seconds = Math.ceil((this.context.clock.monotonic() - startedAt) / 1000);
    const events = this.#progress.delivered - deliveredBefore;
    this.context.log.info(`The backfill is complete: ${events} events delivered in ${seconds} s`);
    this.#slices = [];
    this.options.onDone?.();
  }

  /** What was planned before and is still owed, and slices of what is new. */
  async #plan(): Promise<readonly Slice[]> {
    const { source } = this.#pipeline;
    const { log, stop } = this.context;
    const gaps = this.#gaps;
    const fresh = outside(gaps, this.#slices);
    if (fresh.length > 0) {
      const slices = await planSlices(
        fresh,
        this.#readers.timed((range) => source.count(range, stop.requested)),
        { atOnce: () => this.#readers.wanted },
      );
      this.#slices = [...leftOf(this.#slices, gaps), ...slices].sort((a, b) => a.fromMs - b.fromMs);
      const events = eventsOf(slices);
      const { slices: before, planned } = this.#progress;
      this.#change({
        slices: before + slices.length,
        planned: events === undefined || planned === undefined ? undefined : planned + events,
      });
      const number = events === undefined ? 'an unknown number of' : `about ${events}`;
      log.info(
        `Backfilling ${rangesInWords(fresh)}: ${number} events in ${slicesInWords(slices.length)}, newest first, beside what happens now`,
      );
    }
    return leftOf(this.#slices, this.#gaps);
  }

  #newReaders(): Readers {
    const { readingPace } = this.options;
    return new Readers(this.context.clock, {
      ...(readingPace && { pace: readingPace }),
      ...(this.#pipeline.places && { most: MOST_READERS_BESIDE_OTHERS }),
    });
  }

  /** What the source is about to delete. */
  #deletedSoonBeforeMs(): number {
    return this.#pipeline.source.now() - this.options.retentionMs + DELETED_SOON_MS;
  }

  async #readSlices(slices: readonly Slice[]): Promise<void> {
    const queue = [...slices];
    let failure: unknown;
    let reading = 0;
    const work = async (): Promise<void> => {
      reading += 1;
      for (let slice = queue.shift(); slice !== undefined; slice = queue.shift()) {
        await this.#readSlice(slice, beginMore).catch((error: unknown) => (failure ??= error));
        if (failure !== undefined || reading > this.#readers.wanted) break;
      }
      reading -= 1;
    };
    const all: Promise<void>[] = [];
    const beginMore = (): void => {
      while (reading < this.#readers.wanted && queue.length > 0 && failure === undefined) all.push(work());
    };
    beginMore();
    // More may begin while one of them reads.
    for (const each of all) await each;
    // The first one; what was thrown here is an error.
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    if (failure !== undefined) throw failure;
  }

  /**
   * Asks for a little more on either side: whether bounds include their own instant is not known.
   * @param onTold called when it has shown how quick the source is
   */
  async #readSlice({ fromMs, toMs }: Slice, onTold: () => void): Promise<void> {
    const claim = { fromMs, toMs: Math.min(toMs, this.#pipeline.source.now()) };
    // Where the source's clock is behind what it was before: later, then.
    if (claim.toMs <= fromMs) return;
    const { listener, places } = this.#pipeline;
    const errand = {
      window: questionAbout(claim),
      claim,
      lane: 'backfill',
      ...(this.options.fromMs !== undefined && { share: { fromMs, toMs } }),
      parallelDeliveries: PARALLEL_DELIVERIES,
      ...(places === undefined && { sharedDeliveries: this.#deliveries }),
      lateBeforeMs: -Infinity,
    } as const;
    // A slice that waits for a place among those of other streams says nothing of the source.
    const told = places === undefined ? this.#readers.begin() : undefined;
    let undelivered = 0;
    const pipeline: Pipeline<B> = {
      ...this.#pipeline,
      listener: (event) => {
        if (event.kind === 'read' && told?.(event.events) === true) onTold();
        if (event.kind === 'read') undelivered += event.events - event.repeated;
        else if (event.kind === 'delivered') undelivered -= event.events;
        listener(event);
      },
    };
    try {
      const { isComplete } = await pumpWindow(errand, pipeline);
      if (isComplete) this.#change({ slicesRead: this.#progress.slicesRead + 1 });
    } catch (error) {
      // It is read again. Of a page under way something may be delivered before the page is told of.
      this.#change({ read: this.#progress.read - Math.max(0, undelivered) });
      throw error;
    }
  }

  #hear(event: PipelineEvent): void {
    const { read, delivered } = this.#progress;
    if (event.kind === 'read') this.#change({ read: read + event.events });
    else if (event.kind === 'delivered') this.#change({ delivered: delivered + event.events });
    else return;
    const { clock, log } = this.context;
    if (clock.monotonic() - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = clock.monotonic();
    const { planned, slices, slicesRead } = this.#progress;
    const of = planned === undefined ? '' : ` of about ${planned}`;
    log.info(`Backfilling: ${this.#progress.read}${of} events read, ${slicesRead} of ${slicesInWords(slices)}`);
  }

  #change(change: Partial<BackfillProgress>): void {
    Object.assign(this.#progress, change);
    this.options.onProgress?.({ ...this.#progress });
  }
}

function rangesInWords(ranges: readonly ClosedInterval[]): string {
  return ranges.map(({ fromMs, toMs }) => `${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)}`).join(', ');
}

/** Resolves when the signal aborts. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

function slicesInWords(count: number): string {
  return count === 1 ? '1 slice' : `${count} slices`;
}
