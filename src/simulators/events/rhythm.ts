import type { SeededRandom } from '../random.js';

const HOUR_MS = 3_600_000;
/** How busy each hour (UTC) of a working day is, compared with the busiest. */
const HOURLY_LOAD = [
  0.12, 0.1, 0.1, 0.1, 0.14, 0.22, 0.45, 0.85, 1, 0.98, 0.9, 0.8, 0.72, 0.88, 0.92, 0.85, 0.7, 0.5, 0.34, 0.28, 0.24,
  0.2, 0.16, 0.14,
];
const WEEKEND_FACTOR = 0.25;

/** The load of the hour that holds the instant, 0 to 1: more in office hours, less at night and at week-ends. */
function loadAt(epochMs: number): number {
  const date = new Date(epochMs);
  const day = date.getUTCDay();
  const hourly = HOURLY_LOAD[date.getUTCHours()] as number;
  return day === 0 || day === 6 ? hourly * WEEKEND_FACTOR : hourly;
}

/**
 * Yields `count` instants (epoch milliseconds, with a fraction) of [fromMs, toMs) in ascending order, spread by the
 * daily rhythm. The work is linear in `count` and nothing is held in memory.
 */
export function* spreadByRhythm(
  range: { readonly fromMs: number; readonly toMs: number; readonly count: number },
  random: SeededRandom,
): Generator<number> {
  const hours = hoursOf(range.fromMs, range.toMs);
  const total = hours.reduce((sum, hour) => sum + hour.weight, 0);
  let done = 0;
  let produced = 0;
  for (const { startMs, endMs, weight } of hours) {
    done += weight;
    // Rounding the running total, not each hour, makes the sum exact.
    const due = Math.round((done / total) * range.count);
    const inHour = due - produced;
    for (let index = 0; index < inHour; index++) {
      yield startMs + ((index + random.fraction()) / inHour) * (endMs - startMs);
    }
    produced = due;
  }
}

function hoursOf(fromMs: number, toMs: number): { startMs: number; endMs: number; weight: number }[] {
  const hours = [];
  for (let startMs = fromMs; startMs < toMs;) {
    const endMs = Math.min(toMs, (Math.floor(startMs / HOUR_MS) + 1) * HOUR_MS);
    hours.push({ startMs, endMs, weight: loadAt(startMs) * (endMs - startMs) });
    startMs = endMs;
  }
  return hours;
}
