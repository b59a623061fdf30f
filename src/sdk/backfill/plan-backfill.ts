import { outside, within } from '../checkpoint/backfill-ranges.js';
import type { DeliveryState } from '../checkpoint/delivery-state.js';
import type { ClosedInterval } from '../checkpoint/owed-set.js';
import type { Source } from '../pipeline/source.js';
import { expectedOf, HOUR_MS, type HourRecord } from '../reconciliation/hour-store.js';
import { questionAbout } from '../reconciliation/reconciler.js';

/** What a backfill of a range comes to, by what is known of it. */
export interface BackfillPlan {
  /** What has to be put among the owed and read. */
  readonly fresh: readonly ClosedInterval[];
  /** What an earlier backfill was to read, and has not yet. */
  readonly resumed: readonly ClosedInterval[];
  /** What is left out: delivered already, by its numbers or because its ids are remembered. */
  readonly known: readonly ClosedInterval[];
  /** Parts of `fresh` of which events were delivered before, and their ids are forgotten: these are delivered again. */
  readonly repeated: readonly ClosedInterval[];
}

/**
 * Works out what of a range has to be read. Asks the source for the numbers of hours that are not proven; changes nothing.
 * @param range whole hours, epoch milliseconds
 * @throws ModuleError where the source does not count hours that it has to
 */
export async function planBackfill(
  range: ClosedInterval,
  { state, source }: { readonly state: DeliveryState; readonly source: Source },
  signal: AbortSignal,
): Promise<BackfillPlan> {
  const { ledgerFromMs, collectedFromMs, backfill } = state.checkpoint;
  const records = await state.hours.read(range.fromMs - HOUR_MS, Math.min(range.toMs + HOUR_MS, ledgerFromMs));
  const complete: HourRecord[] = [];
  for (const record of records) if (await isComplete(record, source, signal)) complete.push(record);
  // The ledger drops what it knows, and comparing counts finds what it lacks: the tail and the repair see to that.
  const inLedger = { fromMs: ledgerFromMs, toMs: Infinity };
  const settled = outside([...complete, inLedger].map(toRange), state.backfillGaps);
  const fresh = outside([range], [...settled, ...backfill]);
  const collected = { fromMs: collectedFromMs, toMs: ledgerFromMs };
  return {
    fresh,
    resumed: within(state.backfillGaps, [range]),
    known: within(settled, [range]),
    repeated: within(fresh, [collected]),
  };
}

/** Whether an hour without ids has nothing that was not delivered. */
async function isComplete(record: HourRecord, source: Source, signal: AbortSignal): Promise<boolean> {
  if (record.proof === 'proven') return true;
  return (await source.count(questionAbout(record), signal)) <= expectedOf(record);
}

function toRange({ fromMs, toMs }: ClosedInterval): ClosedInterval {
  return { fromMs, toMs };
}
