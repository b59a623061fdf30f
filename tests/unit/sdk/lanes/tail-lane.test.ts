import { describe, expect, it } from '@jest/globals';

import { OwedSet } from '../../../../src/sdk/checkpoint/owed-set.js';
import { ModuleError } from '../../../../src/sdk/errors.js';
import { describeOwed, TailLane } from '../../../../src/sdk/lanes/tail-lane.js';
import { Ledger } from '../../../../src/sdk/ledger/ledger.js';
import { carry } from '../../../support/carry.js';
import { rawEvent } from '../../../support/events.js';
import { heldBefore, LaneRig, type LaneRigOptions } from '../../../support/lane-rig.js';
import { MANUAL_CLOCK_START_MS as START_MS } from '../../../support/manual-clock.js';
import { onStorage } from '../../../support/pump-rig.js';
import { ACKNOWLEDGED, RecordingDestination } from '../../../support/recording-destination.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Given extends LaneRigOptions {
  readonly frequencyMs?: number;
}

async function open(given: Given = {}) {
  const rig = await LaneRig.open({ startFromMs: START_MS - 2 * MINUTE_MS, ...given });
  let recoveries = 0;
  const options = {
    frequencyMs: given.frequencyMs ?? MINUTE_MS,
    overlapMs: 5 * MINUTE_MS,
    retentionMs: 90 * DAY_MS,
    onRecovery: () => void (recoveries += 1),
    onSuccess: () => undefined,
  };
  const lane = new TailLane(options, rig.pipeline, rig.context);
  const firstSeen = () => rig.told.filter((event) => event.kind === 'first-seen');
  return { rig, lane, recoveries: () => recoveries, firstSeen };
}

describe('the tail lane', () => {
  it('reads up to now at every frequency, and the gaps never', async () => {
    const { rig, lane } = await open();
    const gap = { fromMs: START_MS - 2 * MINUTE_MS, toMs: START_MS - MINUTE_MS };
    const running = lane.run();
    await rig.clock.advance(0);
    rig.state.owe(gap);
    await rig.clock.advance(2 * MINUTE_MS);
    expect(rig.source.reads.map(({ toMs }) => toMs - START_MS)).toEqual([0, MINUTE_MS, 2 * MINUTE_MS]);
    expect(rig.state.owed.intervals).toEqual([gap, { fromMs: START_MS + 2 * MINUTE_MS, toMs: undefined }]);
    rig.stop.request();
    await running;
  });

  it('reads a backlog a day at a time, without a pause, where the source does not tell its time', async () => {
    const { rig, lane } = await open({ startFromMs: START_MS - 3.5 * DAY_MS, once: true });
    rig.source.learnTime = () => Promise.resolve(undefined);
    await lane.run();
    expect(rig.source.reads.map(({ toMs }) => (START_MS - toMs) / DAY_MS)).toEqual([2.5, 1.5, 0.5, 0]);
    expect(rig.clock.monotonic()).toBe(0);
    expect(lane.isCaughtUp).toBe(true);
  });

  it('leaves what is more than an hour old to the backfill, durably, and goes on near now', async () => {
    const { rig, lane } = await open({ startFromMs: START_MS - 3.5 * DAY_MS, once: true });
    await lane.run();
    const freshMs = START_MS - 5 * MINUTE_MS;
    expect(rig.source.reads).toMatchObject([{ fromMs: freshMs, toMs: START_MS }]);
    expect(rig.state.backfillGaps).toEqual([{ fromMs: START_MS - 3.5 * DAY_MS, toMs: freshMs }]);
    expect(rig.state.repairGaps).toEqual([]);
    const { owed } = await onStorage(rig.storage);
    expect(owed.gaps).toEqual(rig.state.backfillGaps);
  });

  it('keeps what is less than an hour old, or less than a few cycles', async () => {
    for (const given of [
      { startFromMs: START_MS - 60 * MINUTE_MS },
      { startFromMs: START_MS - 2 * DAY_MS, frequencyMs: DAY_MS },
    ]) {
      const { rig, lane } = await open({ ...given, once: true });
      await lane.run();
      // A millisecond earlier, for the bound may leave out its own instant.
      expect(rig.source.reads[0]?.fromMs).toBe(given.startFromMs - 1);
      expect(rig.state.owed.gaps).toEqual([]);
    }
  });

  it('tells once that it goes on after a trouble, so that comparing follows', async () => {
    const { rig, lane, recoveries } = await open();
    rig.source.onRead = () => {
      throw new ModuleError('SOURCE_UNREACHABLE', 'no answer');
    };
    const running = lane.run();
    await rig.clock.advance(10_000);
    expect(recoveries()).toBe(0);
    rig.source.onRead = () => undefined;
    await rig.clock.advance(5 * MINUTE_MS);
    expect(recoveries()).toBe(1);
    rig.stop.request();
    await running;
  });

  it('reads again at once what the other lane had under way and failed to deliver', async () => {
    const { rig, lane } = await open({ once: true });
    const event = heldBefore('shared', MINUTE_MS);
    rig.source.hold(event);
    const batch = rig.pipeline.underWay.begin(rig.destination.createBatch());
    const page = { open: 0, read: true, settledToMs: undefined };
    carry(rig.pipeline.underWay, batch, Ledger.keyOf(rawEvent(event.event), 0), page);
    const running = lane.run();
    await rig.clock.advance(0);
    expect(rig.state.owed.tailFromMs).toBe(START_MS - 2 * MINUTE_MS);
    rig.pipeline.underWay.end(batch);
    await running;
    expect(rig.deliveredIds).toEqual(['shared']);
    expect(rig.source.reads).toHaveLength(2);
    expect(rig.clock.monotonic()).toBe(0);
  });
});

describe('how late events are', () => {
  it('is taken down of a tail that is up to date', async () => {
    const { rig, lane, firstSeen } = await open({ once: true });
    rig.source.hold(heldBefore('new', 90_000));
    await lane.run();
    expect(firstSeen()).toEqual([{ kind: 'first-seen', service: 'unknown', latenessMs: 90_000, isLate: false }]);
    expect(rig.state.lateness.toJSON()['unknown']?.[4]).toBe(1);
  });

  it('is not taken down of a backlog, which says how far we are behind and nothing of the source', async () => {
    const { rig, lane, firstSeen } = await open({ once: true, startFromMs: START_MS - HOUR_MS });
    rig.source.hold(heldBefore('old', 30 * MINUTE_MS));
    await lane.run();
    expect(rig.deliveredIds).toEqual(['old']);
    expect(firstSeen()).toEqual([]);
  });

  it('is late of what comes behind the edge, inside the look-back', async () => {
    const { rig, lane, firstSeen } = await open();
    const running = lane.run();
    await rig.clock.advance(0);
    rig.source.hold(heldBefore('late', MINUTE_MS));
    await rig.clock.advance(MINUTE_MS);
    expect(firstSeen()).toMatchObject([{ latenessMs: 2 * MINUTE_MS, isLate: true }]);
    rig.stop.request();
    await running;
  });
});

describe('a position in the future', () => {
  it('is mended together with what is remembered: late events are found, ids are kept and forgotten as ever', async () => {
    const { rig, lane } = await open({ startFromMs: START_MS + 1000 * DAY_MS });
    const running = lane.run();
    await rig.clock.advance(2 * MINUTE_MS);
    expect(rig.log.at('warning')).toEqual([expect.stringContaining('lies in the future')]);
    rig.source.hold(heldBefore('late', -MINUTE_MS));
    await rig.clock.advance(MINUTE_MS);
    expect(rig.deliveredIds).toEqual(['late']);
    expect(rig.state.countableFromMs).toBe(START_MS);
    await rig.clock.advance(30 * HOUR_MS);
    expect(rig.state.readableFromMs).toBeGreaterThan(START_MS);
    rig.stop.request();
    await running;
  });
});

describe('a position a little ahead', () => {
  it('is waited for, and that is told', async () => {
    const { rig, lane } = await open({ startFromMs: START_MS + MINUTE_MS / 2 });
    const running = lane.run();
    await rig.clock.advance(0);
    expect(rig.source.reads).toEqual([]);
    expect(rig.told).toEqual([{ kind: 'waiting', delayMs: MINUTE_MS }]);
    rig.stop.request();
    await running;
  });
});

describe('what is owed, in words', () => {
  it('names each range', () => {
    expect(describeOwed(OwedSet.of([]))).toBe('nothing');
    const owed = OwedSet.of([
      { fromMs: START_MS - 2000, toMs: START_MS - 1000 },
      { fromMs: START_MS, toMs: undefined },
    ]);
    expect(describeOwed(owed)).toBe('2030-01-02T03:04:03Z to 2030-01-02T03:04:04Z, from 2030-01-02T03:04:05Z on');
  });
});

describe('how fresh events are', () => {
  /** Collects with a destination that takes 700 ms. */
  async function collect(startFromMs: number, ...beforeMs: readonly number[]) {
    const clock = (): LaneRig['clock'] => rig.clock;
    const script = async (): Promise<typeof ACKNOWLEDGED> => {
      await clock().sleep(700);
      return ACKNOWLEDGED;
    };
    const { rig, lane } = await open({ once: true, startFromMs, destination: new RecordingDestination({ script }) });
    rig.source.hold(...beforeMs.map((ms) => heldBefore(`${ms}`, ms)));
    const running = lane.run();
    await rig.clock.advance(1000);
    await running;
    return freshnessIn(rig);
  }

  const freshnessIn = ({ told }: LaneRig) =>
    told.flatMap((event) => (event.kind === 'delivered' ? [event.freshness] : []));

  it('is told once a batch, of its first event, from its page and from its own time to the acknowledgement', async () => {
    const told = await collect(START_MS - 2 * MINUTE_MS, 90_000, 60_000);
    expect(told).toEqual([{ lane: 'tail', sinceSeenMs: 700, sinceHappenedMs: 90_700 }]);
  });

  it('has no time since the event itself of a backlog', async () => {
    const told = await collect(START_MS - HOUR_MS, 30 * MINUTE_MS);
    expect(told).toEqual([{ lane: 'tail', sinceSeenMs: 700, sinceHappenedMs: undefined }]);
  });

  it('has no time since the event itself of one that came late', async () => {
    const { rig, lane } = await open();
    const running = lane.run();
    await rig.clock.advance(0);
    rig.source.hold(heldBefore('late', MINUTE_MS));
    await rig.clock.advance(MINUTE_MS);
    expect(freshnessIn(rig)).toEqual([{ lane: 'tail', sinceSeenMs: 0, sinceHappenedMs: undefined }]);
    rig.stop.request();
    await running;
  });
});
