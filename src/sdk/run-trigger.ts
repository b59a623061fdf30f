import type { ErrorAccount } from './error-account.js';
import { isAbort } from './errors.js';
import { EXIT_CODE, exitCodeOf, type ExitCode } from './exit-code.js';
import type { HeldSettings } from './held-settings.js';
import { retry } from './http/retry.js';
import { keepRunning } from './keep-running.js';
import type { Log } from './observability/log.js';
import { reportError } from './observability/report-error.js';
import type { PipelineListener } from './pipeline/pipeline-event.js';
import type { Clock, FileReading, FileSystem, HttpTransport, Random } from './ports.js';
import { stopOnSignals, type SignalSource, type StopSignal } from './signals.js';
import { Stop } from './stop.js';
import type { OpenedStorage, StorageLocation } from './storage/storage-location.js';
import type { Trigger } from './trigger.js';

/** The least patient orchestrators kill after 10 s: this leaves time to commit and leave. */
const GRACE_MS = 8_000;

/** How long a run may take to return once everything under way was aborted. */
const LAST_WAIT_MS = 1_000;

/** What the last lines of the log may take: so long as a rule, and less where the orchestrator's patience is nearly over. */
const LAST_LINES_MS = 3_000;
const LEAST_FOR_LAST_LINES_MS = 500;
const PATIENCE_MS = 9_500;

/** Longer than an orchestrator lets a process live that it has told to stop. */
const LEAVING_PREDECESSOR = { firstDelayMs: 1_000, longestDelayMs: 5_000, deadlineMs: 60_000 };

/** One run of a trigger, and the world it runs in. */
export interface TriggerRun<Settings> {
  readonly trigger: Trigger<Settings>;
  readonly settings: Settings;
  /** Where the state is kept. */
  readonly storage: StorageLocation;
  /** True: deliver what is there, then return. */
  readonly once: boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: HttpTransport;
  readonly signals: SignalSource;
  readonly listener?: PipelineListener;
  /** The settings again, where secrets in them may be replaced while the trigger runs. */
  readonly held?: HeldSettings<unknown>;
  /** Told of each secret that becomes known on the way. */
  readonly hide?: (secret: string) => void;
  /** Files of this machine, and standard input, for a trigger that reads them. */
  readonly fileSystem?: FileSystem;
  readonly files?: FileReading;
  readonly input?: AsyncIterable<Uint8Array>;
  /** Where it is given, what ends or fails is run again until stopped, and errors are counted there. Not with `once`. */
  readonly errors?: ErrorAccount;
  /** Called when nothing more is logged, before the signals are let go of: sends the log's last lines, in that time. */
  readonly sendLastLines?: (withinMs: number) => Promise<void>;
}

/**
 * Runs a trigger alone on its data path until it is done, fails, or is stopped by a signal; with `errors`, until it is stopped. Never rejects: what went
 * wrong is in the log.
 * @returns the status for the process to leave with
 */
export async function runTrigger<Settings>(run: TriggerRun<Settings>): Promise<ExitCode> {
  const { log, clock } = run;
  const stop = new Stop();
  const left = new AbortController();
  const signals = stopOnSignals({ source: run.signals, stop, clock, log, graceMs: GRACE_MS });
  let stoppedAt: number | undefined;
  stop.requested.addEventListener('abort', () => (stoppedAt = clock.monotonic()), { once: true });
  try {
    const ended = await Promise.race([workOn(run, stop), giveUp(stop, clock, left.signal)]);
    if (ended === 'given up') log.error('The trigger did not end when told to: leaving it');
    return exitCode(ended, signals.received, stop);
  } catch (thrown) {
    if (isAbort(thrown) && stop.requested.aborted) return exitCode('ended', signals.received, stop);
    reportError(log, thrown);
    return exitCodeOf(thrown);
  } finally {
    left.abort();
    const patienceMs = stoppedAt === undefined ? Infinity : PATIENCE_MS - (clock.monotonic() - stoppedAt);
    await run.sendLastLines?.(Math.max(LEAST_FOR_LAST_LINES_MS, Math.min(LAST_LINES_MS, patienceMs)));
    signals.release();
  }
}

async function workOn<Settings>(run: TriggerRun<Settings>, stop: Stop): Promise<'ended'> {
  const { errors, once } = run;
  if (errors === undefined || once) return work(run, stop);
  await keepRunning((own) => work(run, own), { ...run, stop, errors });
  return 'ended';
}

async function work<Settings>(run: TriggerRun<Settings>, stop: Stop): Promise<'ended'> {
  const { trigger, settings, once, log, clock, random, transport, listener, held, hide } = run;
  const { storage, release } = await openStorage(run, stop);
  try {
    const { fileSystem, files, input } = run;
    const local = { ...(fileSystem && { fileSystem }), ...(files && { files }), ...(input && { input }) };
    const optional = { ...(listener && { listener }), ...(held && { held }), ...(hide && { hide }), ...local };
    const context = { clock, random, transport, storage, log, stop, once, ...optional };
    if (!stop.requested.aborted) await trigger.run(settings, context);
    return 'ended';
  } finally {
    await release();
  }
}

/** Whoever is to stay waits for a predecessor that is about to leave, as when the platform restarts an item. */
async function openStorage<Settings>(run: TriggerRun<Settings>, stop: Stop): Promise<OpenedStorage> {
  const { storage, clock, random, log, errors, once } = run;
  if (errors === undefined || once) return storage.open();
  return retry(() => storage.open(), {
    policy: LEAVING_PREDECESSOR,
    clock,
    random,
    requested: stop.requested,
    isWorthIt: ({ code }) => code === 'STATE_LOCKED',
    onRetry: ({ attempt }) => {
      if (attempt === 1) log.info('Another process is still at work on the same data: waiting for it to leave');
    },
  });
}

/** Resolves some time after a forced stop, unless the run has `left` by then. */
async function giveUp(stop: Stop, clock: Clock, left: AbortSignal): Promise<'given up'> {
  await new Promise((resolve) => stop.forced.addEventListener('abort', resolve, { once: true }));
  await clock.sleep(LAST_WAIT_MS, left);
  return 'given up';
}

function exitCode(ended: 'ended' | 'given up', received: StopSignal | undefined, stop: Stop): ExitCode {
  if (received === 'SIGINT') return EXIT_CODE.interrupted;
  return ended === 'given up' || stop.forced.aborted ? EXIT_CODE.failed : EXIT_CODE.ok;
}
