import { beforeEach, describe, expect, it } from '@jest/globals';

import { planBackfill } from '../../../../src/sdk/backfill/plan-backfill.js';
import { DeliveryState } from '../../../../src/sdk/checkpoint/delivery-state.js';
import type { ClosedInterval } from '../../../../src/sdk/checkpoint/owed-set.js';
import { Ledger, type LedgerEntry } from '../../../../src/sdk/ledger/ledger.js';
import type { Source } from '../../../../src/sdk/pipeline/source.js';
import { auditRange } from '../../../../src/sdk/reconciliation/audit.js';
import type { Reconciler } from '../../../../src/sdk/reconciliation/reconciler.js';
import { repairRange, type RepairOptions } from '../../../../src/sdk/reconciliation/repair.js';
import { HOUR_MS } from '../../../../src/sdk/reconciliation/hour-store.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import type { Storage } from '../../../../src/sdk/storage/storage.js';

const START_MS = Date.UTC(2030, 0, 2);
const MINUTE_MS = 60_000;
const EDGE_MS = 10 * HOUR_MS + 40 * MINUTE_MS;
const { signal } = new AbortController();

function open(storage: Storage, stream: string): Promise<DeliveryState> {
  return DeliveryState.open({ storage, startFromMs: START_MS, keepMs: 2 * HOUR_MS, stream });
}

/** The event of this stream at so many milliseconds after the start. */
function key(stream: string, atMs: number): LedgerEntry {
  const id = `${stream}-${atMs}`;
  const event = { bytes: Buffer.from(id), id, timestampMs: START_MS + atMs };
  return { ...Ledger.keyOf(event, START_MS), isDeadLettered: false };
}

/** Six events an hour, as many as were delivered. */
function sourceOf(perHour = 6): Source {
  const count = async ({ fromMs, toMs }: ClosedInterval): Promise<number> =>
    Math.round(((toMs - fromMs) / HOUR_MS) * perHour);
  return { count, now: () => START_MS + EDGE_MS } as unknown as Source;
}

function hours(from: number, to: number): ClosedInterval {
  return { fromMs: START_MS + from * HOUR_MS, toMs: START_MS + to * HOUR_MS };
}

describe('hours that another stream selected', () => {
  let storage: Storage;

  beforeEach(async () => {
    storage = createMemoryStorage();
    const state = await open(storage, 'first');
    const entries = Array.from({ length: 64 }, (_, n) => key('first', (n * 10 + 5) * MINUTE_MS));
    state.agree({ ...hours(0, 10.5), atMs: START_MS + EDGE_MS, disputed: [] });
    await state.commit({ entries, settled: { lane: 'tail', fromMs: START_MS, toMs: START_MS + EDGE_MS } });
  });

  const verdictOf = async (state: DeliveryState, at: number): Promise<string> =>
    (await auditRange(hours(at, at + 1), { state, source: sourceOf(), horizonMs: HOUR_MS }, signal)).verdict;

  it('are proven only to that one', async () => {
    expect(await verdictOf(await open(storage, 'first'), 3)).toBe('proven');
    expect(await verdictOf(await open(storage, 'second'), 3)).toBe('unknown');
  });

  it('are owed, not proven, while a backfill has still to read them for this one', async () => {
    const state = await open(storage, 'second');
    state.backfill(hours(2, 5));
    await state.commit({ entries: [], settled: undefined });
    expect(await verdictOf(state, 3)).toBe('owed');
    // Read, but not closed yet: the record is still that of the other.
    const { fromMs, toMs } = hours(2, 4.5);
    await state.commit({ entries: [], settled: { lane: 'backfill', fromMs, toMs } });
    expect(await verdictOf(await open(storage, 'second'), 4)).toBe('owed');
  });

  it('are unknown also where they lie before a position that somebody moved on', async () => {
    const document = JSON.parse(Buffer.from((await storage.read('context.json')) ?? '').toString()) as object;
    const moved = { ...document, most_recent_date_seen: '2030-01-02T12:00:00+00:00' };
    await storage.write('context.json', Buffer.from(JSON.stringify(moved)));
    const same = await open(storage, 'first');
    await same.commit({ entries: [], settled: undefined });
    expect(await verdictOf(same, 3)).toBe('proven');
    const other = await open(storage, 'second');
    expect(await verdictOf(other, 3)).toBe('unknown');
  });

  it('are read by a backfill up to the instant of the change, although their ids are remembered', async () => {
    const state = await open(storage, 'second');
    const { fresh } = await planBackfill(hours(0, 10 + 40 / 60), { state, source: sourceOf() }, signal);
    const { countedFromMs } = state.checkpoint;
    expect(countedFromMs).toBeGreaterThan(hours(10, 11).fromMs);
    expect(fresh).toEqual([{ fromMs: START_MS, toMs: countedFromMs }]);
  });

  it('hide nothing that another hour lacks, while they wait to be read anew', async () => {
    // Of this stream: the hours before the change, once they are read anew, with six events fewer than there are now.
    const state = await open(storage, 'second');
    state.backfill(hours(0, 2));
    const entries = Array.from({ length: 10 }, (_, n) => key('second', (n * 10 + 7) * MINUTE_MS));
    await state.commit({ entries, settled: { lane: 'backfill', ...hours(0, 2) } });
    await state.commit({ entries: [], settled: undefined });
    state.backfill(hours(2, 5));
    // What the first stream delivered there would make up for what is missing here.
    const count = async ({ fromMs }: ClosedInterval): Promise<number> =>
      fromMs < hours(2, 3).fromMs - MINUTE_MS ? 12 : 0;
    const source = { ...sourceOf(), count } as unknown as Source;
    const { known } = await planBackfill(hours(0, 5), { state, source }, signal);
    expect(known).toEqual([]);
  });

  it('are not counted for this one where the position is moved back to them', async () => {
    const state = await open(storage, 'second');
    const { countedFromMs } = state.checkpoint;
    state.moveTo(hours(7, 8).fromMs);
    expect(state.countableFromMs).toBe(countedFromMs);
    await state.commit({ entries: [], settled: undefined });
    const document = JSON.parse(Buffer.from((await storage.read('context.json')) ?? '').toString()) as object;
    const moved = { ...document, most_recent_date_seen: '2030-01-02T05:00:00+00:00' };
    await storage.write('context.json', Buffer.from(JSON.stringify(moved)));
    expect((await open(storage, 'second')).countableFromMs).toBe(countedFromMs);
  });

  it('stay so where a backfill had begun to read them for the other, and nothing of them is compared', async () => {
    const first = await open(storage, 'first');
    first.backfill(hours(-5, -2));
    const entries = [key('first', -4.5 * HOUR_MS)];
    await first.commit({ entries, settled: { lane: 'backfill', ...hours(-5, -4.2) } });
    const state = await open(storage, 'second');
    state.backfill(hours(-5, -2));
    expect(state.isUncounted(hours(-5, -4))).toBe(true);
    await state.commit({ entries: [], settled: { lane: 'backfill', ...hours(-5, -2) } });
    await state.commit({ entries: [], settled: undefined });
    expect(state.checkpoint.backfill).toEqual([]);
    expect(state.checkpoint.unproven).toEqual([]);
  });

  it('are not short of what this one selects: a repair leaves them to a backfill', async () => {
    const state = await open(storage, 'second');
    const entries = Array.from({ length: 20 }, (_, n) => key('second', (11 + n) * HOUR_MS + MINUTE_MS));
    const { fromMs, toMs } = hours(10.5, 30);
    state.agree({ fromMs, toMs, atMs: toMs, disputed: [] });
    await state.commit({ entries, settled: { lane: 'tail', fromMs, toMs } });
    await state.commit({ entries: [], settled: undefined });
    // From here on it counts: what it has read anew, and what it is about to.
    state.backfill(hours(0, 1));
    expect(state.checkpoint.countedFromMs).toBe(START_MS);
    const options = { state, source: sourceOf(1000), mayRepeat: false } as unknown as RepairOptions;
    const reconciler = { differences: async () => [], mend: async () => 0 } as unknown as Reconciler;
    const leftAlone = async (range: ClosedInterval): Promise<number> =>
      (await repairRange(range, { ...options, reconciler }, signal)).leftAlone.length;
    expect(await leftAlone(hours(0, 9))).toBe(0);
    expect(await leftAlone(hours(15, 16))).toBe(1);
  });
});
