import type { ReadingPace } from '../connector-parts.js';
import type { Clock } from '../ports.js';
import { type Count, SLICES_AT_ONCE } from './plan-slices.js';

/** Fewer would leave this process without work between two pages of one of them. */
const FEWEST_READERS = 2;
/** Each has a page that arrives, one that was asked for, and a batch that is filled. */
const MOST_READERS = 8;
/** About so long a page of ten thousand events keeps this process busy. */
const BUSY_MS = 50;
/** Where nothing has been asked yet. */
const USUAL_WAIT_MS = 200;

/** What is known of the source. */
export interface ReadersOptions {
  readonly pace?: ReadingPace;
  /** Not more than these, whatever would be quickest. */
  readonly most?: number;
}

/**
 * How many slices are read at the same time. A reader waits for its page and then keeps this process busy with it: one, and as
 * many more as it takes to fill the wait, but no more than the rate limit lets ask. The shortest wait counts: others may have
 * been for the rate limit, or for a failure to pass.
 */
export class Readers {
  /** The shortest wait for the first events of a full page, milliseconds. */
  #pageMs: number | undefined;
  /** That for a count: it tells until there is a page. */
  #countMs: number | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly options: ReadersOptions = {},
  ) {}

  /** Counts, and takes down how long an answer takes. */
  timed(count: Count): Count {
    return async (range) => {
      const askedAt = this.clock.monotonic();
      const counted = await count(range);
      this.#countMs = Math.min(this.#countMs ?? Infinity, this.clock.monotonic() - askedAt);
      return counted;
    };
  }

  /** A slice is begun. @returns to be told how many events of it were read, each time; says whether `wanted` may be another one now */
  begin(): (events: number) => boolean {
    const { eventsPerRequest = Infinity } = this.options.pace ?? {};
    const askedAt = this.clock.monotonic();
    let waitMs: number | undefined;
    let read = 0;
    return (events) => {
      waitMs ??= this.clock.monotonic() - askedAt;
      const isPage = read < eventsPerRequest && read + events >= eventsPerRequest;
      read += events;
      // Of a few events an answer comes sooner than usual.
      if (isPage) this.#pageMs = Math.min(this.#pageMs ?? Infinity, waitMs);
      return isPage;
    };
  }

  /** So many slices are to be read now. */
  get wanted(): number {
    const { pace, most = MOST_READERS } = this.options;
    const waitMs = this.#pageMs ?? this.#countMs ?? USUAL_WAIT_MS;
    const needed = 1 + waitMs / BUSY_MS;
    const allowed = pace === undefined ? SLICES_AT_ONCE : (pace.requestsPerSecond * (waitMs + BUSY_MS)) / 1000;
    return Math.min(most, MOST_READERS, Math.max(FEWEST_READERS, Math.ceil(Math.min(needed, allowed))));
  }
}
