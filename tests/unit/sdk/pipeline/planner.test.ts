import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { DeliveryState } from '../../../../src/sdk/checkpoint/delivery-state.js';
import { planWindow } from '../../../../src/sdk/pipeline/planner.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';

const START_MS = Date.UTC(2030, 0, 2, 3, 4, 5);
const MINUTE_MS = 60_000;
const KEEP_MS = 10 * MINUTE_MS;

async function stateOwing(edgeMs = START_MS): Promise<DeliveryState> {
  const state = await DeliveryState.open({
    storage: createMemoryStorage(),
    startFromMs: START_MS,
    keepMs: KEEP_MS,
    stream: 'all',
  });
  if (edgeMs > START_MS) await state.commit({ keys: [], settled: { fromMs: START_MS, toMs: edgeMs } });
  return state;
}

describe('planWindow', () => {
  it('reads on a first start from the very beginning, not before it', async () => {
    const state = await stateOwing();
    expect(planWindow(state, START_MS + 5000, MINUTE_MS)).toMatchObject({ fromMs: START_MS, toMs: START_MS + 5000 });
  });

  it('begins the tail a look-back before what is owed', async () => {
    const edgeMs = START_MS + 5 * MINUTE_MS;
    const state = await stateOwing(edgeMs);
    expect(planWindow(state, edgeMs + 5000, MINUTE_MS)).toMatchObject({
      fromMs: edgeMs - MINUTE_MS,
      toMs: edgeMs + 5000,
    });
  });

  it('looks back two seconds at the least, because clocks are known to the second only', async () => {
    const edgeMs = START_MS + 5 * MINUTE_MS;
    const state = await stateOwing(edgeMs);
    for (const overlapMs of [0, 1999]) expect(planWindow(state, edgeMs + 1, overlapMs)?.fromMs).toBe(edgeMs - 2000);
  });

  it('does not look back beyond what was ever collected', async () => {
    const state = await stateOwing(START_MS + 1000);
    expect(planWindow(state, START_MS + 2000, MINUTE_MS)?.fromMs).toBe(START_MS);
  });

  it('does not look back to where the ledger has forgotten', async () => {
    const edgeMs = START_MS + 60 * MINUTE_MS;
    const state = await stateOwing(edgeMs);
    expect(state.readableFromMs).toBeGreaterThan(START_MS);
    expect(planWindow(state, edgeMs + 1, 30 * MINUTE_MS)?.fromMs).toBe(state.readableFromMs);
  });

  it('reads what is owed even where the ledger does not remember it, from its edge on', async () => {
    const edgeMs = START_MS + 60 * MINUTE_MS;
    const state = await stateOwing(edgeMs);
    state.owe({ fromMs: START_MS - MINUTE_MS, toMs: START_MS });
    expect(planWindow(state, edgeMs, MINUTE_MS)).toMatchObject({ fromMs: START_MS - MINUTE_MS, toMs: START_MS });
  });

  it('takes the leftmost interval first, and ends where that ends', async () => {
    const state = await stateOwing();
    await state.commit({ keys: [], settled: { fromMs: START_MS + 1000, toMs: START_MS + 2000 } });
    expect(planWindow(state, START_MS + 10_000, 0)).toMatchObject({ fromMs: START_MS, toMs: START_MS + 1000 });
    expect(planWindow(state, START_MS + 500, 0)).toMatchObject({ fromMs: START_MS, toMs: START_MS + 500 });
  });

  it("waits while the source's clock has not reached what is owed", async () => {
    const state = await stateOwing();
    expect(planWindow(state, START_MS, MINUTE_MS)).toBeUndefined();
    expect(planWindow(state, START_MS - 1, MINUTE_MS)).toBeUndefined();
    expect(planWindow(state, START_MS + 1, MINUTE_MS)).toBeDefined();
  });

  it('plans nothing where nothing is owed', async () => {
    const state = await stateOwing();
    state.giveUpBefore(START_MS);
    const nothing = { owed: { intervals: [] }, readableFromMs: 0 } as unknown as DeliveryState;
    expect(planWindow(nothing, START_MS, 0)).toBeUndefined();
  });

  it('never asks for the future, never backwards, never less than is owed, whatever the state', () => {
    const anyMs = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(
        fc.record({ fromMs: anyMs, length: fc.option(fc.integer({ min: 1, max: 50_000 }), { nil: undefined }) }),
        anyMs,
        anyMs,
        fc.integer({ min: 0, max: 20_000 }),
        ({ fromMs, length }, readableFromMs, nowMs, overlapMs) => {
          const toMs = length === undefined ? undefined : fromMs + length;
          const state = { owed: { intervals: [{ fromMs, toMs }] }, readableFromMs } as unknown as DeliveryState;
          const window = planWindow(state, nowMs, overlapMs);
          if (window === undefined) {
            expect(nowMs).toBeLessThanOrEqual(fromMs);
            return;
          }
          expect(window.fromMs).toBeLessThan(window.toMs);
          expect(window.fromMs).toBeLessThanOrEqual(fromMs);
          expect(window.fromMs).toBeGreaterThanOrEqual(fromMs - Math.max(2000, overlapMs));
          if (window.fromMs < fromMs) expect(window.fromMs).toBeGreaterThanOrEqual(readableFromMs);
          expect(window.toMs).toBe(Math.min(nowMs, toMs ?? nowMs));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reads a day at the most, and says whether that reaches up to now', async () => {
    const state = await stateOwing();
    const dayMs = 86_400_000;
    expect(planWindow(state, START_MS + 3 * dayMs, 0)).toEqual({
      fromMs: START_MS,
      toMs: START_MS + dayMs,
      reachesNow: false,
    });
    expect(planWindow(state, START_MS + dayMs, 0)).toMatchObject({ toMs: START_MS + dayMs, reachesNow: true });
  });
});
