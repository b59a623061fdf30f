import type { Clock } from '../ports.js';

/** A silence that the other side has asked for. All that talk to it share one. */
export class Hold {
  #until = -Infinity;

  constructor(private readonly clock: Clock) {}

  /** How long it still lasts, milliseconds; zero or less where it is over. */
  get leftMs(): number {
    return this.#until - this.clock.monotonic();
  }

  /** Nothing is to be sent for `delayMs` from now. */
  extend(delayMs: number): void {
    this.#until = Math.max(this.#until, this.clock.monotonic() + delayMs);
  }

  /** Resolves when it is over, or at once when the signal aborts. The caller looks at the signal. */
  async over(signal: AbortSignal): Promise<void> {
    while (this.leftMs > 0 && !signal.aborted) await this.clock.sleep(Math.ceil(this.leftMs), signal);
  }
}
