/** Upper ends of the histogram's steps, milliseconds; what is later falls into one more. */
export const LATENESS_STEPS_MS = [
  1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
] as const;

/** Services told apart; what else comes is counted together. */
const MOST_SERVICES = 64;

/** Numbers of events by step of lateness, one more than there are steps. */
export type LatenessHistogram = readonly number[];

/**
 * How long after its own time each event was first seen, by service. Only what says something about the source is
 * recorded: events of a tail that is up to date, and events that came behind it; not those of a backlog.
 */
export class Lateness {
  readonly #histograms = new Map<string, number[]>();

  /** @param stored what `toJSON` gave */
  constructor(stored: Readonly<Record<string, LatenessHistogram>> = {}) {
    for (const [service, counts] of Object.entries(stored)) this.#histograms.set(service, [...counts]);
  }

  /** @returns the name that it was recorded under */
  record(name: string, latenessMs: number): string {
    const service = this.#histograms.has(name) || this.#histograms.size < MOST_SERVICES ? name : 'other';
    const histogram = this.#histograms.get(service) ?? [...LATENESS_STEPS_MS, Infinity].map(() => 0);
    this.#histograms.set(service, histogram);
    const step = LATENESS_STEPS_MS.findIndex((endMs) => latenessMs <= endMs);
    const at = step === -1 ? LATENESS_STEPS_MS.length : step;
    histogram[at] = (histogram[at] ?? 0) + 1;
    return service;
  }

  toJSON(): Record<string, LatenessHistogram> {
    return Object.fromEntries([...this.#histograms].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** How many of a histogram's events were surely later than `limitMs`: those of the steps that begin at it or after it. */
export function laterThan(histogram: LatenessHistogram, limitMs: number): number {
  return histogram.reduce((sum, count, at) => {
    const beginsAtMs = at === 0 ? 0 : (LATENESS_STEPS_MS[at - 1] ?? Infinity);
    return beginsAtMs >= limitMs ? sum + count : sum;
  }, 0);
}
