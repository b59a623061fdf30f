import type { ReadingPace } from '../connector-parts.js';
import { isAbort, ModuleError } from '../errors.js';
import { REACH_MS } from '../ledger/border.js';
import type { Batch } from '../pipeline/destination.js';
import type { Places } from '../pipeline/places.js';
import { type LookBackOptions, planLookBack } from '../pipeline/planner.js';
import { type Pipeline, pumpWindow, type Pumped } from '../pipeline/pump.js';
import type { Source, Window } from '../pipeline/source.js';
import type { TriggerContext } from '../trigger.js';
import { FailurePauses } from './failure-pauses.js';

const PARALLEL_DELIVERIES = 1;
/** Of a page, what the tail may read again with each cycle: it hardly delays what is new, and takes no other request. */
const PART_OF_A_PAGE = 0.1;
/** Where pages have no known size. */
const USUAL_PAGE = 10_000;
/** An event is read again so many times at the most while it is looked back to: of many events that is dear. */
const MOST_READINGS = 30;
/** So many times as long as the last look-back took there is none. */
const REST = 4;
/** Never longer than so: it may have waited for the other side, a place or the disk. */
const LONGEST_REST_MS = 60_000;

/** How the tail looks back where a lane beside it does so as well. */
export function lookBackBeside({
  overlapMs,
  readingPace,
}: {
  readonly overlapMs: number;
  readonly readingPace?: ReadingPace;
}): LookBackOptions {
  const page = readingPace?.eventsPerRequest ?? USUAL_PAGE;
  return { overlapMs, mostRepeated: Math.floor(page * PART_OF_A_PAGE) };
}

export interface LookBackLaneOptions extends LookBackOptions {
  readonly frequencyMs: number;
  /** The source as it is read for a backlog, behind what is new. Default: as it is read for the tail. */
  readonly backlogSource?: Source;
  /** Whether both ends work, as far as the tail knows: until they do, trouble is met and told by it alone. */
  readonly isWell: () => boolean;
  /** Places that its batches share with others. */
  readonly sharedDeliveries?: Places;
}

/**
 * Reads again, beside the tail, what lies up to `overlap` behind its edge, for events that became visible late. Only where that is
 * so much that what is new would have to wait for it: otherwise each cycle of the tail begins with it.
 */
export class LookBackLane<B extends Batch> {
  readonly #pipeline: Pipeline<B>;
  readonly #failures: FailurePauses;

  constructor(
    private readonly options: LookBackLaneOptions,
    pipeline: Pipeline<B>,
    private readonly context: TriggerContext,
  ) {
    const { backlogSource: source = pipeline.source } = options;
    this.#pipeline = { ...pipeline, source };
    this.#failures = new FailurePauses('Looking back for late events', context, pipeline.listener);
  }

  /** Goes on until stopped. */
  async run(): Promise<void> {
    const { stop, clock } = this.context;
    while (!stop.requested.aborted) await clock.sleep(await this.#turn(), stop.requested);
  }

  /** @returns how long to pause, milliseconds */
  async #turn(): Promise<number> {
    const { stop, clock, log } = this.context;
    const { frequencyMs, overlapMs } = this.options;
    if (!this.options.isWell()) return frequencyMs;
    const startedAt = clock.monotonic();
    try {
      await this.#lookBack();
      if (this.#failures.succeeded()) log.info('Looking back for late events again');
      const restMs = Math.min(REST * (clock.monotonic() - startedAt), LONGEST_REST_MS);
      return Math.max(frequencyMs, overlapMs / MOST_READINGS, restMs);
    } catch (error) {
      if (isAbort(error) && stop.requested.aborted) return 0;
      if (!(error instanceof ModuleError) || error.code === 'STATE_LOCKED') throw error;
      return this.#failures.failed(error);
    }
  }

  async #lookBack(): Promise<void> {
    const { state, source, deadLetter } = this.#pipeline;
    await deadLetter.ensureRoom();
    const window = planLookBack(state, source.now(), this.options);
    if (window === undefined) return;
    // From now on, while it may have to wait for a place: the tail goes on, and ids are forgotten behind it.
    const { events, isComplete } = await state.remembering(window.fromMs, () => this.#read(window));
    if (isComplete) state.lookedBack(window.toMs);
    if (events > 0) this.context.log.info(`Delivered ${events} events that became visible late`);
  }

  #read(window: Window): Promise<Pumped> {
    const { collectedFromMs } = this.#pipeline.state.checkpoint;
    const { sharedDeliveries } = this.options;
    // As in the tail: whether bounds include their own instant is not known.
    const isFirst = window.fromMs <= collectedFromMs;
    const errand = {
      window: isFirst ? { ...window, fromMs: window.fromMs - REACH_MS } : window,
      // It is no gap: what is owed there, for other reasons, is for others to read.
      claim: { fromMs: window.fromMs, toMs: window.fromMs },
      ...({ lane: 'gap', place: 'tail' } as const),
      parallelDeliveries: PARALLEL_DELIVERIES,
      ...(sharedDeliveries && { sharedDeliveries }),
      lateBeforeMs: window.toMs,
    };
    return pumpWindow(errand, this.#pipeline);
  }
}
