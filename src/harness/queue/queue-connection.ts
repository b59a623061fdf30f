import { isIP } from 'node:net';

import type { Redis } from 'ioredis';

import { describeError, isAbort, ModuleError } from '../../sdk/errors.js';
import { failedStage, STAGE_REMEDIES } from '../../sdk/http/reachability.js';
import type { QueueAddress } from './queue-address.js';

/** All keys of ours, and of BullMQ's, begin so. */
export const KEY_PREFIX = 'sekoia-module';

/** What a silent server may take to let us in, or to answer, milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 10_000;
const LONGEST_RECONNECT_MS = 2_000;
/** Answers that waiting does not change. */
const REFUSALS = /\b(NOAUTH|WRONGPASS|NOPERM|DENIED)\b|ACL failure|DB index is out of range/;
const TLS_ADVICE = `${STAGE_REMEDIES.TLS} A Redis without TLS has an address that begins with redis://.`;
const INSTALL_ADVICE = "Install them beside this package: 'npm install bullmq ioredis'.";

/** What all connections to one Redis have in common. */
interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: { readonly servername?: string };
  readonly lazyConnect: true;
  readonly connectTimeout: number;
  /** Milliseconds until the next try; null ends them. */
  readonly retryStrategy: (tries: number) => number | null;
}

/** A Redis that answered once. When it goes away it is reached again by itself. */
export class QueueConnection {
  private constructor(
    /** Its commands fail at once while Redis is away. */
    readonly redis: Redis,
    /** The place in words, for messages. */
    readonly description: string,
    private readonly options: ConnectionOptions,
  ) {}

  /**
   * Tries once.
   * @throws ModuleError QUEUE_UNAVAILABLE where it does not answer, QUEUE_REFUSED where it does not let us in
   */
  static async open(address: QueueAddress): Promise<QueueConnection> {
    const { host, port, username, password, database, tls, description } = address;
    let wasReached = false;
    const options: ConnectionOptions = {
      ...{ host, port, db: database, lazyConnect: true, connectTimeout: CONNECT_TIMEOUT_MS },
      retryStrategy: (tries) => (wasReached ? Math.min(100 * 2 ** Math.min(tries, 10), LONGEST_RECONNECT_MS) : null),
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      // A certificate is held against the address itself where there is no name.
      ...(tls && { tls: isIP(host) === 0 ? { servername: host } : {} }),
    };
    const { Redis: Client } = await loadPackage(() => import('ioredis'));
    const redis = new Client({
      ...options,
      ...{ commandTimeout: COMMAND_TIMEOUT_MS, enableOfflineQueue: false, maxRetriesPerRequest: 0 },
      // One that is still loading its data says so to each command, and is waited for by whoever asks.
      enableReadyCheck: false,
    });
    let failure: unknown;
    redis.on('error', (error) => (failure = error));
    try {
      await redis.connect();
      // What BullMQ needs first, and users with few rights may not.
      await redis.info('server');
      await redis.eval(`return redis.call('EXISTS', KEYS[1])`, 1, `${KEY_PREFIX}:`);
    } catch (error) {
      // What has ended is not ended again: that would leave a timer behind.
      if (redis.status !== 'end') redis.disconnect();
      throw queueFailure(description, failure ?? error);
    }
    wasReached = true;
    return new QueueConnection(redis, description, options);
  }

  /** Another connection, whose commands wait while Redis is away: what BullMQ wants for a worker. */
  async openPatient(): Promise<Redis> {
    const { Redis: Client } = await loadPackage(() => import('ioredis'));
    const redis = new Client({ ...this.options, maxRetriesPerRequest: null });
    // While it is away that is told by what uses it.
    redis.on('error', () => undefined);
    return redis;
  }

  /**
   * Asks something of Redis.
   * @throws ModuleError QUEUE_UNAVAILABLE, QUEUE_REFUSED
   */
  async ask<Result>(operation: (redis: Redis) => Promise<Result>): Promise<Result> {
    try {
      return await operation(this.redis);
    } catch (error) {
      if (error instanceof ModuleError || isAbort(error)) throw error;
      throw queueFailure(this.description, error);
    }
  }

  close(): void {
    this.redis.disconnect();
  }
}

/** Loads BullMQ or ioredis, which are there for these commands alone, and may be left out. */
export async function loadPackage<Loaded>(load: () => Promise<Loaded>): Promise<Loaded> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new ModuleError(
      // Waiting does not install them.
      'QUEUE_REFUSED',
      'The packages bullmq and ioredis, which --queue needs, are not installed',
      {
        advice: INSTALL_ADVICE,
      },
    );
  }
}

/** What went wrong with a Redis, in our words. */
export function queueFailure(description: string, cause: unknown): ModuleError {
  // Without its cause: that of a refused password has it among its arguments.
  const { message, code } = cause as { readonly message?: string; readonly code?: string };
  // Several addresses that all refused have a code and no message.
  const said = message || code || describeError(cause);
  const isTls = failedStage(cause) === 'TLS';
  const isRefused = isTls || REFUSALS.test(said);
  const what = inWords(said);
  return new ModuleError(
    isRefused ? 'QUEUE_REFUSED' : 'QUEUE_UNAVAILABLE',
    `The queue ${description} cannot be used: ${what}`,
    { advice: isTls ? TLS_ADVICE : adviceFor(what) },
  );
}

/** The library's own words speak of itself. */
function inWords(said: string): string {
  if (said.startsWith('NOAUTH')) return 'it asks for a password (NOAUTH)';
  if (said.includes('wrong version number')) return 'it does not speak TLS';
  return /max retries|writeable|Connection is closed|timed out|ETIMEDOUT/i.test(said) ? 'it does not answer' : said;
}

function adviceFor(what: string): string {
  if (/NOPERM|ACL failure/.test(what)) {
    return (
      'Give the user what BullMQ needs: ACL SETUSER USER ~sekoia-module:* +@all -@admin -@dangerous +info +client|list ' +
      '+client|setname. Or name another user.'
    );
  }
  if (/NOAUTH|WRONGPASS|AUTH/.test(what)) {
    return "Check user and password: --queue 'redis://USER:${VARIABLE}@HOST:PORT', with the password in that variable.";
  }
  if (what.includes('DB index')) return 'Name a database that it has: redis://HOST:PORT/0.';
  if (what.includes('DENIED'))
    return 'Redis takes nobody from other machines yet: give it a password, or an address (bind).';
  if (/MISCONF|OOM|READONLY/.test(what)) return 'Redis takes no writes: check its disk, its memory and its role.';
  if (what.includes('LOADING')) return 'It reads its data after a start, and answers soon.';
  return 'Check host and port, that Redis runs, and whether it speaks TLS (rediss://) or not (redis://).';
}
