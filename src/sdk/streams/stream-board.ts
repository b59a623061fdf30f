import { describeError, isForOperator, type ModuleError } from '../errors.js';
import type { Log } from '../observability/log.js';
import type { PipelineEvent } from '../pipeline/pipeline-event.js';

/** Which streams of a run fail; says `critical` where all of them do, for reasons that only an operator can mend. */
export class StreamBoard {
  readonly #failing = new Map<string, ModuleError>();
  #isTold = false;

  constructor(
    private readonly streams: number,
    private readonly log: Log,
  ) {}

  hear(event: PipelineEvent, stream: string): void {
    switch (event.kind) {
      case 'cycle-failed':
        this.#failing.set(stream, event.error);
        this.#tell(event.error);
        return;
      case 'caught-up':
        if (this.#failing.delete(stream)) this.#isTold = false;
        return;
      default:
    }
  }

  #tell(error: ModuleError): void {
    if (this.#isTold || this.#failing.size < this.streams) return;
    if (![...this.#failing.values()].every(isForOperator)) return;
    this.#isTold = true;
    this.log.critical(`None of ${this.streams} organizations can be collected: ${describeError(error)}`, {
      code: error.code,
      advice: error.advice,
    });
  }
}
