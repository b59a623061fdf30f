import { DeliveryState } from '../../src/sdk/checkpoint/delivery-state.js';
import type { PipelineEvent } from '../../src/sdk/pipeline/pipeline-event.js';
import type { Pipeline } from '../../src/sdk/pipeline/pump.js';
import { Stop } from '../../src/sdk/stop.js';
import { createMemoryStorage } from '../../src/sdk/storage/memory.js';
import type { Storage } from '../../src/sdk/storage/storage.js';
import type { TriggerContext } from '../../src/sdk/trigger.js';
import { testEvent } from './events.js';
import { type HeldEvent, IndexedSource, type Reading } from './indexed-source.js';
import { MANUAL_CLOCK_START_MS as START_MS, ManualClock } from './manual-clock.js';
import { pipelineOf } from './pump-rig.js';
import { RecordingDestination, type TextBatch } from './recording-destination.js';
import { RecordingLog } from './recording-log.js';
import { seededRandom } from './seeded-random.js';

const HOUR_MS = 3_600_000;

export interface LaneRigOptions {
  readonly once?: boolean;
  readonly storage?: Storage;
  readonly destination?: RecordingDestination;
  readonly keepMs?: number;
  /** Left edge of the tail, epoch milliseconds. Default ten hours ago. */
  readonly startFromMs?: number;
  /** How the source understands bounds. Default: begin inclusive, end exclusive. */
  readonly reading?: Reading;
}

/** What a lane works with: a source that counts, a state, a manual clock. */
export class LaneRig {
  readonly clock = new ManualClock();
  readonly log = new RecordingLog();
  readonly stop = new Stop();
  readonly told: PipelineEvent[] = [];
  readonly source: IndexedSource;
  readonly pipeline: Pipeline<TextBatch>;
  readonly context: TriggerContext;

  private constructor(
    readonly state: DeliveryState,
    readonly storage: Storage,
    readonly destination: RecordingDestination,
    { once = false, reading }: LaneRigOptions,
  ) {
    this.source = new IndexedSource(() => this.clock.now(), reading);
    const { clock, stop, source } = this;
    const listener = (event: PipelineEvent): void => void this.told.push(event);
    this.pipeline = pipelineOf({ source, destination, storage, clock, stop, listener }, state);
    const transport = { request: () => Promise.reject(new Error('no network here')) };
    this.context = { clock, random: seededRandom(), transport, storage, log: this.log.log, stop, once };
  }

  static async open(options: LaneRigOptions = {}): Promise<LaneRig> {
    const { storage = createMemoryStorage(), destination = new RecordingDestination() } = options;
    const { startFromMs = START_MS - 10 * HOUR_MS, keepMs = 24 * HOUR_MS } = options;
    const state = await DeliveryState.open({ storage, startFromMs, keepMs, stream: 'tests' });
    return new LaneRig(state, storage, destination, options);
  }

  /** Settles the tail up to now as if everything held so far had been delivered. */
  async settleTail(): Promise<void> {
    const fromMs = this.state.owed.tailFromMs ?? 0;
    await this.state.commit({
      entries: [],
      settled: { lane: 'tail', fromMs, toMs: this.clock.now(), looksBack: true },
    });
  }

  get deliveredIds(): string[] {
    return this.destination.acknowledged.map((text) => (JSON.parse(text) as { id: string }).id);
  }
}

/** An event so long before the clock's beginning. */
export function heldBefore(id: string, beforeMs: number): HeldEvent {
  const atMs = START_MS - beforeMs;
  return { event: testEvent(id, atMs), atMs };
}
