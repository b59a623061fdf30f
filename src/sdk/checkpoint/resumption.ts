import type { Ledger } from '../ledger/ledger.js';
import { wholeHours } from './backfill-ranges.js';
import { type Checkpoint, type CheckpointContent, EXCHANGE_SLACK_MS } from './checkpoint-document.js';
import { afterChange, earlierOf } from './earlier-streams.js';
import { OwedSet } from './owed-set.js';

/** So far beyond the edge of the tail events may have been delivered: a window is a day at the most. */
const LONGEST_WINDOW_MS = 86_400_000;

/** How a run began: what was found on the data path. */
export type Resumption =
  | { readonly kind: 'first-start' }
  | { readonly kind: 'resumed'; readonly previousStream: string }
  /** A position written by the Python connector, or by hand. */
  | { readonly kind: 'taken-over'; readonly positionMs: number };

/** With what a run goes on, after what was found. `stream` is what it reads, in words; ids are remembered for `keepMs`; `ledger` is what was delivered. */
export function resume(
  content: CheckpointContent,
  { startFromMs, stream, keepMs }: { readonly startFromMs: number; readonly stream: string; readonly keepMs: number },
  ledger: Pick<Ledger, 'lastMs'>,
): { checkpoint: Checkpoint; resumption: Resumption } {
  if (content.kind === 'none') {
    return { checkpoint: beginAt(startFromMs, stream), resumption: { kind: 'first-start' } };
  }
  if (content.kind === 'position') return takeOver(content.positionMs, stream);
  const { movedToMs } = content;
  const isSame = content.checkpoint.stream === stream;
  const known = { ...content.checkpoint, earlier: earlierOf(content.checkpoint) };
  const checkpoint = isSame ? known : countAnew(known, { stream, keepMs }, ledger);
  if (movedToMs === undefined) {
    return { checkpoint, resumption: { kind: 'resumed', previousStream: content.checkpoint.stream } };
  }
  // Somebody else collected, or set the position by hand: their word is taken, our memory of ids stays useful.
  const taken = takeOver(movedToMs, stream);
  const { segments, unreachable, lateness, uncounted = [] } = checkpoint;
  const countedFromMs = countedAfterMove(checkpoint, taken.checkpoint.countedFromMs);
  return { ...taken, checkpoint: { ...taken.checkpoint, segments, unreachable, lateness, uncounted, countedFromMs } };
}

/**
 * From where on the ledger can be counted once the position is moved: ids of another stream in it stay what they are, and
 * what was skipped must not be found missing.
 */
export function countedAfterMove(
  { collectedFromMs, countedFromMs, uncounted = [] }: Checkpoint,
  positionMs: number,
): number {
  const isAllOfThisStream = uncounted.length === 0 && countedFromMs <= collectedFromMs;
  return isAllOfThisStream ? positionMs : Math.max(positionMs, countedFromMs);
}

/**
 * Another selection of events was read so far: what was counted then cannot be compared with what is counted now, neither
 * what lies before the edge of the tail nor what was delivered beyond it. (Of an event from a farther future it is not
 * known whether it is still selected; where it is not, the difference will be explained.)
 */
function countAnew(
  checkpoint: Checkpoint,
  { stream, keepMs }: { readonly stream: string; readonly keepMs: number },
  ledger: Pick<Ledger, 'lastMs'>,
): Checkpoint {
  const edgeMs = checkpoint.owed.at(-1)?.fromMs ?? checkpoint.countedFromMs;
  const lastMs = ledger.lastMs(edgeMs, edgeMs + LONGEST_WINDOW_MS);
  const countedFromMs = lastMs === undefined ? edgeMs : lastMs + 1;
  return {
    ...checkpoint,
    stream,
    countedFromMs,
    explained: [],
    agreed: undefined,
    notCounted: undefined,
    unproven: [],
    // All that ever was: the position may have been moved on over hours that have numbers.
    uncounted: OwedSet.of([{ fromMs: 0, toMs: wholeHours(countedFromMs) }]).gaps,
    earlier: afterChange(checkpoint, stream, { edgeMs, keepMs }),
  };
}

function takeOver(positionMs: number, stream: string): { checkpoint: Checkpoint; resumption: Resumption } {
  return {
    checkpoint: beginAt(positionMs - EXCHANGE_SLACK_MS, stream),
    resumption: { kind: 'taken-over', positionMs },
  };
}

function beginAt(fromMs: number, stream: string): Checkpoint {
  return {
    owed: [{ fromMs, toMs: undefined }],
    collectedFromMs: fromMs,
    ledgerFromMs: fromMs,
    countedFromMs: fromMs,
    segments: [],
    explained: [],
    agreed: undefined,
    unproven: [],
    backfill: [],
    earlier: [],
    unreachable: [],
    lateness: {},
    stream,
  };
}
