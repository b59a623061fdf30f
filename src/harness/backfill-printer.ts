import type { Slice } from '../sdk/backfill/plan-slices.js';
import type { BackfillProgress } from '../sdk/lanes/backfill-lane.js';
import { outputStyle, type OutputStream } from '../sdk/observability/terminal.js';
import type { Clock, Environment } from '../sdk/ports.js';
import { formatDuration } from '../sdk/time/duration.js';
import { formatTimestamp } from '../sdk/time/timestamp.js';
import { alignColumns, paintFor, plural, printLine } from './output.js';

const BAR_WIDTH = 24;
/** Where nobody watches, a line now and then is enough. */
const LINE_EVERY_MS = 10_000;
/** Of a long plan its ends are shown. */
const MOST_LINES = 20;

/** How far it is, and how many workers share it, where there are any. */
export type ShownProgress = BackfillProgress & { readonly workers?: number | undefined };

/** Shows how far a backfill is: one line that changes on a terminal, elsewhere a line every ten seconds. */
export class BackfillPrinter {
  readonly #startedAt: number;
  readonly #isTerminal: boolean;
  #progress: ShownProgress | undefined;
  #printedAt: number;

  constructor(
    private readonly stream: OutputStream,
    environment: Environment,
    private readonly clock: Clock,
  ) {
    this.#isTerminal = outputStyle(stream, environment).human;
    this.#startedAt = this.#printedAt = clock.monotonic();
  }

  readonly hear = (progress: ShownProgress): void => {
    this.#progress = progress;
  };

  /** Goes on until the signal aborts, and leaves the line as it was last. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.clock.sleep(1000, signal);
      this.#print(signal.aborted);
    }
  }

  #print(isLast: boolean): void {
    if (this.#progress === undefined) return;
    const now = this.clock.monotonic();
    if (this.#isTerminal) {
      this.stream.write(`\r\u001b[K${progressLine(this.#progress, now - this.#startedAt)}${isLast ? '\n' : ''}`);
    } else if (isLast || now - this.#printedAt >= LINE_EVERY_MS) {
      this.#printedAt = now;
      printLine(this.stream, progressLine(this.#progress, now - this.#startedAt));
    }
  }
}

/** `[######······] 25 %  2,500 of 10,000 events  500/s  15s left  3 of 12 slices` */
export function progressLine({ planned, read, slices, slicesRead, workers }: ShownProgress, elapsedMs: number): string {
  const perSecond = elapsedMs > 0 ? (read / elapsedMs) * 1000 : 0;
  const share = planned === undefined ? slicesRead / Math.max(1, slices) : read / Math.max(1, planned);
  const done = slices > 0 && slicesRead >= slices ? 1 : Math.min(0.99, share);
  const filled = Math.floor(done * BAR_WIDTH);
  const bar = `[${'#'.repeat(filled)}${'·'.repeat(BAR_WIDTH - filled)}] ${String(Math.floor(done * 100)).padStart(3)} %`;
  const by = workers === undefined ? '' : `  ${plural(workers, 'worker')}`;
  const of = planned === undefined ? '' : ` of ${number(Math.max(planned, read))}`;
  const leftMs = planned === undefined || perSecond === 0 ? undefined : ((planned - read) / perSecond) * 1000;
  const left = leftMs === undefined || done === 1 ? '' : `  ${roughly(Math.max(0, leftMs))} left`;
  return `${bar}  ${number(read)}${of} events  ${number(Math.round(perSecond))}/s${left}  ${slicesRead} of ${slices} slices${by}`;
}

/** The plan as a table, in the order of reading. */
export function printPlan(stream: OutputStream, environment: Environment, slices: readonly Slice[]): void {
  const paint = paintFor(stream, environment);
  const rows = slices.map(({ fromMs, toMs, events }) => [
    formatTimestamp(fromMs),
    formatTimestamp(toMs),
    events === undefined ? 'unknown' : number(events),
  ]);
  const hidden = rows.length - MOST_LINES;
  const [head = '', ...lines] = alignColumns([['from (UTC)', 'to', 'events'], ...rows]);
  printLine(stream, paint('bold', head));
  lines.forEach((line, at) => {
    if (hidden <= 1 || at < MOST_LINES / 2 || at >= lines.length - MOST_LINES / 2) printLine(stream, line);
    else if (at === MOST_LINES / 2) printLine(stream, paint('dim', `... and ${hidden} more slices (--json shows all)`));
  });
}

/** A duration to two units or so: `1h20m`, `45s`. */
export function roughly(ms: number): string {
  const stepMs = ms >= 3_600_000 ? 60_000 : 1000;
  return formatDuration(Math.ceil(ms / stepMs) * stepMs);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
