import { setTimeout as wait } from 'node:timers/promises';

import { Connector, type End } from '../processes/connector.js';
import type { ChaosAccount } from '../processes/chaos-account.js';
import type { ConnectorLog } from '../processes/connector-log.js';
import { cycles, recover } from '../recovery.js';
import type { Undo } from '../undo.js';
import { startWorld, temporaryDirectory } from '../world.js';
import { type Sample, type Tolerance, type Trend, trendOf } from './growth.js';
import { heapAfterCollection } from './heap.js';
import { type Resources, resourcesOf } from './resources.js';

export interface SoakOptions {
  readonly durationMs: number;
  readonly eventsPerSecond: number;
  readonly backlog: number;
  readonly seed: number;
}

export type Metric = keyof Resources | 'heapAfterCollection';

/** What a soak ended with. */
export interface SoakOutcome {
  readonly account: ChaosAccount;
  readonly trends: Readonly<Partial<Record<Metric, Trend>>>;
  readonly healthyAfterMs: number | undefined;
  readonly surprises: readonly string[];
}

const MEGABYTE = 1024 * 1024;
const END_PATIENCE_MS = 30_000;
const RECOVERY_PATIENCE_MS = 300_000;
/** A shorter run has no steady state to speak of: it finds gross growth only. */
const SHORTEST_JUDGED_MS = 300_000;

const TOLERANCES: Readonly<Record<Metric, Tolerance>> = {
  rss: { share: 0.15, absolute: 8 * MEGABYTE },
  privateDirty: { share: 0.15, absolute: 8 * MEGABYTE },
  heapAfterCollection: { share: 0.1, absolute: 2 * MEGABYTE },
  descriptors: { share: 0, absolute: 3 },
  threads: { share: 0, absolute: 1 },
  dataPath: { share: 0.1, absolute: MEGABYTE },
  files: { share: 0.1, absolute: 3 },
};

/** Lets the connector work for a long time with nothing wrong, and measures what it takes. */
export async function runSoak(
  options: SoakOptions,
  { undo, log, tell }: { undo: Undo; log: ConnectorLog; tell: (line: string) => void },
): Promise<SoakOutcome> {
  const { durationMs, seed, backlog, eventsPerSecond } = options;
  const dataPath = temporaryDirectory(undo);
  const { simulators, environment } = await startWorld({
    simulators: {
      ...{ seed, events: backlog, days: 2, liveEventsPerSecond: eventsPerSecond },
      // What is in the dead letter stays there, which is no growth to be told.
      generator: { oversizedShare: 0 },
      ...{ lateShare: 0.05, lateMs: { min: 500, max: Math.min(18_000, durationMs / 4) } },
    },
    dataPath,
    arguments: {
      ...{ frequency: 2, overlap: '20s', page_size: 10_000, chunk_size: 10_000, oversized_events: 'dead_letter' },
      // The shortest there is: the ledger grows until it is over.
      ...{ settling_horizon: '10m', reconcile_every: '30s' },
    },
    undo,
  });
  const surprises: string[] = [];
  const samples = new Samples();
  const connector = new Connector({
    ...{ environment, log, undo, nodeFlags: ['--trace-gc'] },
    onSurprise: ({ code, signal }) => surprises.push(`the connector ended by itself with ${String(signal ?? code)}`),
    onOutput: (line) => samples.noteHeap(heapAfterCollection(line)),
  });
  connector.start();
  await samples.take(connector, { dataPath, durationMs, tell });

  const healthyAfterMs = await recover(simulators, dataPath, RECOVERY_PATIENCE_MS);
  if (healthyAfterMs !== undefined) await cycles(simulators, 3);
  const end = await connector.end(END_PATIENCE_MS);
  if (!isClean(end)) surprises.push(`SIGTERM ended the connector with ${JSON.stringify(end)}`);
  const account = await simulators.ask({ ask: 'account', dataPath });
  return { account, trends: samples.trends(durationMs), healthyAfterMs, surprises };
}

/** What must not be, in words; empty where all is well. */
export function soakFindings({ account, trends, healthyAfterMs, surprises }: SoakOutcome): string[] {
  const grown = Object.entries(trends).filter(([, { hasGrown }]) => hasGrown);
  return [
    ...grown.map(
      ([name, { secondQuarter, lastQuarter }]) => `${name} has grown from ${secondQuarter} to ${lastQuarter}`,
    ),
    ...(healthyAfterMs === undefined ? ['it did not catch up after the live events had ended'] : []),
    ...(account.lost > 0 ? [`${account.lost} events are lost: ${account.lostEvents.join('; ')}`] : []),
    ...(account.unknown > 0 ? [`the intake has ${account.unknown} texts that the API never had`] : []),
    ...(account.duplicated > 0 ? [`${account.duplicated} duplicates`] : []),
    ...surprises,
  ];
}

function isClean(end: End | 'hung' | undefined): boolean {
  return typeof end === 'object' && end.code === 0;
}

const TELL_EVERY = 10;

class Samples {
  readonly #samples = new Map<Metric, Sample[]>();
  readonly #startedAtMs = performance.now();

  noteHeap(bytes: number | undefined): void {
    if (bytes !== undefined) this.#note('heapAfterCollection', bytes);
  }

  /** Measures a hundred times and more, at the most every three seconds. */
  async take(
    connector: Connector,
    { dataPath, durationMs, tell }: { dataPath: string; durationMs: number; tell: (line: string) => void },
  ): Promise<void> {
    const everyMs = Math.min(3000, durationMs / 100);
    for (let count = 1; this.#nowMs < durationMs; count += 1) {
      await wait(everyMs);
      const found = connector.pid === undefined ? undefined : resourcesOf(connector.pid, dataPath);
      if (found === undefined) continue;
      for (const [metric, value] of Object.entries(found)) this.#note(metric as Metric, value as number);
      if (count % TELL_EVERY === 0) tell(describe(found));
    }
  }

  trends(durationMs: number): Partial<Record<Metric, Trend>> {
    const isShort = durationMs < SHORTEST_JUDGED_MS;
    const tolerance = (metric: Metric): Tolerance =>
      isShort ? { share: 1, absolute: TOLERANCES[metric].absolute * 8 } : TOLERANCES[metric];
    return Object.fromEntries(
      [...this.#samples].map(([metric, samples]) => [metric, trendOf(samples, durationMs, tolerance(metric))]),
    );
  }

  #note(metric: Metric, value: number): void {
    const samples = this.#samples.get(metric) ?? [];
    samples.push({ atMs: this.#nowMs, value });
    this.#samples.set(metric, samples);
  }

  get #nowMs(): number {
    return performance.now() - this.#startedAtMs;
  }
}

function describe({ rss, descriptors, threads, dataPath, files }: Resources): string {
  const megabytes = (bytes: number): string => (bytes / MEGABYTE).toFixed(1);
  return `memory ${megabytes(rss)} MB, ${descriptors} descriptors, ${threads} threads, state ${megabytes(dataPath)} MB in ${files} files`;
}
