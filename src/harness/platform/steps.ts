import type { Clock } from '../../sdk/ports.js';

/** A step as it went. */
export interface PlayedStep {
  readonly name: string;
  readonly held: boolean;
  /** What was seen, or what was not. */
  readonly detail: string;
  readonly seconds: number;
}

/** Thrown by a step that did not hold. */
class NotHeld extends Error {}

/** Fails the step unless the condition holds. */
export function hold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new NotHeld(what);
}

const LOOK_EVERY_MS = 10;

/** Steps that are taken one after the other, up to the first that does not hold. */
export class Steps {
  readonly taken: PlayedStep[] = [];

  constructor(
    private readonly clock: Clock,
    /** Ends every wait. */
    private readonly requested: AbortSignal,
    private readonly onStep: (step: PlayedStep) => void,
  ) {}

  get allHeld(): boolean {
    return this.taken.every(({ held }) => held);
  }

  /** Takes a step, unless one did not hold before. `act` says what it saw. */
  async take(name: string, act: () => string | Promise<string>): Promise<void> {
    if (!this.allHeld || this.#isOver()) return;
    const startedAt = this.clock.monotonic();
    const [held, detail] = await Promise.resolve()
      .then(act)
      .then(
        (seen) => [true, seen] as const,
        (thrown: unknown) => {
          if (thrown instanceof NotHeld) return [false, thrown.message] as const;
          throw thrown;
        },
      );
    if (this.#isOver()) return;
    const step = { name, held, detail, seconds: (this.clock.monotonic() - startedAt) / 1000 };
    this.taken.push(step);
    this.onStep(step);
  }

  /** Waits for a condition; the step fails where it does not come true in time. */
  async until(condition: () => boolean, withinMs: number, what: string): Promise<void> {
    const startedAt = this.clock.monotonic();
    while (!condition()) {
      hold(!this.#isOver(), 'the play was ended');
      hold(this.clock.monotonic() - startedAt < withinMs, `not within ${withinMs / 1000} s: ${what}`);
      await this.clock.sleep(LOOK_EVERY_MS, this.requested);
    }
  }
  #isOver(): boolean {
    return this.requested.aborted;
  }
}
