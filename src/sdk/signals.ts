import type { Clock } from './ports.js';
import type { Log } from './observability/log.js';
import type { Stop } from './stop.js';

export type StopSignal = 'SIGTERM' | 'SIGINT';

/** Where signals of the operating system come from: the process, or a test. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
  off(signal: StopSignal, listener: () => void): unknown;
}

export interface StopOnSignalsOptions {
  readonly source: SignalSource;
  readonly stop: Stop;
  readonly clock: Clock;
  readonly log: Log;
  /** How long what is in flight may take to finish after the first signal, milliseconds. */
  readonly graceMs: number;
}

/** Signals bound to a stop. */
export interface SignalBinding {
  /** The signal that came first, if any came. */
  readonly received: StopSignal | undefined;
  /** Lets go of the signals and of the grace period. */
  release(): void;
}

/**
 * Turns signals into a stop: the first one asks, a second one forces, and so does the end of the grace period. Releasing
 * gives the signals their usual effect back.
 */
export function stopOnSignals({ source, stop, clock, log, graceMs }: StopOnSignalsOptions): SignalBinding {
  const released = new AbortController();
  let received: StopSignal | undefined;

  const force = (why: string): void => {
    if (stop.forced.aborted || released.signal.aborted) return;
    log.warning(`${why}: breaking off what is in flight; nothing is lost, it will be delivered after the next start`);
    stop.force();
  };
  const listenerFor = (signal: StopSignal) => (): void => {
    if (received !== undefined) {
      force(`Second signal (${signal})`);
      return;
    }
    received = signal;
    log.info('Stopping: finishing what is in flight', { signal, graceSeconds: graceMs / 1000 });
    stop.request();
    void clock.sleep(graceMs, released.signal).then(() => force('The grace period is over'));
  };

  const listeners = { SIGTERM: listenerFor('SIGTERM'), SIGINT: listenerFor('SIGINT') };
  source.on('SIGTERM', listeners.SIGTERM);
  source.on('SIGINT', listeners.SIGINT);
  return {
    get received() {
      return received;
    },
    release() {
      source.off('SIGTERM', listeners.SIGTERM);
      source.off('SIGINT', listeners.SIGINT);
      released.abort();
    },
  };
}

/** A stop that was asked for before there was a run to end in good order. */
export interface EarlyStop {
  readonly requested: AbortSignal;
  readonly received: StopSignal | undefined;
  /** Gives the signals their usual effect back. */
  release(): void;
}

/** Turns the first signal into an abort of whatever waits. */
export function stopEarlyOnSignals(source: SignalSource): EarlyStop {
  const stop = new AbortController();
  let received: StopSignal | undefined;
  const listenerFor = (signal: StopSignal) => (): void => {
    received ??= signal;
    stop.abort();
  };
  const listeners = { SIGTERM: listenerFor('SIGTERM'), SIGINT: listenerFor('SIGINT') };
  source.on('SIGTERM', listeners.SIGTERM);
  source.on('SIGINT', listeners.SIGINT);
  return {
    requested: stop.signal,
    get received() {
      return received;
    },
    release() {
      source.off('SIGTERM', listeners.SIGTERM);
      source.off('SIGINT', listeners.SIGINT);
    },
  };
}
