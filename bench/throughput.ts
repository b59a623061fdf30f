import { drawBarChart, type BarGroup } from './bar-chart.js';
import { startServers, type Workload } from './bench-servers.js';
import { measureCeiling, type Ceiling } from './ceiling.js';
import type { Measured } from './results.js';
import { runVariant, type Run } from './run-variant.js';
import { median } from './statistics.js';
import { printTable } from './table.js';
import { connector, PLAIN, RELAY, RELAY_IN_SLICES, type Variant } from './variants.js';

export interface ThroughputOptions {
  readonly events: number;
  readonly rounds: number;
  /** Whether the plain program is left out: a million events far away take it five minutes. */
  readonly withoutPlain: boolean;
}

interface Scenario {
  readonly name: string;
  readonly workload: Workload;
  readonly variants: readonly Variant[];
}

/** All variants in turn: near, and as far away as the real ends are. */
export async function measureThroughput({ events, rounds, withoutPlain }: ThroughputOptions): Promise<Measured> {
  const plain = withoutPlain ? [] : [PLAIN];
  const scenarios: readonly Scenario[] = [
    {
      name: 'no latency',
      workload: { events, eventBytes: 1200 },
      variants: [connector(), connector('in plain lines', { intake_format: 'plain_batch' }), ...plain, RELAY],
    },
    {
      name: '200 ms to the API, 50 ms to the intake, 10 requests/s',
      workload: { events, eventBytes: 1200, latencyMs: { api: 200, intake: 50 }, requestsPerSecond: 10 },
      variants: [connector(), ...plain, RELAY, RELAY_IN_SLICES],
    },
  ];
  const results: Played[] = [];
  for (const scenario of scenarios) results.push(await play(scenario, rounds));
  const bars = ({ variants }: Played, read: (run: Run) => number): BarGroup['bars'] =>
    variants.map((run) => ({ label: run.name, value: read(run) }));
  const groups = results.flatMap((played): BarGroup[] => [
    { title: `events/s, ${played.name}`, bars: bars(played, (run) => run.eventsPerSecond) },
    { title: `CPU seconds per 100,000 events, ${played.name}`, bars: bars(played, (run) => run.cpuSecondsPer100000) },
    { title: `peak megabytes, ${played.name}`, bars: bars(played, (run) => run.peakMegabytes) },
  ]);
  return { results: { events, rounds, scenarios: results }, picture: drawBarChart('Throughput', groups) };
}

interface Played {
  readonly name: string;
  readonly variants: readonly Medians[];
}

async function play({ name, workload, variants }: Scenario, rounds: number): Promise<Played> {
  process.stdout.write(`\n${name}: ${workload.events} events of ${workload.eventBytes} bytes, ${rounds} rounds\n`);
  const servers = await startServers(workload);
  try {
    const ceiling = workload.latencyMs === undefined ? await measureCeiling(servers, workload) : undefined;
    const runs = new Map<Variant, Run[]>(variants.map((variant) => [variant, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const [variant, done] of runs) done.push(await runVariant(variant, servers, workload));
    }
    const medians = [...runs].map(([variant, done]) => ({ name: variant.name, ...mediansOf(done) }));
    print(medians, ceiling);
    const played = { name, workload, ceiling, variants: medians, runs: [...runs.values()] };
    return played;
  } finally {
    servers.close();
  }
}

type Medians = { readonly name: string } & Run;

function mediansOf(runs: readonly Run[]): Run {
  const of = (read: (run: Run) => number): number => median(runs.map(read));
  return {
    eventsPerSecond: of((run) => run.eventsPerSecond),
    cpuSecondsPer100000: of((run) => run.cpuSecondsPer100000),
    peakMegabytes: of((run) => run.peakMegabytes),
    apiRequests: of((run) => run.apiRequests),
    intakeRequests: of((run) => run.intakeRequests),
    refused: of((run) => run.refused),
  };
}

function print(medians: readonly Medians[], ceiling: Ceiling | undefined): void {
  const floor = medians.find(({ name }) => name === RELAY.name);
  printTable(
    ['', 'events/s', 'of relay', 'CPU s/100,000', 'of relay', 'peak MB', 'API req.', 'intake req.', 'refused'],
    medians.map((run) => [
      run.name,
      run.eventsPerSecond,
      run.eventsPerSecond / (floor?.eventsPerSecond ?? NaN),
      run.cpuSecondsPer100000,
      run.cpuSecondsPer100000 / (floor?.cpuSecondsPer100000 ?? NaN),
      ...[run.peakMegabytes, run.apiRequests, run.intakeRequests, run.refused],
    ]),
  );
  if (ceiling !== undefined) {
    const { apiCpuSecondsPer100000, intakeCpuSecondsPer100000, ...perSecond } = ceiling;
    process.stdout.write('  the servers, asked by somebody who looks at nothing:\n');
    printTable(
      ['', 'events/s', 'CPU s/100,000'],
      [
        ['API', perSecond.apiEventsPerSecond, apiCpuSecondsPer100000],
        ['intake', perSecond.intakeEventsPerSecond, intakeCpuSecondsPer100000],
      ],
    );
  }
}
