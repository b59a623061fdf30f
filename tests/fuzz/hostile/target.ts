import { isAbort, ModuleError } from '../../../src/sdk/errors.js';
import type { Clock, HttpResponse } from '../../../src/sdk/ports.js';
import type { SeededRandom } from '../../../src/simulators/random.js';

/** A part of the program that reads what others wrote. */
export interface Target {
  readonly name: string;
  /**
   * Reads something hostile drawn from `random`, and judges what came of it.
   * @returns what is wrong; undefined where nothing is
   */
  attack(random: SeededRandom): Promise<string | undefined>;
}

/** When every case happens. */
export const NOW_MS = Date.UTC(2030, 0, 2, 3, 4, 5);

/** A clock on which waits are over at once. */
export function hurriedClock(): Clock {
  let passedMs = 0;
  return {
    now: () => NOW_MS + passedMs,
    monotonic: () => passedMs,
    sleep: (delayMs) => {
      passedMs += delayMs;
      return Promise.resolve();
    },
  };
}

/** Why an error may not be what a reader throws; undefined where it is one of the closed list. */
export function faultOf(thrown: unknown, codes: RegExp): string | undefined {
  if (thrown instanceof ModuleError) return codes.test(thrown.code) ? undefined : `it throws ${thrown.code}`;
  if (isAbort(thrown)) return undefined;
  return `it throws ${thrown instanceof Error ? `${thrown.name}: ${thrown.message.slice(0, 200)}` : String(thrown)}`;
}

/** An answer in pieces, which may break off. */
export function answerOf(
  { status, headers, body }: { status: number; headers: Readonly<Record<string, string>>; body: Uint8Array },
  random: SeededRandom,
): HttpResponse {
  const cut = random.chance(0.3) ? random.below(body.length + 1) : body.length;
  const breaks = random.chance(0.03);
  return { status, headers, body: pieces([body.subarray(0, cut), breaks ? undefined : body.subarray(cut)]) };
}

async function* pieces(all: readonly (Uint8Array | undefined)[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) {
    await Promise.resolve();
    if (piece === undefined) throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    if (piece.length > 0) yield piece;
  }
}
