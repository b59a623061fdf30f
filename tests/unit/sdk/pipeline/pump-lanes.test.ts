import { describe, expect, it, jest } from '@jest/globals';

import type { DeliveryState } from '../../../../src/sdk/checkpoint/delivery-state.js';
import { isAbort, ModuleError } from '../../../../src/sdk/errors.js';
import { EventSplitter } from '../../../../src/sdk/json/event-splitter.js';
import { Ledger } from '../../../../src/sdk/ledger/ledger.js';
import type { PipelineEvent } from '../../../../src/sdk/pipeline/pipeline-event.js';
import { Places } from '../../../../src/sdk/pipeline/places.js';
import { type Errand, type Pipeline, type Pumped, pumpWindow } from '../../../../src/sdk/pipeline/pump.js';
import type { Source } from '../../../../src/sdk/pipeline/source.js';
import type { Random } from '../../../../src/sdk/ports.js';
import { Stop } from '../../../../src/sdk/stop.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import type { Storage } from '../../../../src/sdk/storage/storage.js';
import { rawEvent, testEvent, type TestEvent } from '../../../support/events.js';
import { FailingStorage } from '../../../support/failing-storage.js';
import { everybodyHadTheirTurn, ManualClock } from '../../../support/manual-clock.js';
import { deadLetters, FROM_MS, onStorage, openState, pipelineOf } from '../../../support/pump-rig.js';
import {
  ACKNOWLEDGED,
  RecordingDestination,
  type TextBatch,
  unsettled,
} from '../../../support/recording-destination.js';
import { ScriptedSource, type ScriptedSourceOptions } from '../../../support/scripted-source.js';
import { seededRandom } from '../../../support/seeded-random.js';

/** A gap is owed up to here, where the tail begins; the tail's window looks back over all of the gap. */
const MIDDLE_MS = FROM_MS + 60_000;
const TO_MS = FROM_MS + 120_000;
const GAP = { fromMs: FROM_MS, toMs: MIDDLE_MS };
const TAIL = { fromMs: FROM_MS, toMs: TO_MS };
const unavailable = (): ModuleError => new ModuleError('DESTINATION_UNAVAILABLE', 'status 503');

function eventsOf(count: number): TestEvent[] {
  return Array.from({ length: count }, (_, n) => testEvent(`event-${n}`, FROM_MS + Math.floor((n * 120_000) / count)));
}

async function stateWithGap(storage: Storage): Promise<DeliveryState> {
  const state = await openState(storage);
  await state.commit({ entries: [], settled: { lane: 'tail', fromMs: FROM_MS, toMs: MIDDLE_MS } });
  state.owe(GAP);
  await state.commit({ entries: [], settled: undefined });
  return state;
}

function errand(lane: Errand['lane'], parallelDeliveries = 1): Errand {
  return { window: lane === 'gap' ? GAP : TAIL, lane, parallelDeliveries, lateBeforeMs: FROM_MS };
}

/** Something that is waited for, and can be let go. */
class Gate {
  #open: () => void = () => undefined;
  readonly passed = new Promise<void>((resolve) => (this.#open = resolve));

  open(): void {
    this.#open();
  }
}

interface Given {
  readonly events?: readonly TestEvent[];
  readonly storage?: Storage;
  readonly destination: RecordingDestination;
  readonly gapSource?: Partial<ScriptedSourceOptions>;
  readonly tailSource?: Partial<ScriptedSourceOptions>;
}

/** Two lanes over one state. */
async function lanesOf({ events = eventsOf(12), destination, ...given }: Given) {
  const storage = given.storage ?? createMemoryStorage();
  const stop = new Stop();
  const clock = new ManualClock({ autoAdvance: true });
  const state = await stateWithGap(storage);
  const sourceOf = (more: Partial<ScriptedSourceOptions> = {}) =>
    new ScriptedSource({ events, now: () => TO_MS + 1000, pageEvents: () => 100, ...more });
  const shared = pipelineOf({ source: sourceOf(), destination, storage, stop, clock }, state);
  const run = (lane: Errand['lane'], more?: Partial<ScriptedSourceOptions>): Promise<Pumped> =>
    pumpWindow(errand(lane), { ...shared, source: sourceOf(more) });
  return {
    state,
    stop,
    storage,
    events,
    gap: () => run('gap', given.gapSource),
    tail: () => run('tail', given.tailSource),
  };
}

const sorted = (texts: readonly string[]): string[] => [...texts].sort();
const textsOf = (events: readonly TestEvent[]): string[] => sorted(events.map(({ text }) => text));

async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await everybodyHadTheirTurn();
}

describe('two lanes', () => {
  it('commit what one of them could not commit before it stopped, as it was', async () => {
    const storage = new FailingStorage(createMemoryStorage());
    const state = await stateWithGap(storage);
    const clock = new ManualClock({ autoAdvance: true });
    const [stop, events] = [new Stop(), eventsOf(12)];
    const destination = new RecordingDestination({
      // Two batches: they are committed in a list of both.
      batchEvents: () => 3,
      script: () => {
        storage.plan = ({ change }) => (change === undefined ? undefined : 'undone');
        stop.request();
        return Promise.resolve(ACKNOWLEDGED);
      },
    });
    const source = new ScriptedSource({ events, now: () => TO_MS + 1000, pageEvents: () => 100 });
    const stopping = pipelineOf({ source, destination, storage, stop, clock }, state);
    await expect(pumpWindow(errand('gap', 2), stopping)).rejects.toThrow();
    const before = destination.acknowledged.length;
    expect(before).toBeGreaterThan(0);
    storage.plan = () => undefined;
    const others = { ...stopping, stop: new Stop(), destination: new RecordingDestination({ batchEvents: () => 3 }) };
    const { events: delivered } = await pumpWindow(errand('tail', 2), others);
    expect(delivered).toBe(12 - before);
    const found = await onStorage(storage.inner);
    expect(events.filter((event) => !found.has(event))).toEqual([]);
  });

  it('share places where they are told to, and together have no more under way than those', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const events = eventsOf(60);
    const destination = new RecordingDestination({
      batchEvents: () => 2,
      script: async (_, __, n) => {
        await clock.sleep(n % 3 === 0 ? 500 : 20);
        return ACKNOWLEDGED;
      },
    });
    const storage = createMemoryStorage();
    const state = await openState(storage);
    const source = new ScriptedSource({ events, now: () => TO_MS + 1000, pageEvents: () => 10 });
    const pipeline = pipelineOf({ source, destination, storage, clock, stop: new Stop() }, state);
    const sharedDeliveries = new Places(4);
    const windows = [GAP, { fromMs: MIDDLE_MS, toMs: TO_MS }];
    for (const window of windows) state.backfill(window);
    await Promise.all(
      windows.map((window) => {
        const shared = { parallelDeliveries: 8, sharedDeliveries, lateBeforeMs: -Infinity };
        return pumpWindow({ window, lane: 'backfill', ...shared }, pipeline);
      }),
    );
    expect(sorted(destination.acknowledged)).toEqual(textsOf(events));
    expect(destination.mostUnderWay).toBe(4);
  });

  it('settle from where they settled before: what is owed again behind them stays so', async () => {
    const storage = createMemoryStorage();
    const state = await openState(storage);
    const late = { fromMs: GAP.fromMs + 1, toMs: GAP.fromMs + 2 };
    const source = new ScriptedSource({ events: eventsOf(60), now: () => TO_MS + 1000, pageEvents: () => 10 });
    const destination = new RecordingDestination({ batchEvents: () => 10 });
    const pipeline = pipelineOf({ source, destination, storage, clock: new ManualClock({ autoAdvance: true }) }, state);
    const settled: number[] = [];
    const listener = (): void => {
      const [first] = state.owed.gaps;
      if (settled.push(first?.fromMs ?? Infinity) === 3) state.owe(late);
    };
    state.leaveToBackfill(GAP.toMs, 0);
    const errand = { window: GAP, lane: 'backfill', parallelDeliveries: 1, lateBeforeMs: -Infinity } as const;
    const onCommit = { ...pipeline, listener: (event: PipelineEvent) => event.kind === 'committed' && listener() };
    await expect(pumpWindow(errand, onCommit)).resolves.toMatchObject({ isComplete: true });
    expect(settled.length).toBeGreaterThan(3);
    expect(settled[2]).toBeGreaterThan(late.toMs);
    expect(state.owed.gaps).toEqual([late]);
  });

  it('settle nothing before what they may settle, whatever they read of it', async () => {
    const storage = createMemoryStorage();
    const state = await openState(storage);
    const source = new ScriptedSource({ events: eventsOf(60), now: () => TO_MS + 1000, pageEvents: () => 5 });
    const destination = new RecordingDestination({ batchEvents: () => 5 });
    const pipeline = pipelineOf({ source, destination, storage, clock: new ManualClock({ autoAdvance: true }) }, state);
    state.leaveToBackfill(GAP.toMs, 0);
    const claim = { ...GAP, fromMs: (GAP.fromMs + GAP.toMs) / 2 };
    const errand = { window: GAP, claim, lane: 'backfill', parallelDeliveries: 1, lateBeforeMs: -Infinity } as const;
    await pumpWindow(errand, pipeline);
    expect(state.owed.gaps).toEqual([{ fromMs: GAP.fromMs, toMs: claim.fromMs }]);
  });

  it('end at once when they are stopped while they wait for a place that another one has', async () => {
    const storage = createMemoryStorage();
    const state = await openState(storage);
    const source = new ScriptedSource({ events: eventsOf(60), now: () => TO_MS + 1000 });
    const stop = new Stop();
    const clock = new ManualClock({ autoAdvance: true });
    const pipeline = pipelineOf({ source, destination: new RecordingDestination(), storage, clock, stop }, state);
    const sharedDeliveries = new Places(1);
    await sharedDeliveries.enter(new AbortController().signal);
    const errand = {
      window: GAP,
      lane: 'backfill',
      parallelDeliveries: 1,
      sharedDeliveries,
      lateBeforeMs: -Infinity,
    } as const;
    const ended = pumpWindow(errand, pipeline).catch((error: unknown) => error);
    await everybodyHadTheirTurn();
    stop.request();
    expect(isAbort(await ended)).toBe(true);
  });

  it('do not both send an event that is under way in one of them, and both settle what they read', async () => {
    const gate = new Gate();
    const destination = new RecordingDestination({
      batchEvents: () => 100,
      script: async (_, __, n) => {
        if (n === 1) await gate.passed;
        return ACKNOWLEDGED;
      },
    });
    const { gap, tail, storage, events } = await lanesOf({ destination });
    const first = gap();
    await turns();
    const second = tail();
    await turns();
    // The tail has delivered what is its own, and waits for what the gap's lane has under way.
    expect(destination.batches.map(({ count }) => count)).toEqual([7, 5]);
    expect((await onStorage(storage)).owed.intervals).toEqual([GAP, { fromMs: MIDDLE_MS, toMs: undefined }]);

    gate.open();
    await expect(first).resolves.toMatchObject({ events: 7, rows: 7, isComplete: true });
    await expect(second).resolves.toMatchObject({ events: 5, rows: 12, isComplete: true });
    expect(sorted(destination.acknowledged)).toEqual(textsOf(events));
    expect((await onStorage(storage)).owed.intervals).toEqual([{ fromMs: TO_MS, toMs: undefined }]);
  });

  it('settle a page that the other one carries only when the commit of that is durable', async () => {
    const storage = new FailingStorage(createMemoryStorage());
    const gate = new Gate();
    const destination = new RecordingDestination({
      batchEvents: () => 100,
      script: async (_, __, n) => {
        if (n === 1) await gate.passed;
        return ACKNOWLEDGED;
      },
    });
    const rig = await lanesOf({ destination, storage });
    const first = rig.gap();
    await turns();
    const second = rig.tail();
    await turns();
    storage.plan = ({ kind }) => (kind === 'write' ? 'undone' : undefined);
    gate.open();
    await turns(1);
    expect((await onStorage(storage)).owed.tailFromMs).toBe(MIDDLE_MS);
    storage.plan = () => undefined;
    await Promise.all([first, second]);
    expect((await onStorage(storage)).owed.intervals).toEqual([{ fromMs: TO_MS, toMs: undefined }]);
  });

  it('leave owed what the other one carried and failed to deliver', async () => {
    const gate = new Gate();
    const destination = new RecordingDestination({
      batchEvents: () => 100,
      script: async (batch, _, n) => {
        if (n !== 1) return ACKNOWLEDGED;
        await gate.passed;
        return unsettled(batch, unavailable());
      },
    });
    const { gap, tail, state, storage, events } = await lanesOf({ destination });
    const first = gap().catch((error: unknown) => error);
    await turns();
    const second = tail();
    await turns();
    gate.open();
    await expect(first).resolves.toMatchObject({ code: 'DESTINATION_UNAVAILABLE' });
    await expect(second).resolves.toMatchObject({ events: 5, rows: 12, isComplete: false });
    const stored = await onStorage(storage);
    expect(stored.owed.tailFromMs).toBe(MIDDLE_MS);
    expect(stored.owed.gaps).toEqual([GAP]);
    expect(state.owed.intervals).toEqual(stored.owed.intervals);

    await expect(tail()).resolves.toMatchObject({ events: 7, rows: 12, isComplete: true });
    expect(sorted(destination.acknowledged)).toEqual(textsOf(events));
  });

  it('do not make one wait for a batch that the other may take long to fill', async () => {
    const gate = new Gate();
    const destination = new RecordingDestination({ batchEvents: () => 100 });
    // The gap's lane has a page in its batch, and waits for the next one, which does not come.
    const { gap, tail, stop, storage, events } = await lanesOf({
      destination,
      gapSource: { beforePage: (page) => (page === 2 ? gate.passed : undefined) },
    });
    const first = gap().catch((error: unknown) => error);
    await turns();
    await expect(tail()).resolves.toMatchObject({ isComplete: true });
    expect((await onStorage(storage)).owed.tailFromMs).toBe(TO_MS);
    expect(sorted(destination.acknowledged)).toEqual(textsOf(events));
    stop.request();
    gate.open();
    expect(isAbort(await first)).toBe(true);
  });

  it('do not both send an event that one of them found while the other waited for a place', async () => {
    const gates = [new Gate(), new Gate()];
    const destination = new RecordingDestination({
      // One event a batch: the gap's lane waits for a place with its second event in hand.
      batchEvents: () => 1,
      script: async (_, __, n) => {
        if (n <= 2) await gates[n - 1]?.passed;
        return ACKNOWLEDGED;
      },
    });
    const events = eventsOf(6);
    const { gap, tail } = await lanesOf({ destination, events });
    const first = gap();
    await turns();
    const second = tail();
    await turns();
    gates[1]?.open();
    await turns();
    gates[0]?.open();
    await Promise.all([first, second]);
    expect(sorted(destination.acknowledged)).toEqual(textsOf(events));
  });

  it('do not both keep an event in the dead letter that is too large', async () => {
    const events = [testEvent('large', FROM_MS + 1, 5000)];
    const destination = new RecordingDestination({ maxEventBytes: 1000 });
    const { gap, tail, storage, state } = await lanesOf({ destination, events });
    const [first, second] = await Promise.all([gap(), tail()]);
    expect(await deadLetters(storage)).toHaveLength(1);
    expect([first.isComplete, second.isComplete]).toEqual([true, true]);
    expect(state.owed.intervals).toEqual([{ fromMs: TO_MS, toMs: undefined }]);
  });

  it('keep what stands after a page of the other one owed until that is settled, and settle only what is theirs', async () => {
    const destination = new RecordingDestination();
    const { gap, tail, state } = await lanesOf({ destination });
    await tail();
    // The gap was read too, by looking back; but who read it had not claimed it.
    expect(state.owed.intervals).toEqual([GAP, { fromMs: TO_MS, toMs: undefined }]);
    await expect(gap()).resolves.toMatchObject({ events: 0, rows: 7, isComplete: true });
    expect(state.owed.intervals).toEqual([{ fromMs: TO_MS, toMs: undefined }]);
  });
});

const between = (random: Random, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1));

/** Looks, whenever the position becomes durable, whether that position is true. */
function inspected(inner: Storage, events: readonly TestEvent[], destination: RecordingDestination): Storage {
  return {
    ...inner,
    async write(name, content) {
      await inner.write(name, content);
      if (name !== 'context.json') return;
      const stored = await onStorage(inner);
      const dead = new Set((await deadLetters(inner)).map(({ event }) => event));
      const acknowledged = new Set(destination.acknowledged);
      for (const event of events) {
        const at = event.timestampMs;
        // No time of day says whether an undated event is owed.
        if (at === undefined) continue;
        if (stored.owed.intervals.some(({ fromMs, toMs = Infinity }) => at >= fromMs && at < toMs)) continue;
        if (!acknowledged.has(event.text) && !dead.has(event.text)) throw new TypeError(`${event.id} is lost`);
        if (!stored.has(event)) throw new TypeError(`${event.id} is not in the ledger, and its time is not owed`);
      }
    },
  };
}

describe('two lanes with faults of every kind, in any order', () => {
  it('lose nothing, send nothing twice, and never wait for each other for ever', async () => {
    for (let seed = 1; seed <= 60; seed += 1) await runLanes(seed);
  });
});

async function runLanes(seed: number): Promise<void> {
  const random = seededRandom(seed * 104_729);
  const events = Array.from({ length: between(random, 0, 80) }, (_, n) =>
    testEvent(
      `event-${n}`,
      random() < 0.03 ? undefined : FROM_MS + between(random, 0, 119_999),
      random() < 0.05 ? 400 : 0,
    ),
  );
  const clock = new ManualClock({ autoAdvance: true });
  const destination = new RecordingDestination({
    maxEventBytes: 300,
    batchEvents: () => between(random, 1, 8),
    async script(batch: TextBatch) {
      await clock.sleep(between(random, 0, 300));
      const luck = random();
      if (luck < 0.75) return ACKNOWLEDGED;
      if (luck < 0.85) return { rejections: [{ index: 0, reason: 'refused' }], unsettled: [] };
      return random() < 0.5
        ? unsettled(batch, unavailable())
        : { rejections: [], unsettled: [0], failure: unavailable() };
    },
  });
  const inner = createMemoryStorage();
  const faulty = random() < 0.5 ? 0.1 : 0;
  const storage = new FailingStorage(inspected(inner, events, destination));
  await stateWithGap(inner);
  const state = await openState(storage);
  storage.plan = ({ kind }) => (kind === 'write' && random() < faulty ? 'undone' : undefined);
  const source = new ScriptedSource({
    events,
    now: () => TO_MS + 1000,
    pageEvents: () => between(random, 1, 15),
    repeats: () => (random() < 0.2 ? between(random, 1, 5) : 0),
    saysWhere: () => random() < 0.9,
    beforePage: async () => {
      await clock.sleep(between(random, 0, 100));
      if (random() < 0.03) throw new ModuleError('SOURCE_UNREACHABLE', 'no answer');
    },
  });
  const pipeline = pipelineOf({ source, destination, storage, clock, random }, state);
  const lanes = [errand('gap', 1), errand('tail', between(random, 1, 4))];
  const ended = await Promise.all(lanes.map((each) => readToItsEnd(each, pipeline, random)));
  expect({ seed, ended }).toEqual({ seed, ended: [true, true] });
  const dead = (await deadLetters(inner)).map(({ event }) => event);
  expect({ seed, events: sorted([...destination.acknowledged, ...dead]) }).toEqual({ seed, events: textsOf(events) });
  for (const event of events) expect(state.ledger.has(Ledger.keyOf(rawEvent(event), clock.now()))).toBe(true);
  expect((await onStorage(inner)).owed.intervals).toEqual([{ fromMs: TO_MS, toMs: undefined }]);
}

/** Tries again until the window is read. @returns false where that takes for ever */
async function readToItsEnd(given: Errand, pipeline: Pipeline<TextBatch>, random: Random): Promise<boolean> {
  for (let round = 0; round < 300; round += 1) {
    await pipeline.clock.sleep(between(random, 0, 200));
    try {
      if ((await pumpWindow(given, pipeline)).isComplete) return true;
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
    }
  }
  return false;
}

describe('events of a page that another lane has under way', () => {
  it('are asked for in the ledger together, not one by one to the end of the page each time', async () => {
    const texts = Array.from({ length: 2000 }, (_, n) => testEvent(`e-${n}`, FROM_MS + n).text);
    const toMs = FROM_MS + 600_000;
    let letGo = (): void => undefined;
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    const destination = new RecordingDestination({
      batchEvents: () => 10_000,
      script: () => gate.then(() => ACKNOWLEDGED),
    });
    const source: Source = {
      identity: { id: 'id', timestamp: 'timestamp' },
      now: () => toMs,
      learnTime: () => Promise.resolve(0),
      count: () => Promise.resolve(0),
      async *read() {
        const splitter = new EventSplitter();
        for (const events of splitter.push(Buffer.from(`[${texts.join(',')}]`))) {
          yield await Promise.resolve({ events, settledToMs: undefined });
        }
        splitter.close();
        return toMs;
      },
    };
    const state = await openState(createMemoryStorage());
    const pipeline = pipelineOf({ source, destination, storage: createMemoryStorage() }, state);
    const pump = (lane: 'tail' | 'gap'): Promise<Pumped> =>
      pumpWindow({ window: { fromMs: FROM_MS, toMs }, lane, parallelDeliveries: 4, lateBeforeMs: -Infinity }, pipeline);
    const first = pump('tail');
    for (let turn = 0; turn < 20; turn += 1) await everybodyHadTheirTurn();
    const asked = jest.spyOn(state.ledger, 'firstKnown');
    const second = pump('gap');
    for (let turn = 0; turn < 20; turn += 1) await everybodyHadTheirTurn();
    // Once for each of four lists, and a little.
    expect(asked.mock.calls.length).toBeLessThan(10);
    letGo();
    expect([(await first).events, (await second).events]).toEqual([2000, 0]);
    expect(new Set(destination.acknowledged).size).toBe(2000);
  });
});
