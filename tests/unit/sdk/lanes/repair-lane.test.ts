import { describe, expect, it } from '@jest/globals';

import { isAbort, ModuleError } from '../../../../src/sdk/errors.js';
import { RepairLane } from '../../../../src/sdk/lanes/repair-lane.js';
import { questionAbout } from '../../../../src/sdk/reconciliation/reconciler.js';
import { Ledger } from '../../../../src/sdk/ledger/ledger.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import { carry } from '../../../support/carry.js';
import { rawEvent } from '../../../support/events.js';
import { FailingStorage } from '../../../support/failing-storage.js';
import { heldBefore, LaneRig, type LaneRigOptions } from '../../../support/lane-rig.js';
import { everybodyHadTheirTurn, MANUAL_CLOCK_START_MS as START_MS } from '../../../support/manual-clock.js';
import { RecordingDestination, unsettled } from '../../../support/recording-destination.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const EVERY_MS = 5 * MINUTE_MS;

async function open(options: LaneRigOptions = {}) {
  const rig = await LaneRig.open(options);
  await rig.settleTail();
  const lane = new RepairLane({ reconcileEveryMs: EVERY_MS }, rig.pipeline, rig.context);
  let ended = false;
  const run = (): Promise<void> => {
    const running = lane.run().finally(() => (ended = true));
    running.catch(() => undefined);
    return running;
  };
  return { rig, lane, run, hasEnded: () => ended };
}

const refused = (): ModuleError => new ModuleError('SOURCE_ROLE_REFUSED', 'may not count');
const unreachable = (): ModuleError => new ModuleError('SOURCE_UNREACHABLE', 'no answer');
const fail = (error: ModuleError) => (): never => {
  throw error;
};

describe('the pace of the repair lane', () => {
  it('compares at once, at every interval, and whenever it is woken', async () => {
    const { rig, lane, run } = await open();
    const running = run();
    await rig.clock.advance(0);
    expect(rig.source.counts).toHaveLength(1);
    await rig.clock.advance(3 * EVERY_MS);
    expect(rig.source.counts).toHaveLength(4);
    await rig.clock.advance(1000);
    lane.wake();
    await rig.clock.advance(0);
    expect(rig.source.counts).toHaveLength(5);
    await rig.clock.advance(EVERY_MS - 1);
    expect(rig.source.counts).toHaveLength(5);
    expect(rig.log.lines).toEqual([]);
    rig.stop.request();
    await running;
  });

  it('goes on at once where it is woken while it is at work', async () => {
    const { rig, lane, run } = await open();
    rig.source.onCount = (counted, _, n) => {
      if (n === 1) lane.wake();
      return counted;
    };
    const running = run();
    await rig.clock.advance(0);
    await rig.clock.advance(0);
    expect(rig.source.counts).toHaveLength(2);
    rig.stop.request();
    await running;
  });
});

describe('whoever listens to the repair lane', () => {
  const told = (rig: LaneRig): unknown[] => rig.told.flatMap((it) => (it.kind === 'compared' ? [it.result] : []));

  it('is told that counts agreed', async () => {
    const { rig, lane } = await open();
    await lane.pass();
    expect(told(rig)).toEqual(['agreed']);
  });

  it('is told that they agree since what was missing is delivered', async () => {
    const { rig, lane } = await open();
    rig.source.hold(heldBefore('missing', 2.5 * HOUR_MS));
    await lane.pass();
    expect(told(rig)).toEqual(['mended']);
  });

  it('is told that they differ and nothing explains it', async () => {
    const { rig, lane } = await open();
    let n = 0;
    rig.source.onCount = (counted) => counted + (n += 1);
    await lane.pass();
    expect(told(rig)).toEqual(['differed']);
  });

  it('is told that nothing of the tail could be compared, whatever lies before what is still to be backfilled', async () => {
    const { rig, lane } = await open();
    rig.state.leaveToBackfill(rig.clock.now() + HOUR_MS, 0);
    await lane.pass();
    expect(rig.source.counts).toHaveLength(1);
    expect(told(rig)).toEqual(['impossible']);
  });

  it('is told that the source does not count', async () => {
    const { rig, lane } = await open();
    rig.source.onCount = fail(refused());
    await lane.pass();
    expect(told(rig)).toEqual(['refused']);
  });
});

describe('a source that has no counts', () => {
  it('is no reason to warn anybody: the last hour is read again, and what was missing in it is found', async () => {
    const { rig, lane } = await open();
    rig.source.hold(heldBefore('late', 0.5 * HOUR_MS));
    rig.source.onCount = fail(new ModuleError('SOURCE_CANNOT_COUNT', 'there are no counts'));
    await lane.pass();
    await lane.pass();
    expect(rig.deliveredIds).toEqual(['late']);
    expect(rig.log.lines.filter(({ level }) => level === 'warning')).toEqual([]);
    expect(rig.log.lines.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/cannot be proven complete/),
    );
  });
});

describe('gaps', () => {
  const GAP = { fromMs: START_MS - 3 * HOUR_MS, toMs: START_MS - 2 * HOUR_MS };

  it('are read before anything is compared, and what was missing is told', async () => {
    const { rig, lane } = await open();
    rig.source.hold(heldBefore('missing', 2.5 * HOUR_MS));
    rig.state.owe(GAP);
    let owedWhenCounted: unknown;
    rig.source.onCount = (counted) => {
      owedWhenCounted = rig.state.owed.gaps;
      return counted;
    };
    await lane.pass();
    expect(owedWhenCounted).toEqual([]);
    expect(rig.deliveredIds).toEqual(['missing']);
    expect(rig.log.at('info')).toEqual([
      'Delivered 1 events that were missing from 2030-01-02T00:04:05Z to 2030-01-02T01:04:05Z',
    ]);
  });

  it('are read from their very beginning where bounds leave out their own instant: there an event may have been put off', async () => {
    const { rig, lane } = await open({ reading: { startInclusive: false, endInclusive: false, index: 'exact' } });
    rig.source.hold(heldBefore('first', START_MS - GAP.fromMs), heldBefore('last', START_MS - GAP.toMs + 1));
    rig.state.owe(GAP);
    await lane.pass();
    expect(rig.deliveredIds).toEqual(['first', 'last']);
    expect(rig.state.owed.gaps).toEqual([]);
  });

  it('that are still owed are read again within a minute, however seldom counts are compared', async () => {
    const { rig } = await open();
    const lane = new RepairLane({ reconcileEveryMs: HOUR_MS }, rig.pipeline, rig.context);
    // The clock of the source is a little behind what it was.
    await rig.state.commit({ entries: [], settled: { lane: 'tail', fromMs: START_MS, toMs: START_MS + 5 } });
    rig.state.owe({ fromMs: START_MS - MINUTE_MS, toMs: START_MS + 5 });
    const running = lane.run();
    await rig.clock.advance(0);
    expect(rig.state.owed.gaps).toEqual([{ fromMs: START_MS, toMs: START_MS + 5 }]);
    await rig.clock.advance(MINUTE_MS);
    expect(rig.state.owed.gaps).toEqual([]);
    rig.stop.request();
    await running;
  });

  it('are read in pieces of a day at the most', async () => {
    const { rig, lane } = await open({ startFromMs: START_MS - 80 * HOUR_MS, keepMs: 100 * HOUR_MS });
    rig.state.owe({ fromMs: START_MS - 60 * HOUR_MS, toMs: START_MS - HOUR_MS });
    await lane.pass();
    expect(rig.source.reads.map(({ fromMs, toMs }) => (toMs - fromMs - 2) / HOUR_MS)).toEqual([24, 24, 11]);
    expect(rig.state.owed.gaps).toEqual([]);
  });

  it('stay owed where an event of them was left to the other lane, which failed', async () => {
    const { rig, lane } = await open();
    const missing = heldBefore('missing', 2.5 * HOUR_MS);
    rig.source.hold(missing);
    rig.state.owe(GAP);
    const key = Ledger.keyOf(rawEvent(missing.event), 0);
    const batch = rig.pipeline.underWay.begin(rig.destination.createBatch());
    carry(rig.pipeline.underWay, batch, key, { open: 0, read: true, settledToMs: undefined });
    // Nothing is compared: what is owed is missing for a known reason.
    rig.source.onCount = fail(refused());
    let passed = false;
    const passing = lane.pass().finally(() => (passed = true));
    await everybodyHadTheirTurn();
    expect(passed).toBe(false);
    expect(rig.state.owed.gaps).toEqual([GAP]);
    rig.pipeline.underWay.end(batch);
    await passing;
    expect(rig.deliveredIds).toEqual(['missing']);
    expect(rig.source.reads[0]).toEqual(questionAbout(GAP));
    expect(rig.source.reads.length).toBeGreaterThan(1);
  });

  it('wait for the next turn where the clock of the source went back: they are not asked for over and over', async () => {
    const { rig, lane } = await open();
    rig.state.owe(GAP);
    const source = {
      now: () => rig.clock.now(),
      learnTime: () => Promise.resolve(undefined),
      count: () => Promise.resolve(0),
      // eslint-disable-next-line require-yield -- it has nothing to show
      async *read() {
        rig.source.reads.push(GAP);
        if (rig.source.reads.length > 50) throw new TypeError('over and over');
        await Promise.resolve();
        return GAP.fromMs;
      },
    };
    const slow = new RepairLane({ reconcileEveryMs: EVERY_MS }, { ...rig.pipeline, source }, rig.context);
    await slow.pass();
    expect(rig.source.reads).toHaveLength(1);
    expect(rig.state.owed.gaps).toEqual([GAP]);
    await lane.pass();
    expect(rig.state.owed.gaps).toEqual([]);
  });

  it('in the future of the source are not asked for', async () => {
    const { rig, lane } = await open();
    rig.state.owe(GAP);
    rig.clock.jump(-4 * HOUR_MS);
    await lane.pass();
    expect(rig.source.reads).toEqual([]);
  });
});

describe('where the source does not count', () => {
  it('reads the last hour again at each interval, says so once, and tries to count again every hour', async () => {
    const { rig, run } = await open();
    rig.source.onCount = fail(refused());
    const running = run();
    await rig.clock.advance(0);
    expect(rig.source.reads).toEqual([questionAbout({ fromMs: START_MS - HOUR_MS, toMs: START_MS })]);
    rig.source.hold(heldBefore('late', HOUR_MS / 2), heldBefore('too late', 2 * HOUR_MS));
    await rig.clock.advance(EVERY_MS);
    expect(rig.deliveredIds).toEqual(['late']);
    await rig.clock.advance(HOUR_MS - EVERY_MS);
    expect(rig.source.reads).toHaveLength(13);
    expect(rig.source.counts).toHaveLength(2);
    expect(rig.log.at('warning')).toEqual([
      'Events cannot be proven complete by counts: may not count. Instead, the last 1h is read again every 5m: ' +
        'events that become visible later than that are not found',
    ]);
    rig.source.onCount = (counted) => counted;
    await rig.clock.advance(HOUR_MS + 1000);
    expect(rig.deliveredIds).toEqual(['late', 'too late']);
    expect(rig.log.at('info').at(-1)).toBe('The source counts again: its counts are compared as before');
    rig.stop.request();
    await running;
  });

  it('waits and tries again where counting fails for now, as everything else does', async () => {
    const { rig, run } = await open();
    rig.source.onCount = fail(unreachable());
    const running = run();
    await rig.clock.advance(60_000);
    expect(rig.source.reads).toEqual([]);
    expect(rig.log.at('warning').filter((line) => line.includes('cannot be proven'))).toEqual([]);
    rig.stop.request();
    await running;
  });

  it('does not wait for counts where the tail goes on meanwhile', async () => {
    const { rig, lane } = await open();
    rig.source.onCount = async () => {
      await rig.clock.advance(1000);
      await rig.settleTail();
      throw unreachable();
    };
    await lane.pass();
    expect(rig.log.at('warning')).toEqual([expect.stringContaining('cannot be proven')]);
    expect(rig.source.reads).toHaveLength(1);
  });

  it('does not wait for counts where it is run once', async () => {
    const { rig, lane } = await open({ once: true });
    rig.source.onCount = fail(unreachable());
    await lane.pass();
    expect(rig.source.reads).toHaveLength(1);
  });

  it('says nothing of counting where reading fails too: then it is not about counting', async () => {
    const { rig, lane } = await open();
    rig.source.onCount = fail(refused());
    rig.source.onRead = fail(new ModuleError('SOURCE_CREDENTIAL_REFUSED', 'bad key'));
    await expect(lane.pass()).rejects.toMatchObject({ code: 'SOURCE_CREDENTIAL_REFUSED' });
    expect(rig.log.at('warning')).toEqual([]);
  });

  it('gives up counts that lead to reading again and again, for nothing', async () => {
    const { rig, lane } = await open();
    rig.source.hold(heldBefore('one', 3 * HOUR_MS));
    await lane.pass();
    // Each answer is another one.
    rig.source.onCount = (_, __, n) => 10 + n;
    for (let pass = 0; pass < 3; pass += 1) await lane.pass();
    expect(rig.log.at('warning').filter((line) => line.includes('cannot be proven'))).toEqual([
      expect.stringContaining('its counts do not agree with what it shows'),
    ]);
    const counted = rig.source.counts.length;
    await lane.pass();
    expect(rig.source.counts).toHaveLength(counted);
    expect(rig.deliveredIds).toEqual(['one']);
  });
});

describe('a turn that fails', () => {
  it('is tried again with growing pauses, told at debug first and then once as a warning, and its end is told', async () => {
    const { rig, run } = await open();
    rig.source.onCount = fail(unreachable());
    const running = run();
    await rig.clock.advance(HOUR_MS / 2);
    const pauses = rig.clock.sleeps.filter((ms) => ms > 0);
    expect(pauses.slice(0, 4).every((ms, n) => ms >= 2500 * 2 ** n && ms <= 5000 * 2 ** n)).toBe(true);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(300_000);
    expect(rig.log.lines.slice(0, 5).map(({ level }) => level)).toEqual([
      'debug',
      'debug',
      'debug',
      'warning',
      'debug',
    ]);
    expect(rig.log.at('warning')).toEqual(['Looking for missing events failed: no answer']);
    rig.source.onCount = (counted) => counted;
    await rig.clock.advance(300_000);
    expect(rig.log.at('info')).toEqual(['Comparing with the source again']);
    rig.stop.request();
    await running;
  });

  it('waits as long as it was asked to', async () => {
    const { rig, run } = await open();
    rig.source.onCount = fail(new ModuleError('SOURCE_RATE_LIMITED', 'slow', { retryAfterMs: 900_000 }));
    const running = run();
    await rig.clock.advance(899_000);
    expect(rig.source.counts).toHaveLength(1);
    expect(rig.told).toContainEqual({ kind: 'waiting', delayMs: 900_000 });
    await rig.clock.advance(2000);
    expect(rig.source.counts).toHaveLength(2);
    rig.stop.request();
    await running;
  });

  it('hammers nobody who refused: two minutes at the least', async () => {
    const { rig, run } = await open();
    rig.state.owe({ fromMs: START_MS - HOUR_MS, toMs: START_MS - 1000 });
    rig.source.onRead = fail(new ModuleError('SOURCE_CREDENTIAL_REFUSED', 'bad key'));
    const running = run();
    await rig.clock.advance(119_000);
    expect(rig.source.reads).toHaveLength(1);
    await rig.clock.advance(1000);
    expect(rig.source.reads).toHaveLength(2);
    rig.stop.request();
    await running;
  });

  it('leaves the gap owed that it could not deliver', async () => {
    const destination = new RecordingDestination({
      script: async (batch) => Promise.resolve(unsettled(batch, new ModuleError('DESTINATION_UNAVAILABLE', '503'))),
    });
    const { rig, lane } = await open({ destination });
    rig.source.hold(heldBefore('missing', HOUR_MS));
    await expect(lane.pass()).rejects.toMatchObject({ code: 'DESTINATION_UNAVAILABLE' });
    expect(rig.state.owed.gaps).toHaveLength(1);
  });

  it('is told by what was thrown where it is a defect', async () => {
    const { rig, run } = await open();
    rig.source.onCount = () => {
      throw new TypeError('a bug');
    };
    await expect(run()).rejects.toThrow('a bug');
  });

  it('passes on that state cannot be written, without losing what it found', async () => {
    const storage = new FailingStorage(createMemoryStorage());
    const { rig, lane } = await open({ storage });
    storage.plan = ({ kind }) => (kind === 'write' ? 'undone' : undefined);
    await expect(lane.pass()).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    storage.plan = () => undefined;
    expect(rig.state.checkpoint.agreed).toBeDefined();
    await lane.pass();
  });
});

describe('a stop of the repair lane', () => {
  it('before its first turn leaves everything as it is', async () => {
    const { rig, run } = await open();
    rig.stop.request();
    await run();
    expect(rig.source.counts).toEqual([]);
  });

  it.each([
    ['the pause between turns', () => undefined],
    [
      'the pause after a failure',
      ({ source }: LaneRig) => {
        source.onCount = fail(unreachable());
      },
    ],
    [
      'the pause after a refusal',
      ({ source, state }: LaneRig) => {
        state.owe({ fromMs: START_MS - HOUR_MS, toMs: START_MS - 1000 });
        source.onRead = fail(new ModuleError('SOURCE_CREDENTIAL_REFUSED', 'bad key'));
      },
    ],
  ])('ends %s at once', async (_, given) => {
    const { rig, run, hasEnded } = await open();
    given(rig);
    const running = run();
    await rig.clock.advance(100);
    expect(hasEnded()).toBe(false);
    rig.stop.request();
    await running;
    expect(rig.clock.monotonic()).toBe(100);
  });

  it.each(['counting', 'reading a gap'])('ends it while it is %s', async (what) => {
    const { rig, run } = await open();
    const aborted = (): Promise<never> =>
      new Promise((_, reject) => {
        const abort = (): void => reject(Object.assign(new Error('Stopped'), { name: 'AbortError' }));
        rig.stop.requested.addEventListener('abort', abort);
      });
    if (what === 'counting') rig.source.onCount = aborted;
    else {
      rig.state.owe({ fromMs: START_MS - HOUR_MS, toMs: START_MS - 1000 });
      rig.source.onRead = aborted;
    }
    const running = run();
    await rig.clock.advance(100);
    rig.stop.request();
    await running;
    await everybodyHadTheirTurn();
    expect(rig.log.lines).toEqual([]);
  });

  it('ends a single pass as stopped', async () => {
    const { rig, lane } = await open({ once: true });
    rig.state.owe({ fromMs: START_MS - HOUR_MS, toMs: START_MS - 1000 });
    rig.stop.request();
    expect(isAbort(await lane.pass().catch((error: unknown) => error))).toBe(true);
  });
});
