import { abortError, isAbort, ModuleError } from '../sdk/errors.js';
import { EventSplitter, MalformedArrayError } from '../sdk/json/event-splitter.js';
import type { Page, Source, Window } from '../sdk/pipeline/source.js';
import { ReadingOrder } from '../sdk/source/reading-order.js';
import type { DirectoryInsightsClient, OpenPage } from './api/client.js';
import { fewerRows, PageSize } from './api/page-size.js';
import type { Selection } from './api/query.js';
import type { SearchTerm } from './search-term.js';

/** Rows in a page where the API takes our limit for nonsense (Directory Insights API, 'limit'). */
const API_DEFAULT_LIMIT = 1000;

export interface EventSourceOptions {
  readonly client: DirectoryInsightsClient;
  readonly services: readonly string[];
  /** Of their events only those that this lets through, in pages and in counts alike. */
  readonly searchTerm?: SearchTerm;
  /** Rows to ask for in a page. */
  readonly pageSize: number;
}

/** Directory Insights events of one stream, read page by page as the API's paging rules say. */
export class DirectoryInsightsSource implements Source {
  readonly #size: PageSize;

  constructor(private readonly options: EventSourceOptions) {
    this.#size = new PageSize(options.pageSize);
  }

  now(): number {
    return this.options.client.serverClock.now();
  }

  learnTime(signal: AbortSignal): Promise<number | undefined> {
    return this.options.client.learnTime(this.options.services, signal);
  }

  count(window: Window, signal: AbortSignal): Promise<number> {
    return this.options.client.count(this.#select(window), signal);
  }

  /**
   * The token of the next page comes with a page's headers, so that one is asked for while the events of this one arrive.
   *
   * All pages of a query are of one size (Directory Insights API, 'Pagination'), so another size takes a new query, which
   * begins where the last one ended.
   */
  async *read(window: Window, signal: AbortSignal): AsyncGenerator<Page, number, undefined> {
    const { client } = this.options;
    const reading = new AbortController();
    const stop = (): void => reading.abort();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    const order = new ReadingOrder(window.toMs);
    let { fromMs } = window;
    let limit = this.#size.rows;
    let searchAfter: string | undefined;
    // A millisecond before the last event, since others of that same instant may be left and the bound may be exclusive.
    const restartMs = (): number => (order.isBroken ? -Infinity : Math.min(order.lastMs ?? -Infinity, window.toMs) - 1);
    const open = (token: string | undefined): Promise<OpenPage> => {
      const page = client.openPage(
        this.#select({ fromMs, toMs: window.toMs }),
        { limit, searchAfter: token, mayGiveUp: restartMs() > fromMs },
        reading.signal,
      );
      // Its failure is that of whoever waits for it, if somebody still does.
      page.catch(() => undefined);
      return page;
    };
    /** @returns whether a new query can go on from here */
    const beginAgain = (): boolean => {
      const at = restartMs();
      if (at <= fromMs) return false;
      fromMs = at;
      limit = this.#size.rows;
      searchAfter = undefined;
      order.beginAgain();
      return true;
    };
    try {
      let opening = open(undefined);
      for (;;) {
        let page: OpenPage;
        try {
          page = await opening;
        } catch (error) {
          if (searchAfter === undefined || !(error instanceof ModuleError) || !error.retryable) throw error;
          this.#size.lower(fewerRows(limit));
          if (!beginAgain()) throw error;
          opening = open(undefined);
          continue;
        }
        if (page.limit < limit) this.#size.lower(page.limit);
        limit = page.limit;
        this.#size.answered();
        const isToGrow = !order.isBroken && this.#size.rows > limit;
        const next = page.headers.searchAfter;
        const isAnotherSure = next !== searchAfter && isFull(page) && !isToGrow;
        let ahead: Promise<OpenPage> | undefined;
        order.provenToMs = Math.min(order.provenToMs, page.askedAtMs ?? Infinity);
        if (page.headers.sort !== undefined && page.headers.sort !== 'ASC') order.isBroken = true;
        const rows = yield* this.#pieces(page, order, () => {
          if (isAnotherSure) ahead ??= open(next);
        });
        if (signal.aborted) throw abortError();
        if (isLast(rows, page)) return order.provenToMs;
        if (next === undefined) {
          if (!beginAgain()) {
            // The API may have applied its own limit without our seeing it.
            const isShort = page.headers.limit === undefined && rows < Math.min(page.limit, API_DEFAULT_LIMIT);
            if (isShort) return order.provenToMs;
            throw stuck(page, 'no token');
          }
        } else if (next === searchAfter) {
          throw stuck(page, 'the token of the page before');
        } else {
          searchAfter = next;
          if (isToGrow) beginAgain();
        }
        opening = ahead ?? open(searchAfter);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      // A page that was asked for and is not wanted any more.
      reading.abort();
    }
  }

  /** What is read and what is counted is selected in one place, so that the numbers agree. */
  #select({ fromMs, toMs }: Window): Selection {
    const { services, searchTerm } = this.options;
    return { services, fromMs, toMs, ...(searchTerm && { searchTerm }) };
  }

  /**
   * Splits a page while it arrives.
   * @param onTaken called when events were taken, and more are wanted
   * @returns its number of rows
   */
  async *#pieces(
    { body, headers, reference, limit }: OpenPage,
    order: ReadingOrder,
    onTaken: () => void,
  ): AsyncGenerator<Page, number, undefined> {
    const splitter = new EventSplitter();
    let rows = 0;
    try {
      for await (const piece of body) {
        for (const events of splitter.push(piece)) {
          rows += events.count;
          yield { events, settledToMs: order.follow(events) };
          onTaken();
        }
      }
      splitter.end();
    } catch (error) {
      // Whoever aborts says nothing about the size.
      if (!isAbort(error)) this.#size.lower(fewerRows(limit));
      if (error instanceof MalformedArrayError)
        throw broken(`its answer is no list of events: ${error.message}`, reference);
      throw error;
    } finally {
      splitter.close();
    }
    if (rows < (headers.resultCount ?? 0)) {
      throw broken(`it announced ${headers.resultCount ?? 0} events and sent ${rows}`, reference);
    }
    return rows;
  }
}

/**
 * Whether a page is the last one: fewer rows than the limit that was applied. Where a proxy stripped the header that
 * tells the limit, it may have been lower than ours, and only an empty page is surely the last.
 */
function isLast(rows: number, { headers }: OpenPage): boolean {
  return headers.limit === undefined ? rows === 0 : rows < headers.limit;
}

/** Whether a page's headers say that another one follows. */
function isFull({ headers }: OpenPage): boolean {
  const { limit, resultCount, searchAfter } = headers;
  return searchAfter !== undefined && limit !== undefined && resultCount !== undefined && resultCount >= limit;
}

function broken(what: string, reference: string): ModuleError {
  return new ModuleError('SOURCE_ANSWER_INVALID', `JumpCloud's answer is broken: ${what}${reference}`, {
    advice: 'It is asked for again. If it lasts, check base_url and that no proxy answers in place of JumpCloud.',
  });
}

function stuck({ reference }: OpenPage, what: string): ModuleError {
  return broken(`a full page came with ${what} (X-Search_after), so the next one cannot be asked for`, reference);
}
