import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';

import type { Undo } from '../undo.js';
import type { ConnectorLog } from './connector-log.js';

const COMMAND = 'JumpcloudDirectoryInsightsConnector';
const RESTART_AFTER_MS = 1000;

/** How a process of the connector ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it had said by then was more than nothing: it had taken over the signals. */
  readonly hadStarted: boolean;
}

export interface ConnectorOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly log: ConnectorLog;
  readonly undo: Undo;
  /** Flags of node itself. */
  readonly nodeFlags?: readonly string[];
  /** Told where it ended although nobody ended it; it is started again, as the platform would. */
  readonly onSurprise?: (end: End) => void;
  readonly onOutput?: (line: string) => void;
}

/** The built connector as the platform runs it, started again whenever it ends. */
export class Connector {
  #child: ChildProcess | undefined;
  #ended: Promise<End> = Promise.resolve({ code: 0, signal: null, hadStarted: false });
  /** Counts whoever wants it down: while one does, it is not started again. */
  #wantedDown = 0;
  #hasSpoken = false;

  constructor(private readonly options: ConnectorOptions) {
    options.undo.add(() => this.#child?.kill('SIGKILL'));
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    if (this.#child !== undefined || this.#wantedDown > 0) return;
    const { environment, log, nodeFlags = [], onOutput } = this.options;
    const child = spawn(process.execPath, [...nodeFlags, 'dist/main.js', COMMAND], {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#hasSpoken = false;
    log.follow(child.stderr, () => (this.#hasSpoken = true));
    child.stdout.setEncoding('utf8').on('data', (text: string) => text.split('\n').forEach((line) => onOutput?.(line)));
    this.#ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.#child = undefined;
        const end = { code, signal, hadStarted: this.#hasSpoken };
        resolve(end);
        if (this.#wantedDown === 0) void this.#startAgain(end);
      });
    });
  }

  /**
   * Sends a signal, waits for the end, and starts it again after a pause.
   * @returns undefined where none was running; 'hung' where it did not end within `patienceMs`, and was killed
   */
  async endAndRestart(
    signal: 'SIGKILL' | 'SIGTERM',
    { pauseMs, patienceMs }: { readonly pauseMs: number; readonly patienceMs: number },
  ): Promise<End | 'hung' | undefined> {
    this.#wantedDown += 1;
    try {
      const end = await this.#end(signal, patienceMs);
      await wait(pauseMs);
      return end;
    } finally {
      this.#wantedDown -= 1;
      this.start();
    }
  }

  /** Ends it for good. */
  async end(patienceMs: number): Promise<End | 'hung' | undefined> {
    this.#wantedDown += 1;
    return this.#end('SIGTERM', patienceMs);
  }

  /** Stops it where it stands, for a while. */
  async freeze(durationMs: number): Promise<void> {
    const child = this.#child;
    child?.kill('SIGSTOP');
    await wait(durationMs);
    child?.kill('SIGCONT');
  }

  /** Resolves once the process that runs now has written a line: from then on it obeys signals itself. */
  async hasSpoken(): Promise<void> {
    while (!this.#hasSpoken) await wait(20);
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM', patienceMs: number): Promise<End | 'hung' | undefined> {
    const child = this.#child;
    if (child === undefined) return undefined;
    child.kill(signal);
    const patience = new AbortController();
    const end = await Promise.race([this.#ended, wait(patienceMs, 'hung' as const, { signal: patience.signal })]);
    patience.abort();
    if (end !== 'hung') return end;
    child.kill('SIGKILL');
    await this.#ended;
    return 'hung';
  }

  async #startAgain(end: End): Promise<void> {
    this.options.onSurprise?.(end);
    await wait(RESTART_AFTER_MS);
    this.start();
  }
}
