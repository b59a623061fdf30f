import type { OwedSet } from '../checkpoint/owed-set.js';
import { isAbort, ModuleError } from '../errors.js';
import { backoffMs } from '../http/backoff.js';
import { REACH_MS } from '../ledger/border.js';
import type { Batch } from '../pipeline/destination.js';
import { type LookBackOptions, planWindow } from '../pipeline/planner.js';
import { type Pipeline, pumpWindow } from '../pipeline/pump.js';
import { formatTimestamp } from '../time/timestamp.js';
import type { TriggerContext } from '../trigger.js';
import { FailureReport } from './failure-report.js';

const PARALLEL_DELIVERIES = 4;
/** After a failure of a cycle. The sides have their own, shorter waits inside a cycle. */
const CYCLE_BACKOFF = { firstDelayMs: 1000, longestDelayMs: 60_000, deadlineMs: Infinity };
/** After a refusal that only an operator can mend: often enough to notice the mending, too seldom to hammer. */
const REFUSAL_PAUSE_MS = 120_000;
/** Sources delete by the hour or day: a position only a little older than the retention is not worth an alarm. */
const RETENTION_TOLERANCE_MS = 3_600_000;
/** A position further ahead of the source's clock than this is a mistake, not a difference of clocks. */
const FUTURE_TOLERANCE_MS = 60_000;
/** Things that pass by themselves are not an error before they have failed so many cycles in a row. */
const ERROR_AFTER_FAILURES = 3;
/** How long a run that is to end by itself goes on trying. */
const ONCE_PATIENCE_MS = 300_000;
/** A tail that is behind by more cycles than this tells how far we are behind, not how late the source's events are. */
const LIVE_CYCLES = 3;
/**
 * A tail that is further behind than this, and than a few cycles, leaves what is old to the backfill. An hour of it is as a
 * rule read within seconds: less is not worth the cut.
 */
const FAR_BEHIND_MS = 3_600_000;
/** How near to now the tail goes on then. */
const FRESH_MS = 300_000;

export interface TailOptions extends LookBackOptions {
  readonly frequencyMs: number;
  /** How long the source keeps events, milliseconds. */
  readonly retentionMs: number;
  /** Called when collection goes on after a trouble. */
  readonly onRecovery: () => void;
  /** Called after each cycle that succeeded. */
  readonly onSuccess: () => void;
}

/** Reads the open end of what is owed: at every `frequencyMs`, everything up to the source's now. */
export class TailLane<B extends Batch> {
  readonly #report: FailureReport;
  /** Cycles that failed one after the other without moving the position. */
  #failures = 0;
  #failingSince = 0;
  isCaughtUp = false;
  /** Whether the last cycle succeeded: both ends work. */
  isWell = false;

  constructor(
    private readonly options: TailOptions,
    private readonly pipeline: Pipeline<B>,
    private readonly context: TriggerContext,
  ) {
    this.#report = new FailureReport(context.log, context.clock);
  }

  /**
   * Goes on until stopped; with `once`, until everything up to now was read.
   * @throws ModuleError with `once`: the failure of a cycle that trying again has not mended
   */
  async run(): Promise<void> {
    const { stop, clock, once } = this.context;
    while (!stop.requested.aborted) {
      const pauseMs = await this.#cycle();
      if (once && this.isCaughtUp) return;
      await clock.sleep(pauseMs, stop.requested);
    }
  }

  /** Reads and delivers what is owed, or the first part of it. @returns how long to pause, milliseconds */
  async #cycle(): Promise<number> {
    const { clock, stop, log } = this.context;
    const { state } = this.pipeline;
    const startedAt = clock.monotonic();
    const edgeMs = state.owed.tailFromMs;
    try {
      this.isCaughtUp = await this.#collect();
      this.#failures = 0;
      this.isWell = true;
      if (this.#report.clear()) {
        log.info('Collecting again');
        this.options.onRecovery();
      }
      this.options.onSuccess();
      return this.isCaughtUp ? Math.max(0, this.options.frequencyMs - (clock.monotonic() - startedAt)) : 0;
    } catch (error) {
      if (isAbort(error) && stop.requested.aborted) return 0;
      if (!(error instanceof ModuleError)) throw error;
      this.isWell = false;
      if (this.#failures === 0 || state.owed.tailFromMs !== edgeMs)
        [this.#failures, this.#failingSince] = [0, startedAt];
      this.#failures += 1;
      if (this.#mustGiveUp(error)) throw error;
      return this.#pauseAfter(error);
    }
  }

  /**
   * Where another process has taken over the state, ours is outdated for good. Whoever runs it once wants an end: at a
   * refusal, or when trying again has not helped for some minutes.
   */
  #mustGiveUp(error: ModuleError): boolean {
    if (error.code === 'STATE_LOCKED') return true;
    const failingForMs = this.context.clock.monotonic() - this.#failingSince;
    return this.context.once && (!error.retryable || failingForMs > ONCE_PATIENCE_MS);
  }

  /** @returns true where nothing more can be read for now */
  async #collect(): Promise<boolean> {
    const { source, listener, state, clock, deadLetter } = this.pipeline;
    // What was refused would be refused again: nothing is sent until it can be kept.
    await deadLetter.ensureRoom();
    await this.#giveUpWhatIsGone();
    await this.#leaveWhatIsOld();
    const window = planWindow(state, source.now(), this.options);
    if (window === undefined) {
      if (await this.#mendFuturePosition()) return false;
      listener({ kind: 'waiting', delayMs: this.options.frequencyMs });
      return true;
    }
    const startedAt = clock.monotonic();
    // Whether the source's bounds include their own instant is not known, and nothing was read that ends there.
    const isFirst = window.fromMs <= state.checkpoint.collectedFromMs;
    const { events, isComplete } = await pumpWindow(
      {
        window: { fromMs: isFirst ? window.fromMs - REACH_MS : window.fromMs, toMs: window.toMs },
        claim: window,
        lane: 'tail',
        parallelDeliveries: PARALLEL_DELIVERIES,
        lateBeforeMs: window.edgeMs,
        looksBack: window.looksBack,
        isLive: window.toMs - window.edgeMs <= LIVE_CYCLES * this.options.frequencyMs,
      },
      this.pipeline,
    );
    const toMs = state.owed.tailFromMs ?? window.toMs;
    listener({ kind: 'caught-up', toMs, events, durationMs: clock.monotonic() - startedAt });
    return window.reachesNow && isComplete;
  }

  /**
   * Far behind, fresh events must not wait for old ones: these become a gap that the backfill reads, and the tail goes on
   * near now. Only up to what the source says itself that its clock shows: beyond it nothing could be read.
   */
  async #leaveWhatIsOld(): Promise<void> {
    const { source, state } = this.pipeline;
    const { frequencyMs, overlapMs } = this.options;
    const edgeMs = state.owed.tailFromMs;
    const isFar = (nowMs: number): boolean =>
      edgeMs !== undefined && nowMs - edgeMs > Math.max(FAR_BEHIND_MS, LIVE_CYCLES * frequencyMs);
    if (!isFar(source.now())) return;
    const theirsMs = await source.learnTime(this.context.stop.requested);
    if (theirsMs === undefined || !isFar(theirsMs)) return;
    state.leaveToBackfill(theirsMs - FRESH_MS, overlapMs);
    await state.commit({ entries: [], settled: undefined });
  }

  /**
   * Nothing can be asked for yet: either so it is, or we are wrong about the source's time, or the position lies ahead of
   * it, as one set by hand or written by another connector with a wrong clock may; that would leave out all until then.
   * @returns true where there is something to read now
   */
  async #mendFuturePosition(): Promise<boolean> {
    const { clock, log, stop } = this.context;
    const { source, state } = this.pipeline;
    const theirsMs = await source.learnTime(stop.requested);
    const fromMs = state.owed.tailFromMs ?? -Infinity;
    if (theirsMs === undefined || fromMs <= theirsMs + FUTURE_TOLERANCE_MS) return false;
    log.warning(`The position ${formatTimestamp(fromMs)} lies in the future: collecting from now on instead`);
    state.owe({ fromMs: Math.min(clock.now(), theirsMs), toMs: undefined });
    return true;
  }

  /** What the source has deleted is given up, loudly; only where both clocks say that it has. */
  async #giveUpWhatIsGone(): Promise<void> {
    const { log, clock, stop } = this.context;
    const { source, state } = this.pipeline;
    const { retentionMs } = this.options;
    const isGone = (nowMs: number): boolean =>
      (state.owed.fromMs ?? Infinity) < nowMs - retentionMs - RETENTION_TOLERANCE_MS;
    if (!isGone(clock.now())) return;
    const theirsMs = await source.learnTime(stop.requested);
    if (theirsMs === undefined || !isGone(theirsMs)) return;
    const keptFromMs = Math.min(theirsMs, clock.now()) - retentionMs;
    for (const { fromMs, toMs } of state.giveUpBefore(keptFromMs)) {
      const range = `${formatTimestamp(fromMs)} to ${formatTimestamp(toMs ?? keptFromMs)}`;
      log.error(`Events from ${range} cannot be had any more: the source keeps them for a limited time only`);
    }
  }

  #pauseAfter(error: ModuleError): number {
    const pauseMs =
      error.retryable || isSuspicion(error)
        ? Math.max(backoffMs(CYCLE_BACKOFF, this.#failures, this.context.random), error.retryAfterMs ?? 0)
        : REFUSAL_PAUSE_MS;
    const text = [error.message.replace(/\.?$/, '.'), error.advice ?? ''].join(' ').trim();
    const fields = { code: error.code, owed: describeOwed(this.pipeline.state.owed) };
    this.#report.tell(error, `${text} Next try in ${Math.round(pauseMs / 1000)} s`, {
      level: this.#levelOf(error),
      fields,
    });
    this.pipeline.listener({ kind: 'cycle-failed', error, delayMs: pauseMs });
    return pauseMs;
  }

  #levelOf(error: ModuleError): 'warning' | 'error' | 'critical' {
    if (!error.retryable && !isSuspicion(error)) return 'critical';
    return this.#failures < ERROR_AFTER_FAILURES ? 'warning' : 'error';
  }
}

/** One or two refused events may be at fault themselves: that is no reason to stop the connector. */
function isSuspicion({ code }: ModuleError): boolean {
  return code === 'DESTINATION_REFUSES_EVENT';
}

/** What is owed, in words. */
export function describeOwed(owed: OwedSet): string {
  const ranges = owed.intervals.map(({ fromMs, toMs }) =>
    toMs === undefined
      ? `from ${formatTimestamp(fromMs)} on`
      : `${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)}`,
  );
  return ranges.length === 0 ? 'nothing' : ranges.join(', ');
}
