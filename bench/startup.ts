import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

import { drawBarChart } from './bar-chart.js';
import { startServers, type BenchServers, type Workload } from './bench-servers.js';
import type { Measured } from './results.js';
import { startVariant } from './run-variant.js';
import { preciseNow } from './servers/report.js';
import { median } from './statistics.js';
import { printTable } from './table.js';
import { connector, type Variant } from './variants.js';

const execute = promisify(execFile);
const WORKLOAD: Workload = { events: 10, eventBytes: 1200 };

/** From the start of the process to its first request, and what of it goes where. */
export async function measureStartup({ rounds }: { readonly rounds: number }): Promise<Measured> {
  process.stdout.write(`\nCold start, medians of ${rounds}, milliseconds\n`);
  const servers = await startServers(WORKLOAD);
  const parts: { label: string; value: number }[] = [];
  try {
    const asRunner = connector('first request, sekoia-module run');
    const asPlatform = platformEntry(asRunner);
    for (const variant of [asRunner, asPlatform]) {
      const value = await medianOf(rounds, () => toFirstRequest(variant, servers));
      parts.push({ label: variant.name, value });
    }
  } finally {
    servers.close();
  }
  parts.push({ label: 'Node.js with an empty script', value: await medianOf(rounds, () => toEnd(['-e', '0'])) });
  parts.push({ label: 'sekoia-module --version', value: await medianOf(rounds, () => toEnd([CLI, '--version'])) });
  const costs: { label: string; value: number }[] = [];
  for (const name of dependencies()) costs.push({ label: name, value: await medianOf(rounds, () => toImport(name)) });
  printTable(
    ['', 'ms'],
    [...parts, ...costs.map(({ label, value }) => ({ label: `CPU time of importing ${label} alone`, value }))].map(
      ({ label, value }) => [label, value],
    ),
  );
  const picture = drawBarChart('Cold start, milliseconds', [
    { title: 'from the start of the process', bars: parts },
    { title: 'CPU time of importing a dependency alone', bars: costs },
  ]);
  return { results: { rounds, parts, dependencies: costs }, picture };
}

const CLI = 'dist/harness/cli.js';

/** The same configuration, started as the platform starts it. */
function platformEntry(runner: Variant): Variant {
  return {
    name: 'first request, as the platform',
    command: (options, dataPath) => ({
      args: ['dist/main.js', 'JumpcloudDirectoryInsightsConnector'],
      environment: { ...runner.command(options, dataPath).environment, DATA_PATH: dataPath },
    }),
  };
}

async function toFirstRequest(variant: Variant, servers: BenchServers): Promise<number> {
  servers.api.beginAgain();
  const first = servers.api.next('first request');
  const startedMs = preciseNow();
  const running = startVariant(variant, servers, WORKLOAD);
  try {
    const { atMs } = await Promise.race([first, running.ended]);
    return atMs - startedMs;
  } finally {
    await running.stop();
  }
}

async function toEnd(args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'close');
  return performance.now() - startedMs;
}

/** CPU time of a process that imports one package, less what it took before. Time would tell more of its neighbours. */
async function toImport(name: string): Promise<number> {
  const script = `const before = process.cpuUsage();
    await import(${JSON.stringify(name)});
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(String((user + system) / 1000))`;
  const { stdout } = await execute(process.execPath, ['--input-type=module', '-e', script]);
  return Number(stdout);
}

async function medianOf(rounds: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let round = 0; round < rounds; round += 1) values.push(await measure());
  return median(values);
}

function dependencies(): string[] {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object };
  return Object.keys(dependencies);
}
