import type { ClosedInterval } from '../checkpoint/owed-set.js';
import type { ReadingPace } from '../connector-parts.js';
import { abortError, isAbort, ModuleError } from '../errors.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Slices read at the same time, where it is not told how many. */
export const SLICES_AT_ONCE = 4;
/** Fewer events are read with a few requests: a slice of them is not worth the request for its count. */
const FEWEST_EVENTS = 50_000;
/**
 * As many a slice has, about, of a long backlog: each costs a request for its count, and one for a page that is not full. All
 * ids are remembered until its end of one whose events come out of order.
 */
const USUAL_EVENTS = 200_000;
/** Where nothing is known of a range, it is cut into so many slices, or into days. */
const SLICES_OF_UNKNOWN = 12;
/** Pieces are made so that they are filled so far: events never come quite evenly. */
const FILLING = 0.85;
/** As many pieces are made of one at the most. */
const MOST_PIECES = 16;

/** A piece of a backfill that is read from its beginning to its end. */
export interface Slice extends ClosedInterval {
  /** About how many events it has; undefined where the source does not count. */
  readonly events: number | undefined;
}

/** What is known of the reading. */
export interface PlanOptions {
  /** In a slice, about. Default: by how many there are in all. */
  readonly mostEvents?: number;
  /** How many slices are read at the same time; asked once the first counts have come. */
  readonly atOnce?: () => number;
}

/** How many events the source holds in a range. */
export type Count = (range: ClosedInterval) => Promise<number>;

/**
 * Cuts ranges into slices of roughly equal numbers of events: into as many pieces of equal time as would do if events came
 * evenly, and those that have too many again. One count for each cut, because what the other pieces have the last one has
 * not. Where the source does not count, into slices of equal time.
 * @param ranges ascending and disjoint
 * @returns slices that cover the ranges exactly, ascending and disjoint
 */
export async function planSlices(
  ranges: readonly ClosedInterval[],
  count: Count,
  { mostEvents, atOnce = () => SLICES_AT_ONCE }: PlanOptions = {},
): Promise<Slice[]> {
  let isGivenUp = false;
  const countOrStop: Count = async (range) => {
    // What was asked for at the same time as a count that failed is not pursued.
    if (isGivenUp) throw abortError();
    return count(range);
  };
  try {
    const counted: Required<Slice>[] = [];
    for (const { fromMs, toMs } of ranges) counted.push({ fromMs, toMs, events: await countOrStop({ fromMs, toMs }) });
    const total = counted.reduce((sum, { events = 0 }) => sum + events, 0);
    const most = mostEvents ?? mostOf(total, atOnce());
    const slices: Slice[] = [];
    for (const range of counted) slices.push(...(await cut(range, most, countOrStop)));
    return slices;
  } catch (error) {
    isGivenUp = true;
    if (isAbort(error) || !(error instanceof ModuleError)) throw error;
    return ranges.flatMap(inEqualTimes);
  }
}

/**
 * How long it takes to read slices where nothing but the rate limit holds it up, milliseconds; undefined where the number
 * of events is not known.
 */
export function leastDurationMs(slices: readonly Slice[], pace: ReadingPace): number | undefined {
  const events = eventsOf(slices);
  if (events === undefined) return undefined;
  // The last page of each slice is not full.
  const requests = events / pace.eventsPerRequest + slices.length;
  return Math.ceil((requests / pace.requestsPerSecond) * 1000);
}

/** About how many events slices have; undefined where that is not known. */
export function eventsOf(slices: readonly Slice[]): number | undefined {
  let sum = 0;
  for (const { events } of slices) {
    if (events === undefined) return undefined;
    sum += events;
  }
  return sum;
}

/**
 * The order to read slices in: newest first, because what happened yesterday matters more to whoever watches than what
 * happened a month ago. What the source is about to delete comes before all, oldest first, or it would be lost.
 * @param deletedSoonBeforeMs epoch milliseconds
 */
export function inOrderOfReading<S extends ClosedInterval>(slices: readonly S[], deletedSoonBeforeMs: number): S[] {
  const isUrgent = ({ fromMs }: S): boolean => fromMs < deletedSoonBeforeMs;
  const urgent = slices.filter(isUrgent).sort((a, b) => a.fromMs - b.fromMs);
  const others = slices.filter((slice) => !isUrgent(slice)).sort((a, b) => b.fromMs - a.fromMs);
  return [...urgent, ...others];
}

/** What is left of slices where only `gaps` are still owed; their numbers in proportion. */
export function leftOf(slices: readonly Slice[], gaps: readonly ClosedInterval[]): Slice[] {
  return slices.flatMap((slice) =>
    gaps.flatMap((gap) => {
      const [fromMs, toMs] = [Math.max(slice.fromMs, gap.fromMs), Math.min(slice.toMs, gap.toMs)];
      if (fromMs >= toMs) return [];
      const share = (toMs - fromMs) / (slice.toMs - slice.fromMs);
      return [{ fromMs, toMs, events: slice.events === undefined ? undefined : Math.round(slice.events * share) }];
    }),
  );
}

/** Events in a slice at the most: so many that, where they come evenly, all that read slices have some until the end. */
function mostOf(total: number, atOnce: number): number {
  if (total <= FEWEST_EVENTS) return FEWEST_EVENTS;
  const slices = Math.ceil(total / USUAL_EVENTS / atOnce) * atOnce;
  return Math.ceil(total / (slices * FILLING));
}

/** All pieces at the same time: what waits for one count after another waits for as many answers as there are slices. */
async function cut(slice: Slice, most: number, count: Count): Promise<Slice[]> {
  const { events = 0 } = slice;
  const wanted = Math.ceil(events / (most * FILLING));
  const pieces = events <= most ? [] : inPieces(slice, Math.min(MOST_PIECES, wanted));
  if (pieces.length < 2) return [slice];
  const counts = await Promise.all(pieces.slice(0, -1).map(count));
  // No more in all than before, however wrong a count is: there would be no end of cuts.
  let left = events;
  const counted = pieces.map((piece, index) => {
    const inside = Math.min(counts[index] ?? left, left);
    left -= inside;
    return { ...piece, events: inside };
  });
  return (await Promise.all(counted.map((piece) => cut(piece, most, count)))).flat();
}

/** So many pieces of equal time, cut at full minutes: fewer where there are not so many. */
function inPieces({ fromMs, toMs }: ClosedInterval, number: number): ClosedInterval[] {
  const pieces: ClosedInterval[] = [];
  for (let n = 1, at = fromMs; at < toMs; n += 1) {
    const next = Math.round((fromMs + ((toMs - fromMs) * n) / number) / MINUTE_MS) * MINUTE_MS;
    const end = n >= number || next >= toMs ? toMs : next;
    if (end <= at) continue;
    pieces.push({ fromMs: at, toMs: end });
    at = end;
  }
  return pieces;
}

function inEqualTimes({ fromMs, toMs }: ClosedInterval): Slice[] {
  const lengthMs = Math.min(DAY_MS, Math.max(HOUR_MS, Math.ceil((toMs - fromMs) / SLICES_OF_UNKNOWN)));
  const slices: Slice[] = [];
  for (let at = fromMs; at < toMs; at += lengthMs) {
    slices.push({ fromMs: at, toMs: Math.min(at + lengthMs, toMs), events: undefined });
  }
  return slices;
}
