import type { ClosedInterval } from '../checkpoint/owed-set.js';
import type { Clock } from '../ports.js';

const LONGEST_PAUSE_MS = 6 * 3_600_000;

interface Dispute extends ClosedInterval {
  /** How many more events the source counts than are accounted for; expected while it is not asked again. */
  readonly difference: number;
  readonly tries: number;
  /** When to ask again, on the monotonic clock. */
  readonly againAt: number;
}

/**
 * Ranges of which the source counts other numbers of events than it shows. They are asked for again less and less often;
 * meanwhile the rest can be compared.
 */
export class Disputes {
  /** Open ones, and those that are to be looked at again with this pass. */
  #open: Dispute[] = [];
  #reopened: Dispute[] = [];

  /** @param firstPauseMs how long the first pause is, about; each further one is twice as long */
  constructor(
    private readonly clock: Clock,
    private readonly firstPauseMs: number,
  ) {}

  get ranges(): ClosedInterval[] {
    return this.#open.map(({ fromMs, toMs }) => ({ fromMs, toMs }));
  }

  /** What differs in a range because of disputes that begin in it. */
  differenceIn({ fromMs, toMs }: ClosedInterval): number {
    return this.#open.reduce(
      (sum, dispute) => (dispute.fromMs >= fromMs && dispute.fromMs < toMs ? sum + dispute.difference : sum),
      0,
    );
  }

  /** Those whose pause is over count no more: they differ again, and are read again. */
  reopenDue(): void {
    const now = this.clock.monotonic();
    this.#reopened = this.#open.filter(({ againAt }) => againAt <= now);
    this.#open = this.#open.filter(({ againAt }) => againAt > now);
  }

  /** @returns true where there was no dispute about it before */
  open(range: ClosedInterval, difference: number): boolean {
    const tries = [...this.#open, ...this.#reopened]
      .filter((dispute) => overlap(dispute, range))
      .reduce((most, dispute) => Math.max(most, dispute.tries), 0);
    this.settle(range);
    const againAt = this.clock.monotonic() + Math.min(LONGEST_PAUSE_MS, this.firstPauseMs * 2 ** tries);
    const { fromMs, toMs } = range;
    this.#open.push({ fromMs, toMs, difference, tries: tries + 1, againAt });
    return tries === 0;
  }

  settle(range: ClosedInterval): void {
    this.#open = this.#open.filter((dispute) => !overlap(dispute, range));
  }
}

function overlap(a: ClosedInterval, b: ClosedInterval): boolean {
  return a.fromMs < b.toMs && b.fromMs < a.toMs;
}
