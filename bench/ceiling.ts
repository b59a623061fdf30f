import { request } from 'undici';

import { usageOf } from './process-usage.js';
import type { BenchServers, Workload } from './bench-servers.js';

/** What the servers can do, asked by somebody who looks at nothing. */
export interface Ceiling {
  /** What it costs them, whatever else the machine does. */
  readonly apiCpuSecondsPer100000: number;
  readonly intakeCpuSecondsPer100000: number;
  readonly apiEventsPerSecond: number;
  readonly intakeEventsPerSecond: number;
}

const HEADERS = { 'content-type': 'application/json' };
const BODIES = 20;

/** Pulls all pages without keeping them, then pushes one page of 10,000 events again and again. */
export async function measureCeiling({ api, intake, timeline }: BenchServers, workload: Workload): Promise<Ceiling> {
  api.beginAgain();
  intake.beginAgain();
  const start_time = new Date(timeline.backlog.fromMs).toISOString();
  const open = async (search_after?: unknown): ReturnType<typeof request> => {
    const body = JSON.stringify({ service: ['all'], start_time, limit: 10_000, search_after });
    return request(`${api.url}/insights/directory/v1/events`, { method: 'POST', headers: HEADERS, body });
  };
  const page = Buffer.from(await (await open()).body.arrayBuffer());

  const [apiIdle, intakeIdle] = [usageOf(api.pid), usageOf(intake.pid)];
  const pulling = performance.now();
  let searchAfter: unknown;
  for (let count = 10_000; count === 10_000;) {
    const { headers, body } = await open(searchAfter);
    count = Number(headers['x-result-count']);
    searchAfter = JSON.parse(String(headers['x-search_after']));
    await body.dump({ limit: Infinity });
  }
  const pulled = performance.now();
  const pulledCpu = usageOf(api.pid).cpuSeconds - apiIdle.cpuSeconds;

  for (let body = 0; body < BODIES; body += 1) {
    const answer = await request(`${intake.url}/batch`, { method: 'POST', headers: HEADERS, body: page });
    await answer.body.dump();
  }
  const pushedCpu = usageOf(intake.pid).cpuSeconds - intakeIdle.cpuSeconds;
  const pushedMs = performance.now() - pulled;
  const { events: pushedEvents } = await intake.stats();
  return {
    apiCpuSecondsPer100000: (pulledCpu * 100_000) / workload.events,
    intakeCpuSecondsPer100000: (pushedCpu * 100_000) / pushedEvents,
    apiEventsPerSecond: (workload.events * 1000) / (pulled - pulling),
    intakeEventsPerSecond: (pushedEvents * 1000) / pushedMs,
  };
}
