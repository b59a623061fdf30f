import type { PipelineEvent } from '../pipeline/pipeline-event.js';

/** So many names are shown: whoever reads them looks at the log for more. */
const MOST_NAMES = 20;

interface Signs {
  heardAt: number;
  /** Until when it waits on purpose. */
  waitsUntil: number;
  isFailing: boolean;
}

/** What `/health` says of the streams of a run, where it has several. */
export interface StreamHealth {
  readonly count: number;
  readonly failing: { readonly count: number; readonly names: readonly string[] };
  /** Those without a sign of life. */
  readonly stalled: { readonly count: number; readonly names: readonly string[] };
}

/** The signs of life of each stream of a run. Times are of the monotonic clock. */
export class StreamSigns {
  readonly #streams = new Map<string, Signs>();

  get count(): number {
    return this.#streams.size;
  }

  hear(event: PipelineEvent, stream: string, now: number): void {
    const signs = this.#streams.get(stream) ?? { heardAt: now, waitsUntil: now, isFailing: false };
    this.#streams.set(stream, signs);
    signs.heardAt = now;
    if (event.kind === 'cycle-failed') signs.isFailing = true;
    else if (event.kind === 'caught-up') signs.isFailing = false;
    if ('delayMs' in event && event.kind !== 'held-back')
      signs.waitsUntil = Math.max(signs.waitsUntil, now + event.delayMs);
  }

  health(now: number, thresholdMs: number): StreamHealth {
    const named = (isMeant: (signs: Signs) => boolean): StreamHealth['failing'] => {
      const names = [...this.#streams].filter(([, signs]) => isMeant(signs)).map(([name]) => name);
      return { count: names.length, names: names.slice(0, MOST_NAMES) };
    };
    const silentMs = ({ heardAt, waitsUntil }: Signs): number => now - Math.max(heardAt, Math.min(now, waitsUntil));
    return {
      count: this.count,
      failing: named(({ isFailing }) => isFailing),
      stalled: named((signs) => silentMs(signs) >= thresholdMs),
    };
  }
}
