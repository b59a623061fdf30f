import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { DeliveryState } from '../../../../src/sdk/checkpoint/delivery-state.js';
import { OwedSet } from '../../../../src/sdk/checkpoint/owed-set.js';
import { planWindow } from '../../../../src/sdk/pipeline/planner.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';

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
  if (edgeMs > START_MS) await state.commit({ entries: [], settled: { lane: 'tail', fromMs: START_MS, toMs: edgeMs } });
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
    const edgeMs = START_MS + 6 * HOUR_MS;
    const state = await stateOwing(edgeMs);
    expect(state.steadyFromMs).toBeGreaterThan(START_MS);
    expect(planWindow(state, edgeMs + 1, 5 * HOUR_MS)?.fromMs).toBe(state.steadyFromMs);
  });

  it('reads what is owed even where the ledger does not remember it, from its edge on', () => {
    const state = { owed: OwedSet.of([{ fromMs: START_MS, toMs: undefined }]), steadyFromMs: START_MS + HOUR_MS };
    expect(planWindow(state as unknown as DeliveryState, START_MS + MINUTE_MS, MINUTE_MS)).toMatchObject({
      fromMs: START_MS,
      toMs: START_MS + MINUTE_MS,
    });
  });

  it('leaves gaps to the other lane: it reads the tail, and says where its edge is', async () => {
    const edgeMs = START_MS + 5 * MINUTE_MS;
    const state = await stateOwing(edgeMs);
    const before = planWindow(state, edgeMs + 5000, 0);
    state.owe({ fromMs: START_MS, toMs: START_MS + MINUTE_MS });
    expect(planWindow(state, edgeMs + 5000, 0)).toEqual(before);
    expect(before).toEqual({ fromMs: edgeMs - 2000, toMs: edgeMs + 5000, reachesNow: true, edgeMs });
  });

  it("waits while the source's clock has not reached what is owed", async () => {
    const state = await stateOwing();
    expect(planWindow(state, START_MS, MINUTE_MS)).toBeUndefined();
    expect(planWindow(state, START_MS - 1, MINUTE_MS)).toBeUndefined();
    expect(planWindow(state, START_MS + 1, MINUTE_MS)).toBeDefined();
  });

  it('plans nothing where there is no tail', () => {
    for (const owed of [OwedSet.of([]), OwedSet.of([{ fromMs: START_MS, toMs: START_MS + 1 }])]) {
      expect(planWindow({ owed, steadyFromMs: 0 } as unknown as DeliveryState, START_MS + 9, 0)).toBeUndefined();
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
          const state = { owed, steadyFromMs } as unknown as DeliveryState;
          const window = planWindow(state, nowMs, overlapMs);
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
    expect(planWindow(state, START_MS + 3 * dayMs, 0)).toEqual({
      fromMs: START_MS,
      toMs: START_MS + dayMs,
      reachesNow: false,
      edgeMs: START_MS,
    });
    expect(planWindow(state, START_MS + dayMs, 0)).toMatchObject({ toMs: START_MS + dayMs, reachesNow: true });
  });
});
