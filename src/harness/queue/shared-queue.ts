import { wholeHours } from '../../sdk/checkpoint/backfill-ranges.js';
import type { RequestLimiter } from '../../sdk/http/rate-limiter.js';
import { BackfillLane, type BackfillProgress } from '../../sdk/lanes/backfill-lane.js';
import type { Batch } from '../../sdk/pipeline/destination.js';
import type { Pipeline } from '../../sdk/pipeline/pump.js';
import { Stop } from '../../sdk/stop.js';
import type { LoadedConfiguration } from '../load-configuration.js';
import type { OpenStream } from '../stream.js';
import type { HarnessWorld } from '../world.js';
import { readQueueAddress } from './queue-address.js';
import { QueueConnection } from './queue-connection.js';
import { QueueLane, type QueueLaneOptions, type QueueProgress } from './queue-lane.js';
import { SharedLimiter } from './shared-limiter.js';
import { type Identity, identityOf } from './slice-job.js';
import { SliceQueue } from './slice-queue.js';

/** A queue as a command is given it: reached, with the rate limit that all its machines share. */
export class SharedQueue {
  private constructor(
    readonly connection: QueueConnection,
    private readonly secrets: readonly string[],
    /** For `TriggerContext`. */
    readonly openLimiter: (requestsPerSecond: number) => RequestLimiter,
  ) {}

  /** @throws ConfigurationError; ModuleError QUEUE_UNAVAILABLE where Redis does not answer */
  static async open(
    url: string,
    { loaded }: Pick<LoadedConfiguration, 'loaded'>,
    { environment, clock }: HarnessWorld,
  ): Promise<SharedQueue> {
    const connection = await QueueConnection.open(readQueueAddress(url, environment));
    const { secrets } = loaded;
    const credential = identityOf('', secrets).account;
    const openLimiter = (requestsPerSecond: number): RequestLimiter =>
      new SharedLimiter({ connection, credential, requestsPerSecond, clock });
    return new SharedQueue(connection, secrets, openLimiter);
  }

  identityOf(stream: string): Identity {
    return identityOf(stream, this.secrets);
  }

  /** A backfill whose old part workers read, and whose recent part, of which ids have to be known, is read here. */
  async collection<B extends Batch>(
    { parts, context }: OpenStream,
    pipeline: Pipeline<B>,
    told: Pick<QueueLaneOptions, 'warn'> & { readonly onProgress: (progress: QueueProgress) => void },
  ): Promise<Collection> {
    const queue = await SliceQueue.open(this.connection, this.identityOf(parts.stream));
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
