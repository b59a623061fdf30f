import { MARGIN_MS, outside, within } from '../checkpoint/backfill-ranges.js';
import type { DeliveryState } from '../checkpoint/delivery-state.js';
import type { ClosedInterval } from '../checkpoint/owed-set.js';
import { BUCKET_MS } from '../ledger/bucket.js';
import { ModuleError } from '../errors.js';
import type { Source } from '../pipeline/source.js';
import { expectedOf, HOUR_MS, type HourRecord } from '../reconciliation/hour-store.js';
import { questionAbout } from '../reconciliation/reconciler.js';

/** Hours whose numbers are compared at once. */
const HOURS_AT_ONCE = 24;

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
 * Works out what of a range has to be read. Asks the source for the numbers of hours that are not proven; changes nothing. Of a
 * source that has none, all of it is read that the ledger does not remember.
 * @param range whole hours, epoch milliseconds
 * @throws ModuleError where the source does not count hours that it has to
 */
export async function planBackfill(
  range: ClosedInterval,
  { state, source }: { readonly state: DeliveryState; readonly source: Source },
  signal: AbortSignal,
): Promise<BackfillPlan> {
  const { ledgerFromMs, countedFromMs, collectedFromMs, backfill, uncounted = [] } = state.checkpoint;
  const written = await state.hours.read(range.fromMs - HOUR_MS, Math.min(range.toMs + HOUR_MS, ledgerFromMs));
  const records = written.filter((hour) => !state.isUncounted(hour) && !state.isReadAnew(hour));
  const complete: HourRecord[] = [];
  for (let at = 0; at < records.length; at += HOURS_AT_ONCE) {
    const proven = completeOnes(records.slice(at, at + HOURS_AT_ONCE), source, signal).catch((error: unknown) => {
      if (error instanceof ModuleError && error.code === 'SOURCE_CANNOT_COUNT') return [];
      throw error;
    });
    complete.push(...(await proven));
  }
  // The ledger drops what it knows, and comparing counts finds what it lacks, from where on they are compared: the tail and
  // the repair see to that.
  const inLedger = { fromMs: Math.max(ledgerFromMs, countedFromMs), toMs: Infinity };
  // Numbers begin at a border, a few milliseconds after collection did.
  const first = complete.find(({ fromMs }) => fromMs >= collectedFromMs && fromMs - collectedFromMs <= MARGIN_MS);
  const begin = first === undefined ? [] : [{ fromMs: collectedFromMs, toMs: first.fromMs }];
  // Of hours that were collected when something else was selected, what is selected now is read.
  const settled = outside([...begin, ...complete, inLedger].map(toRange), [...state.backfillGaps, ...uncounted]);
  const fresh = outside([range], [...settled, ...backfill]);
  // The minute that the ledger begins in is remembered from its beginning on.
  const collected = { fromMs: collectedFromMs, toMs: Math.floor(ledgerFromMs / BUCKET_MS) * BUCKET_MS };
  return {
    fresh,
    resumed: within(state.backfillGaps, [range]),
    known: within(settled, [range]),
    repeated: within(fresh, [collected]),
  };
}

/** Which hours have nothing that was not delivered: asked for together, and one by one where that does not say it of all. */
async function completeOnes(
  records: readonly HourRecord[],
  source: Source,
  signal: AbortSignal,
): Promise<readonly HourRecord[]> {
  const [first, last] = [records[0], records.at(-1)];
  if (first === undefined || last === undefined) return [];
  const expected = records.reduce((sum, record) => sum + expectedOf(record), 0);
  const counted = await source.count(questionAbout({ fromMs: first.fromMs, toMs: last.toMs }), signal);
  if (counted <= expected) return records;
  if (records.length === 1) return [];
  const complete: HourRecord[] = [];
  for (const record of records) complete.push(...(await completeOnes([record], source, signal)));
  return complete;
}

function toRange({ fromMs, toMs }: ClosedInterval): ClosedInterval {
  return { fromMs, toMs };
}
