const SILENCE_MS = 60_000;
const MOST_KEYS = 4096;

/** Lets the same thing through once a minute. It remembers 4096 things; beyond that the oldest are forgotten. */
export class RepeatFilter {
  /** When each was let through last, in that order. */
  readonly #admittedAt = new Map<string, number>();

  /** @param nowMs on a clock that never goes back */
  admit(key: string, nowMs: number): boolean {
    const before = this.#admittedAt.get(key);
    if (before !== undefined && nowMs - before < SILENCE_MS) return false;
    this.#admittedAt.delete(key);
    this.#admittedAt.set(key, nowMs);
    const [oldest] = this.#admittedAt.keys();
    if (this.#admittedAt.size > MOST_KEYS && oldest !== undefined) this.#admittedAt.delete(oldest);
    return true;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#admittedAt.size;
  }
}
