import { describe, expect, it } from '@jest/globals';

import { ModuleError } from '../../../../src/sdk/errors.js';
import { createMetrics } from '../../../../src/sdk/observability/metrics.js';
import { type MetricDefinition, metricName, METRICS } from '../../../../src/sdk/observability/metric-definitions.js';
import type { Freshness, PipelineEvent } from '../../../../src/sdk/pipeline/pipeline-event.js';
import { MANUAL_CLOCK_START_MS, ManualClock } from '../../../support/manual-clock.js';

const INTAKE_KEY = 'synthetic-intake-key';
/** The first eight hexadecimal digits of its SHA-256. */
const LABEL = '{intake_key="d19574e8"}';

async function textOf(events: readonly PipelineEvent[], clock = new ManualClock()): Promise<string> {
  const metrics = createMetrics({ vendor: 'jumpcloud', intakeKey: INTAKE_KEY }, clock);
  for (const event of events) metrics.listener(event);
  return metrics.text();
}

function delivered(freshness: Freshness): PipelineEvent {
  return { kind: 'delivered', events: 3, bytes: 900, durationMs: 10, freshness };
}

const textAfter = (...told: readonly Freshness[]): Promise<string> => textOf(told.map(delivered));

const SEEN = 'symphony_module_jumpcloud_seen_to_acknowledged_seconds';
const HAPPENED = 'symphony_module_jumpcloud_event_to_acknowledged_seconds';

describe('the metrics of freshness', () => {
  it('have one observation a batch, in seconds, by lane', async () => {
    const text = await textAfter(
      { lane: 'tail', sinceSeenMs: 250, sinceHappenedMs: 1_200 },
      { lane: 'tail', sinceSeenMs: 500, sinceHappenedMs: 40_000 },
      { lane: 'backfill', sinceSeenMs: 3_000, sinceHappenedMs: undefined },
    );
    expect(text).toContain(`${SEEN}_bucket{le="0.25",lane="tail"} 1`);
    expect(text).toContain(`${SEEN}_sum{lane="tail"} 0.75`);
    expect(text).toContain(`${SEEN}_count{lane="backfill"} 1`);
    expect(text).toContain(`${HAPPENED}_bucket{le="2.5"} 1`);
    expect(text).toContain(`${HAPPENED}_count 2`);
  });
});

const OWN = 'symphony_module_jumpcloud';
const failure = new ModuleError('SOURCE_UNAVAILABLE', 'x');

describe('the metrics of the way', () => {
  it('count batches and their bytes by lane, from zero on', async () => {
    const text = await textAfter({ lane: 'tail', sinceSeenMs: 1, sinceHappenedMs: undefined });
    expect(text).toContain(`${OWN}_batches_total{lane="tail"} 1`);
    expect(text).toContain(`${OWN}_batch_bytes_total{lane="tail"} 900`);
    expect(text).toContain(`${OWN}_batches_total{lane="backfill"} 0`);
  });

  it('tell how long requests took, by what was asked and the class of the answer', async () => {
    const answered = { kind: 'answered', side: 'source', endpoint: 'events' } as const;
    const text = await textOf([
      { ...answered, status: 200, durationMs: 40 },
      { ...answered, status: 204, durationMs: 60 },
      { ...answered, status: undefined, durationMs: 60_000 },
      { kind: 'answered', side: 'destination', endpoint: 'batch', status: 503, durationMs: 300 },
    ]);
    expect(text).toContain(`${OWN}_api_request_seconds_bucket{le="0.05",endpoint="events",status="2xx"} 1`);
    expect(text).toContain(`${OWN}_api_request_seconds_sum{endpoint="events",status="2xx"} 0.1`);
    expect(text).toContain(`${OWN}_api_request_seconds_count{endpoint="events",status="none"} 1`);
    expect(text).toContain(`${OWN}_intake_request_seconds_count{status="5xx"} 1`);
  });

  it('count what is tried again, and what was given up for now, by its cause', async () => {
    const text = await textOf([
      { kind: 'retrying', side: 'counts', error: failure, attempt: 1, delayMs: 1 },
      { kind: 'retrying', side: 'counts', error: failure, attempt: 2, delayMs: 1 },
      { kind: 'cycle-failed', error: failure, delayMs: 1 },
    ]);
    expect(text).toContain(`${OWN}_retries_total{side="counts",code="SOURCE_UNAVAILABLE"} 2`);
    expect(text).toContain(`${OWN}_failed_cycles_total{code="SOURCE_UNAVAILABLE"} 1`);
  });

  it('count the waits for the rate limit, and how long they were', async () => {
    const text = await textOf([
      { kind: 'held-back', urgency: 'backlog', delayMs: 250 },
      { kind: 'held-back', urgency: 'backlog', delayMs: 500 },
    ]);
    expect(text).toContain(`${OWN}_rate_limit_waits_total{urgency="backlog"} 2`);
    expect(text).toContain(`${OWN}_rate_limit_wait_seconds_total{urgency="backlog"} 0.75`);
    expect(text).toContain(`${OWN}_rate_limit_waits_total{urgency="live"} 0`);
  });

  it('count the dead letters, those of which a trimmed copy is sent apart', async () => {
    const kept = { kind: 'dead-lettered', id: 'a', reason: 'too large', bytes: 9 } as const;
    const text = await textOf([kept, kept, { ...kept, delivered: 'trimmed' }]);
    expect(text).toContain(`${OWN}_dead_letters_total{delivered="nothing"} 2`);
    expect(text).toContain(`${OWN}_dead_letters_total{delivered="trimmed"} 1`);
  });
});

describe('the metrics of proof', () => {
  const compared = (result: 'agreed' | 'mended' | 'differed' | 'impossible' | 'refused'): PipelineEvent => {
    return { kind: 'compared', result };
  };
  const committed = { kind: 'committed', owedFromMs: MANUAL_CLOCK_START_MS - 90_000, accountedFor: 1 } as const;

  it('say nothing of what is not known yet', async () => {
    const text = await textOf([]);
    for (const name of ['counts_agree', 'proven_complete_age_seconds', 'oldest_owed_age_seconds', 'ledger_events'])
      expect(text).not.toMatch(new RegExp(`^${OWN}_${name}[ {]`, 'm'));
    expect(text).toContain(`${OWN}_comparisons_total{result="differed"} 0`);
  });

  it.each([
    ['agreed', 1],
    ['mended', 1],
    ['differed', 0],
    ['refused', 0],
  ] as const)('after counts that %s say %i', async (result, value) => {
    expect(await textOf([compared(result)])).toMatch(new RegExp(`^${OWN}_counts_agree ${value}$`, 'm'));
  });

  it('keep what they said where nothing could be compared', async () => {
    const text = await textOf([compared('agreed'), compared('impossible')]);
    expect(text).toMatch(new RegExp(`^${OWN}_counts_agree 1$`, 'm'));
    expect(text).toContain(`${OWN}_comparisons_total{result="impossible"} 1`);
  });

  it('grow older while nothing is committed', async () => {
    const clock = new ManualClock();
    const metrics = createMetrics({ vendor: 'jumpcloud', intakeKey: INTAKE_KEY }, clock);
    metrics.listener({ ...committed, ledgerEvents: 7, provenToMs: MANUAL_CLOCK_START_MS - 30_000 });
    await clock.advance(60_000);
    const text = await metrics.text();
    expect(text).toMatch(new RegExp(`^${OWN}_proven_complete_age_seconds 90$`, 'm'));
    expect(text).toMatch(new RegExp(`^${OWN}_oldest_owed_age_seconds 150$`, 'm'));
    expect(text).toMatch(new RegExp(`^${OWN}_ledger_events 7$`, 'm'));
  });

  it('have no age of a proof that there never was', async () => {
    const text = await textOf([{ ...committed, ledgerEvents: 7, provenToMs: undefined }]);
    expect(text).not.toMatch(/^\S*_proven_complete_age_seconds /m);
  });
});

describe('what metrics are', () => {
  const definitions: readonly MetricDefinition[] = Object.values(METRICS);

  it.each(definitions.map((definition) => [definition.name, definition] as const))(
    '%s keeps to the rules',
    (name, it) => {
      expect(name.replace('{vendor}', 'x')).toMatch(/^symphony_module_[a-z]+_[a-z_]+[a-z]$/);
      expect(name.endsWith('_total')).toBe(it.type === 'counter');
      expect(it.buckets !== undefined).toBe(it.type === 'histogram');
      expect(it.buckets ?? []).toEqual((it.buckets ?? []).toSorted((a, b) => a - b));
      expect(it.help).toMatch(/\.$/);
    },
  );

  it('is all there, once', async () => {
    const families = Array.from((await textOf([])).matchAll(/^# TYPE (\S+) (\S+)$/gm), ([, name, type]) => [
      name,
      type,
    ]);
    expect(families.toSorted()).toEqual(
      definitions.map((definition) => [metricName(definition, 'jumpcloud'), definition.type]).toSorted(),
    );
  });
});

describe('the series of the existing dashboards', () => {
  const COMMON = 'symphony_module_common';
  const TAIL: Freshness = { lane: 'tail', sinceSeenMs: 1, sinceHappenedMs: undefined };
  const kept: PipelineEvent = { kind: 'dead-lettered', id: 'a', reason: 'refused', bytes: 9 };

  it('are there from the start, those that count', async () => {
    const text = await textOf([]);
    expect(text).toContain(`symphony_module_jumpcloud_collected_messages_total${LABEL} 0`);
    expect(text).toContain(`${COMMON}_forwarded_events_total${LABEL} 0`);
    expect(text).toContain(`${COMMON}_discarded_events_total${LABEL} 0`);
    expect(text).not.toMatch(/^symphony_module_common_events_lags\{/m);
  });

  it('count what was read for the first time, what was acknowledged and what went to the dead letter', async () => {
    const text = await textOf([
      { kind: 'read', events: 10, repeated: 4, bytes: 1 },
      delivered(TAIL),
      delivered(TAIL),
      kept,
      { ...kept, delivered: 'trimmed' },
    ]);
    expect(text).toContain(`symphony_module_jumpcloud_collected_messages_total${LABEL} 6`);
    expect(text).toContain(`${COMMON}_forwarded_events_total${LABEL} 6`);
    expect(text).toContain(`${COMMON}_discarded_events_total${LABEL} 1`);
  });

  it('tell how far delivery is behind, also while nothing succeeds any more', async () => {
    const clock = new ManualClock();
    const metrics = createMetrics({ vendor: 'jumpcloud', intakeKey: INTAKE_KEY }, clock);
    metrics.listener({ kind: 'caught-up', toMs: MANUAL_CLOCK_START_MS - 2000, events: 0, durationMs: 10 });
    expect(await metrics.text()).toContain(`${COMMON}_events_lags${LABEL} 2`);
    await clock.advance(3_600_000);
    expect(await metrics.text()).toContain(`${COMMON}_events_lags${LABEL} 3602`);
  });

  it('have the duration of a cycle under both names, in seconds', async () => {
    const text = await textOf([{ kind: 'caught-up', toMs: 0, events: 5, durationMs: 45_000 }]);
    for (const name of ['events_forward_duration', 'forward_events_duration']) {
      expect(text).toContain(`${COMMON}_${name}_sum${LABEL} 45`);
      expect(text).toContain(`${COMMON}_${name}_bucket{le="60",${LABEL.slice(1)} 1`);
    }
  });

  it('are named after the vendor, and never hold the key', async () => {
    const metrics = createMetrics({ vendor: 'acme', intakeKey: INTAKE_KEY }, new ManualClock());
    metrics.listener(delivered(TAIL));
    const text = await metrics.text();
    expect(text).toContain('symphony_module_acme_collected_messages_total');
    expect(text).not.toContain('jumpcloud');
    expect(text).not.toContain(INTAKE_KEY);
  });

  it('hold it where they are told to', async () => {
    const profile = { vendor: 'jumpcloud', intakeKey: INTAKE_KEY };
    const text = await createMetrics(profile, new ManualClock(), { showsIntakeKey: true }).text();
    expect(text).toContain(`symphony_module_jumpcloud_collected_messages_total{intake_key="${INTAKE_KEY}"} 0`);
  });
});

describe('the metrics of a run with several streams', () => {
  const clock = new ManualClock();
  const told = (): ReturnType<typeof createMetrics> =>
    createMetrics({ vendor: 'jumpcloud', intakeKey: INTAKE_KEY }, clock);
  const caughtUp = (secondsAgo: number): PipelineEvent => {
    return { kind: 'caught-up', toMs: clock.now() - secondsAgo * 1000, events: 0, durationMs: 1 };
  };
  const committed = (secondsAgo: number, ledgerEvents: number): PipelineEvent => {
    const provenToMs = clock.now() - secondsAgo * 1000;
    return { kind: 'committed', owedFromMs: provenToMs, accountedFor: 0, ledgerEvents, provenToMs };
  };

  it('have the worst of all, and their sum', async () => {
    const metrics = told();
    for (const [name, seconds] of [
      ['a', 10],
      ['b', 300],
      ['c', 20],
    ] as const) {
      metrics.listener(caughtUp(seconds), name);
      metrics.listener(committed(seconds, seconds), name);
      metrics.listener({ kind: 'compared', result: name === 'c' ? 'differed' : 'agreed' }, name);
    }
    const text = await metrics.text();
    expect(text).toContain(`symphony_module_common_events_lags${LABEL} 300`);
    expect(text).toContain(`${OWN}_oldest_owed_age_seconds 300`);
    expect(text).toContain(`${OWN}_proven_complete_age_seconds 300`);
    expect(text).toContain(`${OWN}_ledger_events 330`);
    expect(text).toContain(`${OWN}_counts_agree 0`);
  });

  it('have a few series of each', async () => {
    const metrics = told();
    metrics.listener(caughtUp(10), 'a');
    metrics.listener(delivered({ lane: 'tail', sinceSeenMs: 1, sinceHappenedMs: undefined }), 'a');
    metrics.listener({ kind: 'cycle-failed', error: failure, delayMs: 1 }, 'b');
    const text = await metrics.text();
    expect(text).toContain(`${OWN}_organization_lag_seconds{organization="a"} 10`);
    expect(text).toContain(`${OWN}_organization_forwarded_events_total{organization="a"} 3`);
    expect(text).toContain(`${OWN}_organization_failing{organization="a"} 0`);
    expect(text).toContain(`${OWN}_organization_failing{organization="b"} 1`);
    expect(text).not.toContain('organization_lag_seconds{organization="b"}');
    metrics.listener(caughtUp(1), 'b');
    expect(await metrics.text()).toContain(`${OWN}_organization_failing{organization="b"} 0`);
  });

  it('have series of a thousand at the most', async () => {
    const metrics = told();
    for (let n = 0; n < 1100; n += 1) metrics.listener(caughtUp(n), `s${n}`);
    const text = await metrics.text();
    expect(text.match(/organization_lag_seconds\{/g)).toHaveLength(1000);
    expect(text).toContain(`symphony_module_common_events_lags${LABEL} 1099`);
  });
});
