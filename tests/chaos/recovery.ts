import { setTimeout as wait } from 'node:timers/promises';

import type { SimulatorsProcess } from './processes/simulators.js';

const LOOK_EVERY_MS = 500;
/**
 * A tenant is never silent for long, and the connector relies on it: a lone event that is refused is written off only
 * after another one was accepted.
 */
const SIGN_OF_LIFE_EVERY_MS = 5_000;

/**
 * Ends the live events, and waits until all that happened is visible and is delivered or in the dead letter. What is slow
 * is waited for, what stands still is not.
 * @param patienceMs how long nothing at all may be delivered
 * @returns how long it took after all was visible, milliseconds; undefined where it stood still
 */
export async function recover(
  simulators: SimulatorsProcess,
  dataPath: string,
  patienceMs: number,
): Promise<number | undefined> {
  await simulators.ask({ ask: 'end live events' });
  let visibleSinceMs: number | undefined;
  let least = { lost: Infinity, atMs: performance.now() };
  let lastSignMs = performance.now();
  for (;;) {
    const askedAtMs = performance.now();
    const { pending, lost } = await simulators.ask({ ask: 'account', dataPath });
    const nowMs = performance.now();
    if (pending === 0) visibleSinceMs ??= nowMs;
    if (pending === 0 && lost === 0) return nowMs - (visibleSinceMs ?? nowMs);
    if (pending > 0 || lost < least.lost) least = { lost, atMs: nowMs };
    if (nowMs - least.atMs > patienceMs) return undefined;
    if (pending === 0 && nowMs - lastSignMs > SIGN_OF_LIFE_EVERY_MS) {
      lastSignMs = nowMs;
      await simulators.ask({ ask: 'add an event' });
    }
    // The account of a large backlog takes a while, in which the simulators answer nobody else.
    await wait(Math.max(LOOK_EVERY_MS, 4 * (nowMs - askedAtMs)));
  }
}

/** Resolves when the connector has asked the API so many times more: it has been through some cycles. */
export async function cycles(simulators: SimulatorsProcess, count: number): Promise<void> {
  const wanted = (await simulators.ask({ ask: 'requests' })) + count;
  while ((await simulators.ask({ ask: 'requests' })) < wanted) await wait(LOOK_EVERY_MS);
}
