import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

const DIRECTORY = 'bench/results';

/** What a part of the bench has found. */
export interface Measured {
  readonly results: object;
  /** SVG. */
  readonly picture: string;
}

/** Keeps what a part has measured; of one day, the last. */
export function saveResults(name: string, { results, picture }: Measured): void {
  const now = new Date();
  const machine = { node: process.version, cores: cpus().length, cpu: cpus()[0]?.model ?? 'unknown' };
  const path = `${DIRECTORY}/${now.toISOString().slice(0, 10)}-${name}`;
  const document = { name, at: now.toISOString(), commit: currentCommit(), machine, ...results };
  const numbers = (_: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  mkdirSync(DIRECTORY, { recursive: true });
  writeFileSync(`${path}.json`, `${JSON.stringify(document, numbers, 2)}\n`);
  writeFileSync(`${path}.svg`, picture);
  process.stdout.write(`\n${path}.json and .svg\n`);
}

function currentCommit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
