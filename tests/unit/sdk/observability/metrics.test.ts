import { describe, expect, it } from '@jest/globals';

import { createMetrics } from '../../../../src/sdk/observability/metrics.js';
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
});
