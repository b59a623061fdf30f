import { LATENESS_STEPS_MS } from '../reconciliation/lateness.js';

/** One series, or one family of them, as Prometheus knows it. `docs/metrics.md` is made of these. */
export interface MetricDefinition<Label extends string = string> {
  /** `{vendor}` stands for the vendor whose events are collected. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly Label[];
  /** Upper ends of a histogram's steps, seconds. */
  readonly buckets?: readonly number[];
}

/** From what an idle machine takes to what a trouble does. */
const FRESHNESS_STEPS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];
/** Those of the Python connector, which existing dashboards may name, and longer ones. */
const CYCLE_STEPS = [
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  ...[30, 60, 120, 300, 900, 3600],
];
/** From a machine nearby to the longest time limit of a request. */
const REQUEST_STEPS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Everything that a running connector tells. The first six are those of every connector of the platform. */
export const METRICS = {
  collected: {
    name: 'symphony_module_{vendor}_collected_messages_total',
    type: 'counter',
    help: 'Events read from the source, without those that it had shown before.',
    labels: ['intake_key'],
  },
  forwarded: {
    name: 'symphony_module_common_forwarded_events_total',
    type: 'counter',
    help: 'Events that the intake has acknowledged.',
    labels: ['intake_key'],
  },
  discarded: {
    name: 'symphony_module_common_discarded_events_total',
    type: 'counter',
    help: 'Events that went to the dead letter, without those of which a trimmed copy was sent.',
    labels: ['intake_key'],
  },
  lag: {
    name: 'symphony_module_common_events_lags',
    type: 'gauge',
    help: 'Seconds since the moment up to which every visible event of the tail was delivered.',
    labels: ['intake_key'],
  },
  cycle: {
    name: 'symphony_module_common_events_forward_duration',
    type: 'histogram',
    help: 'Seconds that a collection cycle took, reading and delivering.',
    labels: ['intake_key'],
    buckets: CYCLE_STEPS,
  },
  cycleAgain: {
    name: 'symphony_module_common_forward_events_duration',
    type: 'histogram',
    help: 'The same by its other name.',
    labels: ['intake_key'],
    buckets: CYCLE_STEPS,
  },
  lateness: {
    name: 'symphony_module_{vendor}_event_lateness_seconds',
    type: 'histogram',
    help:
      'Time from the event itself until it was first seen in the source, where the tail is up to date or the event late. ' +
      'Its count is the number of those events.',
    labels: ['service'],
    buckets: LATENESS_STEPS_MS.map((ms) => ms / 1000),
  },
  seen: {
    name: 'symphony_module_{vendor}_seen_to_acknowledged_seconds',
    type: 'histogram',
    help: 'Time from the page of the first event of a batch being received until the intake has acknowledged the batch.',
    labels: ['lane'],
    buckets: FRESHNESS_STEPS,
  },
  happened: {
    name: 'symphony_module_{vendor}_event_to_acknowledged_seconds',
    type: 'histogram',
    help: 'Time from the first event of a batch itself until the intake has acknowledged it, where the tail is up to date.',
    labels: [],
    buckets: FRESHNESS_STEPS,
  },
  batches: {
    name: 'symphony_module_{vendor}_batches_total',
    type: 'counter',
    help: 'Batches of which the intake has acknowledged an event at least.',
    labels: ['lane'],
  },
  batchBytes: {
    name: 'symphony_module_{vendor}_batch_bytes_total',
    type: 'counter',
    help: 'Bytes of those batches as they are sent, before they are compressed.',
    labels: ['lane'],
  },
  apiRequests: {
    name: 'symphony_module_{vendor}_api_request_seconds',
    type: 'histogram',
    help: "Time from a request to the source being sent until the head of its answer came: 'none' where none came.",
    labels: ['endpoint', 'status'],
    buckets: REQUEST_STEPS,
  },
  intakeRequests: {
    name: 'symphony_module_{vendor}_intake_request_seconds',
    type: 'histogram',
    help: "Time from a request to the intake being sent until the head of its answer came: 'none' where none came.",
    labels: ['status'],
    buckets: REQUEST_STEPS,
  },
  retries: {
    name: 'symphony_module_{vendor}_retries_total',
    type: 'counter',
    help: 'Failures that are tried again, by what failed and the code of the error (docs/errors.md).',
    labels: ['side', 'code'],
  },
  failedCycles: {
    name: 'symphony_module_{vendor}_failed_cycles_total',
    type: 'counter',
    help: 'Cycles that were given up and begun again later, by the code of the error.',
    labels: ['code'],
  },
  heldBack: {
    name: 'symphony_module_{vendor}_rate_limit_waits_total',
    type: 'counter',
    help: 'Requests to the source that waited for the rate limit, ours or one that the source asked for.',
    labels: ['urgency'],
  },
  heldBackSeconds: {
    name: 'symphony_module_{vendor}_rate_limit_wait_seconds_total',
    type: 'counter',
    help: 'How long they waited.',
    labels: ['urgency'],
  },
  deadLetters: {
    name: 'symphony_module_{vendor}_dead_letters_total',
    type: 'counter',
    help: "Events that were written to the dead letter: 'trimmed' where a trimmed copy is sent in their place, else 'nothing'.",
    labels: ['delivered'],
  },
  comparisons: {
    name: 'symphony_module_{vendor}_comparisons_total',
    type: 'counter',
    help:
      "Comparisons of the source's counts with what was delivered: 'agreed', 'mended' where they agreed after something " +
      "was read again, 'differed', 'impossible' where there is nothing to compare yet, 'refused' where it does not count.",
    labels: ['result'],
  },
  agree: {
    name: 'symphony_module_{vendor}_counts_agree',
    type: 'gauge',
    help: '1 where the latest comparison that was possible agreed, 0 where it differed or was refused.',
    labels: [],
  },
  proven: {
    name: 'symphony_module_{vendor}_proven_complete_age_seconds',
    type: 'gauge',
    help: 'Seconds since the moment up to which counts have proven that nothing is missing.',
    labels: [],
  },
  owed: {
    name: 'symphony_module_{vendor}_oldest_owed_age_seconds',
    type: 'gauge',
    help: 'Seconds since the earliest moment that is still owed, gaps and backfill included.',
    labels: [],
  },
  ledger: {
    name: 'symphony_module_{vendor}_ledger_events',
    type: 'gauge',
    help: 'Events whose ids the ledger holds, about 15 bytes of memory each.',
    labels: [],
  },
  organizationLag: {
    name: 'symphony_module_{vendor}_organization_lag_seconds',
    type: 'gauge',
    help: 'Of each organization, where there are several: seconds since the moment up to which every visible event was delivered.',
    labels: ['organization'],
  },
  organizationFailing: {
    name: 'symphony_module_{vendor}_organization_failing',
    type: 'gauge',
    help: 'Of each organization, where there are several: 1 where its last cycle failed, else 0.',
    labels: ['organization'],
  },
  organizationForwarded: {
    name: 'symphony_module_{vendor}_organization_forwarded_events_total',
    type: 'counter',
    help: 'Of each organization, where there are several: events that the intake has acknowledged.',
    labels: ['organization'],
  },
} as const satisfies Record<string, MetricDefinition>;

/** The name of a metric where events of `vendor` are collected. */
export function metricName({ name }: Pick<MetricDefinition, 'name'>, vendor: string): string {
  return name.replace('{vendor}', vendor);
}
