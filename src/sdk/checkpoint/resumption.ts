import { type Checkpoint, type CheckpointContent, EXCHANGE_SLACK_MS } from './checkpoint-document.js';

/** How a run began: what was found on the data path. */
export type Resumption =
  | { readonly kind: 'first-start' }
  | { readonly kind: 'resumed'; readonly previousStream: string }
  /** A position written by the Python connector, or by hand. */
  | { readonly kind: 'taken-over'; readonly positionMs: number };

/** With what a run goes on, after what was found. `stream` is what it reads, in words. */
export function resume(
  content: CheckpointContent,
  { startFromMs, stream }: { readonly startFromMs: number; readonly stream: string },
): { checkpoint: Checkpoint; resumption: Resumption } {
  if (content.kind === 'none') {
    return { checkpoint: beginAt(startFromMs, stream), resumption: { kind: 'first-start' } };
  }
  if (content.kind === 'position') return takeOver(content.positionMs, stream);
  const { checkpoint, movedToMs } = content;
  if (movedToMs === undefined) {
    const resumption = { kind: 'resumed', previousStream: checkpoint.stream } as const;
    return { checkpoint: checkpoint.stream === stream ? checkpoint : countAnew(checkpoint, stream), resumption };
  }
  // Somebody else collected, or set the position by hand: their word is taken, our memory of ids stays useful.
  const taken = takeOver(movedToMs, stream);
  const { segments, unreachable, lateness } = checkpoint;
  return { ...taken, checkpoint: { ...taken.checkpoint, segments, unreachable, lateness } };
}

/** Another selection of events was read so far: what was counted then cannot be compared with what is counted now. */
function countAnew(checkpoint: Checkpoint, stream: string): Checkpoint {
  const countedFromMs = checkpoint.owed.at(-1)?.fromMs ?? checkpoint.countedFromMs;
  return {
    ...checkpoint,
    stream,
    countedFromMs,
    explained: [],
    agreed: undefined,
    notCounted: undefined,
    unproven: [],
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
    unreachable: [],
    lateness: {},
    stream,
  };
}
