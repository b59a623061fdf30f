import { ModuleError } from '../errors.js';
import type { Clock } from '../ports.js';
import { Hold } from './hold.js';
import { RateLimiter, type RequestLimiter, type Urgency } from './rate-limiter.js';

/** So many parties told to wait, one after the other and nobody answered in between: then the limit is all the parties'. */
const TOLD_FOR_ALL = 3;

/**
 * One rate limit for several parties, as the organizations that are read with one key. Whoever waits has a turn before anybody
 * has a second one, and live requests go before those of a backlog, so that no party can starve another.
 *
 * What the other side says to wait for holds back the party that it was said to, since that may be the trouble of its own data. Where three
 * parties are told so in a row (or all, of fewer), it holds back all of them.
 */
export class FairRateLimiter {
  readonly #lines: Record<Urgency, Line>;
  readonly #all: Hold;
  /** Those told to wait since anybody was last answered otherwise. */
  readonly #told = new Set<object>();
  #parties = 0;

  /**
   * @param longestHoldMs whoever would be held back for longer is refused at once: while waiting it may hold what others
   *   need. Default: everybody waits
   */
  constructor(
    private readonly clock: Clock,
    requestsPerSecond: number,
    private readonly longestHoldMs = Infinity,
  ) {
    const limiter = new RateLimiter(clock, requestsPerSecond);
    this.#lines = { live: new Line(limiter, 'live'), backlog: new Line(limiter, 'backlog') };
    this.#all = new Hold(clock);
  }

  /**
   * The limit as one more party meets it. `admit` rejects with a ModuleError SOURCE_RATE_LIMITED where it is held back for too
   * long.
   */
  party(): RequestLimiter {
    this.#parties += 1;
    const own = new Hold(this.clock);
    const heldMs = (): number => Math.max(own.leftMs, this.#all.leftMs);
    return {
      admit: async (signal, urgency = 'live') => {
        do {
          for (let leftMs = heldMs(); leftMs > 0 && !signal.aborted; leftMs = heldMs()) {
            if (leftMs > this.longestHoldMs) throw heldForLong(leftMs);
            await this.clock.sleep(Math.ceil(leftMs), signal);
          }
          if (!signal.aborted) await this.#lines[urgency].turn(own, signal);
          // It may have been told to wait meanwhile.
        } while (heldMs() > 0 && !signal.aborted);
      },
      hold: (delayMs) => {
        own.extend(delayMs);
        this.#told.add(own);
        if (this.#told.size >= Math.min(TOLD_FOR_ALL, this.#parties)) this.#all.extend(delayMs);
      },
      answered: () => this.#told.clear(),
    };
  }
}

function heldForLong(retryAfterMs: number): ModuleError {
  return new ModuleError('SOURCE_RATE_LIMITED', 'The source has asked for no requests for a while', {
    retryAfterMs,
    advice: 'Nothing to do: the work goes on at the pace that is allowed.',
  });
}

/** Requests of one urgency that wait for a place, each party's in the order they came. */
class Line {
  /** The first party is the next. */
  readonly #waiting = new Map<object, (() => void)[]>();
  #isMoving = false;
  /** Aborts when nobody waits any more. */
  #deserted = new AbortController();

  constructor(
    private readonly limiter: RateLimiter,
    private readonly urgency: Urgency,
  ) {}

  /** Resolves when it is the party's turn, or when the signal aborts. */
  turn(party: object, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#remove(party, go);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      const requests = this.#waiting.get(party);
      if (requests === undefined) this.#waiting.set(party, [go]);
      else requests.push(go);
      void this.#move();
    });
  }

  async #move(): Promise<void> {
    if (this.#isMoving) return;
    this.#isMoving = true;
    while (this.#waiting.size > 0) {
      const deserted = (this.#deserted = new AbortController());
      await this.limiter.admit(deserted.signal, this.urgency);
      if (!deserted.signal.aborted) this.#letNextGo();
    }
    this.#isMoving = false;
  }

  #letNextGo(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    const [party, [go, ...others]] = next;
    this.#waiting.delete(party);
    if (others.length > 0) this.#waiting.set(party, others);
    go?.();
  }

  #remove(party: object, go: () => void): void {
    const others = (this.#waiting.get(party) ?? []).filter((each) => each !== go);
    if (others.length > 0) this.#waiting.set(party, others);
    else this.#waiting.delete(party);
    if (this.#waiting.size === 0) this.#deserted.abort();
  }
}
