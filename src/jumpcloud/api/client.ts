import { ModuleError } from '../../sdk/errors.js';
import {
  type AnswerReader,
  type ApiAnswer,
  ApiClient,
  type ApiClientOptions,
  type ApiRequest,
} from '../../sdk/http/api-client.js';
import { requestReference } from '../../sdk/http/exchange.js';
import type { ServerClock } from '../../sdk/http/server-clock.js';
import { type PageHeaders, readPageHeaders } from './page-headers.js';
import { fewerRows } from './page-size.js';
import { eventsBody, type IntervalUnit, type Selection, selectionBody } from './query.js';

const ROOT = '/insights/directory/v1';
const TRIES_OF_A_CONTINUED_PAGE = 3;

/** The account, and what any API client needs. */
export interface ClientOptions extends Omit<ApiClientOptions, 'name' | 'headers'> {
  readonly organizationId?: string;
  /** Instead of an organization: the provider whose own events are read. */
  readonly providerId?: string;
  readonly userAgent: string;
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

/** Numbers by value of a field, and how far they can be trusted. */
export interface Distinct {
  readonly buckets: readonly Bucket[];
  /** By how much a number may be too low, where the API says so. */
  readonly errorBound: number;
  /** Events of values that are not among the buckets. */
  readonly others: number;
}

/**
 * JumpCloud's Directory Insights API (`POST <base>/insights/directory/v1/events` and its companions). Every call is
 * tried again for some minutes where that may help: although POSTs, they only read.
 *
 * All methods throw ModuleError with a SOURCE_ code, or an AbortError once `signal` aborted.
 */
export class DirectoryInsightsClient {
  readonly #api: ApiClient;

  constructor({ organizationId, providerId, userAgent, ...options }: ClientOptions) {
    this.#api = new ApiClient({
      ...options,
      name: 'JumpCloud',
      headers: {
        'content-type': 'application/json',
        'user-agent': userAgent,
        ...(organizationId === undefined ? {} : { 'x-org-id': organizationId }),
        ...(providerId === undefined ? {} : { 'x-provider-id': providerId }),
      },
    });
  }

  get serverClock(): ServerClock {
    return this.#api.serverClock;
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
    const open = async (): Promise<ApiAnswer> => {
      try {
        return await this.#api.tryOnce(query('/events', eventsBody(selection, rows, searchAfter)), signal);
      } catch (error) {
        const isLimited = error instanceof ModuleError && error.code === 'SOURCE_RATE_LIMITED';
        if (isFirst && !isLimited) rows = fewerRows(rows);
        throw error;
      }
    };
    const { headers, body, askedAtMs, requestId } = await this.#api.retry(open, { side: 'source', isWorthIt }, signal);
    return {
      ...{ askedAtMs, body },
      limit: rows,
      headers: readPageHeaders(headers),
      reference: requestReference(requestId),
    };
  }

  /**
   * Asks for the API's time, in one try: any answer tells it.
   * @returns epoch milliseconds; undefined where there was no answer, or none with a date
   */
  learnTime(services: readonly string[], signal: AbortSignal): Promise<number | undefined> {
    const nowMs = this.serverClock.now();
    const selection = { services, fromMs: nowMs - 60_000, toMs: nowMs };
    return this.#api.learnTime(query('/events/count', selectionBody(selection, { sort: 'ASC' })), signal);
  }

  /** Number of events. */
  async count(selection: Selection, signal: AbortSignal): Promise<number> {
    return this.#api.ask(query('/events/count', selectionBody(selection)), readCount, signal);
  }

  /** Numbers of events by value of `field`, the API's own selection of values. */
  async distinct(selection: Selection, field: string, signal: AbortSignal): Promise<Distinct> {
    const read: AnswerReader<Distinct> = (answer, invalid) => {
      // Documented at the top; the vendor's own tests have it under the field's name.
      const members = answer as Record<string, unknown>;
      const nested = members[field];
      const buckets = readBuckets(Array.isArray(nested) ? { buckets: nested } : (nested ?? answer), invalid);
      const numberOf = (name: string): number => (typeof members[name] === 'number' ? members[name] : 0);
      return {
        buckets,
        errorBound: numberOf('doc_count_error_upper_bound'),
        others: numberOf('sum_other_doc_count'),
      };
    };
    return this.#api.ask(query('/events/distinct', selectionBody(selection, { field })), read, signal);
  }

  /** Numbers of events by interval of time; keys are epoch milliseconds. */
  async interval(selection: Selection, unit: IntervalUnit, value: number, signal: AbortSignal): Promise<Bucket[]> {
    const body = selectionBody(selection, { interval_unit: unit, interval_value: String(value) });
    return this.#api.ask(query('/events/interval', body), readBuckets, signal);
  }
}

/** Every call is a POST that only reads. */
function query(path: string, body: string): ApiRequest {
  return { method: 'POST', path: ROOT + path, body };
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
