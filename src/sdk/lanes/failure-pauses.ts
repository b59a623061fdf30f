import type { ModuleError } from '../errors.js';
import { backoffMs } from '../http/backoff.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { TriggerContext } from '../trigger.js';
import { FailureReport } from './failure-report.js';

const BACKOFF = { firstDelayMs: 5_000, longestDelayMs: 300_000, deadlineMs: Infinity };
/** After a refusal that only an operator can mend: nobody is hammered. */
const REFUSAL_PAUSE_MS = 120_000;
/** The tail has the same two ends and tells what is wrong with them first; what lasts is told here as well. */
const TELL_AFTER_FAILURES = 3;

/** What is done about failures in a lane beside the tail: pauses that become longer, and a line once they last. */
export class FailurePauses {
  readonly #report: FailureReport;
  #failures = 0;

  /** @param doing what failed, at the begin of a sentence */
  constructor(
    private readonly doing: string,
    private readonly context: Pick<TriggerContext, 'log' | 'clock' | 'random'>,
    private readonly listener: PipelineListener,
  ) {
    this.#report = new FailureReport(context.log, context.clock);
  }

  /** It failed (again). @returns how long to pause, milliseconds */
  failed(error: ModuleError): number {
    const { random, log } = this.context;
    this.#failures += 1;
    const line = [`${this.doing} failed:`, error.message, error.advice ?? ''].join(' ').trim();
    const fields = { code: error.code };
    if (this.#failures > TELL_AFTER_FAILURES) this.#report.tell(error, line, { level: 'warning', fields });
    else log.debug(line, fields);
    const leastMs = error.retryable ? 0 : REFUSAL_PAUSE_MS;
    const delayMs = Math.max(backoffMs(BACKOFF, this.#failures, random), error.retryAfterMs ?? 0, leastMs);
    this.listener({ kind: 'waiting', delayMs });
    return delayMs;
  }

  /** Some of it succeeded: the next failure is a first one. */
  progressed(): void {
    this.#failures = 0;
  }

  /** It succeeded. @returns true where a failure had been told, which is over */
  succeeded(): boolean {
    this.#failures = 0;
    return this.#report.clear();
  }
}
