import { setTimeout as wait } from 'node:timers/promises';

import type { SimulatorsProcess } from './processes/simulators.js';

const LOOK_EVERY_MS = 500;
/**
 * A tenant is never silent for long, and the connector relies on it: a lone event that is refused is written off only
 * after another one was accepted.
 */
const SIGN_OF_LIFE_EVERY_MS = 5_000;

/**
 * Ends the live events, and waits until all that happened is visible and is delivered or in the dead letter.
 * @returns how long that took after all was visible, milliseconds; undefined where it took longer than `patienceMs`
 */
export async function recover(
  simulators: SimulatorsProcess,
  dataPath: string,
  patienceMs: number,
): Promise<number | undefined> {
  await simulators.ask({ ask: 'end live events' });
  let visibleSinceMs: number | undefined;
  let lastSignMs = performance.now();
  for (;;) {
    const { pending, lost } = await simulators.ask({ ask: 'account', dataPath });
    const nowMs = performance.now();
    if (pending === 0) visibleSinceMs ??= nowMs;
    const tookMs = nowMs - (visibleSinceMs ?? nowMs);
    if (pending === 0 && lost === 0) return tookMs;
    if (tookMs > patienceMs) return undefined;
    if (pending === 0 && nowMs - lastSignMs > SIGN_OF_LIFE_EVERY_MS) {
      lastSignMs = nowMs;
      await simulators.ask({ ask: 'add an event' });
    }
    await wait(LOOK_EVERY_MS);
  }
}

/** Resolves when the connector has asked the API so many times more: it has been through some cycles. */
export async function cycles(simulators: SimulatorsProcess, dataPath: string, count: number): Promise<void> {
  const requests = async (): Promise<number> => (await simulators.ask({ ask: 'account', dataPath })).apiRequests;
  const wanted = (await requests()) + count;
  while ((await requests()) < wanted) await wait(LOOK_EVERY_MS);
}
