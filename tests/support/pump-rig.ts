import { decodeCheckpoint } from '../../src/sdk/checkpoint/checkpoint-document.js';
import { DeliveryState } from '../../src/sdk/checkpoint/delivery-state.js';
import { OwedSet } from '../../src/sdk/checkpoint/owed-set.js';
import { DeadLetter } from '../../src/sdk/dead-letter/dead-letter.js';
import { Ledger } from '../../src/sdk/ledger/ledger.js';
import { LedgerStore } from '../../src/sdk/ledger/ledger-store.js';
import type { PipelineEvent } from '../../src/sdk/pipeline/pipeline-event.js';
import { type Pipeline, pumpWindow } from '../../src/sdk/pipeline/pump.js';
import type { Source, Window } from '../../src/sdk/pipeline/source.js';
import { UnderWay } from '../../src/sdk/pipeline/under-way.js';
import type { Random } from '../../src/sdk/ports.js';
import { Stop } from '../../src/sdk/stop.js';
import type { Storage } from '../../src/sdk/storage/storage.js';
import { rawEvent, type TestEvent } from './events.js';
import { ManualClock } from './manual-clock.js';
import type { RecordingDestination, TextBatch } from './recording-destination.js';
import { seededRandom } from './seeded-random.js';

export const FROM_MS = Date.UTC(2030, 0, 2, 3, 0, 0);

/** One process that pumps: what dies with it. */
export interface PumpRig {
  readonly source: Source;
  readonly destination: RecordingDestination;
  readonly storage: Storage;
  readonly clock?: ManualClock;
  readonly random?: Random;
  readonly stop?: Stop;
  readonly parallelDeliveries?: number;
  readonly listener?: (event: PipelineEvent) => void;
  readonly deadLetter?: DeadLetter;
}

export async function openState(storage: Storage): Promise<DeliveryState> {
  return DeliveryState.open({ storage, startFromMs: FROM_MS, keepMs: 86_400_000, stream: 'tests' });
}

/** Pumps what is owed up to `toMs`. */
export async function pump(rig: PumpRig, toMs: number, given?: DeliveryState): Promise<number> {
  const state = given ?? (await openState(rig.storage));
  const window: Window = { fromMs: state.owed.fromMs ?? FROM_MS, toMs };
  const parallelDeliveries = rig.parallelDeliveries ?? 4;
  const errand = { window, lane: 'tail', parallelDeliveries, lateBeforeMs: window.fromMs } as const;
  return (await pumpWindow(errand, pipelineOf(rig, state))).events;
}

/** What lanes pump from, to and with. */
export function pipelineOf(rig: PumpRig, state: DeliveryState): Pipeline<TextBatch> {
  const clock = rig.clock ?? new ManualClock({ autoAdvance: true });
  return {
    source: rig.source,
    destination: rig.destination,
    state,
    deadLetter: rig.deadLetter ?? new DeadLetter(rig.storage, clock),
    underWay: new UnderWay(),
    clock,
    random: rig.random ?? seededRandom(),
    stop: rig.stop ?? new Stop(),
    listener: rig.listener ?? (() => undefined),
  };
}

/** What a test looks at in a line of the dead letter. */
export interface DeadLetterLine {
  readonly id: string;
  readonly kind: string;
  readonly reason: string;
  readonly batch?: string;
  readonly delivered?: string;
  readonly event: string;
}

/** Events in the dead letter, in the order of its files. */
export async function deadLetters(storage: Storage): Promise<DeadLetterLine[]> {
  const letters: DeadLetterLine[] = [];
  for (const name of await storage.list('dead-letter')) {
    const text = Buffer.from((await storage.read(`dead-letter/${name}`)) ?? []).toString('utf8');
    for (const line of text.split('\n').filter((each) => each !== '')) {
      letters.push(JSON.parse(line) as DeadLetterLine);
    }
  }
  return letters;
}

/** What a process that started now would find. */
export async function onStorage(storage: Storage): Promise<{
  owedFromMs: number;
  owed: OwedSet;
  has(event: TestEvent): boolean;
}> {
  const content = decodeCheckpoint(await storage.read('context.json'), 'tests');
  const checkpoint = content.kind === 'own' ? content.checkpoint : undefined;
  const { ledger } = await LedgerStore.open(storage, checkpoint?.segments ?? []);
  return {
    owedFromMs: checkpoint?.owed[0]?.fromMs ?? FROM_MS,
    owed: OwedSet.of(checkpoint?.owed ?? [{ fromMs: FROM_MS, toMs: undefined }]),
    has: (event) => ledger.has(Ledger.keyOf(rawEvent(event), 0)),
  };
}
