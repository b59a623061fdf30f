import { wholeHours } from '../../sdk/checkpoint/backfill-ranges.js';
import type { RequestLimiter } from '../../sdk/http/rate-limiter.js';
import { retry } from '../../sdk/http/retry.js';
import { BackfillLane, type BackfillProgress } from '../../sdk/lanes/backfill-lane.js';
import type { Batch } from '../../sdk/pipeline/destination.js';
import type { Pipeline } from '../../sdk/pipeline/pump.js';
import { stopEarlyOnSignals } from '../../sdk/signals.js';
import { Stop } from '../../sdk/stop.js';
import type { LoadedConfiguration } from '../load-configuration.js';
import { printLine } from '../output.js';
import type { OpenStream } from '../stream.js';
import type { HarnessWorld } from '../world.js';
import { type QueueAddress, readQueueAddress } from './queue-address.js';
import { QueueConnection } from './queue-connection.js';
import { QueueLane, type QueueLaneOptions, type QueueProgress } from './queue-lane.js';
import { SharedLimiter } from './shared-limiter.js';
import { type Identity, identityOf } from './slice-job.js';
import { SliceQueue } from './slice-queue.js';

/** A Redis that is just being started is waited for so long. */
const START_WITHIN = { firstDelayMs: 250, longestDelayMs: 2_000, deadlineMs: 60_000 };

/** A queue as a command is given it: reached, with the rate limit that all its machines share. */
export class SharedQueue {
  private constructor(
    readonly connection: QueueConnection,
    /** What tells this account and intake from others. */
    private readonly account: readonly string[],
    private readonly version: string,
    /** For `TriggerContext`. */
    readonly openLimiter: (requestsPerSecond: number) => RequestLimiter,
  ) {}

  /**
   * Waits for a Redis that does not answer yet, for a minute.
   * @throws ConfigurationError; ModuleError QUEUE_UNAVAILABLE, QUEUE_REFUSED; an AbortError after a signal
   */
  static async open(
    url: string,
    configuration: Pick<LoadedConfiguration, 'loaded' | 'intakeUrl'>,
    world: HarnessWorld,
  ): Promise<SharedQueue> {
    const { environment, clock, version } = world;
    const connection = await reach(readQueueAddress(url, environment), world);
    const { secrets } = configuration.loaded;
    const credential = identityOf('', secrets).account;
    const openLimiter = (requestsPerSecond: number): RequestLimiter =>
      new SharedLimiter({ connection, credential, requestsPerSecond, clock });
    return new SharedQueue(connection, accountOf(configuration), version, openLimiter);
  }

  /** What a worker of this stream is told apart by. */
  of(stream: string): { readonly identity: Identity; readonly version: string } {
    return { identity: identityOf(stream, this.account), version: this.version };
  }

  /** A backfill whose old part workers read, and whose recent part, of which ids have to be known, is read here. */
  collection<B extends Batch>(
    { parts, context }: OpenStream,
    pipeline: Pipeline<B>,
    told: Pick<QueueLaneOptions, 'warn'> & { readonly onProgress: (progress: QueueProgress) => void },
  ): Collection {
    const { identity, version } = this.of(parts.stream);
    const queue = new SliceQueue(this.connection, identity, version);
    const { backlogSource: source = parts.source, retentionMs } = parts;
    const borderMs = wholeHours(parts.source.now() - parts.settlingHorizonMs);
    let [old, recent]: [QueueProgress, BackfillProgress] = [{ ...NOTHING_YET, workers: undefined }, NOTHING_YET];
    const tell = (): void => told.onProgress(sumOf(old, recent));
    const { stop, release } = Stop.within(context.stop);
    const ownContext = { ...context, stop };
    const own = { ...pipeline, stop };
    const lanes = [
      new QueueLane(
        {
          ...{ queue, toMs: borderMs, retentionMs, warn: told.warn },
          onProgress: (progress) => {
            old = progress;
            tell();
          },
        },
        { ...own, source },
        ownContext,
      ),
      new BackfillLane(
        {
          ...parts,
          fromMs: borderMs,
          onProgress: (progress) => {
            recent = progress;
            tell();
          },
        },
        own,
        ownContext,
      ),
    ];
    const untilDone = async (): Promise<void> => {
      const endings = lanes.map((lane) =>
        lane.untilDone().catch((error: unknown) => {
          // One that failed ends the other, which finishes what it has under way.
          stop.request();
          throw error;
        }),
      );
      try {
        await Promise.all(endings);
      } finally {
        await Promise.allSettled(endings);
        release();
      }
    };
    return { untilDone };
  }

  close(): void {
    this.connection.close();
  }
}

async function reach(
  address: QueueAddress,
  { clock, random, signals, stderr }: HarnessWorld,
): Promise<QueueConnection> {
  const stop = stopEarlyOnSignals(signals);
  try {
    return await retry(() => QueueConnection.open(address), {
      ...{ policy: START_WITHIN, clock, random, requested: stop.requested },
      onRetry({ error, attempt }) {
        if (attempt > 1) return;
        printLine(stderr, `${error.message}. It is tried for a minute. ${error.advice ?? ''}`);
      },
    });
  } finally {
    stop.release();
  }
}

/** Two machines with the same keys may still ask, or send to, different places. */
function accountOf({ loaded, intakeUrl }: Pick<LoadedConfiguration, 'loaded' | 'intakeUrl'>): string[] {
  const { module, arguments: args } = loaded.resolved.values;
  const settings = Object.entries(module).sort(([one], [other]) => (one < other ? -1 : 1));
  return [...loaded.secrets, JSON.stringify([settings, args['intake_server'] ?? intakeUrl?.value])];
}

/** What a backfill is collected by. */
export interface Collection {
  /** Resolves when nothing of it is owed. */
  untilDone(): Promise<void>;
}

const NOTHING_YET: BackfillProgress = { slices: 0, slicesRead: 0, planned: 0, read: 0, delivered: 0 };

function sumOf(old: QueueProgress, recent: BackfillProgress): QueueProgress {
  return {
    slices: old.slices + recent.slices,
    slicesRead: old.slicesRead + recent.slicesRead,
    planned: old.planned === undefined || recent.planned === undefined ? undefined : old.planned + recent.planned,
    read: old.read + recent.read,
    delivered: old.delivered + recent.delivered,
    workers: old.workers,
  };
}
