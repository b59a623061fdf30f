import { orAborted, placesOf, RateLimiter, type RequestLimiter, type Urgency } from '../../sdk/http/rate-limiter.js';
import type { Clock } from '../../sdk/ports.js';
import { KEY_PREFIX, type QueueConnection } from './queue-connection.js';

/** How often it is asked whether Redis is back, milliseconds. */
const ASK_AGAIN_MS = 250;

/*
 * Lets a request through, or tells after how many milliseconds to ask again. Two lists hold when the latest were let
 * through, newest first, by the one clock that all machines share: of all requests, and of the backlog's.
 */
const ADMIT = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local window, limit, backlogLimit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local wait = tonumber(redis.call('GET', KEYS[3]) or '0') - now
local function look(key, places)
  local oldest = redis.call('LINDEX', key, places - 1)
  if oldest then wait = math.max(wait, tonumber(oldest) + window - now) end
end
local function note(key)
  redis.call('LPUSH', key, string.format('%.0f', now))
  redis.call('LTRIM', key, 0, 999)
  redis.call('PEXPIRE', key, math.ceil(window / 1000) * 2)
end
look(KEYS[1], limit)
if backlogLimit > 0 then look(KEYS[2], backlogLimit) end
if wait > 0 then return math.ceil(wait / 1000) end
note(KEYS[1])
if backlogLimit > 0 then note(KEYS[2]) end
return 0`;

const HOLD = `
local time = redis.call('TIME')
local untilThen = time[1] * 1000000 + time[2] + tonumber(ARGV[1]) * 1000
if untilThen > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], string.format('%.0f', untilThen), 'PX', ARGV[1])
end
return 0`;

export interface SharedLimiterOptions {
  readonly connection: QueueConnection;
  /** Those that name the same one share one limit. */
  readonly credential: string;
  readonly requestsPerSecond: number;
  readonly clock: Clock;
}

/**
 * The rate limit of a credential that several machines use, kept in Redis: at most so many requests begin in any second on
 * all of them together, and none on any while the other side has said to wait.
 *
 * While Redis is away a backlog stops asking. Live requests, which only one machine has, go on at the pace that no backlog
 * may use anyway.
 */
export class SharedLimiter implements RequestLimiter {
  /** Sees to the order here: live requests first. */
  readonly #own: RateLimiter;
  /** Undefined where there is no such place. */
  readonly #withoutRedis: RateLimiter | undefined;
  readonly #keys: readonly [all: string, backlog: string, hold: string];
  readonly #turns: Record<Urgency, Promise<void>> = { live: Promise.resolve(), backlog: Promise.resolve() };
  /** What a Redis that has come back remembers of the last moments is not known. */
  #trustedFrom = -Infinity;

  constructor(private readonly options: SharedLimiterOptions) {
    const { connection, credential, clock, requestsPerSecond } = options;
    const { limit, backlogLimit, windowMs } = placesOf(requestsPerSecond);
    this.#own = new RateLimiter(clock, requestsPerSecond);
    this.#withoutRedis = limit > backlogLimit ? new RateLimiter(clock, limit - backlogLimit) : undefined;
    const key = `${KEY_PREFIX}:rate:${credential}`;
    this.#keys = [key, `${key}:backlog`, `${key}:hold`];
    connection.redis.on('ready', () => (this.#trustedFrom = clock.monotonic() + windowMs));
  }

  async admit(signal: AbortSignal, urgency: Urgency = 'live'): Promise<void> {
    await this.#own.admit(signal, urgency);
    const turn = this.#turns[urgency].then(() => this.#wait(signal, urgency));
    this.#turns[urgency] = turn;
    await orAborted(turn, signal);
  }

  hold(delayMs: number): void {
    this.#own.hold(delayMs);
    this.#withoutRedis?.hold(delayMs);
    const [, , key] = this.#keys;
    // Where Redis is away, the others ask for nothing.
    void this.options.connection
      .ask((redis) => redis.eval(HOLD, 1, key, Math.max(1, Math.ceil(delayMs))))
      .catch(() => undefined);
  }

  async #wait(signal: AbortSignal, urgency: Urgency): Promise<void> {
    const { clock, requestsPerSecond } = this.options;
    const { windowMs } = placesOf(requestsPerSecond);
    let awaySince: number | undefined;
    while (!signal.aborted) {
      const delayMs = await this.#ask(urgency);
      if (delayMs === 0) return;
      if (delayMs !== undefined) {
        awaySince = undefined;
        await clock.sleep(delayMs, signal);
        continue;
      }
      awaySince ??= clock.monotonic();
      // What was let through before is over by then.
      if (urgency === 'live' && this.#withoutRedis !== undefined && clock.monotonic() - awaySince >= windowMs) {
        await this.#withoutRedis.admit(signal);
        return;
      }
      await clock.sleep(ASK_AGAIN_MS, signal);
    }
  }

  /** @returns how long to wait, milliseconds; undefined where Redis does not tell */
  async #ask(urgency: Urgency): Promise<number | undefined> {
    const { clock, connection, requestsPerSecond } = this.options;
    const untrustedMs = this.#trustedFrom - clock.monotonic();
    if (untrustedMs > 0) return Math.ceil(untrustedMs);
    const { limit, backlogLimit, windowMs } = placesOf(requestsPerSecond);
    const ownLimit = urgency === 'live' ? 0 : backlogLimit;
    const micros = Math.ceil(windowMs * 1000);
    return connection
      .ask((redis) => redis.eval(ADMIT, 3, ...this.#keys, micros, limit, ownLimit))
      .then(Number)
      .catch(() => undefined);
  }
}
