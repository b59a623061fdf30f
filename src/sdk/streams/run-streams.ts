import { isAbort, ModuleError } from '../errors.js';
import { FairRateLimiter } from '../http/fair-rate-limiter.js';
import { SpareBodies } from '../intake/spare-bodies.js';
import { keepRunning } from '../keep-running.js';
import type { Log } from '../observability/log.js';
import { reportError } from '../observability/report-error.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import { SharedPlaces } from '../pipeline/window-places.js';
import { Stop } from '../stop.js';
import { folderStorage } from '../storage/folder-storage.js';
import type { TriggerContext, TriggerStream } from '../trigger.js';
import { StreamBoard } from './stream-board.js';
import { streamLog } from './stream-log.js';
import { leaveRoot } from './streams-document.js';

/** Cycles are spread over the frequency; where there are few streams, the next one begins after this all the same. */
const LONGEST_GAP_MS = 1_000;
/** As in `LONGEST_RETRY_MS` of what is sent: who fails lets others go on. */
const RETRY_FOR_MS = 30_000;
/** With `once`, so many streams are read at the same time. */
const AT_ONCE = 8;

/** What the pace of a stream is made of. */
export interface StreamPace {
  /** From the start of a cycle to the start of the next, milliseconds. */
  readonly frequencyMs: number;
  /** Of all streams together. */
  readonly requestsPerSecond: number;
}

/** Runs one stream, as `runConnector` does. */
type RunStream<Settings> = (stream: TriggerStream<Settings>, context: TriggerContext) => Promise<void>;

/**
 * Runs several streams side by side, each with its own state below the data path, under one rate limit and one bound of memory.
 * One that ends or fails is begun again by itself, and changes nothing for the others; with `once` each runs to its end.
 * @throws ModuleError STATE_LOCKED where another process has taken over the data path; with `once`, the first failure, when all have ended
 */
export async function runStreams<Settings extends StreamPace>(
  streams: readonly TriggerStream<Settings>[],
  run: RunStream<Settings>,
  context: TriggerContext,
): Promise<void> {
  const company = new Company(streams, context);
  await company.leaveStateAtTheRoot(streams.length);
  const everySeconds = Math.round((streams[0]?.settings.frequencyMs ?? 0) / 1000);
  context.log.info(`Collecting ${streams.length} organizations, each every ${everySeconds} s`);
  const whole = Stop.within(context.stop);
  const runOne = (stream: TriggerStream<Settings>): Promise<void> => company.run(stream, run, whole.stop);
  try {
    if (context.once) await eachOnce(streams, runOne, context);
    else await allAlong(streams, runOne, { context, stop: whole.stop });
  } finally {
    whole.release();
  }
}

/** What all streams of a run have in common. */
class Company<Settings extends StreamPace> {
  readonly #limiter: FairRateLimiter;
  readonly #places: SharedPlaces;
  readonly #spareBodies = new SpareBodies();
  readonly #board: StreamBoard;

  constructor(
    streams: readonly TriggerStream<Settings>[],
    private readonly context: TriggerContext,
  ) {
    const { clock, log } = context;
    this.#limiter = new FairRateLimiter(clock, streams[0]?.settings.requestsPerSecond ?? 1, RETRY_FOR_MS);
    this.#places = new SharedPlaces(clock);
    this.#board = new StreamBoard(streams.length, log);
  }

  /** A data path that belonged to a single stream keeps what it has, and nobody reads it any more. */
  async leaveStateAtTheRoot(streams: number): Promise<void> {
    const { storage, log } = this.context;
    if ((await storage.read('context.json')) === undefined) return;
    await leaveRoot(storage, streams);
    log.warning(
      'The data path holds the state of a single stream as well: it is left alone. To go on with it, stop the connector and ' +
        'move context.json, ledger, proofs, backup and dead-letter into the folder of its organization (docs/organizations.md)',
    );
  }

  async run(stream: TriggerStream<Settings>, run: RunStream<Settings>, stop: Stop): Promise<void> {
    const log = streamLog(this.context.log, stream);
    const { name } = stream;
    const places = this.#places.ofStream((event) => listener(event));
    const listener: PipelineListener = (event) => {
      places.hear(event);
      this.#board.hear(event, name);
      this.context.listener?.(event, name);
    };
    const context = {
      ...this.context,
      storage: folderStorage(this.context.storage, stream.folder),
      retryForMs: RETRY_FOR_MS,
      share: { limiter: this.#limiter.party(), places, spareBodies: this.#spareBodies },
      ...{ log, listener },
    };
    if (context.once) return run(stream, { ...context, stop });
    return this.#keep((own) => run(stream, { ...context, stop: own }), { log, listener, stop });
  }

  #keep(
    run: (stop: Stop) => Promise<void>,
    { log, listener, stop }: { readonly log: Log; readonly listener: PipelineListener; readonly stop: Stop },
  ): Promise<void> {
    const { clock, random } = this.context;
    // A stream that cannot even begin has failed like one whose cycle did.
    const count = (thrown: unknown): boolean => {
      if (thrown instanceof ModuleError) listener({ kind: 'cycle-failed', error: thrown, delayMs: 0 });
      return false;
    };
    return keepRunning(run, { stop, clock, random, log, listener, errors: { count }, isFinal: isForAll });
  }
}

async function allAlong<Settings extends StreamPace>(
  streams: readonly TriggerStream<Settings>[],
  runOne: (stream: TriggerStream<Settings>) => Promise<void>,
  { context: { clock }, stop }: { readonly context: TriggerContext; readonly stop: Stop },
): Promise<void> {
  const gapMs = Math.min(LONGEST_GAP_MS, (streams[0]?.settings.frequencyMs ?? 0) / streams.length);
  const runs = streams.map(async (stream, index) => {
    await clock.sleep(gapMs * index, stop.requested);
    if (!stop.requested.aborted) await runOne(stream);
  });
  try {
    await Promise.all(runs);
  } catch (error) {
    stop.request();
    await Promise.allSettled(runs);
    throw error;
  }
}

async function eachOnce<Settings>(
  streams: readonly TriggerStream<Settings>[],
  runOne: (stream: TriggerStream<Settings>) => Promise<void>,
  { log, stop }: TriggerContext,
): Promise<void> {
  const left = [...streams];
  const failures: unknown[] = [];
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let stream = left.shift(); stream !== undefined && !stop.requested.aborted; stream = left.shift()) {
      await runOne(stream).catch((thrown: unknown) => {
        if (isAbort(thrown) && stop.requested.aborted) return;
        failures.push(thrown);
        reportError(streamLog(log, stream), thrown);
      });
    }
  });
  await Promise.all(workers);
  if (failures.length > 0) throw failures[0];
}

/** Somebody else works on the whole data path: ours is outdated. */
function isForAll(thrown: unknown): boolean {
  return thrown instanceof ModuleError && thrown.code === 'STATE_LOCKED';
}
