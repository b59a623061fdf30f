import type { ModuleError } from '../errors.js';
import type { Log, LogFields } from '../observability/log.js';
import type { Clock } from '../ports.js';

/** A trouble that lasts is told again so often. */
const REPORT_AGAIN_MS = 3_600_000;

/** Tells each trouble once, and again only after an hour. */
export class FailureReport {
  /** What was reported last, and when, until all goes well again. */
  #reported: { readonly text: string; readonly atMs: number } | undefined;

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  tell(
    error: ModuleError,
    line: string,
    { level, fields }: { level: 'warning' | 'error' | 'critical'; fields: LogFields },
  ): void {
    const text = `${level} ${error.code}`;
    const isNews = this.#reported?.text !== text;
    if (!isNews && this.clock.monotonic() - (this.#reported?.atMs ?? 0) < REPORT_AGAIN_MS) {
      this.log.debug(line, fields);
      return;
    }
    this.#reported = { text, atMs: this.clock.monotonic() };
    this.log[level](line, fields);
  }

  /** @returns true where there was a trouble, which is over */
  clear(): boolean {
    const wasTrouble = this.#reported !== undefined;
    this.#reported = undefined;
    return wasTrouble;
  }
}
