import { abortError, ModuleError } from '../sdk/errors.js';
import { EventSplitter, MalformedArrayError } from '../sdk/json/event-splitter.js';
import type { Page, RawEvent, Source, Window } from '../sdk/pipeline/source.js';
import type { DirectoryInsightsClient, OpenPage } from './api/client.js';

/** Rows in a page where the API takes our limit for nonsense (Directory Insights API, 'limit'). */
const API_DEFAULT_LIMIT = 1000;

export interface EventSourceOptions {
  readonly client: DirectoryInsightsClient;
  readonly services: readonly string[];
  /** Rows to ask for in a page. */
  readonly pageSize: number;
}

/** Directory Insights events of one stream, read page by page as the API's paging rules say. */
export class DirectoryInsightsSource implements Source {
  constructor(private readonly options: EventSourceOptions) {}

  now(): number {
    return this.options.client.serverClock.now();
  }

  learnTime(signal: AbortSignal): Promise<number | undefined> {
    return this.options.client.learnTime(this.options.services, signal);
  }

  count({ fromMs, toMs }: Window, signal: AbortSignal): Promise<number> {
    return this.options.client.count({ services: this.options.services, fromMs, toMs }, signal);
  }

  async *read(window: Window, signal: AbortSignal): AsyncGenerator<Page, number, undefined> {
    const { client, services, pageSize } = this.options;
    const order = new Order(window.toMs);
    let fromMs = window.fromMs;
    let searchAfter: string | undefined;
    for (;;) {
      const selection = { services, fromMs, toMs: window.toMs };
      const page = await client.openPage(selection, { limit: pageSize, searchAfter }, signal);
      order.provenToMs = Math.min(order.provenToMs, page.askedAtMs ?? Infinity);
      if (page.headers.sort !== undefined && page.headers.sort !== 'ASC') order.isBroken = true;
      const before = order.lastMs;
      const rows = yield* this.#pieces(page, order);
      if (signal.aborted) throw abortError();
      if (isLast(rows, page)) return order.provenToMs;
      const next = page.headers.searchAfter;
      if (next === undefined) {
        // No token: a new query from where this one ended. It begins a millisecond earlier, since events of that same
        // instant may be left and the bound may be exclusive.
        const restartMs = Math.min(order.lastMs ?? -Infinity, window.toMs) - 1;
        if (order.isBroken || restartMs <= fromMs || order.lastMs === before) {
          // The API may have applied its own limit without our seeing it.
          if (page.headers.limit === undefined && rows < Math.min(pageSize, API_DEFAULT_LIMIT)) return order.provenToMs;
          throw stuck(page, 'no token');
        }
        fromMs = restartMs;
        order.beginAgain();
      } else if (next === searchAfter) {
        throw stuck(page, 'the token of the page before');
      }
      searchAfter = next;
    }
  }

  /** Splits a page while it arrives. @returns its number of rows */
  async *#pieces({ body, headers, reference }: OpenPage, order: Order): AsyncGenerator<Page, number, undefined> {
    const splitter = new EventSplitter();
    let rows = 0;
    try {
      for await (const piece of body) {
        const events = splitter.push(piece);
        rows += events.length;
        if (events.length > 0) yield { events, settledToMs: order.follow(events) };
      }
      splitter.end();
    } catch (error) {
      if (error instanceof MalformedArrayError)
        throw broken(`its answer is no list of events: ${error.message}`, reference);
      throw error;
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

/**
 * Follows the times of the events of a window. While they ascend, the last one's time says how far the window has been
 * read; once they do not, nothing says so until the window's end.
 */
class Order {
  /** Time of the latest event, epoch milliseconds. */
  lastMs: number | undefined;
  isBroken = false;
  #isFirst = true;

  /** @param provenToMs what the API's clock had not reached when it was asked is not proven, epoch milliseconds */
  constructor(public provenToMs: number) {}

  /** A new query follows, which begins a little before the end of the last one. */
  beginAgain(): void {
    this.#isFirst = true;
  }

  /** @returns the instant before which everything was read, epoch milliseconds; undefined where that is not known */
  follow(events: readonly RawEvent[]): number | undefined {
    for (const { timestampMs } of events) {
      if (timestampMs === undefined) continue;
      if (!this.#isFirst && this.lastMs !== undefined && timestampMs < this.lastMs) this.isBroken = true;
      this.#isFirst = false;
      this.lastMs = timestampMs;
    }
    return this.isBroken || this.lastMs === undefined ? undefined : Math.min(this.lastMs, this.provenToMs);
  }
}

function broken(what: string, reference: string): ModuleError {
  return new ModuleError('SOURCE_ANSWER_INVALID', `JumpCloud's answer is broken: ${what}${reference}`, {
    advice: 'It is asked for again. If it lasts, check base_url and that no proxy answers in place of JumpCloud.',
  });
}

function stuck({ reference }: OpenPage, what: string): ModuleError {
  return broken(`a full page came with ${what} (X-Search_after), so the next one cannot be asked for`, reference);
}
