import type { Clock } from '../ports.js';

/** A Date header counts whole seconds. */
const DATE_RESOLUTION_MS = 1000;

/** Bounds of the difference between two clocks, milliseconds. */
interface Bounds {
  readonly least: number;
  readonly most: number;
}

/**
 * The other side's clock, as far as its `Date` headers tell. Between the sending of a request and the arrival of its
 * answer the server wrote its time to the second: that bounds the difference of the two clocks, and each answer narrows
 * the bounds. Where they allow that there is no difference, none is assumed. An answer that contradicts the ones before
 * counts only when the next one agrees with it: a single wrong header moves nothing.
 */
export class ServerClock {
  #bounds: Bounds = { least: -Infinity, most: Infinity };
  #doubted: Bounds | undefined;

  constructor(private readonly clock: Clock) {}

  /** Server time minus ours, milliseconds. */
  get offsetMs(): number {
    return Math.min(Math.max(0, this.#bounds.least), this.#bounds.most);
  }

  /** True once the other side has told its time. */
  get isKnown(): boolean {
    return this.#bounds.most !== Infinity;
  }

  /** The server's time now, whole epoch milliseconds. */
  now(): number {
    return Math.floor(this.clock.now() + this.offsetMs);
  }

  /**
   * Learns from an answer.
   * @param sentAtMs our wall clock when the request was sent
   * @param durationMs how long the answer took
   * @returns what the server's clock showed at the least when the request was sent, by its own word; undefined where the
   *   answer has no readable Date
   */
  observe(dateHeader: string | undefined, sentAtMs: number, durationMs: number): number | undefined {
    const date = Date.parse(dateHeader ?? '');
    if (Number.isNaN(date)) return undefined;
    const seen = { least: date - (sentAtMs + durationMs), most: date + DATE_RESOLUTION_MS - sentAtMs };
    const agreed = intersection(this.#bounds, seen) ?? (this.#doubted && intersection(this.#doubted, seen));
    this.#doubted = agreed === undefined ? seen : undefined;
    this.#bounds = agreed ?? this.#bounds;
    return Math.floor(date - durationMs);
  }
}

function intersection(a: Bounds, b: Bounds): Bounds | undefined {
  const [least, most] = [Math.max(a.least, b.least), Math.min(a.most, b.most)];
  return least <= most ? { least, most } : undefined;
}
