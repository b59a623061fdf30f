import { formatTimestamp } from '../sdk/time/timestamp.js';
import type { OpenStream } from './stream.js';

interface Range {
  readonly fromMs: number;
  readonly toMs: number | undefined;
}

/** Everything that is remembered of a stream, but for the ids themselves. */
export async function stateAsJson({ state, context }: OpenStream): Promise<Record<string, unknown>> {
  const { checkpoint, owed, ledger } = state;
  const { agreed, notCounted } = checkpoint;
  const hours = await state.hours.read(checkpoint.collectedFromMs, checkpoint.ledgerFromMs);
  return {
    data_path: context.storage.location,
    stream: checkpoint.stream,
    owed: owed.intervals.map(range),
    collected_from: formatTimestamp(checkpoint.collectedFromMs),
    ledger: {
      ids: ledger.size,
      from: formatTimestamp(checkpoint.ledgerFromMs),
      counted_from: formatTimestamp(checkpoint.countedFromMs),
    },
    agreed: agreed === undefined ? null : { ...range(agreed), at: formatTimestamp(agreed.atMs) },
    not_counted:
      notCounted === undefined ? null : { since: formatTimestamp(notCounted.sinceMs), reason: notCounted.reason },
    explained: checkpoint.explained.map(({ atMs, difference }) => ({ at: formatTimestamp(atMs), difference })),
    unproven: checkpoint.unproven.map(range),
    unreachable: checkpoint.unreachable.map(range),
    lateness: state.lateness.toJSON(),
    hours: hours.map(({ fromMs, toMs, deadLettered, ...numbers }) => ({
      ...range({ fromMs, toMs }),
      ...numbers,
      dead_lettered: deadLettered,
    })),
  };
}

function range({ fromMs, toMs }: Range): Record<string, string> {
  return { from: formatTimestamp(fromMs), ...(toMs !== undefined && { to: formatTimestamp(toMs) }) };
}
