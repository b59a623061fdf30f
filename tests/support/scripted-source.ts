import { abortError } from '../../src/sdk/errors.js';
import { EventList } from '../../src/sdk/pipeline/event-list.js';
import type { RawEvent } from '../../src/sdk/pipeline/raw-event.js';
import type { Page, Source, Window } from '../../src/sdk/pipeline/source.js';
import { rawEvent, type TestEvent } from './events.js';

export interface ScriptedSourceOptions {
  /** What there is to read; may grow. */
  readonly events: readonly TestEvent[];
  readonly now: () => number;
  /** Events in a page; asked for each page. Default 7. */
  readonly pageEvents?: () => number;
  /** Events of earlier pages that a page repeats; asked for each page. Default none. */
  readonly repeats?: () => number;
  /** Called before each page, and after the last one; throws where reading shall fail. */
  readonly beforePage?: (page: number) => void | Promise<void>;
  /** Whether a page may say how far it settles the window. Default always. */
  readonly saysWhere?: () => boolean;
}

/** A source of given events. It makes the most of what its contract allows: a page's bytes are gone with the next page. */
export class ScriptedSource implements Source {
  readonly windows: Window[] = [];

  constructor(private readonly options: ScriptedSourceOptions) {}

  now(): number {
    return this.options.now();
  }

  learnTime(): Promise<number | undefined> {
    return Promise.resolve(this.now());
  }

  count(window: Window): Promise<number> {
    return Promise.resolve(this.#inside(window).length);
  }

  async *read(window: Window, signal: AbortSignal): AsyncGenerator<Page, number, undefined> {
    const { pageEvents = () => 7, repeats = () => 0, beforePage, saysWhere = () => true } = this.options;
    this.windows.push(window);
    const inside = this.#inside(window);
    let at = 0;
    for (let page = 1; ; page += 1) {
      await Promise.resolve();
      if (signal.aborted) throw abortError();
      await beforePage?.(page);
      if (at >= inside.length) return Math.min(window.toMs, this.now());
      const size = pageEvents();
      const fresh = inside.slice(at, at + size);
      const again = inside.slice(Math.max(0, at - repeats()), at);
      at += size;
      const events = [...again, ...fresh].map(rawEvent);
      const lastMs = fresh.findLast(({ timestampMs }) => timestampMs !== undefined)?.timestampMs;
      try {
        yield { events: new EventList(events), settledToMs: saysWhere() ? lastMs : undefined };
      } finally {
        spoil(events);
      }
    }
  }

  #inside({ fromMs, toMs }: Window): TestEvent[] {
    return this.options.events
      .filter(({ timestampMs: ms }) => ms === undefined || (ms >= fromMs && ms <= toMs))
      .sort((a, b) => (a.timestampMs ?? fromMs) - (b.timestampMs ?? fromMs));
  }
}

function spoil(events: readonly RawEvent[]): void {
  for (const { bytes } of events) bytes.fill(0x21);
}
