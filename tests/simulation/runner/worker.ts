import { parentPort } from 'node:worker_threads';

import { describeError } from '../../../src/sdk/errors.js';
import { drawScenario } from '../draw-scenario.js';
import { variantNamed } from '../variants.js';
import { runScenario } from '../world.js';
import type { Failure, Job, JobResult } from './job.js';

/** One seed in so many runs with whole turns of the event loop, which shows rejections that nobody handles in time. */
const WHOLE_TURNS_EVERY = 25;

const port = parentPort;
if (port === null) throw new Error('To be run as a worker');

let rejected: unknown;
process.on('unhandledRejection', (reason) => (rejected = reason));

port.on('message', (job: Job) => {
  void run(job).then((result) => port.postMessage(result));
});

async function run({ from, count, draw, variant }: Job): Promise<JobResult> {
  const failures: Failure[] = [];
  let virtualMs = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const broken = variant === undefined ? undefined : variantNamed(variant);
    const wholeTurns = seed % WHOLE_TURNS_EVERY === 0;
    rejected = undefined;
    const { violation, lastedMs } = await runScenario(drawScenario(seed, draw), {
      wholeTurns,
      ...(broken === undefined ? {} : { variant: broken }),
    });
    await new Promise((resolve) => setImmediate(resolve));
    virtualMs += lastedMs;
    if (violation !== undefined) failures.push({ seed, invariant: violation.invariant, detail: violation.detail });
    else if (rejected !== undefined)
      failures.push({ seed, invariant: 'no rejection is left unhandled', detail: describeError(rejected) });
  }
  return { seeds: count, virtualMs, failures };
}
