import { isAbort, ModuleError } from '../errors.js';
import { isTooDeep } from '../json/depth.js';
import { redactor } from '../observability/redactor.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { Clock, HttpResponse, HttpTransport, Random } from '../ports.js';
import { readText } from './body.js';
import type { Credential, Presented } from './credential.js';
import { brokenOff, exchange, requestReference } from './exchange.js';
import { refusal, type Refusals } from './refusal.js';
import { retry } from './retry.js';
import { ServerClock } from './server-clock.js';

const HEADERS_TIMEOUT_MS = 60_000;
const BODY_TIMEOUT_MS = 60_000;
const RETRY_FOR_MS = 300_000;

/** What an {@link ApiClient} speaks to, and with. */
export interface ApiClientOptions {
  /** What people call the API, for messages: `Okta`. */
  readonly name: string;
  /** Scheme, host, port and path, without a slash at the end. */
  readonly baseUrl: string;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Adds to them what shows who asks. */
  readonly credential: Credential;
  /** What statuses mean beyond the usual. */
  readonly refusals?: Refusals;
  /** One try per request; where there is a rate limit, it keeps to it. */
  readonly transport: HttpTransport;
  readonly clock: Clock;
  /** What is known of the API's time. Default: of its own, nothing yet. */
  readonly serverClock?: ServerClock;
  readonly random: Random;
  readonly listener?: PipelineListener;
  /** How long a failing call is tried again, milliseconds. Default: five minutes. */
  readonly retryForMs?: number;
}

/** A question to an API. It must only read, whatever its method: it is asked again where that may help. */
export interface ApiRequest {
  /** Default: GET. */
  readonly method?: 'GET' | 'POST';
  /** Path and query below the base address, from its `/` on; or a whole address of the same scheme, host and port. */
  readonly path: string;
  /** Beside those of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text, say; with the header that tells so. */
  readonly body?: string;
}

/** An answer of status 200 whose body is still arriving. */
export interface ApiAnswer {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The body, in pieces, each of which is good until the next one is asked for. Read it to its end, or leave the loop: else the
   * connection is held.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** What the API's clock showed at the least when it was asked, epoch milliseconds, if it told. */
  readonly askedAtMs: number | undefined;
  /** The API's name for this exchange (`x-request-id`), where it gave one. */
  readonly requestId: string | undefined;
}

/** Makes something of a JSON object, or throws what `invalid` makes of a description of its fault. */
export type AnswerReader<Result> = (answer: object, invalid: (what: string) => ModuleError) => Result;

/** How an operation is tried again. */
export interface RetryChoice {
  /** Which of the source's duties suffers: reading events, or counting them. */
  readonly side: 'source' | 'counts';
  /** Which failures are worth another try. Default: those that say so of themselves. */
  readonly isWorthIt?: (error: ModuleError) => boolean;
}

/**
 * An HTTP API that events are read from. Calls are tried again for some minutes where that may help, wait as long as the API
 * asks, and learn its time from each answer. Redirects are not followed.
 *
 * All methods throw ModuleError with a SOURCE_ code, or an AbortError once `signal` aborted.
 */
export class ApiClient {
  /** What is known of the API's time. */
  readonly serverClock: ServerClock;
  /** Host and port of the base address. */
  readonly host: string;

  constructor(private readonly options: ApiClientOptions) {
    this.serverClock = options.serverClock ?? new ServerClock(options.clock);
    this.host = new URL(options.baseUrl).host;
  }

  /** Opens an answer; its body may still break off, as SOURCE_UNREACHABLE. */
  open(request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    return this.retry(() => this.tryOnce(request, signal), { side: 'source' }, signal);
  }

  /**
   * Reads a small answer, a JSON object of at most 8 MiB; a broken one is asked for again.
   * @param side what the question is for: counts, where nothing else is said
   */
  async ask<Result>(
    request: ApiRequest,
    read: AnswerReader<Result>,
    signal: AbortSignal,
    side: RetryChoice['side'] = 'counts',
  ): Promise<Result> {
    const ask = async (): Promise<Result> => {
      const answer = await this.tryOnce(request, signal);
      const { pathname } = new URL(this.#addressOf(request.path));
      const invalid = (what: string): ModuleError => this.invalid(`${pathname} answered ${what}`, answer.requestId);
      const text = await readText(answer).catch((cause: unknown) => {
        throw cause instanceof ModuleError ? cause : this.#broken(cause, answer, signal);
      });
      const value = parse(text);
      if (typeof value === 'object' && value !== null) return read(value, invalid);
      throw invalid(`with ${text.trim() === '' ? 'nothing' : 'something that is not JSON'}`);
    };
    const result = await this.retry(ask, { side }, signal);
    if (side === 'counts') this.options.listener?.({ kind: 'counted' });
    return result;
  }

  /**
   * Asks once, only to learn the API's time, which any answer tells. Never rejects; that the next question has to wait is told.
   * @returns epoch milliseconds; undefined where there was no answer, or none with a date
   */
  async learnTime(request: ApiRequest, signal: AbortSignal): Promise<number | undefined> {
    let toldMs: number | undefined;
    await this.tryOnce(request, signal, (askedAtMs) => (toldMs = askedAtMs))
      .then(readText)
      .catch((error: unknown) => {
        if (!(error instanceof ModuleError) || error.retryAfterMs === undefined) return;
        this.options.listener?.({ kind: 'retrying', side: 'source', error, attempt: 1, delayMs: error.retryAfterMs });
      });
    return toldMs;
  }

  /**
   * One try; where the credential is refused and there is another one by then, one more with that.
   * @param onTime told of the time in any answer, a refusal too
   */
  async tryOnce(
    request: ApiRequest,
    signal: AbortSignal,
    onTime?: (askedAtMs: number | undefined) => void,
  ): Promise<ApiAnswer> {
    const { credential } = this.options;
    const presented = await credential.present(signal);
    try {
      return await this.#exchange(request, presented, { signal, onTime });
    } catch (error) {
      if (!(error instanceof ModuleError) || (error.status !== 401 && error.status !== 403)) throw error;
      await credential.refused(presented, error.status);
      const another = await credential.present(signal);
      if (isSame(presented, another)) throw error;
      return this.#exchange(request, another, { signal, onTime });
    }
  }

  async #exchange(
    { method = 'GET', path, headers, body }: ApiRequest,
    presented: Presented,
    { signal, onTime }: { signal: AbortSignal; onTime: ((askedAtMs: number | undefined) => void) | undefined },
  ): Promise<ApiAnswer> {
    const { transport, clock } = this.options;
    // An answer may repeat the request.
    const redact = redactor(presented.secrets);
    const request = {
      method,
      url: this.#addressOf(path),
      headers: { accept: 'application/json', ...this.options.headers, ...presented.headers, ...headers },
      ...(body === undefined ? {} : { body }),
      headersTimeoutMs: HEADERS_TIMEOUT_MS,
      bodyTimeoutMs: BODY_TIMEOUT_MS,
      signal,
    };
    const [sentAtMs, startedAt] = [clock.now(), clock.monotonic()];
    let askedAtMs: number | undefined;
    const response = await exchange(transport, request, {
      side: 'source',
      nowMs: sentAtMs,
      redact,
      onAnswer: (answer) => {
        askedAtMs = this.serverClock.observe(answer.headers['date'], sentAtMs, clock.monotonic() - startedAt);
        onTime?.(askedAtMs);
      },
    });
    const requestId = response.headers['x-request-id'];
    if (response.status !== 200) {
      const said = redact(await readText(response).catch(() => ''));
      const refused = { host: this.host, status: response.status, body: said, requestId };
      throw refusal(refused, this.options.refusals ?? {});
    }
    return {
      headers: response.headers,
      body: this.#pieces(response, signal),
      askedAtMs,
      requestId,
    };
  }

  /** Tries an operation again, as long and as patiently as all calls of this client. */
  retry<Result>(
    operation: () => Promise<Result>,
    { side, isWorthIt }: RetryChoice,
    signal: AbortSignal,
  ): Promise<Result> {
    const { clock, random, listener } = this.options;
    return retry(operation, {
      policy: { firstDelayMs: 1000, longestDelayMs: 30_000, deadlineMs: this.options.retryForMs ?? RETRY_FOR_MS },
      clock,
      random,
      requested: signal,
      ...(isWorthIt === undefined ? {} : { isWorthIt }),
      onRetry: (failure) => listener?.({ kind: 'retrying', side, ...failure }),
    });
  }

  /** The error for an answer that is not what it should be. */
  invalid(what: string, requestId?: string): ModuleError {
    return new ModuleError('SOURCE_ANSWER_INVALID', `${this.host}: ${what}${requestReference(requestId)}`, {
      ...(requestId === undefined ? {} : { requestId }),
      advice: `If it lasts, check the address of the API, and that no proxy answers in place of ${this.options.name}.`,
    });
  }

  /** The credential goes along with every request: never to another server, whatever a link says. */
  #addressOf(path: string): string {
    if (path.startsWith('/')) return this.options.baseUrl + path;
    const { origin } = new URL(this.options.baseUrl);
    if (!URL.canParse(path) || new URL(path).origin !== origin) {
      throw this.invalid('it names an address to go on with that is not its own');
    }
    return path;
  }

  /** A connection that breaks inside the answer is as bad as one that never answered. */
  #pieces(response: HttpResponse, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const broken = (cause: unknown): never => {
      throw this.#broken(cause, response, signal);
    };
    return {
      [Symbol.asyncIterator]: () => {
        // A generator around it would cost as much for each piece as all else here.
        const pieces = response.body[Symbol.asyncIterator]();
        return {
          next: () => pieces.next().catch(broken),
          return: async () => (await pieces.return?.()) ?? { done: true, value: undefined },
        };
      },
    };
  }

  #broken(cause: unknown, answer: Pick<HttpResponse, 'headers'>, signal: AbortSignal): unknown {
    if (isAbort(cause) || signal.aborted) return cause;
    return brokenOff({ url: this.options.baseUrl }, answer, 'source', cause);
  }
}

function isSame(one: Presented, other: Presented): boolean {
  return JSON.stringify(one.headers) === JSON.stringify(other.headers);
}

function parse(text: string): unknown {
  if (isTooDeep(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
