import { drawBarChart } from './bar-chart.js';
import { startServers, type Workload } from './bench-servers.js';
import type { Measured } from './results.js';
import { runVariant, type Run } from './run-variant.js';
import { printTable } from './table.js';
import { connector } from './variants.js';

const DAY_MS = 86_400_000;
const EVENT_BYTES = [400, 1200, 10_000, 200_000, 1_000_000];
const SERVICES = ['sso', 'directory', 'radius', 'ldap', 'mdm', 'systems', 'software', 'alerts'];

interface Case {
  readonly name: string;
  readonly workload: Workload;
  readonly settings?: object;
}

/** Whether what an event costs depends on how many there are, how large they are, or on the number of services. */
export async function measureGrowth({ maxEvents }: { readonly maxEvents: number }): Promise<Measured> {
  process.stdout.write('\nGrowth: this connector, no latency\n');
  const runs: ({ readonly name: string } & Run)[] = [];
  for (const { name, workload, settings } of cases(maxEvents)) {
    const servers = await startServers(workload);
    try {
      runs.push({ name, ...(await runVariant(connector(name, settings), servers, workload)) });
    } finally {
      servers.close();
    }
  }
  printTable(
    ['', 'events/s', 'CPU s/100,000', 'peak MB', 'API req.', 'intake req.'],
    runs.map((run) => [
      ...[run.name, run.eventsPerSecond, run.cpuSecondsPer100000, run.peakMegabytes],
      ...[run.apiRequests, run.intakeRequests],
    ]),
  );
  const picture = drawBarChart('Growth of cost', [
    { title: 'peak megabytes', bars: runs.map(({ name, peakMegabytes: value }) => ({ label: name, value })) },
    {
      title: 'CPU microseconds per event',
      bars: runs.map(({ name, cpuSecondsPer100000 }) => ({ label: name, value: cpuSecondsPer100000 * 10 })),
    },
  ]);
  return { results: { runs }, picture };
}

function cases(maxEvents: number): Case[] {
  const all: Case[] = [];
  for (let events = 10_000; events <= maxEvents; events *= 10) {
    const workload = { events, eventBytes: 1200, spanMs: 30 * DAY_MS };
    all.push({ name: `${events.toLocaleString('en-US')} events in 30 days`, workload });
  }
  for (const eventBytes of EVENT_BYTES) {
    // About 200 megabytes of each, but enough of the large and not too many of the small.
    const events = Math.min(50_000, Math.max(200, Math.round(200e6 / eventBytes)));
    all.push({ name: `${events} events of ${eventBytes / 1000} KB`, workload: { events, eventBytes } });
  }
  for (const count of [1, 4, 8]) {
    const service = SERVICES.slice(0, count).join(',');
    all.push({ name: `${count} services`, workload: { events: 20_000, eventBytes: 1200 }, settings: { service } });
  }
  return all;
}
