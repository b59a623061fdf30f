import type { Clock } from '../ports.js';
import { Hold } from './hold.js';

/**
 * Whether a request may be made to wait for others: one of live events is not, one of a backlog is, and leaves some of the
 * places free.
 */
export type Urgency = 'live' | 'backlog';

/** What requests wait for before they begin. */
export interface RequestLimiter {
  /** Resolves when a request may begin, or at once when the signal aborts. The caller looks at the signal. Default: live. */
  admit(signal: AbortSignal, urgency?: Urgency): Promise<void>;
  /** The other side asked for silence: nothing begins for `delayMs`. */
  hold(delayMs: number): void;
  /** The other side answered, and asked for none. */
  answered?(): void;
}

/** A rate limit as places in a window of time. */
export interface Places {
  readonly limit: number;
  /** How many of them a backlog may take. */
  readonly backlogLimit: number;
  readonly windowMs: number;
}

/** One place in so many is kept free of the backlog, and at least one where there are two. Live requests may take all. */
const PLACES_FOR_A_FREE_ONE = 10;
/** So long after a live request the next is awaited, milliseconds: what asks less often can wait for the time of one place. */
const LIVE_AGAIN_WITHIN_MS = 5000;

/** What a number of requests a second comes to. Less than one a second is one in so many milliseconds. */
export function placesOf(requestsPerSecond: number): Places {
  const limit = Math.max(1, Math.floor(requestsPerSecond));
  return {
    limit,
    backlogLimit: limit - Math.min(limit - 1, Math.ceil(limit / PLACES_FOR_A_FREE_ONE)),
    windowMs: requestsPerSecond >= 1 ? 1000 : 1000 / requestsPerSecond,
  };
}

/**
 * Lets at most `requestsPerSecond` requests begin in any second, and none while the other side has said to wait. All
 * that share a credential share one of these. Live requests go before those of a backlog, and find a place free; where
 * there were none for a while, the backlog may take the whole limit, spread so that the next one has to wait for the time of
 * one place at the most.
 */
export class RateLimiter implements RequestLimiter {
  readonly #limit: number;
  readonly #backlogLimit: number;
  readonly #windowMs: number;
  /** When the latest requests were let through, oldest first. Never longer than the limit. */
  readonly #begun: number[] = [];
  /** The same of the backlog alone. */
  readonly #begunOfBacklog: number[] = [];
  readonly #hold: Hold;
  #liveAtMs: number;
  /** Requests of either urgency go through one after the other, in the order they asked. */
  readonly #turns: Record<Urgency, Promise<void>> = { live: Promise.resolve(), backlog: Promise.resolve() };
  #liveWaiting = 0;

  constructor(
    private readonly clock: Clock,
    requestsPerSecond: number,
  ) {
    this.#hold = new Hold(clock);
    this.#liveAtMs = clock.monotonic();
    const { limit, backlogLimit, windowMs } = placesOf(requestsPerSecond);
    this.#limit = limit;
    this.#backlogLimit = backlogLimit;
    this.#windowMs = windowMs;
  }

  /** Resolves when a request may begin, or at once when the signal aborts. The caller looks at the signal. */
  async admit(signal: AbortSignal, urgency: Urgency = 'live'): Promise<void> {
    const turn = this.#turns[urgency].then(() => this.#wait(signal, urgency));
    if (urgency === 'live') {
      this.#liveWaiting += 1;
      void turn.finally(() => (this.#liveWaiting -= 1));
    }
    this.#turns[urgency] = turn;
    // Whoever is told to stop does not wait for those before it; its turn, once it comes, is over at once.
    await orAborted(turn, signal);
  }

  /** The other side asked for silence: nothing begins for `delayMs`. */
  hold(delayMs: number): void {
    this.#hold.extend(delayMs);
  }

  async #wait(signal: AbortSignal, urgency: Urgency): Promise<void> {
    for (;;) {
      if (signal.aborted) return;
      if (urgency === 'backlog' && this.#liveWaiting > 0) {
        await orAborted(this.#turns.live, signal);
        continue;
      }
      const delayMs = Math.max(this.#freeInMs(urgency), this.#hold.leftMs);
      if (delayMs <= 0) break;
      await this.clock.sleep(Math.ceil(delayMs), signal);
    }
    this.#note(this.#begun, this.#limit);
    if (urgency === 'backlog') this.#note(this.#begunOfBacklog, this.#limit);
    else this.#liveAtMs = this.clock.monotonic();
  }

  #note(begun: number[], limit: number): void {
    begun.push(this.clock.monotonic());
    if (begun.length > limit) begun.shift();
  }

  /** How long until there is a place, milliseconds; 0 or less where there is one. */
  #freeInMs(urgency: Urgency): number {
    const freeAt = (begun: readonly number[], places: number, windowMs: number): number =>
      begun.length < places ? -Infinity : (begun[begun.length - places] ?? -Infinity) + windowMs;
    const nowMs = this.clock.monotonic();
    const all = freeAt(this.#begun, this.#limit, this.#windowMs);
    if (urgency === 'live') return all - nowMs;
    const isAwaited = nowMs - this.#liveAtMs < LIVE_AGAIN_WITHIN_MS || this.#limit === 1;
    // All places but one, in the time of all but one: that is the whole limit, and the next place is never far.
    const [others, othersMs] = [this.#limit - 1, (this.#windowMs * (this.#limit - 1)) / this.#limit];
    const own = isAwaited
      ? freeAt(this.#begunOfBacklog, this.#backlogLimit, this.#windowMs)
      : freeAt(this.#begunOfBacklog, others, othersMs);
    return Math.max(all, own) - nowMs;
  }
}

/** Resolves with the promise, or when the signal aborts. */
export function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      signal.removeEventListener('abort', finish);
      resolve();
    };
    signal.addEventListener('abort', finish, { once: true });
    if (signal.aborted) finish();
    promise.then(finish, reject);
  });
}
