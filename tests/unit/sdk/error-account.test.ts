import { describe, expect, it } from '@jest/globals';

import { ErrorAccount } from '../../../src/sdk/error-account.js';
import { ModuleError } from '../../../src/sdk/errors.js';
import type { PipelineEvent } from '../../../src/sdk/pipeline/pipeline-event.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RecordingLog } from '../../support/recording-log.js';

const MINUTE = 60_000;
const busy = new ModuleError('SOURCE_UNAVAILABLE', 'host answered 503', { status: 503, advice: 'Look at its status.' });
const DELIVERED: PipelineEvent = {
  kind: 'delivered',
  events: 1,
  bytes: 1,
  durationMs: 1,
  freshness: { lane: 'tail', sinceSeenMs: 1, sinceHappenedMs: undefined },
};

function opened() {
  const clock = new ManualClock();
  const recording = new RecordingLog();
  const account = new ErrorAccount(clock);
  account.tellTo(recording.log);
  const failEvery = async (everyMs: number, times: number, error: ModuleError = busy): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      await clock.advance(everyMs);
      account.hear({ kind: 'cycle-failed', error, delayMs: everyMs });
    }
  };
  return { clock, recording, account, failEvery };
}

describe('an outage', () => {
  it('becomes critical once, with since when, how often, why and what to do', async () => {
    const { recording, failEvery } = opened();
    await failEvery(MINUTE, 29);
    expect(recording.lines).toEqual([]);
    await failEvery(MINUTE, 120);
    expect(recording.lines).toEqual([
      {
        level: 'critical',
        message:
          'Nothing could be collected for 30m: 30 tries in a row have failed, the last one with: host answered 503',
        fields: {
          code: 'SOURCE_UNAVAILABLE',
          advice: 'Look at its status. Nothing is lost: what is owed is collected after the next start.',
        },
      },
    ]);
  });

  it('that began after ten hours of success is waited for two hours and more', async () => {
    const { clock, account, recording, failEvery } = opened();
    await clock.advance(600 * MINUTE);
    account.hear(DELIVERED);
    await failEvery(MINUTE, 149);
    expect(recording.lines).toEqual([]);
    await failEvery(MINUTE, 1);
    expect(recording.at('critical')).toEqual([expect.stringContaining('for 2h30m')]);
  });

  it('of the platform itself never does', async () => {
    const { account, recording, failEvery } = opened();
    await failEvery(MINUTE, 1000, new ModuleError('DESTINATION_UNAVAILABLE', 'intake answered 503', { status: 503 }));
    expect(account.errors).toBe(0);
    expect(recording.lines).toEqual([]);
  });

  it('is not said again where an operator was called already', async () => {
    const { account, recording, failEvery } = opened();
    account.count(new ModuleError('SOURCE_CREDENTIAL_REFUSED', 'host answered 401'));
    await failEvery(MINUTE, 1000);
    expect(recording.lines).toEqual([]);
  });
});

describe('a single refused event', () => {
  it('is not what an operator is called for: an outage after it still becomes critical', async () => {
    const { account, recording, failEvery } = opened();
    account.count(new ModuleError('DESTINATION_REFUSES_EVENT', 'the only event is refused'));
    await failEvery(MINUTE, 60);
    expect(recording.at('critical')).toHaveLength(1);
  });
});

describe('the count', () => {
  it.each<PipelineEvent>([DELIVERED, { kind: 'caught-up', toMs: 0, events: 0, durationMs: 1 }])(
    'begins anew after success: %j',
    async (success) => {
      const { account, failEvery } = opened();
      await failEvery(MINUTE, 3);
      expect(account.errors).toBe(3);
      account.hear(success);
      expect(account.errors).toBe(0);
    },
  );

  it.each<PipelineEvent>([
    { kind: 'read', events: 5, repeated: 0, bytes: 9 },
    { kind: 'committed', owedFromMs: 0, accountedFor: 0, ledgerEvents: 0, provenToMs: undefined },
    { kind: 'counted' },
    { kind: 'waiting', delayMs: 1 },
  ])('goes on after what only might lead to success: %j', async (event) => {
    const { account, failEvery } = opened();
    await failEvery(MINUTE, 3);
    account.hear(event);
    expect(account.errors).toBe(3);
  });
});

describe('what one of several streams met', () => {
  it('becomes critical like any outage where nothing else goes well, for it was told as an error', async () => {
    const { clock, recording, account } = opened();
    const refused = new ModuleError('SOURCE_ROLE_REFUSED', 'no role');
    for (let minute = 0; minute < 31; minute += 1) {
      await clock.advance(MINUTE);
      account.hear({ kind: 'cycle-failed', error: refused, delayMs: MINUTE }, 'one');
    }
    expect(recording.at('critical')).toHaveLength(1);
  });

  it('does not, while another one collects', async () => {
    const { clock, recording, account } = opened();
    const refused = new ModuleError('SOURCE_ROLE_REFUSED', 'no role');
    for (let minute = 0; minute < 120; minute += 1) {
      await clock.advance(MINUTE);
      account.hear({ kind: 'cycle-failed', error: refused, delayMs: MINUTE }, 'one');
      account.hear({ kind: 'caught-up', toMs: 0, events: 0, durationMs: 1 }, 'other');
    }
    expect(recording.lines).toEqual([]);
  });
});
