import { Histogram, Registry } from 'prom-client';

import type { PipelineListener } from '../pipeline/pipeline-event.js';
import { LATENESS_STEPS_MS } from '../reconciliation/lateness.js';

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

/** Metrics of their own for each call: nothing is shared between streams, or between tests. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const lateness = new Histogram({
    name: 'symphony_module_jumpcloud_event_lateness_seconds',
    help: 'Time from the event itself until it was first seen in the source, where the tail is up to date or the event late.',
    labelNames: ['service'],
    buckets: LATENESS_STEPS_MS.map((ms) => ms / 1000),
    registers: [registry],
  });
  const seen = new Histogram({
    name: 'symphony_module_jumpcloud_seen_to_acknowledged_seconds',
    help: 'Time from the page of the first event of a batch being received until the intake has acknowledged the batch.',
    labelNames: ['lane'],
    buckets: FRESHNESS_STEPS,
    registers: [registry],
  });
  const happened = new Histogram({
    name: 'symphony_module_jumpcloud_event_to_acknowledged_seconds',
    help: 'Time from the first event of a batch itself until the intake has acknowledged it, where the tail is up to date.',
    buckets: FRESHNESS_STEPS,
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    listener(event) {
      if (event.kind === 'first-seen') lateness.observe({ service: event.service }, event.latenessMs / 1000);
      if (event.kind !== 'delivered') return;
      const { lane, sinceSeenMs, sinceHappenedMs } = event.freshness;
      seen.observe({ lane }, sinceSeenMs / 1000);
      if (sinceHappenedMs !== undefined) happened.observe(sinceHappenedMs / 1000);
    },
  };
}
