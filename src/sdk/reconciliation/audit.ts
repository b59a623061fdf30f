import { overlap } from '../checkpoint/backfill-ranges.js';
import type { DeliveryState } from '../checkpoint/delivery-state.js';
import type { ClosedInterval } from '../checkpoint/owed-set.js';
import type { LedgerCount } from '../ledger/ledger.js';
import type { Source } from '../pipeline/source.js';
import type { HourRecord } from './hour-store.js';
import { comparableRanges, questionAbout } from './reconciler.js';

/**
 * How far completeness of a range is shown.
 * - `proven`: counts agree, and the settling horizon is over.
 * - `settling`: counts agree so far; events may still become visible.
 * - `owed`: the connector knows that it has to read (part of) it (again), and will.
 * - `missing`: the source holds more than is accounted for.
 * - `unknown`: there is nothing to compare: not collected here, given up, or the source holds less than was delivered.
 */
export type AuditVerdict = 'proven' | 'settling' | 'owed' | 'missing' | 'unknown';

/** A line of an audit. */
export interface AuditRow extends LedgerCount {
  /** From border to border, at or shortly after what was asked for; epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** What the source counts now; undefined where it was not asked. */
  readonly source: number | undefined;
  /** Differences that were shown to be no loss. */
  readonly explained: number;
  /** Events that the source holds and nobody accounts for. */
  readonly missing: number;
  readonly verdict: AuditVerdict;
}

export interface AuditOptions {
  readonly state: DeliveryState;
  readonly source: Pick<Source, 'count' | 'now'>;
  /** How long events may become visible late, milliseconds. */
  readonly horizonMs: number;
}

/** What is accounted for in a range, and whether that is all there is to know. */
interface Account extends ClosedInterval, LedgerCount {
  readonly explained: number;
  readonly isComparable: boolean;
  readonly isProvenAlready: boolean;
  /** Some of it is being backfilled, whatever was shown of it before. */
  readonly isReadAnew: boolean;
}

/**
 * Compares what the source holds with what was delivered, range by range. Reads the state and asks the source once a
 * range; changes nothing.
 * @param range whole hours or days, epoch milliseconds
 * @param stepMs length of a range: an hour or a multiple of it
 * @throws ModuleError where the source does not count
 */
export async function* audit(
  { fromMs, toMs }: ClosedInterval,
  stepMs: number,
  options: AuditOptions,
  signal: AbortSignal,
): AsyncGenerator<AuditRow, void, undefined> {
  for (let at = fromMs; at < toMs; at += stepMs) {
    yield await auditRange({ fromMs: at, toMs: Math.min(at + stepMs, toMs) }, options, signal);
  }
}

/** One line of an audit. */
export async function auditRange(range: ClosedInterval, options: AuditOptions, signal: AbortSignal): Promise<AuditRow> {
  const { state, source, horizonMs } = options;
  if (range.fromMs >= (state.owed.tailFromMs ?? Infinity)) return notReadYet(range, source, signal);
  const account = await accountFor(range, state);
  const { fromMs, toMs, delivered, deadLettered, explained } = account;
  const numbers = { fromMs, toMs, delivered, deadLettered, explained };
  const isOwed = account.isReadAnew || state.owed.gaps.some((gap) => overlap(gap, account));
  if (!account.isComparable) {
    const verdict = isOwed ? 'owed' : account.isProvenAlready ? 'proven' : 'unknown';
    return { ...numbers, source: undefined, missing: 0, verdict };
  }
  const counted = await source.count(questionAbout(account), signal);
  const difference = counted - delivered - deadLettered - explained;
  const isSettled = toMs <= source.now() - horizonMs;
  const row = { ...numbers, source: counted, missing: Math.max(0, difference) };
  if (isOwed) return { ...row, verdict: 'owed' };
  if (difference > 0) return { ...row, verdict: 'missing' };
  if (difference < 0) return { ...row, verdict: account.isProvenAlready ? 'proven' : 'unknown' };
  return { ...row, verdict: isSettled ? 'proven' : 'settling' };
}

/** What lies beyond the edge of the tail. */
async function notReadYet(
  range: ClosedInterval,
  source: AuditOptions['source'],
  signal: AbortSignal,
): Promise<AuditRow> {
  const { fromMs } = range;
  const toMs = Math.min(range.toMs, source.now());
  const counted = fromMs < toMs ? await source.count({ fromMs, toMs }, signal) : 0;
  const numbers = { delivered: 0, deadLettered: 0, explained: 0, source: counted, missing: counted };
  return { fromMs, toMs, ...numbers, verdict: 'owed' };
}

/** Numbers of the hours that left the ledger, and of the ledger, put together. */
async function accountFor({ fromMs, toMs }: ClosedInterval, state: DeliveryState): Promise<Account> {
  const { ledgerFromMs, countedFromMs } = state.checkpoint;
  const hours = await state.hours.read(fromMs, Math.min(toMs, ledgerFromMs));
  const [first, last] = [hours[0], hours.at(-1)];
  const inLedger = rangeInLedger({ fromMs, toMs }, last?.toMs, state);
  const range = { fromMs: first?.fromMs ?? inLedger?.fromMs ?? fromMs, toMs: inLedger?.toMs ?? last?.toMs ?? toMs };
  const counted = inLedger && state.ledger.count(inLedger.fromMs, inLedger.toMs);
  // What was proven of another selection of events says nothing about this one.
  const isOfThisStream = !hours.some((hour) => state.isUncounted(hour));
  const hasNumbers = first !== undefined || inLedger !== undefined;
  return {
    ...range,
    delivered: sum(hours, ({ delivered }) => delivered) + (counted?.delivered ?? 0),
    deadLettered: sum(hours, ({ deadLettered }) => deadLettered) + (counted?.deadLettered ?? 0),
    explained: sum(hours, ({ explained }) => explained) + (inLedger ? state.explainedIn(inLedger) : 0),
    isComparable: isOfThisStream && hasNumbers && range.fromMs >= countedFromMs && isSeamless(hours, inLedger),
    isReadAnew: hours.some((hour) => state.isReadAnew(hour)),
    isProvenAlready:
      isOfThisStream && inLedger === undefined && first !== undefined && hours.every(({ proof }) => proof === 'proven'),
  };
}

/**
 * The part of a range that the ledger can count, from border to border; it follows the hours before without a seam, and
 * ends where the tail begins.
 */
export function rangeInLedger(
  { fromMs, toMs }: ClosedInterval,
  seamMs: number | undefined,
  state: DeliveryState,
): ClosedInterval | undefined {
  const { ledger } = state;
  const whole = comparableRanges(state).latest;
  if (whole === undefined || whole.toMs <= fromMs || whole.fromMs >= toMs) return undefined;
  const from = seamMs ?? ledger.border(Math.max(fromMs, whole.fromMs), whole.toMs);
  const to = toMs >= whole.toMs ? whole.toMs : ledger.border(toMs, whole.toMs);
  return from === undefined || to === undefined || from >= to ? undefined : { fromMs: from, toMs: to };
}

/** True where no hour between the first and the last is without a record. */
function isSeamless(hours: readonly HourRecord[], inLedger: ClosedInterval | undefined): boolean {
  const pieces: readonly ClosedInterval[] = inLedger === undefined ? hours : [...hours, inLedger];
  return pieces.every(({ toMs }, at) => (pieces[at + 1]?.fromMs ?? toMs) === toMs);
}

function sum(hours: readonly HourRecord[], numberOf: (hour: HourRecord) => number): number {
  return hours.reduce((total, hour) => total + numberOf(hour), 0);
}
