import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What the runner of seeds says with `--json`, a line a variant. */
export interface SeedResults {
  readonly variant?: string;
  readonly seeds: number;
  readonly failures: readonly { readonly seed: number; readonly invariant: string; readonly detail: string }[];
}

/**
 * Runs seeds outside of the test runner, as `npm run simulate:seeds` does: inside of it, where every global is looked
 * up through a context of its own, the same seeds take six times as long. Most of a short run goes by until the code is
 * compiled: better one long than several.
 */
export async function simulateSeeds(...flags: readonly string[]): Promise<SeedResults[]> {
  const program = 'build/simulation/tests/simulation/runner/cli.js';
  const stdout = await promisify(execFile)(process.execPath, [program, '--json', ...flags]).then(
    (ended) => ended.stdout,
    (error: unknown) => {
      const ended = error as { readonly code?: unknown; readonly stdout: string };
      if (ended.code === 1) return ended.stdout;
      throw error;
    },
  );
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as SeedResults);
}
