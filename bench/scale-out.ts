/**
 * `npm run bench:scale-out`: what a second worker adds. One worker and two in turn, each with a backfill that coordinates, on
 * a Redis of their own (`redis-server` has to be installed).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startServers, type BenchServers } from './bench-servers.js';
import { benchCommand, type Flags } from './flags.js';
import { median } from './statistics.js';
import { printTable } from './table.js';

const DAY_MS = 86_400_000;
const EVENT_BYTES = 1200;
const PAGE = 1000;
/** One page of 1,000 events in each of four slices a second and a half is what the distance allows a worker. */
const LATENCY_MS = { api: 1500, intake: 300 };

interface Finished {
  readonly seconds: number;
  readonly repeated: number;
}

const { events, rounds } = benchCommand('bench:scale-out', 'What a second worker adds to a backfill by queue')
  .parse()
  .opts<Flags>();
process.stdout.write(`${events} events of ${EVENT_BYTES} bytes, ${LATENCY_MS.api} ms to the API, ${rounds} rounds\n`);
const servers = await startServers({ events, eventBytes: EVENT_BYTES, spanMs: 20 * DAY_MS, latencyMs: LATENCY_MS });
const runs = new Map<number, Finished[]>([
  [1, []],
  [2, []],
]);
try {
  for (let round = 0; round < rounds; round += 1) {
    for (const [workers, finished] of runs) finished.push(await play(workers, servers));
  }
} finally {
  servers.close();
}
const secondsOf = (workers: number): number => median((runs.get(workers) ?? []).map(({ seconds }) => seconds));
printTable(
  ['workers', 'seconds', 'events/s', 'against one'],
  [...runs.keys()].map((workers) => [
    `${workers}`,
    secondsOf(workers).toFixed(1),
    Math.round(events / secondsOf(workers)).toLocaleString('en-US'),
    (secondsOf(1) / secondsOf(workers)).toFixed(2),
  ]),
);

/** From the first slice that a worker reads until the intake has acknowledged all. */
async function play(workers: number, { api, intake }: BenchServers): Promise<Finished> {
  const directory = mkdtempSync(path.join(tmpdir(), 'bench-scale-out-'));
  const port = await freePort();
  const redis = spawn(
    'redis-server',
    ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory, '--appendonly', 'yes'],
    {
      stdio: 'ignore',
    },
  );
  const children = [redis];
  try {
    await reachable(port);
    api.beginAgain();
    intake.beginAgain(events);
    const start = (command: string, name: string, ...args: readonly string[]): ChildProcess => {
      const all = [command, '--data-path', path.join(directory, name), '--queue', `redis://127.0.0.1:${port}`, ...args];
      const child = spawn(process.execPath, ['dist/harness/cli.js', ...all], {
        env: { PATH: process.env['PATH'] ?? '', ...settings(api.url, intake.url) },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      children.push(child);
      return child;
    };
    for (let worker = 0; worker < workers; worker += 1) start('worker', `worker-${worker}`);
    // All are there before there is anything to do.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const [first, complete] = [api.next('first request'), intake.next('complete')];
    const backfill = start('backfill', 'backfill', '--from', '21d', '--yes', '--json');
    const [{ atMs: beganMs }, { atMs: endedMs }] = [await first, await complete];
    const [code] = await new Promise<[number | null]>((resolve) => backfill.on('close', (status) => resolve([status])));
    if (code !== 0) throw new Error(`the backfill was not proven: it left with ${code ?? 'a signal'}`);
    const { events: pushed } = await intake.stats();
    const seconds = (endedMs - beganMs) / 1000;
    process.stdout.write(`${workers} worker(s): ${seconds.toFixed(1)} s, ${pushed - events} repeated\n`);
    return { seconds, repeated: pushed - events };
  } finally {
    for (const child of children) child.kill('SIGTERM');
    for (const child of children)
      if (child.exitCode === null) await new Promise((resolve) => child.on('close', resolve));
    rmSync(directory, { recursive: true, force: true });
  }
}

function settings(apiUrl: string, intakeUrl: string): Record<string, string> {
  return {
    MODULE_CONFIGURATION: JSON.stringify({ base_url: apiUrl, apikey: 'bench' }),
    CONNECTOR_CONFIGURATION: JSON.stringify({
      ...{ intake_key: 'bench', intake_server: intakeUrl, page_size: PAGE, requests_per_second: 1000 },
    }),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function reachable(port: number): Promise<void> {
  const { connect } = await import('node:net');
  for (let tries = 0; tries < 100; tries += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.unref();
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('redis-server did not start: is it installed?');
}
