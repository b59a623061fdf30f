import { abortError, ModuleError } from '../errors.js';
import type { ApiAnswer, ApiClient } from '../http/api-client.js';
import { EventSplitter, locate, MalformedArrayError, membersOf } from '../json/event-splitter.js';
import type { EventIdentity } from '../pipeline/event-identity.js';
import { EventList } from '../pipeline/event-list.js';
import type { Events } from '../pipeline/events.js';
import type { Page, Source, Window } from '../pipeline/source.js';
import { ReadingOrder } from './reading-order.js';

/** One page of an API's answer. */
export interface ApiPage extends Pick<ApiAnswer, 'body' | 'askedAtMs' | 'requestId'> {
  /** Where the next page is, in whatever form `openPage` understands; undefined after the last one. */
  readonly next: string | undefined;
}

/** Which page is wanted. */
export interface PageQuestion {
  /**
   * The range of event time, epoch milliseconds. The page may hold more than that; it must not leave out an event of it,
   * both bounds included.
   */
  readonly window: Window;
  /** `next` of the page before; undefined for the first one. */
  readonly cursor: string | undefined;
  /** Ends the question: to be handed on to whatever waits. */
  readonly signal: AbortSignal;
}

/** What a {@link PagedSource} reads. */
export interface PagedSourceOptions {
  readonly api: ApiClient;
  readonly identity: EventIdentity;
  /**
   * Asks for a page whose body is a JSON array of events, in ascending order of time where the API can. In another order it
   * works as well, but what was read counts only once its window is at an end.
   * @throws ModuleError where there is none
   */
  openPage(question: PageQuestion): Promise<ApiPage>;
  /** True where the API names a next page for ever, and a page without events is the last one. */
  readonly isEmptyPageLast: boolean;
  /** How many events the API holds in a window. Left out where it cannot tell. */
  readonly count?: (window: Window, signal: AbortSignal) => Promise<number>;
}

/** Events of an API that hands them out in pages, each of which tells where the next one is. */
export class PagedSource implements Source {
  readonly identity: EventIdentity;

  constructor(private readonly options: PagedSourceOptions) {
    this.identity = options.identity;
  }

  now(): number {
    return this.options.api.serverClock.now();
  }

  learnTime(signal: AbortSignal): Promise<number | undefined> {
    return this.options.api.learnTime({ path: '/' }, signal);
  }

  async count(window: Window, signal: AbortSignal): Promise<number> {
    const { count, api } = this.options;
    if (count !== undefined) return count(window, signal);
    throw new ModuleError('SOURCE_CANNOT_COUNT', `${api.host} has no counts`, {
      advice: 'There is nothing to compare with what was delivered. Collection does not need it.',
    });
  }

  async *read(window: Window, signal: AbortSignal): AsyncGenerator<Page, number, undefined> {
    const { api, isEmptyPageLast } = this.options;
    const order = new ReadingOrder(window.toMs);
    const seen = new Set<string>();
    for (let cursor: string | undefined; ;) {
      const page = await this.options.openPage({ window, cursor, signal });
      order.provenToMs = Math.min(order.provenToMs, page.askedAtMs ?? Infinity);
      const events = yield* this.#pieces(page, order);
      if (signal.aborted) throw abortError();
      const { next } = page;
      if (next === undefined || (isEmptyPageLast && events === 0)) return order.provenToMs;
      // A circle would be read for ever.
      if (seen.has(next)) throw api.invalid('a page names one that was read before as the next', page.requestId);
      seen.add(next);
      cursor = next;
    }
  }

  /** @returns the page's number of events */
  async *#pieces({ body, requestId }: ApiPage, order: ReadingOrder): AsyncGenerator<Page, number, undefined> {
    const { api, identity } = this.options;
    const splitter = new EventSplitter(membersOf(identity));
    let count = 0;
    try {
      for await (const piece of body) {
        for (const split of splitter.push(piece)) {
          const events = located(split, identity);
          count += events.count;
          yield { events, settledToMs: order.follow(events) };
        }
      }
      splitter.end();
      return count;
    } catch (error) {
      if (!(error instanceof MalformedArrayError)) throw error;
      throw api.invalid(`its answer is no list of events: ${error.message}`, requestId);
    } finally {
      splitter.close();
    }
  }
}

function located(events: Events, identity: EventIdentity): Events {
  if (typeof identity !== 'function') return events;
  return new EventList(Array.from({ length: events.count }, (_, index) => locate(events.at(index), identity)));
}
