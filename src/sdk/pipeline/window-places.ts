import type { Clock } from '../ports.js';
import type { PipelineEvent, PipelineListener } from './pipeline-event.js';
import { Places } from './places.js';

/** Windows of streams that work are read so many at the same time. */
const LIVE_PLACES = 12;
/** Those of streams whose last cycle failed: they wait for each other, and for nobody else. */
const TROUBLED_PLACES = 4;
/** Gaps and backlogs of all streams. */
const BACKLOG_PLACES = 4;
/** Batches of a window under way: with the one that is filled, three bodies. */
const PARALLEL_DELIVERIES = 2;
/** Who waits for a place tells so often that it does. */
const TELL_EVERY_MS = 60_000;

/** For what a window is read. */
type Lane = 'tail' | 'gap' | 'backfill';

/** A bound on the windows that are read at the same time. */
export interface WindowPlaces {
  /** Batches of one window under way at the most. */
  readonly parallelDeliveries: number;
  /** Resolves when a window may be read, or when the signal aborts. @returns to be called when it has ended */
  enter(lane: Lane, signal: AbortSignal): Promise<() => void>;
}

/**
 * The places of all streams of a run. A window that is read holds a kernel, pages and batches: that there are few of them
 * bounds the memory of any number of streams. A stream that fails holds its place while it tries, which is why it gets it elsewhere
 * from then on.
 */
export class SharedPlaces {
  readonly #live = new Places(LIVE_PLACES);
  readonly #troubled = new Places(TROUBLED_PLACES);
  readonly #backlog = new Places(BACKLOG_PLACES);

  constructor(private readonly clock: Clock) {}

  /** @param listener told of each minute that is waited: whoever waits is alive */
  ofStream(listener: PipelineListener): WindowPlaces & { hear(event: PipelineEvent): void } {
    let isWell = true;
    const poolOf = (lane: Lane): Places => {
      if (!isWell) return this.#troubled;
      return lane === 'tail' ? this.#live : this.#backlog;
    };
    return {
      parallelDeliveries: PARALLEL_DELIVERIES,
      enter: async (lane, signal) => {
        const pool = poolOf(lane);
        const isOver = new AbortController();
        const entered = pool.enter(signal, () => isOver.abort());
        while (!isOver.signal.aborted) {
          listener({ kind: 'waiting', delayMs: TELL_EVERY_MS });
          await this.clock.sleep(TELL_EVERY_MS, isOver.signal);
        }
        return entered;
      },
      hear({ kind }) {
        if (kind === 'cycle-failed') isWell = false;
        else if (kind === 'caught-up') isWell = true;
      },
    };
  }
}
