import type { SyntheticEvent } from '../events/synthetic-event.js';
import { type TextDigest, TextTally, digestText } from '../text-tally.js';
import { createTextSlabs, type TextSlabs } from './text-slabs.js';

/** Which rows a question is about. */
export interface RowQuery {
  /** Lower bound of `timestamp`. */
  readonly from?: Bound;
  /** Upper bound of `timestamp`. */
  readonly to?: Bound;
  /** Only rows that follow this one in the order of the question. */
  readonly afterRow?: number;
  readonly descending?: boolean;
  /** Services wanted; all when absent. */
  readonly services?: ReadonlySet<string>;
  /** Services not wanted, whatever `services` says. */
  readonly exceptServices?: ReadonlySet<string>;
  /** Organizations wanted; all when absent. */
  readonly organizations?: ReadonlySet<string | null>;
  /** Only rows that are visible at this instant, epoch milliseconds. */
  readonly visibleAtMs: number;
}

/** One end of a time range. */
interface Bound {
  readonly ms: number;
  readonly ns: number;
  readonly inclusive: boolean;
}

/** The precision at which the index sorts and compares timestamps. */
export type SortPrecision = 'ms' | 'ns';

/**
 * The events that the API holds, in columns, with their texts in large buffers and their order kept apart. A row is an
 * event's number in the order of arrival. Made for a million events and more.
 */
export class EventStore {
  readonly #precision: SortPrecision;
  readonly #slabs: TextSlabs = createTextSlabs();
  readonly #timestampMs: number[] = [];
  readonly #timestampNs: number[] = [];
  readonly #visibleAtMs: number[] = [];
  readonly #services: string[] = [];
  readonly #organizations: (string | null)[] = [];
  readonly #digestHigh: number[] = [];
  readonly #digestLow: number[] = [];
  readonly #tally = new TextTally();
  #order: number[] = [];
  #unsorted: number[] = [];

  constructor(precision: SortPrecision = 'ms') {
    this.#precision = precision;
  }

  /** Number of rows, visible or not. */
  get size(): number {
    return this.#timestampMs.length;
  }

  /** Adds an event, at any place in time. */
  add(event: SyntheticEvent): void {
    const row = this.size;
    const digest = digestText(event.text);
    this.#slabs.add(event.text);
    this.#timestampMs.push(event.timestampMs);
    this.#timestampNs.push(event.timestampNs);
    this.#visibleAtMs.push(event.visibleAtMs);
    this.#services.push(event.service);
    this.#organizations.push(event.organization);
    this.#digestHigh.push(digest.high);
    this.#digestLow.push(digest.low);
    this.#tally.add(digest);
    const last = this.#order.at(-1);
    if (last === undefined || this.#compare(last, row) < 0) this.#order.push(row);
    else this.#unsorted.push(row);
  }

  /** Adds events in any order. */
  addAll(events: Iterable<SyntheticEvent>): void {
    for (const event of events) this.add(event);
  }

  /** The exact text of a row, UTF-8. The buffer belongs to the store. */
  text(row: number): Buffer {
    return this.#slabs.text(row);
  }

  /** The rows' texts as one JSON array. */
  renderArray(rows: readonly number[]): Buffer {
    return this.#slabs.renderArray(rows);
  }

  /** A row's timestamp, whole epoch milliseconds. */
  timestampMs(row: number): number {
    return this.#timestampMs[row] as number;
  }

  /** When a row becomes visible, epoch milliseconds. */
  visibleAtMs(row: number): number {
    return this.#visibleAtMs[row] as number;
  }

  /** The digest of a row's text. */
  digest(row: number): TextDigest {
    return { high: this.#digestHigh[row] as number, low: this.#digestLow[row] as number };
  }

  /** Whether the store has an event with exactly this text. */
  hasText(digest: TextDigest): boolean {
    return this.#tally.count(digest) > 0;
  }

  /** Calls `visit` with each row that the question is about, in its order, until `visit` returns false. */
  scan(query: RowQuery, visit: (row: number) => boolean): void {
    this.#sort();
    let low = query.from === undefined ? 0 : this.#firstIndex(query.from, query.from.inclusive);
    let high = query.to === undefined ? this.#order.length : this.#firstIndex(query.to, !query.to.inclusive);
    if (query.afterRow !== undefined) {
      const at = this.#indexOf(query.afterRow);
      if (query.descending === true) high = Math.min(high, at);
      else low = Math.max(low, at + 1);
    }
    const step = query.descending === true ? -1 : 1;
    for (let left = high - low, index = step === 1 ? low : high - 1; left > 0; left--, index += step) {
      const row = this.#order[index] as number;
      if (this.#concerns(row, query) && !visit(row)) return;
    }
  }

  #concerns(row: number, { visibleAtMs, services, exceptServices, organizations }: RowQuery): boolean {
    return (
      (this.#visibleAtMs[row] as number) <= visibleAtMs &&
      (services === undefined || services.has(this.#services[row] as string)) &&
      (exceptServices === undefined || !exceptServices.has(this.#services[row] as string)) &&
      (organizations === undefined || organizations.has(this.#organizations[row] as string | null))
    );
  }

  /** Index of the first row at (`orAt`) or after the instant. */
  #firstIndex(instant: { readonly ms: number; readonly ns: number }, orAt: boolean): number {
    const ns = this.#precision === 'ns' ? instant.ns : 0;
    return this.#search((row) => {
      const difference = (this.#timestampMs[row] as number) - instant.ms || this.#comparedNs(row) - ns;
      return orAt ? difference >= 0 : difference > 0;
    });
  }

  #indexOf(row: number): number {
    return this.#search((other) => this.#compare(other, row) >= 0);
  }

  #search(isAtOrBeyond: (row: number) => boolean): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isAtOrBeyond(this.#order[middle] as number)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Rows of the same instant are ordered by their digests: an order that looks arbitrary, as the real one does. */
  #compare(a: number, b: number): number {
    return (
      (this.#timestampMs[a] as number) - (this.#timestampMs[b] as number) ||
      this.#comparedNs(a) - this.#comparedNs(b) ||
      (this.#digestLow[a] as number) - (this.#digestLow[b] as number) ||
      a - b
    );
  }

  #comparedNs(row: number): number {
    return this.#precision === 'ns' ? (this.#timestampNs[row] as number) : 0;
  }

  /** Merges the rows that arrived out of order; only the part of the order that they fall into is touched. */
  #sort(): void {
    const [first] = this.#unsorted.sort((a, b) => this.#compare(a, b));
    if (first === undefined) return;
    const tail = this.#order.splice(this.#indexOf(first));
    let next = 0;
    for (const row of this.#unsorted) {
      while (next < tail.length && this.#compare(tail[next] as number, row) < 0)
        this.#order.push(tail[next++] as number);
      this.#order.push(row);
    }
    while (next < tail.length) this.#order.push(tail[next++] as number);
    this.#unsorted = [];
  }
}
