import { isAbort } from '../errors.js';
import { retry } from '../http/retry.js';
import type { Clock, Random } from '../ports.js';
import type { Stop } from '../stop.js';
import type { PipelineListener } from './pipeline-event.js';

const POLICY = { firstDelayMs: 1000, longestDelayMs: 10_000, deadlineMs: Infinity };

interface Persisting {
  readonly clock: Clock;
  readonly random: Random;
  readonly stop: Stop;
  readonly listener: PipelineListener;
}

/** Writes state, trying again until it can be written or a stop is requested: until then nothing moves on. */
export async function persist(
  { clock, random, stop, listener }: Persisting,
  write: () => Promise<void>,
): Promise<void> {
  try {
    await retry(write, {
      ...{ policy: POLICY, clock, random, requested: stop.requested },
      onRetry: (failure) => listener({ kind: 'retrying', side: 'state', ...failure }),
    });
  } catch (error) {
    if (!isAbort(error)) throw error;
    // There may be room again: what was acknowledged need not be sent once more after the next start.
    await write();
  }
}
