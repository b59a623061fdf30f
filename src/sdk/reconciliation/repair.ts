import type { DeliveryState } from '../checkpoint/delivery-state.js';
import type { ClosedInterval } from '../checkpoint/owed-set.js';
import type { Pumped } from '../pipeline/pump.js';
import type { Source, Window } from '../pipeline/source.js';
import { rangeInLedger } from './audit.js';
import { expectedOf, type HourRecord } from './hour-store.js';
import { questionAbout, type Reconciler } from './reconciler.js';

export interface RepairOptions {
  readonly state: DeliveryState;
  readonly source: Source;
  readonly reconciler: Reconciler;
  /** Reads a range that is owed, delivers what the ledger lacks, and settles it. */
  readonly readGap: (window: Window, signal: AbortSignal) => Promise<Pumped>;
  /** Whether hours may be fetched whose ids are forgotten, which delivers all of their events again. */
  readonly mayRepeat: boolean;
}

/** What a repair did. */
export interface Repaired {
  readonly delivered: number;
  /** Hours that lack events and were left alone, since everything else in them would be delivered again. */
  readonly leftAlone: readonly HourRecord[];
}

/**
 * Fetches what the source holds in a range and nobody accounts for.
 * @throws ModuleError where the source does not count, or a range cannot be read: it is then owed
 */
export async function repairRange(
  range: ClosedInterval,
  options: RepairOptions,
  signal: AbortSignal,
): Promise<Repaired> {
  const { state, reconciler, mayRepeat } = options;
  const short = await shortHours(range, options, signal);
  let delivered = 0;
  if (mayRepeat) for (const hour of short) delivered += await fetchHour(hour, options, signal);
  const inLedger = rangeInLedger(range, undefined, state);
  const differences = inLedger === undefined ? [] : await reconciler.differences(inLedger, signal);
  delivered += await reconciler.mend(differences, signal);
  return { delivered, leftAlone: mayRepeat ? [] : short };
}

async function shortHours(range: ClosedInterval, options: RepairOptions, signal: AbortSignal): Promise<HourRecord[]> {
  const { state, source } = options;
  const { ledgerFromMs, countedFromMs } = state.checkpoint;
  const hours = await state.hours.read(range.fromMs, Math.min(range.toMs, ledgerFromMs));
  const short: HourRecord[] = [];
  for (const hour of hours) {
    if (state.isUncounted(hour) || state.isReadAnew(hour)) continue;
    if (hour.fromMs >= countedFromMs && (await source.count(questionAbout(hour), signal)) > expectedOf(hour)) {
      short.push(hour);
    }
  }
  return short;
}

/** Delivers all of an hour, and takes down anew what it holds. */
async function fetchHour(hour: HourRecord, options: RepairOptions, signal: AbortSignal): Promise<number> {
  const { state, readGap } = options;
  const window = questionAbout(hour);
  state.owe(window);
  await state.commit({ entries: [], settled: undefined });
  const { events: delivered, deadLettered, rows, isComplete } = await readGap(window, signal);
  if (isComplete) {
    state.judge([{ ...hour, delivered, deadLettered, explained: rows - delivered - deadLettered }], 'proven');
  }
  return delivered;
}
