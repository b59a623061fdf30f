import { setTimeout as wait } from 'node:timers/promises';

import { drawBarChart } from './bar-chart.js';
import { startServers } from './bench-servers.js';
import type { Measured } from './results.js';
import { startVariant } from './run-variant.js';
import { percentile } from './statistics.js';
import { printTable } from './table.js';
import { firstRowAt } from './timeline.js';
import { connector } from './variants.js';

interface Case {
  /** Of a live account. Exactly one a second would come at the same moment of each cycle. */
  readonly perSecond: number;
  /** Beside `frequency: 1`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Events of the last 12 hours that are read beside it. */
  readonly backlog?: number;
  readonly latencyMs?: { readonly api: number; readonly intake: number };
}

const FAR = { api: 200, intake: 50 };
const CASES: readonly Case[] = [
  { perSecond: 1.1 },
  { perSecond: 100 },
  { perSecond: 100, backlog: 10_000_000 },
  { perSecond: 100, latencyMs: FAR },
  { perSecond: 100, latencyMs: FAR, backlog: 10_000_000 },
  { perSecond: 5000 },
  { perSecond: 5000, settings: { overlap: '5s' } },
];
/** So long the events have been happening: nearly as long as each look-back reaches, and as far as a tail begins beside a backlog. */
const LIVE_FOR_MS = 280_000;
/** What happened before the start is read, the plan of a backlog made, and the code compiled. */
const WARM_UP_MS = 30_000;

interface Freshness {
  readonly name: string;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Acknowledged after the warm-up. */
  readonly events: number;
  /** Visible at the end, and not acknowledged yet: no percentile knows of them. */
  readonly behind: number;
}

/** How long an event takes from visible in the API to acknowledged by the intake, as both servers see it. */
export async function measureFreshness(seconds: number): Promise<Measured> {
  process.stdout.write(`\nFreshness with frequency 1 s, ${seconds} s each, milliseconds\n`);
  const cases: Freshness[] = [];
  for (const one of CASES) cases.push(await measure(one, seconds * 1000));
  printTable(
    ['', 'p50', 'p90', 'p99', 'max', 'events', 'behind'],
    cases.map(({ name, p50Ms, p90Ms, p99Ms, maxMs, events, behind }) => [
      ...[name, p50Ms, p90Ms, p99Ms, maxMs],
      ...[events, behind].map(String),
    ]),
  );
  const bars = (read: (one: Freshness) => number): { label: string; value: number }[] =>
    cases.map((one) => ({ label: one.name, value: read(one) }));
  const picture = drawBarChart('Milliseconds from visible to acknowledged', [
    { title: 'half of the events', bars: bars(({ p50Ms }) => p50Ms) },
    { title: '99 of 100', bars: bars(({ p99Ms }) => p99Ms) },
  ]);
  return { results: { seconds, cases }, picture };
}

async function measure(one: Case, durationMs: number): Promise<Freshness> {
  const { perSecond, settings, backlog = 0, latencyMs = { api: 0, intake: 0 } } = one;
  const workload = {
    ...{ events: backlog, eventBytes: 1200, latencyMs, requestsPerSecond: 10 },
    ...{ livePerSecond: perSecond, liveForMs: LIVE_FOR_MS },
  };
  const servers = await startServers(workload);
  const { api, intake, timeline } = servers;
  const beside = backlog === 0 ? '' : `, beside a backfill of ${backlog.toLocaleString('en-US')}`;
  const far = latencyMs.api === 0 ? '' : `, ${latencyMs.api}/${latencyMs.intake} ms`;
  const name = `${perSecond} events/s${far}${beside}${settings === undefined ? '' : `, ${JSON.stringify(settings)}`}`;
  const first = api.next('first request');
  const running = startVariant(connector(name, { frequency: 1, ...settings }), servers, workload);
  try {
    await Promise.race([first, running.ended]);
    await Promise.race([wait(WARM_UP_MS), running.ended]);
    const { freshnessMs: before } = await intake.stats();
    intake.beginAgain();
    await Promise.race([wait(durationMs), running.ended]);
    const { freshnessMs } = await intake.stats();
    const events = freshnessMs.length;
    const visible = firstRowAt(timeline, Date.now()) - backlog;
    const [p50Ms, p90Ms, p99Ms, maxMs] = [0.5, 0.9, 0.99, 1].map((share) => percentile(freshnessMs, share)) as [
      number,
      number,
      number,
      number,
    ];
    return { name, p50Ms, p90Ms, p99Ms, maxMs, events, behind: visible - before.length - events };
  } finally {
    await running.stop();
    servers.close();
  }
}
