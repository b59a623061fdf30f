import type { ErrorAccount } from './error-account.js';
import { backoffMs } from './http/backoff.js';
import type { Log } from './observability/log.js';
import { reportError } from './observability/report-error.js';
import type { PipelineListener } from './pipeline/pipeline-event.js';
import type { Clock, Random } from './ports.js';
import { Stop } from './stop.js';

/** A run that has ended is not begun again sooner than this after it began. */
const SHORTEST_ROUND_MS = 1_000;
/** After a failure. */
const BACKOFF = { firstDelayMs: 1_000, longestDelayMs: 60_000, deadlineMs: Infinity };
/** A run that lasted so long was no failure to start. */
const LONG_RUN_MS = 300_000;
/** After `critical` the platform sends its signal to stop: so long it is waited for. */
export const WAIT_FOR_STOP_MS = 120_000;

export interface KeepRunningOptions {
  /** Of the process. Each run has one of its own below it. */
  readonly stop: Stop;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly errors: Pick<ErrorAccount, 'count'>;
  /** Failures after which another try is of no use. Default: none. */
  readonly isFinal?: (thrown: unknown) => boolean;
  /** Told of each wait: who waits on purpose is alive. */
  readonly listener?: PipelineListener;
}

/**
 * Runs again whatever has ended or failed, until stopped, with a growing wait after failures.
 * @throws what a run throws after the stop was requested, and what is final
 */
export async function keepRunning(
  run: (stop: Stop) => Promise<unknown>,
  { stop, clock, random, log, errors, isFinal, listener }: KeepRunningOptions,
): Promise<void> {
  const isOver = (): boolean => stop.requested.aborted;
  let failures = 0;
  while (!isOver()) {
    const startedAt = clock.monotonic();
    const own = Stop.within(stop);
    let pauseMs = SHORTEST_ROUND_MS;
    try {
      await run(own.stop);
      failures = 0;
      pauseMs -= clock.monotonic() - startedAt;
    } catch (thrown) {
      if (isOver() || isFinal?.(thrown) === true) throw thrown;
      failures = clock.monotonic() - startedAt > LONG_RUN_MS ? 1 : failures + 1;
      const level = reportError(log, thrown);
      const isCritical = errors.count(thrown) || level === 'critical';
      pauseMs = isCritical ? WAIT_FOR_STOP_MS : backoffMs(BACKOFF, failures, random);
      log.info(`Trying again in ${Math.ceil(pauseMs / 1000)} s`);
    } finally {
      own.release();
    }
    if (isOver() || pauseMs <= 0) continue;
    listener?.({ kind: 'waiting', delayMs: pauseMs });
    await clock.sleep(pauseMs, stop.requested);
  }
}
