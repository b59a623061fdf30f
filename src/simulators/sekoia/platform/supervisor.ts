import { get } from 'node:http';
import { realSleep } from '../../timing.js';
import {
  type Ending,
  type ForcedEnding,
  type ItemProcess,
  type ItemProgram,
  startItemProcess,
} from './item-process.js';

/** Why the platform stops what it runs. */
export type StopReason = 'asked' | 'critical' | 'unhealthy';

/** What happened to an item, in order. */
export type SupervisorEvent = { readonly atMs: number } & (
  | { readonly kind: 'started'; readonly pid: number }
  /** The first answer 200 of a process. */
  | { readonly kind: 'alive' }
  /** `answer`: the status, or why there was none. */
  | { readonly kind: 'probe-failed'; readonly answer: number | string }
  | { readonly kind: 'stopping'; readonly why: StopReason }
  | ({ readonly kind: 'ended' } & (Ending | ForcedEnding))
);

/** How patient the platform is. Times in milliseconds. */
export interface SupervisorRules {
  /** Between SIGTERM and SIGKILL. Default 10,000. */
  readonly graceMs: number;
  /** Between two probes. Default 10,000. */
  readonly probeEveryMs: number;
  /** For one answer. Default 1,000. */
  readonly probeTimeoutMs: number;
  /** After so many failed probes in a row the process is started anew. Default 3. */
  readonly failedProbes: number;
  /** So long a process that has never answered 200 may take to do so. Default 30,000. */
  readonly startupMs: number;
  /** Before a process is started anew that ended by itself. Default 1,000. */
  readonly restartAfterMs: number;
}

const USUAL_RULES: SupervisorRules = {
  graceMs: 10_000,
  probeEveryMs: 10_000,
  probeTimeoutMs: 1_000,
  failedProbes: 3,
  startupMs: 30_000,
  restartAfterMs: 1_000,
};

/** An item that is kept running as the platform does it (runtime page, A.7, A.8 and A.10). */
export interface Supervisor {
  readonly history: readonly SupervisorEvent[];
  /** What its processes have written. */
  readonly output: string;
  /** The process that runs now. */
  readonly pid: number;
  /** Stops it for good. Resolves at its end. */
  stop(why: Exclude<StopReason, 'unhealthy'>): Promise<Ending>;
  /** Resolves once it was stopped for good. */
  readonly ended: Promise<Ending>;
}

/** Starts an item and keeps it running: one that ends, or is not alive by its own word, is started anew. */
export function supervise(
  program: ItemProgram,
  { livenessPort, rules: given = {} }: { readonly livenessPort: number; readonly rules?: Partial<SupervisorRules> },
): Supervisor {
  const rules = { ...USUAL_RULES, ...given };
  const history: SupervisorEvent[] = [];
  const stopping = new AbortController();
  const stopped = new Promise<StopReason>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(stopping.signal.reason as StopReason), { once: true });
  });
  let output = '';
  let current: ItemProcess | undefined;

  const start = (): ItemProcess => {
    const started = startItemProcess(program, (text) => (output += text));
    history.push({ atMs: Date.now(), kind: 'started', pid: started.pid });
    return started;
  };
  const isToldToStop = (): boolean => stopping.signal.aborted;

  const keepRunning = async (): Promise<Ending> => {
    for (;;) {
      current = start();
      const over = new AbortController();
      const why = await Promise.race([
        current.ended.then(() => undefined),
        becomesUnhealthy(livenessPort, rules, { history, over: over.signal }),
        stopped,
      ]);
      over.abort();
      if (why !== undefined) history.push({ atMs: Date.now(), kind: 'stopping', why });
      const ending = await (why === undefined ? current.ended : current.end(rules.graceMs));
      history.push({ atMs: Date.now(), kind: 'ended', ...ending });
      if (why === undefined) await realSleep(rules.restartAfterMs, stopping.signal);
      if (isToldToStop()) return ending;
    }
  };
  const ended = keepRunning();
  ended.catch(() => undefined);

  return {
    history,
    get output() {
      return output;
    },
    get pid() {
      return current?.pid ?? 0;
    },
    stop: (why) => {
      stopping.abort(why);
      return ended;
    },
    ended,
  };
}

async function becomesUnhealthy(
  port: number,
  rules: SupervisorRules,
  { history, over }: { readonly history: SupervisorEvent[]; readonly over: AbortSignal },
): Promise<'unhealthy' | undefined> {
  const startedAt = performance.now();
  let wasAlive = false;
  let failed = 0;
  for (;;) {
    await realSleep(rules.probeEveryMs, over);
    if (over.aborted) return undefined;
    const answer = await probe(port, rules.probeTimeoutMs);
    if (answer === 200) {
      if (!wasAlive) history.push({ atMs: Date.now(), kind: 'alive' });
      wasAlive = true;
      failed = 0;
      continue;
    }
    if (!wasAlive && performance.now() - startedAt < rules.startupMs) continue;
    history.push({ atMs: Date.now(), kind: 'probe-failed', answer });
    failed += 1;
    if (failed >= rules.failedProbes) return 'unhealthy';
  }
}

/** @returns the status, or why there is none. A connection of its own each time, as probes have it. */
function probe(port: number, timeoutMs: number): Promise<number | string> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/health', agent: false, timeout: timeoutMs }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', ({ message }) => resolve(message));
  });
}
