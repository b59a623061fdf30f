import { isCounted, isTimeForCritical } from './critical-rule.js';
import { describeError, isForOperator, ModuleError } from './errors.js';
import type { Log } from './observability/log.js';
import type { PipelineEvent } from './pipeline/pipeline-event.js';
import type { Clock } from './ports.js';
import { formatDuration } from './time/duration.js';

/**
 * Counts errors up to the next success, and says `critical`, once, when they have lasted for too long. A success is an
 * acknowledgement, or a cycle that left nothing owed: never the mere try.
 */
export class ErrorAccount {
  readonly #startedAt: number;
  #succeededAt: number;
  #errors = 0;
  #toldCritical = false;
  #log: Log | undefined;

  constructor(private readonly clock: Clock) {
    this.#startedAt = clock.monotonic();
    this.#succeededAt = this.#startedAt;
  }

  /** Counted errors since the last success. */
  get errors(): number {
    return this.#errors;
  }

  /** Whom to tell. */
  tellTo(log: Log): void {
    this.#log = log;
  }

  /** @param stream where a run has several, the one that tells: what it met it has told as an error, not as critical */
  hear(event: PipelineEvent, stream?: string): void {
    switch (event.kind) {
      case 'delivered':
      case 'caught-up':
        this.#errors = 0;
        this.#succeededAt = this.clock.monotonic();
        return;
      case 'cycle-failed':
        this.count(event.error, stream === undefined);
        return;
      default:
    }
  }

  /** @returns true where it made the account say `critical` */
  count(thrown: unknown, isToldAtOnce = true): boolean {
    // Whoever met it has said so at once; a single refused event is told as less than that.
    const isTold =
      isToldAtOnce &&
      thrown instanceof ModuleError &&
      isForOperator(thrown) &&
      thrown.code !== 'DESTINATION_REFUSES_EVENT';
    if (isTold) this.#toldCritical = true;
    if (!isCounted(thrown)) return false;
    this.#errors += 1;
    const now = this.clock.monotonic();
    const withoutSuccessMs = now - this.#succeededAt;
    const history = { errors: this.#errors, runningMs: now - this.#startedAt, withoutSuccessMs };
    if (this.#toldCritical || !isTimeForCritical(history)) return false;
    this.#toldCritical = true;
    this.#tell(thrown, withoutSuccessMs);
    return true;
  }

  #tell(thrown: unknown, withoutSuccessMs: number): void {
    const { code, advice } = thrown instanceof ModuleError ? thrown : {};
    const since = formatDuration(Math.floor(withoutSuccessMs / 60_000) * 60_000);
    const tries = `${this.#errors} tries in a row have failed`;
    this.#log?.critical(
      `Nothing could be collected for ${since}: ${tries}, the last one with: ${describeError(thrown)}`,
      {
        code,
        advice: `${advice ?? 'Look at the errors above.'} Nothing is lost: what is owed is collected after the next start.`,
      },
    );
  }
}
