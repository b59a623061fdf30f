import { isAbort, ModuleError } from '../../sdk/errors.js';
import { readText } from '../../sdk/http/body.js';
import { brokenOff, exchange, requestReference } from '../../sdk/http/exchange.js';
import { retry } from '../../sdk/http/retry.js';
import { isTooDeep } from '../../sdk/json/depth.js';
import { redactor, type Redactor } from '../../sdk/observability/redactor.js';
import { ServerClock } from '../../sdk/http/server-clock.js';
import type { PipelineListener } from '../../sdk/pipeline/pipeline-event.js';
import type { Clock, HttpRequest, HttpResponse, HttpTransport, Random } from '../../sdk/ports.js';
import { type PageHeaders, readPageHeaders } from './page-headers.js';
import { fewerRows } from './page-size.js';
import { eventsBody, type IntervalUnit, type Selection, selectionBody } from './query.js';
import { refusal } from './refusal.js';

const ROOT = '/insights/directory/v1';
/** The vendor's own programs set none; 60 s to the first byte is what its documents' readers settled on. */
const HEADERS_TIMEOUT_MS = 60_000;
const BODY_TIMEOUT_MS = 60_000;
const RETRY_FOR_MS = 300_000;
const TRIES_OF_A_CONTINUED_PAGE = 3;

export interface ClientOptions {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly organizationId?: string;
  readonly userAgent: string;
  /** Keeps to the rate limit; the client retries over it. */
  readonly transport: HttpTransport;
  readonly clock: Clock;
  /** What is known of the API's time. Default: of its own, nothing yet. */
  readonly serverClock?: ServerClock;
  readonly random: Random;
  readonly listener?: PipelineListener;
  /** How long a failing call is tried again, milliseconds. Default: five minutes. */
  readonly retryForMs?: number;
}

/** A page whose events are still arriving. */
export interface OpenPage {
  readonly headers: PageHeaders;
  /** Rows that were asked for. */
  readonly limit: number;
  /** The text of a JSON array of events, in pieces. */
  readonly body: AsyncIterable<Uint8Array>;
  /** What the API's clock showed at the least when it looked for these events, epoch milliseconds, if it told. */
  readonly askedAtMs: number | undefined;
  /** `(request …)` for messages about this page, or nothing. */
  readonly reference: string;
}

/** Number of events by value of a field, or by start of an interval. */
export interface Bucket {
  readonly key: string | number;
  readonly count: number;
}

interface Answered {
  readonly response: HttpResponse;
  readonly askedAtMs: number | undefined;
}

/** Makes something of an answer, or throws what `invalid` makes of a description of its fault. */
type Reader<Result> = (answer: object, invalid: (what: string) => ModuleError) => Result;

interface Question<Result> {
  readonly path: string;
  readonly body: string;
  readonly read: Reader<Result>;
}

/**
 * JumpCloud's Directory Insights API (`POST <base>/insights/directory/v1/events` and its companions). Every call is
 * tried again for some minutes where that may help: although POSTs, they only read.
 *
 * All methods throw ModuleError with a SOURCE_ code, or an AbortError once `signal` aborted.
 */
export class DirectoryInsightsClient {
  readonly serverClock: ServerClock;
  readonly #host: string;
  readonly #redact: Redactor;

  constructor(private readonly options: ClientOptions) {
    this.serverClock = options.serverClock ?? new ServerClock(options.clock);
    this.#host = new URL(options.baseUrl).host;
    this.#redact = redactor([options.apiKey]);
  }

  /**
   * Opens a page of at most `limit` events in ascending order of time; `searchAfter` is the previous page's token. Where a
   * query's first page fails, half as many are asked for: the API may have taken too long for them. A page that goes on
   * with a query has to be asked for as the one before was, so it is given up after some failures where fewer rows may help and
   * the caller can do without it.
   */
  async openPage(
    selection: Selection,
    { limit, searchAfter, mayGiveUp = false }: { limit: number; searchAfter: string | undefined; mayGiveUp?: boolean },
    signal: AbortSignal,
  ): Promise<OpenPage> {
    const isFirst = searchAfter === undefined;
    let rows = limit;
    let failures = 0;
    const isWorthIt = ({ retryable, retryAfterMs, code }: ModuleError): boolean => {
      const isAskedToWait = retryAfterMs !== undefined || code === 'SOURCE_RATE_LIMITED';
      const mayFewerHelp = mayGiveUp && !isFirst && !isAskedToWait && fewerRows(limit) < limit;
      return retryable && (!mayFewerHelp || (failures += 1) < TRIES_OF_A_CONTINUED_PAGE);
    };
    const open = async (): Promise<Answered> => {
      try {
        return await this.#tryOnce('/events', eventsBody(selection, rows, searchAfter), signal);
      } catch (error) {
        const isLimited = error instanceof ModuleError && error.code === 'SOURCE_RATE_LIMITED';
        if (isFirst && !isLimited) rows = fewerRows(rows);
        throw error;
      }
    };
    const { response, askedAtMs } = await this.#retry(open, 'source', signal, isWorthIt);
    return {
      askedAtMs,
      limit: rows,
      headers: readPageHeaders(response.headers),
      body: this.#pieces(response, signal),
      reference: requestReference(response.headers['x-request-id']),
    };
  }

  /**
   * Asks for the API's time, in one try: any answer tells it.
   * @returns epoch milliseconds; undefined where there was no answer, or none with a date
   */
  async learnTime(services: readonly string[], signal: AbortSignal): Promise<number | undefined> {
    const nowMs = this.serverClock.now();
    const selection = { services, fromMs: nowMs - 60_000, toMs: nowMs };
    let toldMs: number | undefined;
    await this.#tryOnce(
      '/events/count',
      selectionBody(selection, { sort: 'ASC' }),
      signal,
      (askedAtMs) => (toldMs = askedAtMs),
    )
      .then(({ response }) => readText(response))
      .catch(() => undefined);
    return toldMs;
  }

  /** Number of events. */
  async count(selection: Selection, signal: AbortSignal): Promise<number> {
    return this.#ask({ path: '/events/count', body: selectionBody(selection), read: readCount }, signal);
  }

  /** Numbers of events by value of `field`, the API's own selection of values. */
  async distinct(selection: Selection, field: string, signal: AbortSignal): Promise<Bucket[]> {
    const read: Reader<Bucket[]> = (answer, invalid) => {
      // Documented at the top; the vendor's own tests have it under the field's name.
      const nested = (answer as Record<string, unknown>)[field];
      return readBuckets(Array.isArray(nested) ? { buckets: nested } : (nested ?? answer), invalid);
    };
    return this.#ask({ path: '/events/distinct', body: selectionBody(selection, { field }), read }, signal);
  }

  /** Numbers of events by interval of time; keys are epoch milliseconds. */
  async interval(selection: Selection, unit: IntervalUnit, value: number, signal: AbortSignal): Promise<Bucket[]> {
    const body = selectionBody(selection, { interval_unit: unit, interval_value: String(value) });
    return this.#ask({ path: '/events/interval', body, read: readBuckets }, signal);
  }

  /** Sends a small query and reads its whole answer, a JSON object; a broken answer is asked for again. */
  async #ask<Result>({ path, body, read }: Question<Result>, signal: AbortSignal): Promise<Result> {
    const ask = async (): Promise<Result> => {
      const { response } = await this.#tryOnce(path, body, signal);
      const text = await readText(response).catch((cause: unknown) => {
        throw this.#broken(cause, response, signal);
      });
      const invalid = (what: string): ModuleError =>
        this.#invalid(`${path} answered ${what}`, response.headers['x-request-id']);
      const answer = parse(text);
      if (typeof answer === 'object' && answer !== null) return read(answer, invalid);
      throw invalid(`with ${text.trim() === '' ? 'nothing' : 'something that is not JSON'}`);
    };
    const result = await this.#retry(ask, 'counts', signal);
    this.options.listener?.({ kind: 'counted' });
    return result;
  }

  #retry<Result>(
    operation: () => Promise<Result>,
    side: 'source' | 'counts',
    signal: AbortSignal,
    isWorthIt?: (error: ModuleError) => boolean,
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

  async #tryOnce(
    path: string,
    body: string,
    signal: AbortSignal,
    onTime?: (askedAtMs: number | undefined) => void,
  ): Promise<Answered> {
    const { transport, clock } = this.options;
    const [sentAtMs, startedAt] = [clock.now(), clock.monotonic()];
    let askedAtMs: number | undefined;
    const response = await exchange(transport, this.#request(path, body, signal), {
      side: 'source',
      nowMs: sentAtMs,
      redact: this.#redact,
      onAnswer: ({ headers }) => {
        askedAtMs = this.serverClock.observe(headers['date'], sentAtMs, clock.monotonic() - startedAt);
        onTime?.(askedAtMs);
      },
    });
    if (response.status === 200) return { response, askedAtMs };
    const text = this.#redact(await readText(response).catch(() => ''));
    throw refusal(this.#host, response.status, text, response.headers['x-request-id']);
  }

  #request(path: string, body: string, signal: AbortSignal): HttpRequest {
    const { baseUrl, apiKey, organizationId, userAgent } = this.options;
    return {
      method: 'POST',
      url: `${baseUrl}${ROOT}${path}`,
      headers: {
        'x-api-key': apiKey,
        'content-type': 'application/json',
        accept: 'application/json',
        'user-agent': userAgent,
        ...(organizationId === undefined ? {} : { 'x-org-id': organizationId }),
      },
      body,
      headersTimeoutMs: HEADERS_TIMEOUT_MS,
      bodyTimeoutMs: BODY_TIMEOUT_MS,
      signal,
    };
  }

  /** A connection that breaks inside the answer is as bad as one that never answered. */
  async *#pieces(response: HttpResponse, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      yield* response.body;
    } catch (cause) {
      throw this.#broken(cause, response, signal);
    }
  }

  #broken(cause: unknown, response: HttpResponse, signal: AbortSignal): unknown {
    if (isAbort(cause) || signal.aborted) return cause;
    return brokenOff({ url: this.options.baseUrl }, response, 'source', cause);
  }

  #invalid(what: string, requestId: string | undefined): ModuleError {
    return new ModuleError('SOURCE_ANSWER_INVALID', `${this.#host}: ${what}${requestReference(requestId)}`, {
      ...(requestId === undefined ? {} : { requestId }),
      advice: 'If it lasts, check base_url and that no proxy answers in place of JumpCloud.',
    });
  }
}

function readCount(answer: object, invalid: (what: string) => ModuleError): number {
  const { count } = answer as { count?: unknown };
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
  throw invalid('without a count');
}

function readBuckets(answer: unknown, invalid: (what: string) => ModuleError): Bucket[] {
  const { buckets } = (typeof answer === 'object' && answer !== null ? answer : {}) as { buckets?: unknown };
  if (!Array.isArray(buckets)) throw invalid('without buckets');
  return buckets.map((bucket: unknown) => {
    const { key, doc_count: count } = (bucket ?? {}) as { key?: unknown; doc_count?: unknown };
    if ((typeof key === 'string' || typeof key === 'number') && typeof count === 'number') return { key, count };
    throw invalid('with a bucket that has no key or count');
  });
}

function parse(text: string): unknown {
  if (isTooDeep(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
