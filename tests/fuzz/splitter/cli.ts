import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

import { type FuzzFlags, runFuzzer } from '../command-line.js';
import { findFault } from './check-splitter.js';
import { drawCase, type FuzzCase } from './draw-text.js';
import { shrinkCase } from './shrink-case.js';

const USAGE = `npm run fuzz:splitter -- [options]

  --cases N     how many texts to split (default 1000000)
  --from N      the seed of the first one (default 1); each has the next seed
  --seed N      one text only, which is printed
  --workers N   (default: one a core)

Leaves with 0 where nothing is wrong, 1 where something is, 2 where it was not told properly what to do.`;

interface Share {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

function faultOf(fuzzCase: FuzzCase): string | undefined {
  try {
    return findFault(fuzzCase);
  } catch (error) {
    return `it throws ${String(error)}`;
  }
}

/** @returns the first seed that fails */
function runShare({ from, to, step }: Share): number | undefined {
  for (let seed = from; seed < to; seed += step) if (faultOf(drawCase(seed)) !== undefined) return seed;
  return undefined;
}

function shareWithWorker(share: Share): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function fuzz({ seed, cases, from, workers: step }: FuzzFlags): Promise<number> {
  if (seed !== undefined) {
    const fuzzCase = drawCase(seed);
    console.log(inWords(fuzzCase));
    return tell(fuzzCase);
  }
  const startedMs = performance.now();
  const shares = Array.from({ length: step }, (_, n) => ({ from: from + n, to: from + cases, step }));
  const failed = (await Promise.all(shares.map(shareWithWorker))).filter((seed) => seed !== undefined);
  const seconds = (performance.now() - startedMs) / 1000;
  const first = failed.sort((a, b) => a - b)[0];
  if (first !== undefined) {
    console.log(`Seed ${first} fails; --seed ${first} shows it again`);
    return tell(drawCase(first));
  }
  console.log(`${cases} texts split as JSON.parse reads them, in ${seconds.toFixed(1)} s`);
  return 0;
}

/** Says what is wrong with a case, if anything, and with the smallest that is wrong. */
function tell(fuzzCase: FuzzCase): number {
  const fault = faultOf(fuzzCase);
  if (fault === undefined) return 0;
  const smallest = shrinkCase(fuzzCase, (smaller) => faultOf(smaller) !== undefined);
  console.log(`${fault}\nThe smallest: ${faultOf(smallest) ?? ''}\n${inWords(smallest)}`);
  return 1;
}

function inWords({ bytes, cuts }: FuzzCase): string {
  return `${JSON.stringify(bytes.toString('latin1'))} (Latin-1), cut at ${JSON.stringify(cuts)}`;
}

// Half of the texts are refused, twice: nobody reads from where.
Error.stackTraceLimit = 0;

if (isMainThread) runFuzzer(USAGE, fuzz);
else parentPort?.postMessage(runShare(workerData as Share));
