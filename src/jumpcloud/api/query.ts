import { formatTimestamp } from '../../sdk/time/timestamp.js';
import type { SearchTerm } from '../search-term.js';

/** What every endpoint selects by. Times in epoch milliseconds. */
export interface Selection {
  readonly services: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Only events that this lets through; all of them without it. */
  readonly searchTerm?: SearchTerm;
}

/** Units of `/events/interval`. */
export type IntervalUnit = 's' | 'm' | 'h' | 'd' | 'w';

/**
 * The body of a query, as JSON text. The sort field is `sort` (`sortOrder` is ignored), and `service` is a list of
 * names, one an element (JumpCloud Directory Insights API, 'POST /events').
 */
export function selectionBody(
  { services, fromMs, toMs, searchTerm }: Selection,
  more: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    service: services,
    start_time: formatTimestamp(fromMs),
    end_time: formatTimestamp(toMs),
    ...(searchTerm && { search_term: searchTerm }),
    ...more,
  });
}

/**
 * The body of an `/events` query. Everything but the token stays the same from page to page.
 * @param searchAfter the token as the previous answer's header had it: its text goes back untouched
 */
export function eventsBody(selection: Selection, limit: number, searchAfter: string | undefined): string {
  const body = selectionBody(selection, { sort: 'ASC', limit });
  return searchAfter === undefined ? body : `${body.slice(0, -1)},"search_after":${searchAfter}}`;
}
