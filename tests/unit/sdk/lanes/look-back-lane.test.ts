import { describe, expect, it } from '@jest/globals';

import { DeliveryState } from '../../../../src/sdk/checkpoint/delivery-state.js';
import { ModuleError } from '../../../../src/sdk/errors.js';
import { LookBackLane, lookBackBeside } from '../../../../src/sdk/lanes/look-back-lane.js';
import { Ledger } from '../../../../src/sdk/ledger/ledger.js';
import { carry } from '../../../support/carry.js';
import { rawEvent } from '../../../support/events.js';
import { heldBefore, LaneRig } from '../../../support/lane-rig.js';
import { MANUAL_CLOCK_START_MS as START_MS } from '../../../support/manual-clock.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

/** A tail that is read up to now, with three events behind its edge that were delivered. */
async function open({ mostRepeated = 2 } = {}) {
  const rig = await LaneRig.open();
  const delivered = [10, 20, 30].map((seconds) => heldBefore(`before ${seconds}`, seconds * SECOND_MS));
  rig.source.hold(...delivered);
  const entries = delivered.map(({ event }) => Ledger.keyOf(rawEvent(event), 0));
  const fromMs = rig.state.owed.tailFromMs ?? 0;
  const settled = { lane: 'tail', fromMs, toMs: START_MS, looksBack: true } as const;
  await rig.state.commit({ entries, settled });
  let isWell = true;
  const options = { overlapMs: 5 * MINUTE_MS, mostRepeated, frequencyMs: SECOND_MS, isWell: () => isWell };
  const lane = new LookBackLane(options, rig.pipeline, rig.context);
  return {
    ...{ rig, lane, options },
    tailIs: (well: boolean) => void (isWell = well),
    /** The tail goes on, and leaves looking back to the lane. */
    tailTo: (toMs: number) =>
      rig.state.commit({ entries: [], settled: { lane: 'tail', fromMs: rig.state.owed.tailFromMs ?? 0, toMs } }),
  };
}

describe('the look-back lane', () => {
  it('delivers what became visible late behind the edge of the tail, and says how late it is', async () => {
    const { rig, lane } = await open();
    rig.source.hold(heldBefore('late', MINUTE_MS));
    await rig.clock.advance(SECOND_MS);
    const running = lane.run();
    await rig.clock.advance(0);
    expect(rig.source.reads).toEqual([{ fromMs: START_MS - 5 * MINUTE_MS, toMs: START_MS }]);
    expect(rig.deliveredIds).toEqual(['late']);
    expect(rig.told.filter(({ kind }) => kind === 'first-seen')).toMatchObject([{ isLate: true, latenessMs: 61_000 }]);
    rig.stop.request();
    await running;
  });

  it('begins where the last look-back left off, however far the tail got, also after a restart', async () => {
    const { rig, lane, tailTo } = await open({ mostRepeated: 0 });
    await rig.clock.advance(SECOND_MS);
    // The tail goes on while it is read.
    rig.source.onRead = () => tailTo(START_MS + SECOND_MS);
    const running = lane.run();
    await rig.clock.advance(0);
    expect(rig.state.owed.tailFromMs).toBe(START_MS + SECOND_MS);
    expect(rig.state.lookedBackToMs).toBe(START_MS);
    rig.source.onRead = () => undefined;
    const options = { storage: rig.storage, startFromMs: 0, keepMs: MINUTE_MS, stream: 'tests' };
    expect((await DeliveryState.open(options)).lookedBackToMs).toBe(START_MS);
    await rig.clock.advance(10 * SECOND_MS);
    expect(rig.source.reads.at(-1)).toEqual({ fromMs: START_MS - 5 * MINUTE_MS, toMs: START_MS + SECOND_MS });
    expect(rig.state.lookedBackToMs).toBe(START_MS + SECOND_MS);
    rig.stop.request();
    await running;
  });

  it('reads nothing where the tail looks back itself', async () => {
    const { rig, lane } = await open({ mostRepeated: 3 });
    await rig.clock.advance(SECOND_MS);
    const running = lane.run();
    await rig.clock.advance(10 * SECOND_MS);
    expect(rig.source.reads).toEqual([]);
    rig.stop.request();
    await running;
  });

  it('settles nothing that is owed there for other reasons', async () => {
    const { rig, lane } = await open();
    const gap = { fromMs: START_MS - MINUTE_MS, toMs: START_MS - 1 };
    rig.state.owe(gap);
    await rig.clock.advance(SECOND_MS);
    const running = lane.run();
    await rig.clock.advance(0);
    expect(rig.source.reads).toHaveLength(1);
    expect(rig.state.owed.gaps).toEqual([gap]);
    rig.stop.request();
    await running;
  });

  it('rests four times as long as it took, and a thirtieth of the overlap at the least', async () => {
    const { rig, lane } = await open();
    await rig.clock.advance(SECOND_MS);
    rig.source.onRead = () => rig.clock.sleep(5 * SECOND_MS);
    const running = lane.run();
    await rig.clock.advance(5 * SECOND_MS);
    await rig.clock.advance(20 * SECOND_MS - 1);
    expect(rig.source.reads).toHaveLength(1);
    rig.source.onRead = () => undefined;
    await rig.clock.advance(1);
    expect(rig.source.reads).toHaveLength(2);
    await rig.clock.advance(10 * SECOND_MS - 1);
    expect(rig.source.reads).toHaveLength(2);
    await rig.clock.advance(1);
    expect(rig.source.reads).toHaveLength(3);
    rig.stop.request();
    await running;
  });

  it('rests for a minute at the most: it may have waited for an intake that was down', async () => {
    const { rig, lane } = await open({ mostRepeated: -1 });
    await rig.clock.advance(SECOND_MS);
    rig.source.onRead = () => rig.clock.sleep(50 * MINUTE_MS);
    const running = lane.run();
    await rig.clock.advance(50 * MINUTE_MS);
    rig.source.onRead = () => undefined;
    const settled = { lane: 'tail', fromMs: START_MS, toMs: rig.clock.now(), looksBack: true } as const;
    await rig.state.commit({ entries: [], settled });
    await rig.clock.advance(MINUTE_MS - 1);
    expect(rig.source.reads).toHaveLength(1);
    await rig.clock.advance(1);
    expect(rig.source.reads).toHaveLength(2);
    rig.stop.request();
    await running;
  });

  it('begins again at the same instant after a failure, with growing pauses, and tells one that lasts', async () => {
    const { rig, lane, tailTo } = await open();
    await rig.clock.advance(SECOND_MS);
    rig.source.onRead = () => {
      throw new ModuleError('SOURCE_UNREACHABLE', 'no answer');
    };
    const running = lane.run();
    await rig.clock.advance(0);
    expect(rig.state.lookedBackToMs).toBe(START_MS);
    expect(rig.log.at('warning')).toEqual([]);
    await rig.clock.advance(10 * MINUTE_MS);
    expect(rig.log.at('warning')).toEqual([expect.stringContaining('Looking back for late events failed')]);
    rig.source.onRead = () => undefined;
    rig.source.hold(heldBefore('late', MINUTE_MS));
    await tailTo(START_MS + 4 * MINUTE_MS);
    await rig.clock.advance(5 * MINUTE_MS);
    expect(rig.deliveredIds).toEqual(['late']);
    expect(rig.log.at('info').sort()).toEqual([
      'Delivered 1 events that became visible late',
      'Looking back for late events again',
    ]);
    rig.stop.request();
    await running;
  });

  it('waits while the tail meets trouble', async () => {
    const { rig, lane, tailIs } = await open();
    tailIs(false);
    await rig.clock.advance(SECOND_MS);
    const running = lane.run();
    await rig.clock.advance(MINUTE_MS);
    expect(rig.source.reads).toEqual([]);
    tailIs(true);
    await rig.clock.advance(SECOND_MS);
    expect(rig.source.reads).toHaveLength(1);
    rig.stop.request();
    await running;
  });

  it('among other streams waits for the place of a live window, and forgets no id that it needs meanwhile', async () => {
    const { rig, options, tailTo } = await open();
    const entered: string[] = [];
    const places = {
      parallelDeliveries: 2,
      async enter(lane: string) {
        entered.push(lane);
        // The tail goes on for a day and a half.
        await tailTo(START_MS + 36 * 60 * MINUTE_MS);
        return () => undefined;
      },
    };
    await rig.clock.advance(SECOND_MS);
    const running = new LookBackLane(options, { ...rig.pipeline, places }, rig.context).run();
    await rig.clock.advance(0);
    expect(entered).toEqual(['tail']);
    expect(rig.source.reads).toHaveLength(1);
    expect(rig.deliveredIds).toEqual([]);
    rig.stop.request();
    await running;
  });

  it('has not looked back where another lane failed to deliver what it saw', async () => {
    const { rig, lane, tailTo } = await open();
    const late = heldBefore('late', MINUTE_MS);
    rig.source.hold(late);
    const batch = rig.pipeline.underWay.begin(rig.destination.createBatch());
    const page = { open: 0, read: true, settledToMs: undefined };
    carry(rig.pipeline.underWay, batch, Ledger.keyOf(rawEvent(late.event), 0), page);
    await tailTo(START_MS + SECOND_MS);
    await rig.clock.advance(2 * SECOND_MS);
    const running = lane.run();
    await rig.clock.advance(0);
    rig.pipeline.underWay.end(batch);
    await rig.clock.advance(0);
    expect(rig.state.lookedBackToMs).toBe(START_MS);
    await rig.clock.advance(10 * SECOND_MS);
    expect(rig.deliveredIds).toEqual(['late']);
    expect(rig.state.lookedBackToMs).toBe(START_MS + SECOND_MS);
    rig.stop.request();
    await running;
  });
});

describe('what the tail looks back to itself', () => {
  it('is a tenth of a page', () => {
    expect(lookBackBeside({ overlapMs: 1, readingPace: { requestsPerSecond: 1, eventsPerRequest: 500 } })).toEqual({
      overlapMs: 1,
      mostRepeated: 50,
    });
    expect(lookBackBeside({ overlapMs: 1 })).toEqual({ overlapMs: 1, mostRepeated: 1000 });
  });
});
