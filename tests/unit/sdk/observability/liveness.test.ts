import { describe, expect, it } from '@jest/globals';

import { ModuleError } from '../../../../src/sdk/errors.js';
import { Liveness } from '../../../../src/sdk/observability/liveness.js';
import type { PipelineEvent } from '../../../../src/sdk/pipeline/pipeline-event.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { RecordingLog } from '../../../support/recording-log.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** The default pace of a minute: a quarter of an hour and three of them. */
const THRESHOLD = 18 * MINUTE;

const error = new ModuleError('SOURCE_UNAVAILABLE', 'busy');
const QUIET_CYCLE: PipelineEvent = { kind: 'caught-up', toMs: 0, events: 0, durationMs: 10 };
const FAILED_CYCLE: PipelineEvent = { kind: 'cycle-failed', error, delayMs: 1000 };
const DELIVERED: PipelineEvent = {
  kind: 'delivered',
  events: 3,
  bytes: 900,
  durationMs: 10,
  freshness: { lane: 'tail', sinceSeenMs: 1, sinceHappenedMs: undefined },
};

function begun(paceMs = MINUTE) {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const liveness = new Liveness(clock);
  liveness.begin(paceMs, log.log);
  const report = () => JSON.parse(liveness.answer('/health').body) as Record<string, unknown>;
  const status = () => liveness.answer('/health').status;
  return { clock, log, liveness, report, status };
}

describe('/health', () => {
  it('has exactly the documented members, with times in UTC without a zone', async () => {
    const { clock, liveness, report } = begun();
    await clock.advance(5000);
    liveness.hear(DELIVERED);
    await clock.advance(2500);
    liveness.hear(QUIET_CYCLE);
    expect(liveness.answer('/health')).toMatchObject({ status: 200, contentType: 'application/json' });
    expect(report()).toEqual({
      last_events_time: '2030-01-02T03:04:10',
      last_heartbeat: '2030-01-02T03:04:12.500',
      seconds_without_events_threshold: 0,
      last_heartbeat_threshold: THRESHOLD / 1000,
      error_count: 0,
    });
  });

  it('is alive from the beginning, before anything is known of the run', () => {
    expect(new Liveness(new ManualClock()).answer('/health').status).toBe(200);
  });

  it.each(['/', '/health/', '/healthz', '/metrics', '//health', '/HEALTH'])('is not at %s', (path) => {
    const { status, contentType, body } = begun().liveness.answer(path);
    expect(status).toBe(404);
    expect(contentType).toBe('application/json');
    expect(JSON.parse(body)).toEqual({ status_code: 404, reason: "Endpoint doesn't exist" });
  });
});

describe('a trigger is alive', () => {
  it('for weeks without an event, while its cycles go on', async () => {
    const { clock, liveness, status } = begun(HOUR);
    for (let cycle = 0; cycle < 21 * 24; cycle += 1) {
      await clock.advance(HOUR);
      expect(status()).toBe(200);
      liveness.hear(QUIET_CYCLE);
    }
  });

  it('in an outage of a week, while it tries again', async () => {
    const { clock, liveness, status, report } = begun();
    for (let cycle = 0; cycle < 7 * 24 * 6; cycle += 1) {
      await clock.advance(10 * MINUTE);
      liveness.hear(
        cycle % 3 === 0 ? FAILED_CYCLE : { kind: 'retrying', side: 'source', error, attempt: 1, delayMs: 1 },
      );
      expect(status()).toBe(200);
    }
    expect(report()['error_count']).toBe(336);
  });

  it.each<PipelineEvent>([
    { kind: 'retrying', side: 'source', error, attempt: 1, delayMs: 24 * HOUR },
    { kind: 'cycle-failed', error, delayMs: 24 * HOUR },
    { kind: 'waiting', delayMs: 24 * HOUR },
  ])('while it waits as it said that it would, and no longer: %j', async (event) => {
    const { clock, liveness, status } = begun();
    liveness.hear(event);
    // Another lane goes on meanwhile, and falls silent.
    liveness.hear(QUIET_CYCLE);
    await clock.advance(24 * HOUR + THRESHOLD - 1);
    expect(status()).toBe(200);
    await clock.advance(1);
    expect(status()).toBe(500);
  });

  it('at a pace of a day, for three days and a quarter of an hour', async () => {
    const { clock, status } = begun(24 * HOUR);
    await clock.advance(72 * HOUR + 15 * MINUTE - 1);
    expect(status()).toBe(200);
    await clock.advance(1);
    expect(status()).toBe(500);
  });
});

describe('a trigger that hangs', () => {
  it('is not alive, is told of once, and is alive again with the next sign', async () => {
    const { clock, log, liveness, status } = begun();
    await clock.advance(THRESHOLD - 1);
    expect(status()).toBe(200);
    await clock.advance(1);
    expect([status(), status()]).toEqual([500, 500]);
    expect(log.at('error')).toEqual([
      'No sign of life for 1080 s: /health answers 500, so that the process is started anew',
    ]);
    liveness.hear(QUIET_CYCLE);
    expect(status()).toBe(200);
    expect(log.at('info')).toEqual(['The trigger gives signs of life again']);
  });
});

describe('the count of errors', () => {
  it('is of failed cycles since the last success: an acknowledgement, or a cycle that left nothing owed', () => {
    const { liveness, report } = begun();
    for (const event of [FAILED_CYCLE, FAILED_CYCLE, DELIVERED, FAILED_CYCLE]) liveness.hear(event);
    expect(report()['error_count']).toBe(1);
    liveness.hear(QUIET_CYCLE);
    expect(report()['error_count']).toBe(0);
  });
});

describe('/health of a run with several streams', () => {
  const names = ['a', 'b', 'c'];

  it('tells how many there are, which fail and which give no sign of life, and is alive while most of them do', async () => {
    const { clock, log, liveness, report, status } = begun();
    for (const name of names) liveness.hear(QUIET_CYCLE, name);
    expect(report()['streams']).toEqual({
      count: 3,
      failing: { count: 0, names: [] },
      stalled: { count: 0, names: [] },
    });
    await clock.advance(THRESHOLD);
    liveness.hear(QUIET_CYCLE, 'a');
    liveness.hear(FAILED_CYCLE, 'b');
    expect(status()).toBe(200);
    expect(report()['streams']).toEqual({
      count: 3,
      failing: { count: 1, names: ['b'] },
      stalled: { count: 1, names: ['c'] },
    });
    expect(log.at('error')).toEqual(['No sign of life from 1 organizations: c']);
  });

  it('asks for a restart where half of them hang, whatever the others tell', async () => {
    const { clock, liveness, status } = begun();
    for (const name of ['a', 'b', 'c', 'd']) liveness.hear(QUIET_CYCLE, name);
    await clock.advance(THRESHOLD);
    liveness.hear(QUIET_CYCLE, 'a');
    expect(status()).toBe(500);
    liveness.hear(QUIET_CYCLE, 'b');
    liveness.hear(QUIET_CYCLE, 'c');
    expect(status()).toBe(200);
  });

  it('believes a stream that says how long it waits', async () => {
    const { clock, liveness, report } = begun();
    liveness.hear({ kind: 'waiting', delayMs: 2 * HOUR }, 'a');
    for (const name of ['b', 'c', 'd']) liveness.hear(QUIET_CYCLE, name);
    await clock.advance(HOUR);
    expect(report()['streams']).toMatchObject({ stalled: { names: ['b', 'c', 'd'] } });
  });

  it('names twenty at the most', async () => {
    const { clock, liveness, report } = begun();
    for (let n = 0; n < 50; n += 1) liveness.hear(QUIET_CYCLE, `s${n}`);
    await clock.advance(THRESHOLD);
    const { stalled } = report()['streams'] as { stalled: { count: number; names: string[] } };
    expect([stalled.count, stalled.names.length]).toEqual([50, 20]);
  });
});
