import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { DeliveryState } from '../../../../src/sdk/checkpoint/delivery-state.js';
import { OwedSet } from '../../../../src/sdk/checkpoint/owed-set.js';
import { Ledger } from '../../../../src/sdk/ledger/ledger.js';
import { planLookBack, planWindow } from '../../../../src/sdk/pipeline/planner.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import { rawEvent, testEvent } from '../../../support/events.js';

const START_MS = Date.UTC(2030, 0, 2, 3, 4, 5);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const KEEP_MS = 10 * MINUTE_MS;

async function stateOwing(edgeMs = START_MS): Promise<DeliveryState> {
  const state = await DeliveryState.open({
    storage: createMemoryStorage(),
    startFromMs: START_MS,
    keepMs: KEEP_MS,
    stream: 'all',
  });
  if (edgeMs > START_MS)
    await state.commit({ entries: [], settled: { lane: 'tail', fromMs: START_MS, toMs: edgeMs, looksBack: true } });
  return state;
}

describe('planWindow', () => {
  it('reads on a first start from the very beginning, not before it', async () => {
    const state = await stateOwing();
    expect(planWindow(state, START_MS + 5000, { overlapMs: MINUTE_MS })).toMatchObject({
      fromMs: START_MS,
      toMs: START_MS + 5000,
    });
  });

  it('begins the tail a look-back before what is owed', async () => {
    const edgeMs = START_MS + 5 * MINUTE_MS;
    const state = await stateOwing(edgeMs);
    expect(planWindow(state, edgeMs + 5000, { overlapMs: MINUTE_MS })).toMatchObject({
      fromMs: edgeMs - MINUTE_MS,
      toMs: edgeMs + 5000,
    });
  });

  it('looks back two seconds at the least, because clocks are known to the second only', async () => {
    const edgeMs = START_MS + 5 * MINUTE_MS;
    const state = await stateOwing(edgeMs);
    for (const overlapMs of [0, 1999]) expect(planWindow(state, edgeMs + 1, { overlapMs })?.fromMs).toBe(edgeMs - 2000);
  });

  it('does not look back beyond what was ever collected', async () => {
    const state = await stateOwing(START_MS + 1000);
    expect(planWindow(state, START_MS + 2000, { overlapMs: MINUTE_MS })?.fromMs).toBe(START_MS);
  });

  it('does not look back to where the ledger has forgotten', async () => {
    const edgeMs = START_MS + 6 * HOUR_MS;
    const state = await stateOwing(edgeMs);
    expect(state.steadyFromMs).toBeGreaterThan(START_MS);
    expect(planWindow(state, edgeMs + 1, { overlapMs: 5 * HOUR_MS })?.fromMs).toBe(state.steadyFromMs);
  });

  it('reads what is owed even where the ledger does not remember it, from its edge on', () => {
    const state = {
      owed: OwedSet.of([{ fromMs: START_MS, toMs: undefined }]),
      steadyFromMs: START_MS + HOUR_MS,
      lookedBackToMs: START_MS,
    };
    expect(planWindow(state as unknown as DeliveryState, START_MS + MINUTE_MS, { overlapMs: MINUTE_MS })).toMatchObject(
      {
        fromMs: START_MS,
        toMs: START_MS + MINUTE_MS,
      },
    );
  });

  it('leaves gaps to the other lane: it reads the tail, and says where its edge is', async () => {
    const edgeMs = START_MS + 5 * MINUTE_MS;
    const state = await stateOwing(edgeMs);
    const before = planWindow(state, edgeMs + 5000, { overlapMs: 0 });
    state.owe({ fromMs: START_MS, toMs: START_MS + MINUTE_MS });
    expect(planWindow(state, edgeMs + 5000, { overlapMs: 0 })).toEqual(before);
    expect(before).toEqual({ fromMs: edgeMs - 2000, toMs: edgeMs + 5000, reachesNow: true, edgeMs, looksBack: true });
  });

  it("waits while the source's clock has not reached what is owed", async () => {
    const state = await stateOwing();
    expect(planWindow(state, START_MS, { overlapMs: MINUTE_MS })).toBeUndefined();
    expect(planWindow(state, START_MS - 1, { overlapMs: MINUTE_MS })).toBeUndefined();
    expect(planWindow(state, START_MS + 1, { overlapMs: MINUTE_MS })).toBeDefined();
  });

  it('plans nothing where there is no tail', () => {
    for (const owed of [OwedSet.of([]), OwedSet.of([{ fromMs: START_MS, toMs: START_MS + 1 }])]) {
      expect(
        planWindow({ owed, steadyFromMs: 0, lookedBackToMs: 0 } as unknown as DeliveryState, START_MS + 9, {
          overlapMs: 0,
        }),
      ).toBeUndefined();
    }
  });

  it('never asks for the future, never backwards, never less than is owed, whatever the state', () => {
    const anyMs = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(
        anyMs,
        anyMs,
        anyMs,
        fc.integer({ min: 0, max: 20_000 }),
        (fromMs, steadyFromMs, nowMs, overlapMs) => {
          const owed = OwedSet.of([{ fromMs, toMs: undefined }]);
          const state = {
            owed,
            steadyFromMs,
            lookedBackToMs: fromMs,
            ledger: new Ledger(),
          } as unknown as DeliveryState;
          const window = planWindow(state, nowMs, { overlapMs });
          if (window === undefined) {
            expect(nowMs).toBeLessThanOrEqual(fromMs);
            return;
          }
          expect(window.fromMs).toBeLessThan(window.toMs);
          expect(window.fromMs).toBeLessThanOrEqual(fromMs);
          expect(window.fromMs).toBeGreaterThanOrEqual(fromMs - Math.max(2000, overlapMs));
          if (window.fromMs < fromMs) expect(window.fromMs).toBeGreaterThanOrEqual(steadyFromMs);
          expect(window).toMatchObject({ toMs: nowMs, edgeMs: fromMs, reachesNow: true });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reads a day at the most, and says whether that reaches up to now', async () => {
    const state = await stateOwing();
    const dayMs = 86_400_000;
    expect(planWindow(state, START_MS + 3 * dayMs, { overlapMs: 0 })).toEqual({
      fromMs: START_MS,
      toMs: START_MS + dayMs,
      reachesNow: false,
      edgeMs: START_MS,
      looksBack: true,
    });
    expect(planWindow(state, START_MS + dayMs, { overlapMs: 0 })).toMatchObject({
      toMs: START_MS + dayMs,
      reachesNow: true,
    });
  });
});

describe('looking back', () => {
  const overlapMs = 5 * MINUTE_MS;
  const edgeMs = START_MS + 20 * MINUTE_MS;
  const nowMs = edgeMs + 1000;

  /** A tail that is read up to its edge, with an event every ten seconds. */
  async function stateWithEvents(): Promise<DeliveryState> {
    const state = await stateOwing();
    const times = Array.from({ length: 120 }, (_, index) => START_MS + index * 10_000);
    const entries = times.map((atMs, index) => Ledger.keyOf(rawEvent(testEvent(`${index}`, atMs)), 0));
    await state.commit({ entries, settled: { lane: 'tail', fromMs: START_MS, toMs: edgeMs, looksBack: true } });
    return state;
  }

  const settle = (state: DeliveryState, toMs: number) =>
    state.commit({ entries: [], settled: { lane: 'tail', fromMs: edgeMs, toMs } });

  it('is for the tail itself where that shows few known events', async () => {
    const state = await stateWithEvents();
    // The latest of the 30 within five minutes lie in the two seconds that are read anyway, or none do.
    const options = { overlapMs, mostRepeated: 30 };
    expect(planWindow(state, nowMs, options)).toMatchObject({ fromMs: edgeMs - overlapMs, looksBack: true });
    expect(planLookBack(state, nowMs, options)).toBeUndefined();
  });

  it('is for the lane beside it where it shows many', async () => {
    const state = await stateWithEvents();
    const options = { overlapMs, mostRepeated: 29 };
    expect(planWindow(state, nowMs, options)).toMatchObject({ fromMs: edgeMs - 2000, looksBack: false });
    expect(planLookBack(state, nowMs, options)).toEqual({ fromMs: edgeMs - overlapMs, toMs: edgeMs });
  });

  it('is for the tail itself where nobody is beside it, however many events it shows', async () => {
    const state = await stateWithEvents();
    expect(planWindow(state, nowMs, { overlapMs })).toMatchObject({ fromMs: edgeMs - overlapMs, looksBack: true });
  });

  it('is for the tail itself where more is new than it would repeat', async () => {
    const state = await stateWithEvents();
    const options = { overlapMs, mostRepeated: 0 };
    expect(planWindow(state, edgeMs + overlapMs, options)).toMatchObject({ looksBack: true });
    expect(planWindow(state, edgeMs + overlapMs - 1, options)).toMatchObject({ looksBack: false });
  });

  it('is for the tail itself where nobody did it for longer than it reaches', async () => {
    const state = await stateWithEvents();
    const options = { overlapMs, mostRepeated: 0 };
    const laterMs = edgeMs + overlapMs;
    await settle(state, laterMs);
    expect(planWindow(state, laterMs + 1000, options)).toMatchObject({ looksBack: false });
    await settle(state, laterMs + 1);
    const fromMs = edgeMs - overlapMs;
    expect(planWindow(state, laterMs + 1001, options)).toMatchObject({ fromMs, looksBack: true });
  });

  it('is done where the clock of the source is behind what was read', async () => {
    const state = await stateWithEvents();
    const window = planWindow(state, edgeMs - MINUTE_MS, { overlapMs, mostRepeated: 0 });
    expect(window).toMatchObject({ fromMs: edgeMs - overlapMs, toMs: edgeMs - MINUTE_MS, looksBack: true });
    expect(planWindow(state, edgeMs - overlapMs, { overlapMs })).toBeUndefined();
  });

  it('begins where the last one left off, however far the tail got meanwhile', async () => {
    const state = await stateWithEvents();
    const options = { overlapMs, mostRepeated: 0 };
    await settle(state, edgeMs + MINUTE_MS);
    expect(planLookBack(state, nowMs + MINUTE_MS, options)).toEqual({
      fromMs: edgeMs - overlapMs,
      toMs: edgeMs + MINUTE_MS,
    });
    state.lookedBack(edgeMs + MINUTE_MS);
    await settle(state, edgeMs + 2 * MINUTE_MS);
    expect(planLookBack(state, nowMs + 2 * MINUTE_MS, options)).toEqual({
      fromMs: edgeMs + MINUTE_MS - overlapMs,
      toMs: edgeMs + 2 * MINUTE_MS,
    });
  });

  it('shows every event that is late by no more than the overlap, whenever it becomes visible', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ pauseMs: fc.integer({ min: 1, max: 400_000 }), isDone: fc.boolean() }), { minLength: 2 }),
        fc.integer({ min: 2000, max: 300_000 }),
        (turns, overlap) => {
          const ledger = { count: () => ({ delivered: 1, deadLettered: 0 }) };
          let [nowMs, tailFromMs, lookedBackToMs] = [1_000_000, 1_000_000, 1_000_000];
          const seen: { readonly atMs: number; readonly fromMs: number; readonly toMs: number }[] = [];
          const state = (): DeliveryState =>
            ({ owed: { tailFromMs }, steadyFromMs: 0, lookedBackToMs, ledger }) as unknown as DeliveryState;
          const options = { overlapMs: overlap, mostRepeated: 0 };
          // Until the last one, when everything that is late has come.
          const all = [...turns, { pauseMs: 1, isDone: true }, { pauseMs: overlap, isDone: true }];
          for (const { pauseMs, isDone } of all) {
            nowMs += pauseMs;
            const window = planWindow(state(), nowMs, options);
            if (window === undefined) continue;
            seen.push({ atMs: nowMs, ...window });
            const lookBack = planLookBack(state(), nowMs, options);
            if (lookBack !== undefined) seen.push({ atMs: nowMs, ...lookBack });
            if (lookBack !== undefined && isDone) lookedBackToMs = lookBack.toMs;
            if (window.looksBack) lookedBackToMs = window.toMs;
            tailFromMs = window.toMs;
          }
          const endMs = nowMs - overlap;
          for (let eventMs = 1_000_000; eventMs < endMs; eventMs += Math.ceil((endMs - 1_000_000) / 50)) {
            for (const lateMs of [0, overlap / 2, overlap - 1]) {
              const isSeen = seen.some(
                ({ atMs, fromMs, toMs }) => atMs >= eventMs + lateMs && eventMs >= fromMs && eventMs < toMs,
              );
              expect({ eventMs, lateMs, isSeen }).toMatchObject({ isSeen: true });
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
