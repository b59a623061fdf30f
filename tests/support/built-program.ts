import { spawn, type ChildProcess } from 'node:child_process';

const ROOT = process.cwd();

/** How a process of the built program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Everything it wrote to standard error and standard output. */
  readonly output: string;
}

/** A process of the built program. */
export interface RunningProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once its output contains the text. Rejects when it ends before. */
  said(text: string): Promise<void>;
}

/** Starts `node dist/<script> ...args` with nothing of our environment but what it needs. */
export function startProgram(
  script: 'main.js' | 'harness/cli.js',
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): RunningProgram {
  const child = spawn(process.execPath, [`dist/${script}`, ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, output });
      for (const listener of listeners) listener();
    });
  });
  return {
    child,
    ended,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!output.includes(text) && child.exitCode === null && child.signalCode === null) return;
          listeners.delete(look);
          if (output.includes(text)) resolve();
          else reject(new Error(`it ended before it said '${text}': ${output}`));
        };
        listeners.add(look);
        look();
      }),
  };
}
