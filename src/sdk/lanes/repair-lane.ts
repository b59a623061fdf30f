import type { ClosedInterval } from '../checkpoint/owed-set.js';
import { isAbort, ModuleError } from '../errors.js';
import type { Batch } from '../pipeline/destination.js';
import type { PipelineEvent } from '../pipeline/pipeline-event.js';
import type { Places } from '../pipeline/places.js';
import { type Pipeline, pumpWindow, type Pumped } from '../pipeline/pump.js';
import type { Window } from '../pipeline/source.js';
import { type Repaired, repairRange } from '../reconciliation/repair.js';
import { CountRefused, questionAbout, Reconciler } from '../reconciliation/reconciler.js';
import { formatDuration } from '../time/duration.js';
import { formatTimestamp } from '../time/timestamp.js';
import type { TriggerContext } from '../trigger.js';
import { FailurePauses } from './failure-pauses.js';

/** Few, so that the tail keeps most of the way to the destination for itself. */
const PARALLEL_DELIVERIES = 1;
/** What is read again at each interval where counts cannot be had. */
const LOOK_BACK_MS = 3_600_000;
/** How often it is tried whether counts can be had again. */
const COUNT_AGAIN_MS = 3_600_000;
/** Passes in a row that read ranges again, found nothing missing and yet no agreement: such counts are worth nothing. */
const USELESS_PASSES = 3;
/** A gap that could not be read to its end is tried again so soon, however seldom counts are compared. */
const GAPS_AGAIN_MS = 60_000;
/** No gap is read in longer pieces: after a failure, a piece is what is read again. */
const LONGEST_PIECE_MS = 86_400_000;

export interface RepairOptions {
  readonly reconcileEveryMs: number;
  /** Places that its batches share with others. */
  readonly sharedDeliveries?: Places;
}

/**
 * Works beside the tail: reads the gaps that are owed, and finds new ones by comparing counts, at every interval and
 * whenever it is woken. Where the source does not count, it reads the last hour again instead.
 */
export class RepairLane<B extends Batch> {
  readonly #reconciler: Reconciler;
  readonly #failures: FailurePauses;
  #uselessPasses = 0;
  /** While counts are not asked for: until when, on the monotonic clock. */
  #countAgainAt: number | undefined;
  #wakeUp = new AbortController();

  constructor(
    private readonly options: RepairOptions,
    private readonly pipeline: Pipeline<B>,
    private readonly context: TriggerContext,
  ) {
    const { source, state } = pipeline;
    const { clock, log } = context;
    const readGap = (window: Window): Promise<Pumped> => this.#readGap(window);
    const { reconcileEveryMs } = options;
    this.#reconciler = new Reconciler({ source, state, clock, log, readGap, reconcileEveryMs });
    this.#failures = new FailurePauses('Looking for missing events', context, pipeline.listener);
  }

  /** Goes on until stopped. */
  async run(): Promise<void> {
    const { stop, clock } = this.context;
    stop.requested.addEventListener('abort', () => this.wake(), { once: true });
    while (!stop.requested.aborted) {
      this.#wakeUp = new AbortController();
      const pauseMs = await this.#turn();
      await clock.sleep(pauseMs, this.#wakeUp.signal);
    }
  }

  /** Reconciles soon, whatever the interval says. */
  wake(): void {
    this.#wakeUp.abort();
  }

  /**
   * Reads everything that is owed before the tail and compares counts, once.
   * @throws ModuleError where a gap cannot be read, or state cannot be written
   */
  async pass(): Promise<void> {
    const { stop } = this.context;
    await this.pipeline.deadLetter.ensureRoom();
    await this.#readGaps();
    if (this.#countAgainAt === undefined || this.#countAgainAt <= this.context.clock.monotonic()) {
      await this.#reconcile(stop.requested);
    } else {
      await this.#lookBack();
    }
    await this.pipeline.state.commit({ entries: [], settled: undefined });
  }

  /**
   * Fetches what the source holds in a range and nobody accounts for, and makes the outcome durable.
   * @param mayRepeat whether hours may be fetched whose ids are forgotten, which delivers all of their events again
   */
  async repair(range: ClosedInterval, mayRepeat: boolean): Promise<Repaired> {
    const { state, source } = this.pipeline;
    const { requested } = this.context.stop;
    const readGap = (window: Window): Promise<Pumped> => this.#readGap(window);
    await this.#readGaps();
    const options = { state, source, reconciler: this.#reconciler, readGap, mayRepeat };
    const repaired = await repairRange(range, options, requested);
    await state.commit({ entries: [], settled: undefined });
    return repaired;
  }

  /** @returns how long to pause, milliseconds */
  async #turn(): Promise<number> {
    const { stop, log } = this.context;
    try {
      await this.pass();
      if (this.#failures.succeeded()) log.info('Comparing with the source again');
      const { reconcileEveryMs } = this.options;
      return this.pipeline.state.repairGaps.length === 0 ? reconcileEveryMs : Math.min(reconcileEveryMs, GAPS_AGAIN_MS);
    } catch (error) {
      if (isAbort(error) && stop.requested.aborted) return 0;
      if (!(error instanceof ModuleError) || error.code === 'STATE_LOCKED') throw error;
      return this.#failures.failed(error);
    }
  }

  async #readGaps(): Promise<void> {
    const { state, source } = this.pipeline;
    for (let gap = state.repairGaps[0]; gap !== undefined; gap = state.repairGaps[0]) {
      const toMs = Math.min(gap.toMs, gap.fromMs + LONGEST_PIECE_MS, source.now());
      if (toMs <= gap.fromMs) return;
      const claim = { fromMs: gap.fromMs, toMs };
      // The rest of one begins at an event that was not delivered, and a bound may leave out its own instant.
      const { isComplete } = await this.#readGap(questionAbout(claim), claim);
      // Nothing was settled where the source's clock is behind what it was before: later, then.
      if (!isComplete || state.repairGaps[0]?.fromMs === gap.fromMs) return;
    }
  }

  /** @param claim what of the window may be settled */
  async #readGap(window: Window, claim = window): Promise<Pumped> {
    const { log } = this.context;
    const { sharedDeliveries } = this.options;
    // Late is what was not there when all of its time had agreed; of what is read again for other reasons nothing is known.
    const lateBeforeMs = this.pipeline.state.checkpoint.agreed?.toMs ?? -Infinity;
    const pumped = await pumpWindow(
      {
        ...{ window, claim, lane: 'gap', parallelDeliveries: PARALLEL_DELIVERIES, lateBeforeMs },
        ...(sharedDeliveries && { sharedDeliveries }),
      },
      this.pipeline,
    );
    const range = `from ${formatTimestamp(claim.fromMs)} to ${formatTimestamp(claim.toMs)}`;
    if (pumped.events > 0) log.info(`Delivered ${pumped.events} events that were missing ${range}`);
    return pumped;
  }

  async #reconcile(signal: AbortSignal): Promise<void> {
    const { state } = this.pipeline;
    const edgeMs = state.owed.tailFromMs;
    const wasRefused = this.#countAgainAt !== undefined;
    try {
      const { mended, delivered, agreed, reachesTail } = await this.#reconciler.pass(signal);
      if (agreed && reachesTail) this.#tellCompared(mended > 0 ? 'mended' : 'agreed');
      else this.#tellCompared(mended > 0 && !agreed ? 'differed' : 'impossible');
      this.#uselessPasses = mended > 0 && delivered === 0 && !agreed ? this.#uselessPasses + 1 : 0;
    } catch (error) {
      if (error instanceof CountRefused) this.#tellCompared('refused');
      // A source that goes on showing events, yet does not count them.
      const isCountRefused =
        error instanceof CountRefused && (!error.retryable || this.context.once || state.owed.tailFromMs !== edgeMs);
      if (!isCountRefused) throw error;
      await this.#giveUpCounting(error.message, wasRefused, error.code === 'SOURCE_CANNOT_COUNT');
      return;
    }
    if (this.#uselessPasses >= USELESS_PASSES) {
      await this.#giveUpCounting('its counts do not agree with what it shows', wasRefused);
      return;
    }
    this.#countAgainAt = undefined;
    state.trustCounts();
    if (wasRefused) this.context.log.info('The source counts again: its counts are compared as before');
  }

  #tellCompared(result: Extract<PipelineEvent, { kind: 'compared' }>['result']): void {
    this.pipeline.listener({ kind: 'compared', result });
  }

  /** @param isForEver it is in the nature of the source: nobody has to be warned of it */
  async #giveUpCounting(reason: string, isKnown: boolean, isForEver = false): Promise<void> {
    const { clock, log } = this.context;
    this.#countAgainAt = clock.monotonic() + COUNT_AGAIN_MS;
    this.pipeline.state.doubtCounts(reason, this.pipeline.source.now());
    // Where this fails too, it is not about counting.
    await this.#lookBack();
    if (isKnown) return;
    const [back, every] = [formatDuration(LOOK_BACK_MS), formatDuration(this.options.reconcileEveryMs)];
    log[isForEver ? 'info' : 'warning'](
      `Events cannot be proven complete by counts: ${reason}. Instead, the last ${back} is read again every ${every}: ` +
        'events that become visible later than that are not found',
    );
  }

  async #lookBack(): Promise<void> {
    const { state } = this.pipeline;
    const toMs = state.owed.tailFromMs ?? 0;
    state.owe({ fromMs: Math.max(state.steadyFromMs, toMs - LOOK_BACK_MS), toMs });
    await state.commit({ entries: [], settled: undefined });
    await this.#readGaps();
  }
}
