import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { BenchServers, Workload } from './bench-servers.js';
import { usageOf } from './process-usage.js';
import type { Variant } from './variants.js';

/** One run of a variant, from its first request until the intake has acknowledged all. */
export interface Run {
  readonly eventsPerSecond: number;
  /** User and system time of its process, all threads. */
  readonly cpuSecondsPer100000: number;
  /** Of the resident memory, from the start of the process. */
  readonly peakMegabytes: number;
  readonly apiRequests: number;
  readonly intakeRequests: number;
  /** Requests that the API refused because of the rate. */
  readonly refused: number;
}

/** A variant whose process runs. */
export interface RunningVariant {
  readonly pid: number;
  /** Rejects where it ends by itself, with what it said. */
  readonly ended: Promise<never>;
  stop(): Promise<void>;
}

/** Slow is a result, but not for ever. */
const PATIENCE_MS = 120_000;
const PATIENCE_MS_PER_EVENT = 0.5;

/** Lets a variant move the whole backlog. */
export async function runVariant(variant: Variant, servers: BenchServers, workload: Workload): Promise<Run> {
  const { api, intake } = servers;
  api.beginAgain();
  intake.beginAgain(workload.events);
  const [first, complete] = [api.next('first request'), intake.next('complete')];
  const running = startVariant(variant, servers, workload);
  try {
    const { atMs: beganMs } = await Promise.race([first, running.ended]);
    const before = usageOf(running.pid);
    const { atMs: endedMs } = await Promise.race([complete, running.ended]);
    const after = usageOf(running.pid);
    const [asked, pushed] = await Promise.all([api.stats(), intake.stats()]);
    return {
      eventsPerSecond: (workload.events * 1000) / (endedMs - beganMs),
      cpuSecondsPer100000: ((after.cpuSeconds - before.cpuSeconds) * 100_000) / workload.events,
      peakMegabytes: after.peakBytes / 1e6,
      ...{ apiRequests: asked.requests, intakeRequests: pushed.requests, refused: asked.refused },
    };
  } finally {
    await running.stop();
  }
}

export function startVariant(variant: Variant, servers: BenchServers, workload: Workload): RunningVariant {
  const dataPath = mkdtempSync(path.join(tmpdir(), 'bench-'));
  const { fromMs, toMs } = servers.timeline.backlog;
  const { requestsPerSecond } = workload;
  const { args, environment } = variant.command(
    {
      ...{ apiUrl: servers.api.url, intakeUrl: servers.intake.url, fromMs, toMs },
      ...(requestsPerSecond !== undefined && { requestsPerSecond }),
    },
    dataPath,
  );
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let isWanted = true;
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const ended = Promise.race([
    outOfPatience(child, PATIENCE_MS + workload.events * PATIENCE_MS_PER_EVENT),
    says(child),
  ]).then((said) => {
    if (isWanted) throw new Error(`${variant.name} ended too early: ${said}`);
    return new Promise<never>(() => undefined);
  });
  ended.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    ended,
    stop: async () => {
      isWanted = false;
      child.kill('SIGTERM');
      await closed;
      rmSync(dataPath, { recursive: true, force: true });
    },
  };
}

/** Resolves at the end of a process with the last that it wrote. */
function says(child: ChildProcess): Promise<string> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
  }
  return new Promise((resolve) => child.on('close', () => resolve(said)));
}

function outOfPatience(child: ChildProcess, patienceMs: number): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(`not done within ${patienceMs / 1000} s`), patienceMs);
    child.on('close', () => clearTimeout(timer));
  });
}
