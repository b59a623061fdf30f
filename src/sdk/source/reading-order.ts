import type { Events } from '../pipeline/events.js';

/**
 * Follows the times of the events of a window. While they ascend, the last one's time says how far the window has been
 * read; once they do not, nothing says so until the window's end.
 */
export class ReadingOrder {
  /** Time of the latest event, epoch milliseconds. */
  lastMs: number | undefined;
  isBroken = false;
  #isFirst = true;

  /** @param provenToMs what the API's clock had not reached when it was asked is not proven, epoch milliseconds */
  constructor(public provenToMs: number) {}

  /** A new query follows, which begins a little before the end of the last one. */
  beginAgain(): void {
    this.#isFirst = true;
  }

  /** @returns the instant before which everything was read, epoch milliseconds; undefined where that is not known */
  follow(events: Events): number | undefined {
    // A time that is kept in a member is an object each time.
    let lastMs = this.#isFirst ? -Infinity : (this.lastMs ?? -Infinity);
    for (let index = 0; index < events.count; index += 1) {
      const timestampMs = events.timestampMs(index) ?? lastMs;
      if (timestampMs < lastMs) this.isBroken = true;
      lastMs = timestampMs;
    }
    if (lastMs > -Infinity) {
      this.#isFirst = false;
      this.lastMs = lastMs;
    }
    return this.isBroken || this.lastMs === undefined ? undefined : Math.min(this.lastMs, this.provenToMs);
  }
}
