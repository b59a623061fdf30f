import type { Clock } from '../ports.js';
import { Hold } from './hold.js';

/**
 * Lets at most `requestsPerSecond` requests begin in any second, and none while the other side has said to wait. All
 * that share a credential share one of these.
 */
export class RateLimiter {
  readonly #limit: number;
  readonly #windowMs: number;
  /** When the latest requests were let through, oldest first. Never longer than the limit. */
  readonly #begun: number[] = [];
  readonly #hold: Hold;
  /** Requests go through one after the other, in the order they asked. */
  #turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly clock: Clock,
    requestsPerSecond: number,
  ) {
    this.#hold = new Hold(clock);
    // Less than one a second is one in so many milliseconds.
    this.#limit = Math.max(1, Math.floor(requestsPerSecond));
    this.#windowMs = requestsPerSecond >= 1 ? 1000 : 1000 / requestsPerSecond;
  }

  /** Resolves when a request may begin, or at once when the signal aborts. The caller looks at the signal. */
  async admit(signal: AbortSignal): Promise<void> {
    const turn = this.#turn.then(() => this.#wait(signal));
    this.#turn = turn;
    // Whoever is told to stop does not wait for those before it; its turn, once it comes, is over at once.
    await orAborted(turn, signal);
  }

  /** The other side asked for silence: nothing begins for `delayMs`. */
  hold(delayMs: number): void {
    this.#hold.extend(delayMs);
  }

  async #wait(signal: AbortSignal): Promise<void> {
    for (;;) {
      if (signal.aborted) return;
      const now = this.clock.monotonic();
      const free = this.#begun.length < this.#limit ? -Infinity : (this.#begun[0] ?? -Infinity) + this.#windowMs;
      const delayMs = Math.max(free - now, this.#hold.leftMs);
      if (delayMs <= 0) break;
      await this.clock.sleep(Math.ceil(delayMs), signal);
    }
    this.#begun.push(this.clock.monotonic());
    if (this.#begun.length > this.#limit) this.#begun.shift();
  }
}

/** Resolves with the promise, or when the signal aborts. */
function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      signal.removeEventListener('abort', finish);
      resolve();
    };
    signal.addEventListener('abort', finish, { once: true });
    if (signal.aborted) finish();
    promise.then(finish, reject);
  });
}
