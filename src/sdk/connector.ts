import { DeliveryState, type Resumption } from './checkpoint/delivery-state.js';
import { DeadLetter } from './dead-letter/dead-letter.js';
import { isAbort, ModuleError } from './errors.js';
import { backoffMs } from './http/backoff.js';
import type { Log } from './observability/log.js';
import type { Batch, Destination } from './pipeline/destination.js';
import type { PipelineListener } from './pipeline/pipeline-event.js';
import { planWindow } from './pipeline/planner.js';
import { pumpWindow } from './pipeline/pump.js';
import type { Source } from './pipeline/source.js';
import type { OwedSet } from './checkpoint/owed-set.js';
import { formatTimestamp } from './time/timestamp.js';
import type { TriggerContext } from './trigger.js';

const PARALLEL_DELIVERIES = 4;
/** After a failure of a cycle. The sides have their own, shorter waits inside a cycle. */
const CYCLE_BACKOFF = { firstDelayMs: 1000, longestDelayMs: 60_000, deadlineMs: Infinity };
/** After a refusal that only an operator can mend: often enough to notice the mending, too seldom to hammer. */
const REFUSAL_PAUSE_MS = 120_000;
/** Sources delete by the hour or day: a position only a little older than the retention is not worth an alarm. */
const RETENTION_TOLERANCE_MS = 3_600_000;
/** A position further ahead of the source's clock than this is a mistake, not a difference of clocks. */
const FUTURE_TOLERANCE_MS = 60_000;
/** Smaller differences of the clocks are not worth a word. */
const CLOCK_TOLERANCE_MS = 2_000;
/** Things that pass by themselves are not an error before they have failed so many cycles in a row. */
const ERROR_AFTER_FAILURES = 3;
/** A trouble that lasts is told again so often. */
const REPORT_AGAIN_MS = 3_600_000;
/** How long a run that is to end by itself goes on trying. */
const ONCE_PATIENCE_MS = 300_000;
/** Ids are kept a little longer than the look-back reaches, for positions that are moved a little. */
const LEDGER_MARGIN_MS = 120_000;

/** What a connector is made of: its two ends, and its pace. */
export interface ConnectorParts<B extends Batch> {
  readonly source: Source;
  readonly destination: Destination<B>;
  /** What both ends and the pump report to. */
  readonly listener: PipelineListener;
  /** What is read, in words: services, organization. The operator is told when it changed between runs. */
  readonly stream: string;
  /** Where to begin on the first start, epoch milliseconds. */
  readonly startFromMs: number;
  /** True where that was told as a time before now. */
  readonly startIsRelative?: boolean;
  readonly frequencyMs: number;
  readonly overlapMs: number;
  /** How long ids are remembered and counts compared, milliseconds of event time. */
  readonly settlingHorizonMs: number;
  readonly reconcileEveryMs: number;
  /** How long the source keeps events, milliseconds. */
  readonly retentionMs: number;
  /** What the dead letter may take, bytes. No limit where it is not given. */
  readonly deadLetterLimitBytes?: number;
}

/**
 * Collects until stopped: at every `frequencyMs`, reads what is owed up to now and delivers it. With `once`, until it
 * has caught up.
 *
 * A cycle that fails leaves the position where it was committed, is reported once, and is begun again after a pause.
 * @throws ModuleError STATE_CORRUPT or STATE_UNAVAILABLE at the start; with `once`, the failure of a cycle
 */
export async function runConnector<B extends Batch>(parts: ConnectorParts<B>, context: TriggerContext): Promise<void> {
  const { storage, log, stop, clock, once } = context;
  const state = await DeliveryState.open({
    storage,
    startFromMs: () => startFrom(parts, context),
    keepMs: parts.overlapMs + LEDGER_MARGIN_MS,
    stream: parts.stream,
  });
  // A position that somebody else wrote may have been written by a wrong clock: then it matters that ours is right.
  if (state.resumption.kind === 'taken-over') await parts.source.learnTime(stop.requested);
  // Durable at once: a first start that is interrupted begins at the same instant when it is begun again.
  await state.commit({ keys: [], settled: undefined });
  tellStart(state.resumption, state.owed, parts.stream, log);
  const connector = new Connector(parts, context, state);
  while (!stop.requested.aborted) {
    const pauseMs = await connector.cycle();
    if (once && connector.isCaughtUp) break;
    await clock.sleep(pauseMs, stop.requested);
  }
  log.info(`Stopped, owed: ${describeOwed(state.owed)}`);
}

/** A start that was told as a time before now is counted from the source's now, which may differ from ours. */
async function startFrom<B extends Batch>(
  { source, startFromMs, startIsRelative }: ConnectorParts<B>,
  { clock, stop }: TriggerContext,
): Promise<number> {
  if (startIsRelative !== true) return startFromMs;
  await source.learnTime(stop.requested);
  const offsetMs = source.now() - clock.now();
  return Math.abs(offsetMs) > CLOCK_TOLERANCE_MS ? startFromMs + offsetMs : startFromMs;
}

class Connector<B extends Batch> {
  readonly #deadLetter: DeadLetter;
  /** Cycles that failed one after the other without moving the position. */
  #failures = 0;
  #failingSince = 0;
  /** What was reported last, and when, until a cycle succeeds. */
  #reported: { readonly text: string; readonly atMs: number } | undefined;
  isCaughtUp = false;

  constructor(
    private readonly parts: ConnectorParts<B>,
    private readonly context: TriggerContext,
    private readonly state: DeliveryState,
  ) {
    const { deadLetterLimitBytes: limitBytes, listener } = parts;
    this.#deadLetter = new DeadLetter(context.storage, context.clock, {
      ...(limitBytes !== undefined && { limitBytes }),
      listener,
    });
  }

  /** Reads and delivers what is owed, or the first part of it. @returns how long to pause, milliseconds */
  async cycle(): Promise<number> {
    const { clock, stop, log } = this.context;
    const startedAt = clock.monotonic();
    const owedFromMs = this.state.owed.fromMs;
    try {
      this.isCaughtUp = await this.#collect();
      this.#failures = 0;
      if (this.#reported !== undefined) log.info('Collecting again');
      this.#reported = undefined;
      return this.isCaughtUp ? Math.max(0, this.parts.frequencyMs - (clock.monotonic() - startedAt)) : 0;
    } catch (error) {
      if (isAbort(error) && stop.requested.aborted) return 0;
      if (!(error instanceof ModuleError)) throw error;
      if (this.#failures === 0 || this.state.owed.fromMs !== owedFromMs) {
        [this.#failures, this.#failingSince] = [0, startedAt];
      }
      this.#failures += 1;
      if (this.#mustGiveUp(error)) throw error;
      return this.#pauseAfter(error);
    }
  }

  /** Whoever runs it once wants an end: at a refusal, or when trying again has not helped for some minutes. */
  #mustGiveUp(error: ModuleError): boolean {
    const failingForMs = this.context.clock.monotonic() - this.#failingSince;
    return this.context.once && (!error.retryable || failingForMs > ONCE_PATIENCE_MS);
  }

  /** @returns true where nothing more can be read for now */
  async #collect(): Promise<boolean> {
    const { source, listener, overlapMs } = this.parts;
    const { clock, random, stop } = this.context;
    // What was refused would be refused again: nothing is sent until it can be kept.
    await this.#deadLetter.ensureRoom();
    await this.#giveUpWhatIsGone();
    const window = planWindow(this.state, source.now(), overlapMs);
    if (window === undefined) {
      return !(await this.#mendFuturePosition());
    }
    const startedAt = clock.monotonic();
    const events = await pumpWindow(window, {
      source,
      destination: this.parts.destination,
      state: this.state,
      deadLetter: this.#deadLetter,
      clock,
      random,
      stop,
      listener,
      parallelDeliveries: PARALLEL_DELIVERIES,
    });
    const toMs = this.state.owed.fromMs ?? window.toMs;
    listener({ kind: 'caught-up', toMs, events, durationMs: clock.monotonic() - startedAt });
    return window.reachesNow;
  }

  /**
   * Nothing can be asked for yet: either so it is, or we are wrong about the source's time, or the position lies ahead of
   * it, as one set by hand or written by another connector with a wrong clock may; that would leave out all until then.
   * @returns true where there is something to read now
   */
  async #mendFuturePosition(): Promise<boolean> {
    const { clock, log, stop } = this.context;
    const theirsMs = await this.parts.source.learnTime(stop.requested);
    const fromMs = this.state.owed.fromMs ?? -Infinity;
    if (theirsMs === undefined || fromMs <= theirsMs + FUTURE_TOLERANCE_MS) return false;
    log.warning(`The position ${formatTimestamp(fromMs)} lies in the future: collecting from now on instead`);
    this.state.owe({ fromMs: Math.min(clock.now(), theirsMs), toMs: undefined });
    return true;
  }

  /** What the source has deleted is given up, loudly; only where both clocks say that it has. */
  async #giveUpWhatIsGone(): Promise<void> {
    const { source, retentionMs } = this.parts;
    const { log, clock, stop } = this.context;
    const isGone = (nowMs: number): boolean =>
      (this.state.owed.fromMs ?? Infinity) < nowMs - retentionMs - RETENTION_TOLERANCE_MS;
    if (!isGone(clock.now())) return;
    const theirsMs = await source.learnTime(stop.requested);
    if (theirsMs === undefined || !isGone(theirsMs)) return;
    const keptFromMs = Math.min(theirsMs, clock.now()) - retentionMs;
    for (const { fromMs, toMs } of this.state.giveUpBefore(keptFromMs)) {
      const range = `${formatTimestamp(fromMs)} to ${formatTimestamp(toMs ?? keptFromMs)}`;
      log.error(`Events from ${range} cannot be had any more: the source keeps them for a limited time only`);
    }
  }

  #pauseAfter(error: ModuleError): number {
    const { random } = this.context;
    const pauseMs =
      error.retryable || isSuspicion(error)
        ? Math.max(backoffMs(CYCLE_BACKOFF, this.#failures, random), error.retryAfterMs ?? 0)
        : REFUSAL_PAUSE_MS;
    this.#report(error, pauseMs);
    this.parts.listener({ kind: 'cycle-failed', error, delayMs: pauseMs });
    return pauseMs;
  }

  /** Tells each trouble once, and again only after an hour. */
  #report(error: ModuleError, pauseMs: number): void {
    const { log, clock } = this.context;
    const text = [error.message.replace(/\.?$/, '.'), error.advice ?? ''].join(' ').trim();
    const line = `${text} Next try in ${Math.round(pauseMs / 1000)} s`;
    const fields = { code: error.code, owed: describeOwed(this.state.owed) };
    const level = this.#levelOf(error);
    const isNews = this.#reported?.text !== `${level} ${error.code}`;
    if (!isNews && clock.monotonic() - (this.#reported?.atMs ?? 0) < REPORT_AGAIN_MS) {
      log.debug(line, fields);
      return;
    }
    this.#reported = { text: `${level} ${error.code}`, atMs: clock.monotonic() };
    log[level](line, fields);
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

function tellStart(resumption: Resumption, owed: OwedSet, stream: string, log: Log): void {
  const from = describeOwed(owed);
  switch (resumption.kind) {
    case 'first-start':
      log.info(`First start on this data path: collecting ${from}`, { stream });
      return;
    case 'taken-over':
      log.info(`Taking over the position ${formatTimestamp(resumption.positionMs)}: collecting ${from}`, { stream });
      return;
    case 'resumed':
      log.info(`Resuming, owed: ${from}. start_from counts on the first start only`, { stream });
      if (resumption.previousStream !== stream) {
        log.warning(
          `The stream was '${resumption.previousStream}' and is now '${stream}': what is new in it is collected from the position on`,
        );
      }
  }
}

function describeOwed(owed: OwedSet): string {
  const ranges = owed.intervals.map(({ fromMs, toMs }) =>
    toMs === undefined
      ? `from ${formatTimestamp(fromMs)} on`
      : `${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)}`,
  );
  return ranges.length === 0 ? 'nothing' : ranges.join(', ');
}
