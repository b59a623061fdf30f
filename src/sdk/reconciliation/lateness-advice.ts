import { formatDuration } from '../time/duration.js';
import { LATENESS_STEPS_MS, type LatenessHistogram, laterThan } from './lateness.js';

/** More than this share of a service's events found by counts only is worth a longer overlap. */
const SHARE_WORTH_TELLING = 0.01;

/** What an operator may do about how late events come: a sentence for each setting that is too short. */
export function latenessAdvice(
  histograms: Readonly<Record<string, LatenessHistogram>>,
  { overlapMs, settlingHorizonMs }: { readonly overlapMs: number; readonly settlingHorizonMs: number },
): string[] {
  const services = Object.entries(histograms);
  const nearHorizon = services.filter(([, histogram]) => laterThan(histogram, settlingHorizonMs / 2) > 0);
  const behindOverlap = services.filter(([, histogram]) => {
    const all = histogram.reduce((sum, count) => sum + count, 0);
    return laterThan(histogram, overlapMs) > all * SHARE_WORTH_TELLING;
  });
  const sentences: string[] = [];
  if (nearHorizon.length > 0) {
    sentences.push(
      `Events of ${namesOf(nearHorizon)} came up to ${latest(nearHorizon)} late, and settling_horizon is ` +
        `${formatDuration(settlingHorizonMs)}: raise it to more than twice as long as they take`,
    );
  }
  if (behindOverlap.length > 0) {
    sentences.push(
      `More than 1 % of the events of ${namesOf(behindOverlap)} came later than overlap reaches ` +
        `(${formatDuration(overlapMs)}): with an overlap of ${latest(behindOverlap)} they arrive with the next cycle ` +
        'instead of the next comparison',
    );
  }
  return sentences;
}

type Service = readonly [string, LatenessHistogram];

function namesOf(services: readonly Service[]): string {
  return services.map(([name]) => name).join(', ');
}

/** The end of the last step that holds an event. */
function latest(services: readonly Service[]): string {
  const at = Math.max(...services.map(([, histogram]) => histogram.findLastIndex((count) => count > 0)));
  const endMs = LATENESS_STEPS_MS[at];
  return endMs === undefined ? `more than ${formatDuration(LATENESS_STEPS_MS.at(-1) ?? 0)}` : formatDuration(endMs);
}
