import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

import { drawBarChart } from './bar-chart.js';
import { startServers, type BenchServers, type Workload } from './bench-servers.js';
import { usageOf } from './process-usage.js';
import type { Measured } from './results.js';
import { startVariant } from './run-variant.js';
import { preciseNow } from './servers/report.js';
import { median } from './statistics.js';
import { printTable } from './table.js';
import { connector, type Variant } from './variants.js';

const execute = promisify(execFile);
const WORKLOAD: Workload = { events: 10, eventBytes: 1200 };
const CLI = 'dist/harness/cli.js';
const COMMAND = 'JumpcloudDirectoryInsightsConnector';
/** After the first request, what was put off until then is done as well. */
const AFTERWARDS_MS = 1500;

/** Milliseconds. */
interface Cost {
  readonly timeMs: number;
  /** Of all threads. */
  readonly cpuMs: number;
}

interface Row extends Cost {
  readonly label: string;
}

/** From the start of the process to its first request, and what of it goes where. */
export async function measureStartup({ rounds }: { readonly rounds: number }): Promise<Measured> {
  process.stdout.write(`\nCold start, medians of ${rounds}, milliseconds\n`);
  const whole = await measureRuns(rounds);
  const parts = await measureParts(rounds);
  const costs: Row[] = [];
  for (const name of dependencies())
    costs.push({ label: `import ${name}`, ...(await costOf(rounds, importing(name))) });
  const rows = [...whole, ...parts, ...costs];
  printTable(
    ['', 'ms', 'CPU ms'],
    rows.map(({ label, timeMs, cpuMs }) => [label, Math.round(timeMs), Math.round(cpuMs)]),
  );
  const bars = (from: readonly Row[]): { label: string; value: number }[] =>
    from.map(({ label, cpuMs }) => ({ label, value: cpuMs }));
  const picture = drawBarChart('Cold start, milliseconds of processor time', [
    { title: 'from the start of the process', bars: bars(whole) },
    { title: 'its parts', bars: bars(parts) },
    { title: 'importing a dependency alone', bars: bars(costs) },
  ]);
  return { results: { rounds, whole, parts, dependencies: costs }, picture };
}

/** Whole starts: both entry points to the first request and some time beyond, and a command that needs nothing. */
async function measureRuns(rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  const servers = await startServers(WORKLOAD);
  try {
    const asRunner = connector('sekoia-module run');
    for (const variant of [platformEntry(asRunner), asRunner]) {
      const starts = await repeat(rounds, () => toFirstRequest(variant, servers));
      rows.push({ label: `${variant.name}, first request`, ...middle(starts.map(({ first }) => first)) });
      rows.push({ label: `${variant.name}, ${AFTERWARDS_MS} ms later`, ...middle(starts.map(({ later }) => later)) });
    }
  } finally {
    servers.close();
  }
  rows.push({ label: 'sekoia-module --version', ...middle(await repeat(rounds, () => toEnd([CLI, '--version']))) });
  return rows;
}

/**
 * The start as the platform's entry point makes it, one step after the other in one process; each step is told what it
 * took beyond the ones before.
 */
async function measureParts(rounds: number): Promise<Row[]> {
  const runs = await repeat(rounds, async () => {
    const { stdout } = await execute(process.execPath, ['bench/startup-steps.mjs']);
    return JSON.parse(stdout) as Row[];
  });
  const [first = []] = runs;
  return first.map(({ label }, index) => ({
    label,
    ...middle(runs.map((steps) => steps[index]).filter((step) => step !== undefined)),
  }));
}

/** The same configuration, started as the platform starts it. */
function platformEntry(runner: Variant): Variant {
  return {
    name: 'node dist/main.js',
    command: (options, dataPath) => ({
      args: ['dist/main.js', COMMAND],
      environment: { ...runner.command(options, dataPath).environment, DATA_PATH: dataPath },
    }),
  };
}

async function toFirstRequest(variant: Variant, servers: BenchServers): Promise<{ first: Cost; later: Cost }> {
  servers.api.beginAgain();
  const request = servers.api.next('first request');
  const startedMs = preciseNow();
  const running = startVariant(variant, servers, WORKLOAD);
  const spent = (): number => usageOf(running.pid).cpuSeconds * 1000;
  try {
    const { atMs } = await Promise.race([request, running.ended]);
    const first = { timeMs: atMs - startedMs, cpuMs: spent() };
    await new Promise((resolve) => setTimeout(resolve, AFTERWARDS_MS));
    return { first, later: { timeMs: first.timeMs + AFTERWARDS_MS, cpuMs: spent() } };
  } finally {
    await running.stop();
  }
}

/** A process to its end. */
async function toEnd(args: readonly string[]): Promise<Cost> {
  const script = `process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    process.stderr.write('cpu ' + (user + system) / 1000);
  });`;
  const preload = `data:text/javascript,${encodeURIComponent(script)}`;
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['--import', preload, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child, 'close');
  return { timeMs: performance.now() - startedMs, cpuMs: Number(/cpu ([\d.]+)$/.exec(said)?.[1]) };
}

/** What a process takes that imports one package, less what it took before. */
function importing(name: string): string {
  return `const [startedMs, before] = [performance.now(), process.cpuUsage()];
    await import(${JSON.stringify(name)});
    const { user, system } = process.cpuUsage(before);
    const cost = { timeMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
    process.stdout.write(JSON.stringify(cost))`;
}

async function costOf(rounds: number, script: string): Promise<Cost> {
  const costs = await repeat(rounds, async () => {
    const { stdout } = await execute(process.execPath, ['--input-type=module', '-e', script]);
    return JSON.parse(stdout) as Cost;
  });
  return middle(costs);
}

async function repeat<T>(rounds: number, measure: () => Promise<T>): Promise<T[]> {
  const values: T[] = [];
  for (let round = 0; round < rounds; round += 1) values.push(await measure());
  return values;
}

function middle(costs: readonly Cost[]): Cost {
  return { timeMs: median(costs.map(({ timeMs }) => timeMs)), cpuMs: median(costs.map(({ cpuMs }) => cpuMs)) };
}

function dependencies(): string[] {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object };
  return Object.keys(dependencies);
}
