import { describe, expect, it } from '@jest/globals';

import { ErrorAccount } from '../../../src/sdk/error-account.js';
import { abortError, ConfigurationError, ModuleError } from '../../../src/sdk/errors.js';
import { keepRunning } from '../../../src/sdk/keep-running.js';
import type { PipelineEvent } from '../../../src/sdk/pipeline/pipeline-event.js';
import { Stop } from '../../../src/sdk/stop.js';
import { everybodyHadTheirTurn, ManualClock } from '../../support/manual-clock.js';
import { RecordingLog } from '../../support/recording-log.js';

function kept(run: (stop: Stop, n: number) => Promise<void>) {
  const clock = new ManualClock();
  const recording = new RecordingLog();
  const stop = new Stop();
  const errors = new ErrorAccount(clock);
  errors.tellTo(recording.log);
  const told: PipelineEvent[] = [];
  let runs = 0;
  const ended = keepRunning((own) => run(own, (runs += 1)), {
    stop,
    clock,
    random: () => 1,
    log: recording.log,
    errors,
    listener: (event) => told.push(event),
  });
  return { told, clock, recording, stop, errors, ended, runs: () => runs };
}

const busy = new ModuleError('SOURCE_UNAVAILABLE', 'host answered 503', { status: 503 });

describe('a run that fails', () => {
  it('is begun again after a wait that grows up to a minute', async () => {
    const { clock, recording, errors, runs, stop, ended } = kept(() => Promise.reject(busy));
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      const before = runs();
      await clock.advance(seconds * 1000 - 1);
      expect(runs()).toBe(before === 0 ? 1 : before);
      await clock.advance(1);
    }
    expect(runs()).toBe(9);
    expect(errors.errors).toBe(9);
    expect(recording.at('error')).toHaveLength(9);
    stop.request();
    await ended;
  });

  it('says that it waits, and for how long, so that it is not taken for dead', async () => {
    const { clock, told } = kept(() => Promise.reject(busy));
    await clock.advance(2_000);
    expect(told).toEqual([
      { kind: 'waiting', delayMs: 1_000 },
      { kind: 'waiting', delayMs: 2_000 },
    ]);
  });

  it('has its wait begin anew where it had worked for some minutes', async () => {
    const { clock, runs } = kept(async (_, n) => {
      if (n === 4) await clock.sleep(600_000);
      throw busy;
    });
    await clock.advance(7_000);
    expect(runs()).toBe(4);
    await clock.advance(600_000);
    await clock.advance(1_000);
    expect(runs()).toBe(5);
  });

  it.each([
    ['a configuration error', new ConfigurationError([{ setting: 'module.key', problem: 'is required' }])],
    ['what only an operator can mend', new ModuleError('STATE_REFUSED', 'Access denied to the object storage')],
  ])('for %s is critical at once, and waits two minutes for the stop', async (_, error) => {
    const { clock, recording, runs, stop, ended } = kept(() => Promise.reject(error));
    await everybodyHadTheirTurn();
    expect(recording.at('critical')).toEqual([expect.any(String)]);
    await clock.advance(119_999);
    expect(runs()).toBe(1);
    stop.request();
    await ended;
    expect(runs()).toBe(1);
  });

  it('runs again where no stop comes after a critical', async () => {
    const { clock, runs } = kept(() => Promise.reject(new ModuleError('STATE_REFUSED', 'denied')));
    await clock.advance(120_000);
    expect(runs()).toBe(2);
  });

  it('makes the account say critical when it has failed for long enough', async () => {
    const { clock, recording } = kept(() => Promise.reject(busy));
    await clock.advance(31 * 60_000);
    expect(recording.at('critical')).toEqual([expect.stringContaining('Nothing could be collected for 30m')]);
  });
});

describe('a run that ends by itself', () => {
  it('is begun again, once a second at the most', async () => {
    const { clock, runs, recording } = kept(() => Promise.resolve());
    await clock.advance(10_000);
    expect(runs()).toBe(11);
    expect(recording.lines).toEqual([]);
  });

  it('is begun again at once where it took longer than that', async () => {
    const { clock, runs } = kept(() => clock.sleep(5_000));
    await clock.advance(20_000);
    expect(runs()).toBe(5);
  });
});

describe('a stop', () => {
  it('ends a wait, and nothing is begun again', async () => {
    const { clock, runs, stop, ended } = kept(() => Promise.reject(busy));
    await everybodyHadTheirTurn();
    stop.request();
    await ended;
    expect(runs()).toBe(1);
    expect(clock.sleeping).toBe(0);
  });

  it('reaches the run, which may throw what it likes', async () => {
    const { stop, ended } = kept(async (own) => {
      await new Promise((resolve) => own.forced.addEventListener('abort', resolve));
      throw abortError();
    });
    stop.request();
    stop.force();
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('of one run, as after a defect in a part of it, does not stop the next', async () => {
    const { clock, runs, stop } = kept((own, n) => {
      if (n === 1) own.request();
      return n === 1 ? Promise.reject(new TypeError('a defect')) : clock.sleep(1e9, own.requested);
    });
    await clock.advance(10_000);
    expect(runs()).toBe(2);
    expect(stop.requested.aborted).toBe(false);
  });
});
