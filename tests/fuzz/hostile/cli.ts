import { isMainThread, Worker, workerData } from 'node:worker_threads';

import { type FuzzFlags, runFuzzer } from '../command-line.js';
import { attack } from './attack.js';

const USAGE = `npm run fuzz:hostile -- [options]

  --cases N     how many hostile inputs to read (default 1000000)
  --from N      the seed of the first one (default 1); each has the next seed
  --seed N      one only
  --workers N   (default: one a core)

Leaves with 0 where nothing is wrong, 1 where something is, 2 where it was not told properly what to do.`;

/** A case that takes longer hangs. */
const LONGEST_MS = 20_000;
const HEAP_MEGABYTES = 512;

interface Share {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** The seed under way. */
  readonly at: SharedArrayBuffer;
}

interface Failure {
  readonly seed: number;
  readonly fault: string;
}

async function runShare({ from, to, step, at }: Share): Promise<void> {
  const current = new Float64Array(at);
  for (let seed = from; seed < to; seed += step) {
    current[0] = seed;
    const fault = await attack(seed);
    if (fault !== undefined) throw new Error(fault);
  }
}

/** @returns the first case that fails, hangs, or takes all memory with it */
function shareWithWorker(share: Omit<Share, 'at'>): Promise<Failure | undefined> {
  const at = new SharedArrayBuffer(8);
  const current = new Float64Array(at);
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { ...share, at },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
  });
  return new Promise((resolve) => {
    let last = NaN;
    const watch = setInterval(() => {
      if (current[0] === last) {
        end({ seed: last, fault: `it is not done after ${LONGEST_MS / 1000} s` });
        void worker.terminate();
      }
      last = current[0] ?? NaN;
    }, LONGEST_MS);
    const end = (failure: Failure | undefined): void => {
      clearInterval(watch);
      resolve(failure);
    };
    worker.once('error', (error: Error) => end({ seed: current[0] ?? NaN, fault: error.message }));
    worker.once('exit', () => end(undefined));
  });
}

async function fuzz({ seed: single, cases, from: first, workers }: FuzzFlags): Promise<number> {
  const from = single ?? first;
  const to = from + (single === undefined ? cases : 1);
  const step = Math.min(to - from, workers);
  const startedMs = performance.now();
  const shares = Array.from({ length: step }, (_, n) => ({ from: from + n, to, step }));
  const failures = (await Promise.all(shares.map(shareWithWorker))).filter((failure) => failure !== undefined);
  for (const { seed, fault } of failures) console.log(`Seed ${seed} fails; --seed ${seed} shows it again\n${fault}`);
  if (failures.length > 0) return 1;
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(`${to - from} hostile inputs ended in a typed error or were right, in ${seconds.toFixed(1)} s`);
  return 0;
}

if (isMainThread) runFuzzer(USAGE, fuzz);
else await runShare(workerData as Share);
