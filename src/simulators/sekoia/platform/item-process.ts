import { spawn } from 'node:child_process';
import { realSleep } from '../../timing.js';

/** What is started in place of a container. */
export interface ItemProgram {
  /** The entry point and its argument, such as `node dist/main.js validate_module_configuration`. */
  readonly argv: readonly [file: string, ...args: string[]];
  /** Where `manifest.json` is. */
  readonly workingDirectory: string;
  /** Everything that the process sees of an environment, beside PATH. */
  readonly environment: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a process ended that was told to. */
export interface ForcedEnding extends Ending {
  /** Whether it did not leave within the grace period. */
  readonly killed: boolean;
  /** From SIGTERM to its end, milliseconds. */
  readonly tookMs: number;
}

export interface ItemProcess {
  readonly pid: number;
  readonly ended: Promise<Ending>;
  /** SIGTERM and, where it is still there after the grace period, SIGKILL. */
  end(graceMs: number): Promise<ForcedEnding>;
}

/** Starts a process. `onOutput` hears what it writes. */
export function startItemProcess(
  { argv: [file, ...args], workingDirectory, environment }: ItemProgram,
  onOutput: (text: string) => void,
): ItemProcess {
  const child = spawn(file, args, {
    cwd: workingDirectory,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onOutput);
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  // Whoever waits for the end hears of it; a program that is not there shall not end ours before that.
  ended.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    ended,
    async end(graceMs) {
      const startedAt = performance.now();
      const left = new AbortController();
      child.kill('SIGTERM');
      const patience = realSleep(graceMs, left.signal).then(() => 'over' as const);
      const killed = (await Promise.race([ended, patience])) === 'over';
      left.abort();
      if (killed) child.kill('SIGKILL');
      const ending = await ended;
      return { ...ending, killed, tookMs: Math.round(performance.now() - startedAt) };
    },
  };
}

/** Runs a task to its end, such as the validation of an account: nobody probes it. */
export async function runItemTask(
  program: ItemProgram,
  withinMs: number,
): Promise<Ending & { readonly output: string; readonly inTime: boolean }> {
  let output = '';
  const task = startItemProcess(program, (text) => (output += text));
  const left = new AbortController();
  const patience = realSleep(withinMs, left.signal).then(() => 'over' as const);
  const inTime = (await Promise.race([task.ended, patience])) !== 'over';
  left.abort();
  const ending = inTime ? await task.ended : await task.end(0);
  return { ...ending, output, inTime };
}
