import type { Deeds } from './plan/stage.js';
import type { ChaosAccount } from './processes/chaos-account.js';

/** Events in a request to the intake at the most. */
export const BATCH_EVENTS = 200;
/** Batches under way at once at the most: four of the tail, one of a gap. */
const BATCHES_UNDER_WAY = 5;

/** What a run of chaos ended with. */
export interface Outcome {
  readonly account: ChaosAccount;
  readonly deeds: Deeds;
  /** Connections to the intake that ended while an answer may have been lost on them. */
  readonly lostAnswers: number;
  /** From the end of the faults until all was delivered; undefined where that never came. */
  readonly healthyAfterMs: number | undefined;
  /** Acceptances of events again after a clean stop and another start, when all had been delivered. */
  readonly repeatedAfterCleanStop: number;
}

/** How many duplicates the crashes and the lost acknowledgements explain. */
export function explainedDuplicates({ deeds, lostAnswers }: Pick<Outcome, 'deeds' | 'lostAnswers'>): number {
  return (deeds.hardEnds * BATCHES_UNDER_WAY + lostAnswers) * BATCH_EVENTS;
}

/** What must not be, in words; empty where all is well. */
export function findings(outcome: Outcome): string[] {
  const { account, deeds, healthyAfterMs, repeatedAfterCleanStop } = outcome;
  const explained = explainedDuplicates(outcome);
  return [
    ...(healthyAfterMs === undefined ? ['it did not become healthy after the faults had ended'] : []),
    ...(account.lost > 0 ? [`${account.lost} events are lost: ${account.lostEvents.join('; ')}`] : []),
    ...(account.unknown > 0 ? [`the intake has ${account.unknown} texts that the API never had`] : []),
    ...(account.duplicated > explained
      ? [`${account.duplicated} duplicates, of which at most ${explained} are explained`]
      : []),
    ...(repeatedAfterCleanStop > 0 ? [`a clean stop and start repeated ${repeatedAfterCleanStop} events`] : []),
    ...deeds.surprises,
  ];
}
