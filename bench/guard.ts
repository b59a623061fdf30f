import { readFileSync, writeFileSync } from 'node:fs';

import { startServers } from './bench-servers.js';
import { runVariant, type Run } from './run-variant.js';
import { printTable } from './table.js';
import { connector, PLAIN, RELAY } from './variants.js';

const RECORDED = 'bench/guard.json';
/** How many times worse than recorded a ratio may be. */
const ROOM = 1.35;
const ROUNDS = 3;
const WORKLOAD = { events: 50_000, eventBytes: 1200 };

/** What this connector costs, as multiples of what others cost in the same minute: no time, no machine in it. */
interface Ratios {
  readonly cpuToPlain: number;
  readonly cpuToRelay: number;
}

/** Compares with the recorded ratios, or records them. @returns whether none fell clearly behind */
export async function guard({ record }: { readonly record?: true }): Promise<boolean> {
  const best = await measureRatios();
  if (record) {
    const short = (_: string, value: unknown): unknown =>
      typeof value === 'number' ? Number(value.toPrecision(3)) : value;
    writeFileSync(RECORDED, `${JSON.stringify(best, short, 2)}\n`);
  }
  const recorded = JSON.parse(readFileSync(RECORDED, 'utf8')) as Ratios;
  const names = Object.keys(recorded) as (keyof Ratios)[];
  const behind = names.filter((name) => best[name] > recorded[name] * ROOM);
  process.stdout.write(`\nGuard: best of ${ROUNDS} rounds, at most ${ROOM} times what is recorded\n`);
  printTable(
    ['', 'now', 'recorded', ''],
    names.map((name) => [name, best[name], recorded[name], behind.includes(name) ? 'BEHIND' : 'ok']),
  );
  return behind.length === 0;
}

async function measureRatios(): Promise<Ratios> {
  const servers = await startServers(WORKLOAD);
  try {
    const rounds: Ratios[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const ours = await runVariant(connector(), servers, WORKLOAD);
      const plain = await runVariant(PLAIN, servers, WORKLOAD);
      const relay = await runVariant(RELAY, servers, WORKLOAD);
      rounds.push(ratiosOf(ours, plain, relay));
    }
    const best = (read: (ratios: Ratios) => number): number => Math.min(...rounds.map(read));
    return {
      cpuToPlain: best(({ cpuToPlain }) => cpuToPlain),
      cpuToRelay: best(({ cpuToRelay }) => cpuToRelay),
    };
  } finally {
    servers.close();
  }
}

function ratiosOf(ours: Run, plain: Run, relay: Run): Ratios {
  return {
    cpuToPlain: ours.cpuSecondsPer100000 / plain.cpuSecondsPer100000,
    cpuToRelay: ours.cpuSecondsPer100000 / relay.cpuSecondsPer100000,
  };
}
