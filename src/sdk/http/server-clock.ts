import type { Clock } from '../ports.js';

/** A Date header counts whole seconds. */
const DATE_RESOLUTION_MS = 1000;

/**
 * The other side's clock, as far as its `Date` headers tell. Between the sending of a request and the arrival of its
 * answer the server wrote its time to the second: that bounds the difference of the two clocks. Where the bounds allow
 * that there is none, none is assumed.
 */
export class ServerClock {
  #offsetMs = 0;

  constructor(private readonly clock: Clock) {}

  /** Server time minus ours, milliseconds, as of the latest answer. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** The server's time now, epoch milliseconds. */
  now(): number {
    return this.clock.now() + this.#offsetMs;
  }

  /**
   * Learns from an answer.
   * @param sentAtMs our wall clock when the request was sent; @param durationMs how long the answer took
   */
  observe(dateHeader: string | undefined, sentAtMs: number, durationMs: number): void {
    const date = Date.parse(dateHeader ?? '');
    if (Number.isNaN(date)) return;
    const least = date - (sentAtMs + durationMs);
    const most = date + DATE_RESOLUTION_MS - sentAtMs;
    this.#offsetMs = Math.min(Math.max(0, least), most);
  }
}
