import type { EventGenerator } from './events/event-generator.js';
import type { SyntheticEvent } from './events/synthetic-event.js';

/** Events that happen at a steady rate while the simulators run. */
interface LiveTrickle {
  /** Makes the events that have happened since the last call, up to the instant (epoch milliseconds). */
  advance(nowMs: number): void;
  /** Nothing more happens from this instant on (epoch milliseconds). */
  end(nowMs: number): void;
}

/**
 * Creates a trickle that begins at `fromMs`. It has no timer: whoever looks at the events advances it first, which
 * makes it work on a simulated clock too.
 */
export function createLiveTrickle(options: {
  readonly generator: EventGenerator;
  readonly eventsPerSecond: number;
  readonly fromMs: number;
  readonly add: (event: SyntheticEvent) => void;
}): LiveTrickle {
  const intervalMs = 1000 / options.eventsPerSecond;
  let happened = 0;
  let endMs = Infinity;
  return {
    advance(nowMs) {
      for (;;) {
        const nextMs = options.fromMs + (happened + 1) * intervalMs;
        if (!(nextMs <= Math.min(nowMs, endMs))) return;
        options.add(options.generator.next(nextMs));
        happened++;
      }
    },
    end(nowMs) {
      endMs = Math.min(endMs, nowMs);
    },
  };
}
