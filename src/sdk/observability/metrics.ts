import { createHash } from 'node:crypto';

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { Clock } from '../ports.js';
import { LATENESS_STEPS_MS } from '../reconciliation/lateness.js';
import type { TriggerProfile } from '../trigger.js';

/** What a running stream counts, for Prometheus. */
export interface Metrics {
  /** To be told what the stream does. */
  readonly listener: PipelineListener;
  /** Everything in Prometheus' text format. */
  text(): Promise<string>;
  /** The media type of that text. */
  readonly contentType: string;
}

/** Seconds: from what an idle machine takes to what a trouble does. */
const FRESHNESS_STEPS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];
/** Seconds: those of the Python connector, which existing dashboards may name, and longer ones. */
const CYCLE_STEPS = [
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  ...[30, 60, 120, 300, 900, 3600],
];
const FINGERPRINT_DIGITS = 8;

/** Metrics of their own for each call: nothing is shared between streams, or between tests. */
export function createMetrics(profile: Omit<TriggerProfile, 'paceMs'>, clock: Pick<Clock, 'now'>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const ofVendor = `symphony_module_${profile.vendor}`;
  const lateness = new Histogram({
    name: `${ofVendor}_event_lateness_seconds`,
    help: 'Time from the event itself until it was first seen in the source, where the tail is up to date or the event late.',
    labelNames: ['service'],
    buckets: LATENESS_STEPS_MS.map((ms) => ms / 1000),
    registers,
  });
  const seen = new Histogram({
    name: `${ofVendor}_seen_to_acknowledged_seconds`,
    help: 'Time from the page of the first event of a batch being received until the intake has acknowledged the batch.',
    labelNames: ['lane'],
    buckets: FRESHNESS_STEPS,
    registers,
  });
  const happened = new Histogram({
    name: `${ofVendor}_event_to_acknowledged_seconds`,
    help: 'Time from the first event of a batch itself until the intake has acknowledged it, where the tail is up to date.',
    buckets: FRESHNESS_STEPS,
    registers,
  });
  const tellCommon = createCommonMetrics(registry, profile, clock);
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    listener(event) {
      tellCommon(event);
      if (event.kind === 'first-seen') lateness.observe({ service: event.service }, event.latenessMs / 1000);
      if (event.kind !== 'delivered') return;
      const { lane, sinceSeenMs, sinceHappenedMs } = event.freshness;
      seen.observe({ lane }, sinceSeenMs / 1000);
      if (sinceHappenedMs !== undefined) happened.observe(sinceHappenedMs / 1000);
    },
  };
}

/** The series that every connector of the platform has, by the names that its dashboards ask for. */
function createCommonMetrics(
  registry: Registry,
  { vendor, intakeKey }: Omit<TriggerProfile, 'paceMs'>,
  clock: Pick<Clock, 'now'>,
): PipelineListener {
  const labels = { intake_key: fingerprint(intakeKey) };
  const common = { labelNames: ['intake_key' as const], registers: [registry] };
  const collected = new Counter({
    name: `symphony_module_${vendor}_collected_messages_total`,
    help: 'Events read from the source, without those that it had shown before.',
    ...common,
  });
  const forwarded = new Counter({
    name: 'symphony_module_common_forwarded_events_total',
    help: 'Events that the intake has acknowledged.',
    ...common,
  });
  const discarded = new Counter({
    name: 'symphony_module_common_discarded_events_total',
    help: 'Events that went to the dead letter, without those of which a trimmed copy was sent.',
    ...common,
  });
  let caughtUpToMs: number | undefined;
  new Gauge({
    name: 'symphony_module_common_events_lags',
    help: 'Seconds since the moment up to which every visible event of the tail was delivered.',
    ...common,
    collect() {
      if (caughtUpToMs !== undefined) this.set(labels, Math.max(0, clock.now() - caughtUpToMs) / 1000);
    },
  });
  const durations = [
    'symphony_module_common_events_forward_duration',
    'symphony_module_common_forward_events_duration',
  ].map((name) => {
    const help = 'Seconds that a collection cycle took, reading and delivering.';
    return new Histogram({ name, help, buckets: CYCLE_STEPS, ...common });
  });
  // There from the start: an increase from nothing is none to Prometheus.
  for (const counter of [collected, forwarded, discarded]) counter.inc(labels, 0);
  return (event) => {
    switch (event.kind) {
      case 'read':
        collected.inc(labels, event.events - event.repeated);
        return;
      case 'delivered':
        forwarded.inc(labels, event.events);
        return;
      case 'dead-lettered':
        if (event.delivered === undefined) discarded.inc(labels);
        return;
      case 'caught-up':
        caughtUpToMs = event.toMs;
        for (const duration of durations) duration.observe(labels, event.durationMs / 1000);
        return;
      default:
    }
  };
}

/** Tells one key from another, and neither from anything. */
function fingerprint(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, FINGERPRINT_DIGITS);
}
