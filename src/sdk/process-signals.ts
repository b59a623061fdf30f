import type { SignalSource, StopSignal } from './signals.js';

// While the program is loaded, and once it is done, nothing is under way: a stop is obeyed at once.
const LEAVE_AT_ONCE: Readonly<Record<StopSignal, () => void>> = {
  SIGTERM: () => process.exit(process.exitCode ?? 0),
  SIGINT: () => process.exit(process.exitCode ?? 130),
};

/**
 * What obeys each signal now. The process itself has one listener for each, from here to its end: Node forgets a signal
 * that has arrived, but was not dispatched yet, when its last listener is removed, even if another is added at once. And the
 * first process of a container does not even hear a signal that nobody listens to.
 */
const obey = { ...LEAVE_AT_ONCE };
process.on('SIGTERM', () => obey.SIGTERM());
process.on('SIGINT', () => obey.SIGINT());

/** The signals of this process, from the moment this file is loaded. Whoever listens takes over. */
export const processSignals: SignalSource = {
  on: (signal, listener) => (obey[signal] = listener),
  off: (signal) => (obey[signal] = LEAVE_AT_ONCE[signal]),
};
