import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

/** What a fuzzer was told to do. */
export interface FuzzFlags {
  /** One case only. */
  readonly seed: number | undefined;
  readonly cases: number;
  /** The seed of the first one. */
  readonly from: number;
  /** At least one. */
  readonly workers: number;
}

/** Runs a fuzzer as its flags say, and leaves with what it returns; with 2 where it was not told properly what to do. */
export function runFuzzer(usage: string, fuzz: (flags: FuzzFlags) => Promise<number>): void {
  const run = async (): Promise<number> => {
    const flags = readFlags();
    if (flags !== undefined) return fuzz(flags);
    console.log(usage);
    return 0;
  };
  run().then(
    (status) => (process.exitCode = status),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 2;
    },
  );
}

/** @returns undefined where help is wanted */
function readFlags(): FuzzFlags | undefined {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '1000000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      workers: { type: 'string', default: String(availableParallelism()) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    seed: values.seed === undefined ? undefined : wholeNumber(values.seed, 'seed'),
    cases: wholeNumber(values.cases, 'cases'),
    from: wholeNumber(values.from, 'from'),
    workers: Math.max(1, wholeNumber(values.workers, 'workers')),
  };
}

function wholeNumber(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} must be a whole number, not '${text}'`);
  return value;
}
