import { createHash } from 'node:crypto';

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { PipelineEvent, PipelineListener } from '../pipeline/pipeline-event.js';
import type { Clock } from '../ports.js';
import type { TriggerProfile } from '../trigger.js';
import { type MetricDefinition, metricName, METRICS } from './metric-definitions.js';

/** What a running stream counts, for Prometheus. */
export interface Metrics {
  /** To be told what the stream does. */
  readonly listener: PipelineListener;
  /** Everything in Prometheus' text format. */
  text(): Promise<string>;
  /** The media type of that text. */
  readonly contentType: string;
}

export interface MetricsOptions {
  /** True: the label `intake_key` holds the key itself, as with the Python connector. Default: a fingerprint of it. */
  readonly showsIntakeKey?: boolean;
}

const FINGERPRINT_DIGITS = 8;
/** Series of so many organizations are shown: whoever scrapes them pays for each. */
const MOST_ORGANIZATIONS = 1000;
const LANES = ['tail', 'gap', 'backfill'] as const;
const URGENCIES = ['live', 'backlog'] as const;
const RESULTS = ['agreed', 'mended', 'differed', 'impossible', 'refused'] as const;

/**
 * Metrics of their own for each call: nothing is shared between streams, or between tests. What they are is told by
 * `METRICS`. Each thing that is told costs some updates; nothing is told of a single event but its lateness.
 */
export function createMetrics(
  profile: Omit<TriggerProfile, 'paceMs'>,
  clock: Pick<Clock, 'now'>,
  { showsIntakeKey = false }: MetricsOptions = {},
): Metrics {
  const registry = new Registry();
  const make = makerOf(registry, profile.vendor);
  const intakeKey = showsIntakeKey ? profile.intakeKey : fingerprint(profile.intakeKey);
  const listeners = [
    commonMetrics(make, clock, { intake_key: intakeKey }),
    deliveryMetrics(make),
    requestMetrics(make),
    proofMetrics(make, clock),
    organizationMetrics(registry, profile.vendor, clock),
  ];
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    listener(event, stream) {
      for (const listener of listeners) listener(event, stream);
    },
  };
}

/** Makes metrics out of their definitions. */
interface Maker {
  counter<Label extends string>(definition: MetricDefinition<Label>): Counter<Label>;
  histogram<Label extends string>(definition: MetricDefinition<Label>): Histogram<Label>;
  /** A gauge without labels other than `labels`, made of what `value` says when it is asked for; undefined: no value. */
  gauge(definition: MetricDefinition, value: () => number | undefined, labels?: Record<string, string>): void;
}

function makerOf(registry: Registry, vendor: string): Maker {
  const common = <Label extends string>({ name, help, labels }: MetricDefinition<Label>) => {
    return { name: metricName({ name }, vendor), help, labelNames: [...labels], registers: [registry] };
  };
  return {
    counter: (definition) => new Counter(common(definition)),
    histogram: (definition) => new Histogram({ ...common(definition), buckets: [...(definition.buckets ?? [])] }),
    gauge(definition, value, labels = {}) {
      const gauge: Gauge = new Gauge({
        ...common(definition),
        collect() {
          gauge.reset();
          const current = value();
          // One without labels stands at zero after a reset: of what is not known nothing is to be told.
          if (current === undefined) gauge.remove(labels);
          else gauge.set(labels, current);
        },
      });
    },
  };
}

/** The series that every connector of the platform has, by the names that its dashboards ask for. */
function commonMetrics(make: Maker, clock: Pick<Clock, 'now'>, labels: { readonly intake_key: string }) {
  const collected = make.counter(METRICS.collected);
  const forwarded = make.counter(METRICS.forwarded);
  const discarded = make.counter(METRICS.discarded);
  const durations = [make.histogram(METRICS.cycle), make.histogram(METRICS.cycleAgain)];
  const caughtUpToMs = new PerStream<number>();
  make.gauge(
    METRICS.lag,
    () =>
      secondsSince(
        caughtUpToMs.least((ms) => ms),
        clock,
      ),
    labels,
  );
  // There from the start: an increase from nothing is none to Prometheus.
  for (const counter of [collected, forwarded, discarded]) counter.inc(labels, 0);
  return (event: PipelineEvent, stream?: string): void => {
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
        caughtUpToMs.set(stream, event.toMs);
        for (const duration of durations) duration.observe(labels, event.durationMs / 1000);
        return;
      default:
    }
  };
}

/** How fast and in what portions events go through, and what becomes of those that do not. */
function deliveryMetrics(make: Maker): PipelineListener {
  const lateness = make.histogram(METRICS.lateness);
  const seen = make.histogram(METRICS.seen);
  const happened = make.histogram(METRICS.happened);
  const batches = make.counter(METRICS.batches);
  const batchBytes = make.counter(METRICS.batchBytes);
  const deadLetters = make.counter(METRICS.deadLetters);
  for (const lane of LANES) for (const counter of [batches, batchBytes]) counter.inc({ lane }, 0);
  for (const delivered of ['nothing', 'trimmed']) deadLetters.inc({ delivered }, 0);
  return (event) => {
    switch (event.kind) {
      case 'first-seen':
        lateness.observe({ service: event.service }, event.latenessMs / 1000);
        return;
      case 'delivered': {
        const { lane, sinceSeenMs, sinceHappenedMs } = event.freshness;
        batches.inc({ lane });
        batchBytes.inc({ lane }, event.bytes);
        seen.observe({ lane }, sinceSeenMs / 1000);
        if (sinceHappenedMs !== undefined) happened.observe(sinceHappenedMs / 1000);
        return;
      }
      case 'dead-lettered':
        deadLetters.inc({ delivered: event.delivered ?? 'nothing' });
        return;
      default:
    }
  };
}

/** What goes over the wire, and what does not go well there. */
function requestMetrics(make: Maker): PipelineListener {
  const ofApi = make.histogram(METRICS.apiRequests);
  const ofIntake = make.histogram(METRICS.intakeRequests);
  const retries = make.counter(METRICS.retries);
  const failedCycles = make.counter(METRICS.failedCycles);
  const heldBack = make.counter(METRICS.heldBack);
  const heldBackSeconds = make.counter(METRICS.heldBackSeconds);
  for (const urgency of URGENCIES) for (const counter of [heldBack, heldBackSeconds]) counter.inc({ urgency }, 0);
  return (event) => {
    switch (event.kind) {
      case 'answered': {
        const status = classOf(event.status);
        if (event.side === 'destination') ofIntake.observe({ status }, event.durationMs / 1000);
        else ofApi.observe({ endpoint: event.endpoint, status }, event.durationMs / 1000);
        return;
      }
      case 'retrying':
        retries.inc({ side: event.side, code: event.error.code });
        return;
      case 'cycle-failed':
        failedCycles.inc({ code: event.error.code });
        return;
      case 'held-back':
        heldBack.inc({ urgency: event.urgency });
        heldBackSeconds.inc({ urgency: event.urgency }, event.delayMs / 1000);
        return;
      default:
    }
  };
}

/** What is owed, and what is proven. */
function proofMetrics(make: Maker, clock: Pick<Clock, 'now'>): PipelineListener {
  const comparisons = make.counter(METRICS.comparisons);
  for (const result of RESULTS) comparisons.inc({ result }, 0);
  const agree = new PerStream<number>();
  const committed = new PerStream<Extract<PipelineEvent, { kind: 'committed' }>>();
  make.gauge(METRICS.agree, () => agree.least((value) => value));
  make.gauge(METRICS.proven, () =>
    secondsSince(
      committed.least(({ provenToMs }) => provenToMs),
      clock,
    ),
  );
  make.gauge(METRICS.owed, () =>
    secondsSince(
      committed.least(({ owedFromMs }) => owedFromMs),
      clock,
    ),
  );
  make.gauge(METRICS.ledger, () => committed.sum(({ ledgerEvents }) => ledgerEvents));
  return (event, stream) => {
    if (event.kind === 'committed') committed.set(stream, event);
    if (event.kind !== 'compared') return;
    comparisons.inc({ result: event.result });
    if (event.result !== 'impossible')
      agree.set(stream, event.result === 'agreed' || event.result === 'mended' ? 1 : 0);
  };
}

/** A few series of each organization: what an operator asks of one. Further organizations are in the sums alone. */
function organizationMetrics(registry: Registry, vendor: string, clock: Pick<Clock, 'now'>): PipelineListener {
  const known = new Map<string, { toMs: number | undefined; isFailing: boolean }>();
  const gauge = (definition: MetricDefinition, collect: (gauge: Gauge, name: string) => void): void => {
    const name = metricName(definition, vendor);
    const made: Gauge = new Gauge({
      ...{ name, help: definition.help, labelNames: [...definition.labels], registers: [registry] },
      collect() {
        for (const organization of known.keys()) collect(made, organization);
      },
    });
  };
  gauge(METRICS.organizationLag, (made, organization) => {
    const seconds = secondsSince(known.get(organization)?.toMs, clock);
    if (seconds !== undefined) made.set({ organization }, seconds);
  });
  gauge(METRICS.organizationFailing, (made, organization) => {
    made.set({ organization }, known.get(organization)?.isFailing === true ? 1 : 0);
  });
  const forwarded = makerOf(registry, vendor).counter(METRICS.organizationForwarded);
  return (event, organization) => {
    if (organization === undefined) return;
    let so = known.get(organization);
    if (so === undefined) {
      if (known.size >= MOST_ORGANIZATIONS) return;
      known.set(organization, (so = { toMs: undefined, isFailing: false }));
      forwarded.inc({ organization }, 0);
    }
    if (event.kind === 'delivered') forwarded.inc({ organization }, event.events);
    else if (event.kind === 'cycle-failed') so.isFailing = true;
    else if (event.kind === 'caught-up') [so.toMs, so.isFailing] = [event.toMs, false];
  };
}

/** What the streams of a run have told last, each. A run of one has no name for it. */
class PerStream<Told> {
  readonly #told = new Map<string | undefined, Told>();

  set(stream: string | undefined, told: Told): void {
    this.#told.set(stream, told);
  }

  /** That of the stream which is worst. Undefined where nothing is known of one that has told something. */
  least(of: (told: Told) => number | undefined): number | undefined {
    let least: number | undefined;
    for (const told of this.#told.values()) {
      const value = of(told);
      if (value === undefined) return undefined;
      if (least === undefined || value < least) least = value;
    }
    return least;
  }

  sum(of: (told: Told) => number): number | undefined {
    if (this.#told.size === 0) return undefined;
    return [...this.#told.values()].reduce((sum, told) => sum + of(told), 0);
  }
}

function secondsSince(ms: number | undefined, clock: Pick<Clock, 'now'>): number | undefined {
  return ms === undefined ? undefined : Math.max(0, clock.now() - ms) / 1000;
}

/** `2xx` and so on: whatever the other side answers, there are few. */
function classOf(status: number | undefined): string {
  return status === undefined ? 'none' : `${Math.floor(status / 100)}xx`;
}

/** Tells one key from another, and neither from anything. */
function fingerprint(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, FINGERPRINT_DIGITS);
}
