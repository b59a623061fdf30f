import { readQueueAddress } from '../../src/harness/queue/queue-address.js';
import { QueueConnection } from '../../src/harness/queue/queue-connection.js';
import { QueueLane, type QueueProgress } from '../../src/harness/queue/queue-lane.js';
import { type Identity, identityOf } from '../../src/harness/queue/slice-job.js';
import { SliceQueue } from '../../src/harness/queue/slice-queue.js';
import { SliceWorker } from '../../src/harness/queue/slice-worker.js';
import type { ConnectorParts } from '../../src/sdk/connector-parts.js';
import { Stop } from '../../src/sdk/stop.js';
import { createMemoryStorage } from '../../src/sdk/storage/memory.js';
import { systemClock } from '../../src/sdk/system.js';
import type { TriggerContext } from '../../src/sdk/trigger.js';
import type { IndexedSource } from './indexed-source.js';
import type { LaneRig } from './lane-rig.js';
import type { RecordingDestination, TextBatch } from './recording-destination.js';
import { RecordingLog } from './recording-log.js';
import type { RedisServer } from './redis.js';

const DAY_MS = 86_400_000;
const VERSION = '1.2.3';
/** Shorter than in production, where it would only be waited for. */
const TURN_MS = 50;
const LOCK_MS = 1_500;
const RETRY_AFTER_MS = 100;
export const IDENTITY = identityOf('tests', ['a-credential']);

/** Both sides of a queue in this process, in real time, on a real Redis. */
export class QueueRig {
  readonly connections: QueueConnection[] = [];
  readonly #workers: { readonly stop: Stop; readonly ended: Promise<unknown> }[] = [];

  constructor(
    private readonly redis: RedisServer,
    private readonly rig: LaneRig,
  ) {}

  async connect(): Promise<QueueConnection> {
    const connection = await QueueConnection.open(readQueueAddress(this.redis.url, {}));
    this.connections.push(connection);
    return connection;
  }

  /** The coordinator of what the rig's state owes before `toMs`. */
  async coordinator(toMs: number) {
    const queue = new SliceQueue(await this.connect(), IDENTITY, VERSION, RETRY_AFTER_MS);
    const stop = new Stop();
    const told: { progress: QueueProgress[]; warnings: string[] } = { progress: [], warnings: [] };
    const lane = new QueueLane(
      {
        ...{ queue, toMs, retentionMs: 90 * DAY_MS, turnMs: TURN_MS },
        onProgress: (progress) => void told.progress.push(progress),
        warn: (text) => void told.warnings.push(text),
      },
      { ...this.rig.pipeline, stop },
      { ...this.rig.context, stop, clock: systemClock },
    );
    return { lane, queue, stop, ...told };
  }

  /** A worker that works until the rig is closed; its end is that of `ended`. */
  async work(
    source: IndexedSource,
    destination: RecordingDestination,
    identity: Identity = IDENTITY,
    version = VERSION,
  ) {
    const stop = new Stop();
    const storage = createMemoryStorage();
    const log = new RecordingLog();
    const context: TriggerContext = { ...this.rig.context, stop, storage, clock: systemClock, log: log.log };
    const parts = {
      ...{ source, destination, listener: () => undefined, stream: identity.stream },
    } as unknown as ConnectorParts<TextBatch>;
    const said: string[] = [];
    const connection = await this.connect();
    const ended = new SliceWorker({
      ...{ connection, identity, version, parts, context, onDone: () => undefined },
      lockMs: LOCK_MS,
      redact: (text) => text.replaceAll('a-credential', '[redacted]'),
      say: (text) => void said.push(text),
    }).run();
    ended.catch(() => undefined);
    this.#workers.push({ stop, ended });
    return { stop, ended, storage, said, log };
  }

  async close(): Promise<void> {
    for (const { stop } of this.#workers) stop.request();
    await Promise.allSettled(this.#workers.map(({ ended }) => ended));
    for (const connection of this.connections) connection.close();
  }
}
