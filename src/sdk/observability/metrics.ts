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
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    listener(event) {
      if (event.kind === 'first-seen') lateness.observe({ service: event.service }, event.latenessMs / 1000);
    },
  };
}
