import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

import { drawScenario, type DrawOptions } from '../draw-scenario.js';
import type { Scenario } from '../scenario.js';
import { shrink } from '../shrink.js';
import { variantNamed, VARIANTS } from '../variants.js';
import { runScenario, type Outcome } from '../world.js';
import type { Failure, Job, JobResult } from './job.js';

const USAGE = `npm run simulate:seeds -- [options]

  --seeds N          how many seeds to run (default 1000)
  --from N           the first one (default 1)
  --seed N           run one seed, print what happened, and shrink it where it fails
  --scenario FILE    the same for a scenario in a file
  --workers N        (default: one a core)
  --reconciliation   draw only scenarios in which counts have to be compared; --no-reconciliation: only others
  --strict           draw what the connector is known not to cope with yet as well
  --variant NAME     run a broken connector (several: one after the other): ${VARIANTS.map(({ name }) => name).join(', ')}
  --first            stop at the first seed that fails
  --no-shrink        print a failing seed as it is
  --json             results as JSON

Leaves with 0 where nothing is wrong, 1 where something is, 2 where it was not told properly what to do.`;

/** Seeds that a worker gets at once. */
const SHARE = 5;
/** A share that takes longer hangs in a loop in which no time passes. */
const SHARE_DEADLINE_MS = 180_000;
const MOST_FAILURES = 20;

interface Options {
  readonly draw: DrawOptions;
  readonly variants: readonly string[];
  readonly isJson: boolean;
  readonly mayShrink: boolean;
  readonly mostFailures: number;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      scenario: { type: 'string' },
      workers: { type: 'string', default: String(availableParallelism()) },
      reconciliation: { type: 'boolean' },
      strict: { type: 'boolean', default: false },
      variant: { type: 'string', multiple: true, default: [] },
      first: { type: 'boolean', default: false },
      shrink: { type: 'boolean', default: true },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const { reconciliation, strict } = values;
  const options: Options = {
    draw: { strict, ...(reconciliation === undefined ? {} : { reconciliation }) },
    variants: values.variant,
    isJson: values.json,
    mayShrink: values.shrink,
    mostFailures: values.first ? 1 : MOST_FAILURES,
  };
  options.variants.forEach(variantNamed);
  if (values.scenario !== undefined)
    return replay(JSON.parse(readFileSync(values.scenario, 'utf8')) as Scenario, options);
  if (values.seed !== undefined) return replay(drawScenario(wholeNumber(values.seed, 'seed'), options.draw), options);
  const [seeds, from, workers] = [
    wholeNumber(values.seeds, 'seeds'),
    wholeNumber(values.from, 'from'),
    wholeNumber(values.workers, 'workers'),
  ];
  return runAll({ seeds, from, workers: Math.max(1, workers) }, options);
}

function wholeNumber(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} must be a whole number, not '${text}'`);
  return value;
}

/** Runs one scenario with its trace, and makes it smaller where it fails. */
async function replay(scenario: Scenario, options: Options): Promise<number> {
  const outcome = await run(scenario, options, true);
  if (options.isJson)
    console.log(JSON.stringify({ violation: outcome.violation ?? null, scenario, trace: outcome.trace }));
  else console.log(outcome.trace.join('\n'));
  if (outcome.violation === undefined) return 0;
  if (!options.isJson) await showSmallest(scenario, outcome, options);
  return 1;
}

async function showSmallest(scenario: Scenario, { violation }: Outcome, options: Options): Promise<void> {
  console.log(`\n${violation?.invariant ?? ''}: ${violation?.detail ?? ''}`);
  if (!options.mayShrink) return;
  const smallest = await shrink(scenario, {
    fails: async (smaller) => (await run(smaller, options, false)).violation?.invariant === violation?.invariant,
    onSmaller: ({ events, incidents }) => progress(`shrinking: ${events.length} events, ${incidents.length} incidents`),
  });
  const outcome = await run(smallest, options, true);
  const file = `failing-seed-${scenario.seed}.json`;
  writeFileSync(file, `${JSON.stringify(smallest, null, 2)}\n`);
  progress('');
  console.log(`\n== the smallest that fails in this way (--scenario ${file})\n${outcome.trace.join('\n')}`);
  console.log(JSON.stringify(smallest, null, 1));
}

function run(scenario: Scenario, { variants: [variant] }: Options, isTraced: boolean): Promise<Outcome> {
  return runScenario(scenario, { isTraced, ...(variant === undefined ? {} : { variant: variantNamed(variant) }) });
}

interface Seeds {
  readonly seeds: number;
  readonly from: number;
}

/** Shares the seeds out to workers, of each variant in turn: what has run for a while runs several times as fast. */
async function runAll({ workers, ...range }: Seeds & { readonly workers: number }, options: Options): Promise<number> {
  const { variants } = options;
  const runs = (variants.length === 0 ? [undefined] : variants).map((variant) => new Run(range, variant, options));
  const take = (): Taken | undefined => {
    for (const each of runs) {
      const job = each.take();
      if (job !== undefined) return { job, onResult: (result) => each.add(result) };
    }
    return undefined;
  };
  await Promise.all(Array.from({ length: workers }, () => work(take)));
  progress('');
  for (const each of runs) report(each.results(), options);
  return runs.every(({ failures }) => failures.length === 0) ? 0 : 1;
}

/** The seeds of one connector. */
class Run {
  readonly failures: Failure[] = [];
  readonly #startedMs = performance.now();
  #done = 0;
  #virtualMs = 0;
  #next: number;

  constructor(
    private readonly range: Seeds,
    private readonly variant: string | undefined,
    private readonly options: Options,
  ) {
    this.#next = range.from;
  }

  take(): Job | undefined {
    const left = this.range.from + this.range.seeds - this.#next;
    if (left <= 0 || this.failures.length >= this.options.mostFailures) return undefined;
    const job = { from: this.#next, count: Math.min(SHARE, left), draw: this.options.draw, variant: this.variant };
    this.#next += job.count;
    return job;
  }

  add(result: JobResult): void {
    this.#done += result.seeds;
    this.#virtualMs += result.virtualMs;
    this.failures.push(...result.failures);
    const perMinute = Math.round((this.#done / (performance.now() - this.#startedMs)) * 60_000);
    progress(`${this.#done} of ${this.range.seeds} seeds, ${perMinute} a minute, ${this.failures.length} failed`);
  }

  results(): Results {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const failures = this.failures.sort((a, b) => a.seed - b.seed);
    return { variant: this.variant, done: this.#done, seconds, virtualMs: this.#virtualMs, failures };
  }
}

interface Taken {
  readonly job: Job;
  readonly onResult: (result: JobResult) => void;
}

function work(take: () => Taken | undefined): Promise<void> {
  const worker = new Worker(new URL('./worker.js', import.meta.url));
  return new Promise((resolve, reject) => {
    let taken = take();
    const hung = (): void => {
      void worker.terminate();
      const { from = 0, variant } = taken?.job ?? {};
      reject(
        new Error(`Seeds ${from} to ${from + SHARE - 1} do not end${variant === undefined ? '' : `: ${variant}`}`),
      );
    };
    let deadline = setTimeout(hung, SHARE_DEADLINE_MS);
    const give = (): void => {
      clearTimeout(deadline);
      if (taken === undefined) {
        void worker.terminate().then(() => resolve());
        return;
      }
      deadline = setTimeout(hung, SHARE_DEADLINE_MS);
      worker.postMessage(taken.job);
    };
    worker.on('error', reject);
    worker.on('message', (result: JobResult) => {
      taken?.onResult(result);
      taken = take();
      give();
    });
    give();
  });
}

interface Results {
  readonly variant: string | undefined;
  readonly done: number;
  readonly seconds: number;
  readonly virtualMs: number;
  readonly failures: readonly Failure[];
}

function report({ variant, done, seconds, virtualMs, failures }: Results, { isJson }: Options): void {
  const perMinute = Math.round((done / seconds) * 60);
  if (isJson) {
    console.log(
      JSON.stringify({ variant, seeds: done, seconds, perMinute, virtualDays: virtualMs / 86_400_000, failures }),
    );
    return;
  }
  for (const { seed, invariant, detail } of failures) console.log(`seed ${seed}: ${invariant}: ${detail}`);
  if (variant !== undefined) console.log(`${variant}:`);
  const days = (virtualMs / 86_400_000).toFixed(0);
  console.log(
    `${done} seeds in ${seconds.toFixed(1)} s (${perMinute} a minute), ${days} days of virtual time, ${failures.length} failed`,
  );
  const [first] = failures;
  if (first !== undefined) console.log(`npm run simulate:seeds -- --seed ${first.seed} shows the first of them`);
}

/** A line that the next one replaces, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${text}`);
}

main().then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
