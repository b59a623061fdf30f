import { planBackfill, type BackfillPlan } from '../sdk/backfill/plan-backfill.js';
import { eventsOf, inOrderOfReading, leastDurationMs, planSlices, type Slice } from '../sdk/backfill/plan-slices.js';
import { Readers } from '../sdk/backfill/readers.js';
import type { ClosedInterval } from '../sdk/checkpoint/owed-set.js';
import { createPipeline } from '../sdk/connector.js';
import { ModuleError } from '../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../sdk/exit-code.js';
import { BackfillLane } from '../sdk/lanes/backfill-lane.js';
import { LookBackLane, lookBackBeside } from '../sdk/lanes/look-back-lane.js';
import { RepairLane } from '../sdk/lanes/repair-lane.js';
import { TailLane } from '../sdk/lanes/tail-lane.js';
import { escapeControls } from '../sdk/observability/escape-controls.js';
import type { OutputStream } from '../sdk/observability/terminal.js';
import { audit, type AuditRow } from '../sdk/reconciliation/audit.js';
import { Stop } from '../sdk/stop.js';
import { formatTimestamp } from '../sdk/time/timestamp.js';
import { BackfillPrinter, printPlan, roughly, type ShownProgress } from './backfill-printer.js';
import { type BackfillRange, rangeOf } from './backfill-range.js';
import { confirmed } from './confirm.js';
import { plural, printJson, printLine } from './output.js';
import type { SharedQueue } from './queue/shared-queue.js';
import type { OpenStream } from './stream.js';
import { lengthOfLines } from './time-options.js';
import type { HarnessWorld } from './world.js';

const DAY_MS = 86_400_000;

/** What is wanted of a backfill. */
interface BackfillWish extends BackfillRange {
  readonly dryRun?: true;
  readonly json?: true;
  /** Nobody is asked before events are delivered again. */
  readonly yes?: true;
}

/** How a backfill is run where it is not the command of that name. */
interface BackfillOptions {
  /** Where words go. Default: to standard output, but with `--json` to standard error. */
  readonly words?: OutputStream;
  /** Where the result goes as JSON. Default: to standard output. */
  readonly result?: OutputStream;
  /** No tail is beside it: what lies before the end of the range is read, and nothing behind it. */
  readonly isAlone?: boolean;
  /** Whom the old part is handed to. Default: it is read here. */
  readonly queue?: SharedQueue;
}

/** A range that is put among the owed, read, and proven. */
export class Backfill {
  readonly #words: OutputStream;
  readonly #result: OutputStream;

  constructor(
    private readonly stream: OpenStream,
    private readonly world: HarnessWorld,
    private readonly flags: BackfillWish,
    private readonly options: BackfillOptions = {},
  ) {
    // Of a program that reads the result nothing else may be seen.
    this.#words = options.words ?? (flags.json === true ? world.stderr : world.stdout);
    this.#result = options.result ?? world.stdout;
  }

  async run(): Promise<ExitCode> {
    const { parts, state, context } = this.stream;
    const { requested } = context.stop;
    await parts.source.learnTime(requested);
    const range = rangeOf(this.flags, parts.source.now(), parts.retentionMs);
    // Without a tail nobody else would read what has happened since the last time.
    if (this.options.isAlone === true) state.leaveToBackfill(range.toMs, parts.overlapMs);
    const plan = await planBackfill(range, { state, source: parts.source }, requested);
    if (this.flags.dryRun === true) return this.#print(range, plan, await this.#slices(plan));
    if (!(await this.#take(plan))) return EXIT_CODE.failed;
    const startedAt = context.clock.monotonic();
    const delivered = await this.#collect();
    return this.#prove(range, delivered, context.clock.monotonic() - startedAt);
  }

  /** Puts the range among the owed, and reads nothing. @returns false where that was not confirmed */
  async prepare(): Promise<boolean> {
    const { parts, state, context } = this.stream;
    const { requested } = context.stop;
    await parts.source.learnTime(requested);
    const range = rangeOf(this.flags, parts.source.now(), parts.retentionMs);
    return this.#take(await planBackfill(range, { state, source: parts.source }, requested));
  }

  #say(line: string): void {
    printLine(this.#words, line);
  }

  async #take(plan: BackfillPlan): Promise<boolean> {
    const { state } = this.stream;
    this.#tellKnown(plan);
    if (!(await this.#mayRepeat(plan))) return false;
    for (const fresh of plan.fresh) state.backfill(fresh);
    // Durable before anything is read.
    await state.commit({ entries: [], settled: undefined });
    return true;
  }

  async #slices({ fresh, resumed }: BackfillPlan): Promise<Slice[]> {
    const { source, retentionMs, readingPace } = this.stream.parts;
    const { clock, stop } = this.stream.context;
    const readers = new Readers(clock, readingPace && { pace: readingPace });
    const count = readers.timed((range) => source.count(range, stop.requested));
    const slices = await planSlices([...fresh, ...resumed], count, { atOnce: () => readers.wanted });
    return inOrderOfReading(slices, source.now() - retentionMs + DAY_MS);
  }

  #print(range: ClosedInterval, plan: BackfillPlan, slices: readonly Slice[]): ExitCode {
    const { stdout, environment } = this.world;
    const { readingPace } = this.stream.parts;
    const events = eventsOf(slices);
    const durationMs = readingPace && leastDurationMs(slices, readingPace);
    if (this.flags.json === true) {
      printJson(stdout, {
        ...asJson(range),
        events: events ?? null,
        seconds: durationMs === undefined ? null : Math.ceil(durationMs / 1000),
        slices: slices.map((slice) => ({ ...asJson(slice), events: slice.events ?? null })),
        resumed: plan.resumed.map(asJson),
        delivered_before: plan.known.map(asJson),
        delivered_again: plan.repeated.map(asJson),
      });
      return EXIT_CODE.ok;
    }
    if (slices.length > 0) printPlan(stdout, environment, slices);
    this.#tellKnown(plan);
    for (const repeated of plan.repeated) this.#say(repeatWarning(repeated));
    const number = events === undefined ? 'An unknown number of events' : plural(events, 'event');
    const time =
      readingPace === undefined || durationMs === undefined
        ? ''
        : `, at least ${roughly(durationMs)} at ${readingPace.requestsPerSecond} requests a second with ` +
          `${readingPace.eventsPerRequest} events each`;
    this.#say(`${number} in ${plural(slices.length, 'slice')}${time}. Nothing was collected.`);
    return EXIT_CODE.ok;
  }

  #tellKnown({ known, resumed }: BackfillPlan): void {
    for (const { fromMs, toMs } of known) {
      this.#say(`Not read again: ${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)} was collected before`);
    }
    for (const { fromMs, toMs } of resumed) {
      this.#say(`Going on with what is still owed: ${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)}`);
    }
  }

  async #mayRepeat({ repeated }: BackfillPlan): Promise<boolean> {
    if (repeated.length === 0) return true;
    for (const range of repeated) printLine(this.world.stderr, repeatWarning(range));
    return confirmed('Go on?', this.flags.yes === true, this.world);
  }

  /** The backfill, with the tail beside it where it is not alone. @returns how many events the backfill delivered */
  async #collect(): Promise<number> {
    const { parts, state, context } = this.stream;
    const { stop, clock } = context;
    const pipeline = createPipeline(parts, context, state);
    // The tail ends with the backfill, which does not end the command.
    const tailStop = new Stop();
    stop.requested.addEventListener('abort', () => tailStop.request());
    stop.forced.addEventListener('abort', () => tailStop.force());
    const quiet = { onRecovery: () => undefined, onSuccess: () => undefined };
    const tailContext = { ...context, stop: tailStop, once: false };
    const besideIt = { ...pipeline, stop: tailStop };
    const tail = new TailLane({ ...parts, ...lookBackBeside(parts), ...quiet }, besideIt, tailContext);
    const isWell = (): boolean => tail.isWell;
    const late = new LookBackLane({ ...parts, ...lookBackBeside(parts), isWell }, besideIt, tailContext);
    const printer = new BackfillPrinter(this.#words, this.world.environment, clock);
    let delivered = 0;
    const onProgress = (progress: ShownProgress): void => {
      ({ delivered } = progress);
      printer.hear(progress);
    };
    const collection = this.options.queue
      ? this.options.queue.collection(this.stream, pipeline, {
          onProgress,
          // Others may write to Redis.
          warn: (text) => printLine(this.world.stderr, `Warning: ${escapeControls(text)}`),
        })
      : new BackfillLane({ ...parts, onProgress }, pipeline, context);
    const isOver = new AbortController();
    const lanes = this.options.isAlone === true ? [] : [tail.run(), late.run()];
    const beside = Promise.allSettled([...lanes, printer.run(isOver.signal)]);
    try {
      await collection.untilDone();
      return delivered;
    } finally {
      tailStop.request();
      isOver.abort();
      await beside;
    }
  }

  /** Compares counts, fetches what they show to be missing where its ids are known, and tells what is proven. */
  async #prove(range: ClosedInterval, delivered: number, tookMs: number): Promise<ExitCode> {
    const { parts, state, context } = this.stream;
    const { requested } = context.stop;
    await new RepairLane(parts, createPipeline(parts, context, state), context).pass();
    const [, stepMs] = lengthOfLines(range.fromMs, range.toMs);
    const toMs = Math.min(range.toMs, state.owed.tailFromMs ?? range.toMs);
    const options = { state, source: parts.source, horizonMs: parts.settlingHorizonMs };
    const rows: AuditRow[] = [];
    try {
      for await (const row of audit({ fromMs: range.fromMs, toMs }, stepMs, options, requested)) rows.push(row);
    } catch (error) {
      if (!(error instanceof ModuleError) || error.code !== 'SOURCE_CANNOT_COUNT') throw error;
      return this.#tellUncounted({ fromMs: range.fromMs, toMs }, delivered, tookMs);
    }
    const unproven = rows.filter((row) => !isProven(row));
    const held = rows.reduce((sum, { source = 0 }) => sum + source, 0);
    const missing = rows.reduce((sum, row) => sum + row.missing, 0);
    if (this.flags.json === true) {
      printJson(this.#result, {
        ...asJson({ fromMs: range.fromMs, toMs }),
        ...{ delivered, held, missing, seconds: Math.ceil(tookMs / 1000), proven: unproven.length === 0 },
        unproven: unproven.map((row) => ({ ...asJson(row), missing: row.missing, verdict: row.verdict })),
      });
    } else {
      this.#say(`Delivered ${plural(delivered, 'event')} in ${roughly(tookMs)}.`);
      for (const row of unproven) {
        const what = row.missing > 0 ? `${row.missing} missing` : 'cannot be compared';
        this.#say(`Not proven: ${formatTimestamp(row.fromMs)} to ${formatTimestamp(row.toMs)}, ${what}`);
      }
      this.#say(
        unproven.length === 0
          ? `Proven by counts: the source holds ${plural(held, 'event')} in the range, and all of them are delivered or in the dead letter.`
          : "'sekoia-module audit' tells more.",
      );
    }
    return unproven.length === 0 ? EXIT_CODE.ok : EXIT_CODE.failed;
  }

  /** Everything shown was delivered, and more than that nobody can say. */
  #tellUncounted(range: ClosedInterval, delivered: number, tookMs: number): ExitCode {
    const seconds = Math.ceil(tookMs / 1000);
    if (this.flags.json === true) printJson(this.#result, { ...asJson(range), delivered, seconds, proven: null });
    else {
      this.#say(`Delivered ${plural(delivered, 'event')} in ${roughly(tookMs)}.`);
      this.#say('The source has no counts: what it showed is delivered, and nothing beyond that can be proven.');
    }
    return EXIT_CODE.ok;
  }
}

/** Nothing that the source holds is missing; what it does not hold any more is none of its events. */
function isProven({ verdict, missing, source }: AuditRow): boolean {
  return (
    missing === 0 && (verdict === 'proven' || verdict === 'settling' || (verdict === 'unknown' && source !== undefined))
  );
}

function repeatWarning({ fromMs, toMs }: ClosedInterval): string {
  return (
    `Warning: events from ${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)} are delivered again where they were ` +
    'delivered before: their ids are forgotten.'
  );
}

function asJson({ fromMs, toMs }: ClosedInterval): { from: string; to: string } {
  return { from: formatTimestamp(fromMs), to: formatTimestamp(toMs) };
}
