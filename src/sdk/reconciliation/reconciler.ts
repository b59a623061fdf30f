import type { DeliveryState } from '../checkpoint/delivery-state.js';
import { overlap } from '../checkpoint/backfill-ranges.js';
import type { ClosedInterval } from '../checkpoint/owed-set.js';
import { ModuleError } from '../errors.js';
import { REACH_MS } from '../ledger/border.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Log } from '../observability/log.js';
import type { Pumped } from '../pipeline/pump.js';
import type { Source, Window } from '../pipeline/source.js';
import type { Clock } from '../ports.js';
import { formatTimestamp } from '../time/timestamp.js';
import { Disputes } from './disputes.js';
import { expectedOf, HOUR_MS, type HourRecord } from './hour-store.js';

/** A range that differs is not halved any more when the source counts so few events in it: reading costs one request. */
const FEW_EVENTS = 1000;
/** Nor when it is so short. */
const SHORT_MS = 120_000;
/** Known late events may be added while the source is asked; so often the same question is put again. */
const STEADY_TRIES = 3;
/** Forgotten hours are compared by so many at once: what is missing in one may hide behind what vanished from another. */
const HOURS_AT_ONCE = 24;
/** After mending, the whole is compared once more. */
const ROUNDS = 2;

export interface ReconcilerOptions {
  readonly source: Source;
  readonly state: DeliveryState;
  readonly clock: Clock;
  readonly log: Log;
  /** Reads a range that is owed, delivers what the ledger lacks, and settles it. */
  readonly readGap: (window: Window, signal: AbortSignal) => Promise<Pumped>;
  readonly reconcileEveryMs: number;
}

/** What one pass found. */
export interface Findings {
  /** Ranges that differed and were read again. */
  readonly mended: number;
  /** Events that were missing and are delivered now. */
  readonly delivered: number;
  /** Whether everything comparable agrees now, but for what is in dispute. */
  readonly agreed: boolean;
  /** False where nothing that joins the tail could be compared: then nothing is shown of what was collected last. */
  readonly reachesTail: boolean;
}

/** A range between two borders of which the source's count is not what is expected. */
interface Difference extends ClosedInterval {
  readonly counted: number;
}

/** The source did not count. */
export class CountRefused extends ModuleError {
  constructor({ code, message, advice, cause, retryAfterMs }: ModuleError) {
    super(code, message, {
      ...(advice !== undefined && { advice }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      cause,
    });
  }
}

/**
 * Compares the source's counts with the ledger and has the ranges read again that differ (docs/reconciliation.md). One
 * request where all is well.
 */
export class Reconciler {
  readonly #disputes: Disputes;
  #toldUncomparable = false;

  constructor(private readonly options: ReconcilerOptions) {
    this.#disputes = new Disputes(options.clock, options.reconcileEveryMs);
  }

  /**
   * One pass over all that the ledger remembers, then over forgotten hours that are not proven yet.
   * @throws CountRefused where the source does not count
   * @throws ModuleError where a range cannot be read: it is still owed
   */
  async pass(signal: AbortSignal): Promise<Findings> {
    this.#disputes.reopenDue();
    let findings: Findings = { mended: 0, delivered: 0, agreed: false, reachesTail: false };
    for (let round = 0; round < ROUNDS && !findings.agreed; round += 1) {
      const { beside, latest } = comparableRanges(this.options.state);
      if (latest === undefined) this.#tellUncomparable();
      const ranges = latest === undefined ? beside : [...beside, latest];
      const [first] = ranges;
      if (first === undefined) break;
      // In a backlog the tail moves fast: what is compared must not be forgotten meanwhile, or it would be sent again.
      const { mended, delivered } = await this.options.state.remembering(first.fromMs, () =>
        this.#round(ranges, signal),
      );
      const agreed = mended === 0;
      if (agreed && latest !== undefined) this.#noteAgreement(latest);
      findings = {
        mended: findings.mended + mended,
        delivered: findings.delivered + delivered,
        agreed,
        reachesTail: latest !== undefined,
      };
    }
    await this.#compareForgotten(signal);
    return findings;
  }

  async #round(
    ranges: readonly ClosedInterval[],
    signal: AbortSignal,
  ): Promise<Pick<Findings, 'mended' | 'delivered'>> {
    const differences: Difference[] = [];
    for (const range of ranges) differences.push(...(await this.differences(range, signal)));
    const delivered = await this.mend(differences, signal);
    return { mended: differences.length, delivered };
  }

  /** Traffic so dense that no instant is free of events cannot be cut into ranges. */
  #tellUncomparable(): void {
    const { state, log } = this.options;
    const lengthMs = (state.owed.tailFromMs ?? 0) - Math.max(state.countableFromMs, state.steadyFromMs);
    if (this.#toldUncomparable || lengthMs < HOUR_MS) return;
    this.#toldUncomparable = true;
    log.warning('Events are so dense that their counts cannot be compared: completeness cannot be proven by counts');
  }

  /** Where in a range between two borders the source's count differs from what is expected: small ranges, ascending. */
  async differences(whole: ClosedInterval, signal: AbortSignal): Promise<Difference[]> {
    const found: Difference[] = [];
    const open = [whole];
    for (let range = open.pop(); range !== undefined; range = open.pop()) {
      const { counted, expected } = await this.#compare(range, signal);
      if (counted === expected) continue;
      const middleMs = isSmall(range, counted, expected) ? undefined : this.#middle(range);
      if (middleMs === undefined) found.push({ ...range, counted });
      else open.push({ fromMs: middleMs, toMs: range.toMs }, { fromMs: range.fromMs, toMs: middleMs });
    }
    return found;
  }

  /**
   * Reads ranges again and judges what is then left of the differences. They are owed, durably, before.
   * @returns how many events were missing
   */
  async mend(differences: readonly Difference[], signal: AbortSignal): Promise<number> {
    const { state, readGap } = this.options;
    if (differences.length === 0) return 0;
    for (const difference of differences) state.owe(questionAbout(difference));
    await state.commit({ entries: [], settled: undefined });
    let delivered = 0;
    for (const difference of differences) {
      const pumped = await readGap(questionAbout(difference), signal);
      if (pumped.isComplete) await this.#judge(difference, pumped, signal);
      delivered += pumped.events;
    }
    return delivered;
  }

  /**
   * What differs although everything shown was delivered is explained where the source showed as many events as it
   * counted. Otherwise it contradicts itself, and nothing is believed.
   */
  async #judge(range: Difference, { rows }: Pumped, signal: AbortSignal): Promise<void> {
    const { state, log } = this.options;
    // An event that was missing lies where the range was cut: whether it was counted here is not known.
    if (!isBorder(range.fromMs, state) || !isBorder(range.toMs, state)) return;
    const { delivered, deadLettered } = state.ledger.count(range.fromMs, range.toMs);
    const accountedFor = delivered + deadLettered;
    // Where a difference was explained before, a count that equals the ledger's alone is one more difference.
    const isPlain = (count: number): boolean => count === accountedFor + state.explainedIn(range) || count === rows;
    const counted = isPlain(range.counted) ? range.counted : await this.#count(range, signal);
    if (isPlain(counted)) {
      state.explain(range, counted - accountedFor);
      this.#disputes.settle(range);
      return;
    }
    state.explain(range, 0);
    const isNews = this.#disputes.open(range, counted - accountedFor);
    log[isNews ? 'warning' : 'debug'](
      `The source counts ${counted} events from ${formatTimestamp(range.fromMs)} to ${formatTimestamp(range.toMs)}, ` +
        `and shows ${rows}: this range is not proven. It is asked for again`,
    );
  }

  async #compare(range: ClosedInterval, signal: AbortSignal): Promise<{ counted: number; expected: number }> {
    for (let attempt = 1; ; attempt += 1) {
      const before = this.#expected(range);
      const counted = await this.#count(range, signal);
      const expected = this.#expected(range);
      if (before === expected) return { counted, expected };
      // Nothing is equal to it: what will not hold still is looked at more closely.
      if (attempt === STEADY_TRIES) return { counted, expected: NaN };
    }
  }

  #count(range: ClosedInterval, signal: AbortSignal): Promise<number> {
    return this.options.source.count(questionAbout(range), signal).catch((error: unknown) => {
      throw error instanceof ModuleError ? new CountRefused(error) : error;
    });
  }

  #expected(range: ClosedInterval): number {
    return this.options.state.expected(range) + this.#disputes.differenceIn(range);
  }

  #middle({ fromMs, toMs }: ClosedInterval): number | undefined {
    const { ledger } = this.options.state;
    const middleMs = Math.floor((fromMs + toMs) / 2);
    return ledger.border(middleMs, toMs - 1) ?? ledger.border(middleMs, fromMs + 1);
  }

  #noteAgreement({ fromMs, toMs }: ClosedInterval): void {
    const { state, source } = this.options;
    state.agree({ fromMs, toMs, atMs: source.now(), disputed: this.#disputes.ranges });
  }

  /** Hours that left the ledger before they were compared, as of a backlog, have numbers that can be compared still. */
  async #compareForgotten(signal: AbortSignal): Promise<void> {
    const { state } = this.options;
    for (const stretch of state.checkpoint.unproven) {
      // What is still owed there is missing for a known reason.
      if (state.owed.gaps.some((gap) => overlap(gap, stretch))) continue;
      const hours = await state.hours.read(stretch.fromMs, stretch.toMs);
      for (let at = 0; at < hours.length; at += HOURS_AT_ONCE) {
        await this.#judgeHours(hours.slice(at, at + HOURS_AT_ONCE), signal);
      }
      state.closeUnproven(stretch);
    }
  }

  async #judgeHours(hours: readonly HourRecord[], signal: AbortSignal): Promise<void> {
    const { state, log } = this.options;
    const [first, last] = [hours[0], hours.at(-1)];
    if (first === undefined || last === undefined) return;
    const counted = await this.#count({ fromMs: first.fromMs, toMs: last.toMs }, signal);
    const expected = hours.reduce((sum, hour) => sum + expectedOf(hour), 0);
    if (counted === expected) {
      state.judge(hours, 'proven');
      return;
    }
    if (hours.length > 1) {
      const half = hours.length >> 1;
      await this.#judgeHours(hours.slice(0, half), signal);
      await this.#judgeHours(hours.slice(half), signal);
      return;
    }
    // Fewer than were delivered is no loss, but no proof either.
    state.judge(hours, counted > expected ? 'short' : 'unknown');
    if (counted <= expected) return;
    log.warning(
      `The source holds ${counted} events from ${formatTimestamp(first.fromMs)} to ${formatTimestamp(last.toMs)}, of ` +
        `which ${expected} are accounted for. The ids of that time are forgotten: 'sekoia-module audit --repair' fetches them`,
    );
  }
}

/** What is asked of the source about a range between two borders: a little more on either side. */
export function questionAbout({ fromMs, toMs }: ClosedInterval): Window {
  return { fromMs: fromMs - REACH_MS, toMs: toMs + REACH_MS };
}

/** What can be compared, from border to border: from the beginning of what the ledger can count to the edge of the tail. */
export interface ComparableRanges {
  /** What lies before and between the ranges that are still to be backfilled, ascending: they may stay so for long. */
  readonly beside: readonly ClosedInterval[];
  /** What lies after them: all, where there are none. */
  readonly latest: ClosedInterval | undefined;
}

export function comparableRanges(state: DeliveryState): ComparableRanges {
  const { ledger, owed, countableFromMs, backfillGaps } = state;
  const beside: ClosedInterval[] = [];
  let fromMs = countableFromMs;
  for (const gap of backfillGaps) {
    const range = betweenBorders({ fromMs, toMs: gap.fromMs }, ledger);
    if (range !== undefined) beside.push(range);
    fromMs = Math.max(fromMs, gap.toMs + 2 * REACH_MS);
  }
  return { beside, latest: betweenBorders({ fromMs, toMs: owed.tailFromMs ?? countableFromMs }, ledger) };
}

/** The widest range from border to border up to where something is owed. */
function betweenBorders(
  { fromMs: beginsMs, toMs: owedFromMs }: ClosedInterval,
  ledger: Ledger,
): ClosedInterval | undefined {
  const lastMs = owedFromMs - 2 * REACH_MS;
  if (lastMs <= beginsMs) return undefined;
  const fromMs = ledger.border(beginsMs, lastMs);
  const toMs = fromMs === undefined ? undefined : ledger.border(lastMs, fromMs);
  return fromMs === undefined || toMs === undefined || toMs <= fromMs ? undefined : { fromMs, toMs };
}

function isBorder(atMs: number, { ledger }: DeliveryState): boolean {
  return ledger.border(atMs, atMs) !== undefined;
}

function isSmall({ fromMs, toMs }: ClosedInterval, counted: number, expected: number): boolean {
  // Where most is missing, it is read as a whole: halving would only find out that it is everywhere.
  return counted <= FEW_EVENTS || toMs - fromMs <= SHORT_MS || (counted - expected) * 2 > counted;
}
