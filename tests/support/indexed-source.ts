import { abortError } from '../../src/sdk/errors.js';
import { EventList } from '../../src/sdk/pipeline/event-list.js';
import type { RawEvent } from '../../src/sdk/pipeline/raw-event.js';
import type { Page, Source, Window } from '../../src/sdk/pipeline/source.js';
import { rawEvent, type TestEvent } from './events.js';

/** How the source understands the bounds of a question, and how exactly it remembers times. */
export interface Reading {
  readonly startInclusive: boolean;
  readonly endInclusive: boolean;
  readonly index: 'exact' | 'cut' | 'rounded';
}

export const PLAIN_READING: Reading = { startInclusive: true, endInclusive: false, index: 'exact' };

/** An event as a source holds it: to a fraction of a millisecond, and perhaps undated in its own text. */
export interface HeldEvent {
  readonly event: TestEvent;
  readonly atMs: number;
  /** Beyond `atMs`, 0 to below 1. */
  readonly fraction?: number;
}

/** A source that can be asked for events and for their number, under any reading of the bounds. */
export class IndexedSource implements Source {
  readonly held: HeldEvent[] = [];
  /** Questions for events, and for numbers. */
  readonly reads: Window[] = [];
  readonly counts: Window[] = [];
  /** Called with each count before it is answered: what it gives is the answer. */
  onCount: (counted: number, window: Window, n: number) => number | Promise<number> = (counted) => counted;

  /** Called with each window before it is read. */
  onRead: (window: Window) => void | Promise<void> = () => undefined;

  constructor(
    readonly now: () => number,
    readonly reading: Reading = PLAIN_READING,
  ) {}

  hold(...held: readonly HeldEvent[]): void {
    this.held.push(...held);
  }

  learnTime(): Promise<number | undefined> {
    return Promise.resolve(this.now());
  }

  async count(window: Window, signal: AbortSignal): Promise<number> {
    if (signal.aborted) throw abortError();
    this.counts.push(window);
    await Promise.resolve();
    return this.onCount(this.inside(window).length, window, this.counts.length);
  }

  async *read(window: Window, signal: AbortSignal): AsyncGenerator<Page, number, undefined> {
    this.reads.push(window);
    await this.onRead(window);
    if (signal.aborted) throw abortError();
    const events: RawEvent[] = this.inside(window).map(({ event }) => rawEvent(event));
    const settledToMs = events.findLast((each) => each.timestampMs)?.timestampMs;
    if (events.length > 0) yield { events: new EventList(events), settledToMs };
    return Math.min(window.toMs, this.now());
  }

  inside({ fromMs, toMs }: Window): HeldEvent[] {
    const { startInclusive, endInclusive } = this.reading;
    return this.held
      .filter((each) => {
        const at = this.#indexed(each);
        return (startInclusive ? at >= fromMs : at > fromMs) && (endInclusive ? at <= toMs : at < toMs);
      })
      .sort((a, b) => this.#indexed(a) - this.#indexed(b));
  }

  #indexed({ atMs, fraction = 0 }: HeldEvent): number {
    if (this.reading.index === 'exact') return atMs + fraction;
    return this.reading.index === 'cut' ? atMs : Math.round(atMs + fraction);
  }
}
