import { setTimeout as wait } from 'node:timers/promises';

/** The present, epoch milliseconds. Every simulator takes one, so that simulated days can be played. */
export type Now = () => number;

/** Waits some milliseconds; ends early, without an error, when the signal is aborted. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** Waiting on the real clock. */
export const realSleep: Sleep = async (ms, signal) => {
  if (signal.aborted) return;
  await wait(ms, undefined, { signal }).catch(() => undefined);
};
