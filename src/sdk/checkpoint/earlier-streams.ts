import { HOUR_MS } from '../reconciliation/hour-store.js';
import { outside, within } from './backfill-ranges.js';
import { type ClosedInterval, type OwedInterval, OwedSet } from './owed-set.js';

/** A range of event time that was read, in part at least, while the stream was another. */
export interface EarlierRange extends ClosedInterval {
  /** The streams, as they describe themselves, of which everything was delivered here, or is still owed. */
  readonly streams: readonly string[];
}

/** What a checkpoint says of what was read. */
interface ReadSoFar {
  readonly collectedFromMs: number;
  readonly countedFromMs: number;
  readonly owed: readonly OwedInterval[];
  readonly stream: string;
  readonly earlier?: readonly EarlierRange[];
  readonly uncounted?: readonly ClosedInterval[];
}

/** What was read under other streams, or not at all. Of what a release wrote that did not take it down, nothing is known. */
export function earlierOf({
  earlier,
  countedFromMs,
  uncounted = [],
}: Pick<ReadSoFar, 'earlier' | 'countedFromMs' | 'uncounted'>): readonly EarlierRange[] {
  if (earlier !== undefined) return earlier;
  // A backfill into the past took the beginning of counting with it. The change was within the hour behind the last whole one.
  const changed = uncounted.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs + HOUR_MS }));
  const { gaps } = OwedSet.of([{ fromMs: 0, toMs: countedFromMs }, ...changed]);
  return gaps.map((range) => ({ ...range, streams: [] }));
}

/**
 * The stream is another from now on. What was read so far, was read for the one before; what is owed will be read for the new
 * one. Of the last `keepMs` before the edge nothing is claimed: what becomes visible there late would have been found by counts,
 * and these begin anew.
 */
export function afterChange(
  checkpoint: ReadSoFar,
  stream: string,
  { edgeMs, keepMs }: { readonly edgeMs: number; readonly keepMs: number },
): readonly EarlierRange[] {
  const { collectedFromMs, owed, stream: before } = checkpoint;
  const { gaps } = OwedSet.of(owed);
  const settledToMs = Math.max(collectedFromMs, edgeMs - keepMs);
  const known = earlierOf(checkpoint);
  const old = [{ fromMs: -Infinity, toMs: settledToMs }];
  const read = outside([{ fromMs: collectedFromMs, toMs: settledToMs }], [...gaps, ...known]);
  const ranges = [
    ...read.map((range) => ({ ...range, streams: [before] })),
    ...known.flatMap(({ streams, ...range }) => [
      ...outside(within([range], old), gaps).map((part) => ({ ...part, streams })),
      ...within(within([range], old), gaps).map((part) => ({
        ...part,
        streams: streams.map((name) => (name === before ? stream : name)),
      })),
    ]),
    ...outside([{ fromMs: settledToMs, toMs: edgeMs }], gaps).map((range) => ({ ...range, streams: [] })),
  ];
  return ranges
    .filter(({ streams }) => streams.length !== 1 || streams[0] !== stream)
    .sort((a, b) => a.fromMs - b.fromMs);
}

/** What was read under other streams, or not at all, once a range is to be read that may lie apart from all that is collected. */
export function afterBackfill(checkpoint: ReadSoFar, range: ClosedInterval): readonly EarlierRange[] {
  const { collectedFromMs, stream } = checkpoint;
  const between = outside([{ fromMs: range.toMs, toMs: collectedFromMs }], earlierOf(checkpoint));
  const known = [...earlierOf(checkpoint), ...between.map((part) => ({ ...part, streams: [] }))];
  return alsoFor(known, range, stream).toSorted((a, b) => a.fromMs - b.fromMs);
}

/** All of `range` is owed to `stream`, whatever was read of it before. */
export function alsoFor(
  earlier: readonly EarlierRange[],
  range: ClosedInterval,
  stream: string,
): readonly EarlierRange[] {
  return earlier.flatMap(({ streams, ...known }) => [
    ...outside([known], [range]).map((part) => ({ ...part, streams })),
    ...within([known], [range]).map((part) => ({ ...part, streams: [...new Set([...streams, stream])] })),
  ]);
}

/** The streams to whose events at an instant a checkpoint answers. */
export function streamsAt(
  { earlier, stream }: { readonly earlier: readonly EarlierRange[]; readonly stream: string },
  ms: number,
): readonly string[] {
  return earlier.find(({ fromMs, toMs }) => ms >= fromMs && ms < toMs)?.streams ?? [stream];
}
