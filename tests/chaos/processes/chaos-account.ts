import { readDeadLetter } from '../../../src/harness/demo/account.js';
import type { Simulators } from '../../../src/simulators/serve.js';

/** What became of every event that the API has shown, by the simulators' and the dead letter's own word. */
export interface ChaosAccount {
  readonly held: number;
  readonly delivered: number;
  /** Not delivered, but whole in the dead letter. */
  readonly deadLettered: number;
  /** Neither. */
  readonly lost: number;
  /** Acceptances beyond the first of an event. */
  readonly duplicated: number;
  /** Accepted texts that no event of the API has. */
  readonly unknown: number;
  /** Events that happened and that the API does not show yet. */
  readonly pending: number;
  /** The first lost events: id, timestamp, and when the API showed them. */
  readonly lostEvents: readonly string[];
  /** Requests that the API answered. */
  readonly apiRequests: number;
  /** Requests that the intake answered. */
  readonly intakeRequests: number;
}

const MAX_LOST_EVENTS = 20;

/** Draws up the account of what is visible now. */
export async function drawUpChaosAccount(simulators: Simulators, dataPath: string): Promise<ChaosAccount> {
  const { jumpcloud, sekoia } = simulators;
  const deadLetter = await readDeadLetter(dataPath);
  // It brings the live events up to date.
  const { duplicated, unknown } = simulators.account();
  const nowMs = Date.now();
  const counts = { held: 0, delivered: 0, deadLettered: 0, lost: 0, pending: 0 };
  const lostEvents: string[] = [];
  for (let row = 0; row < jumpcloud.store.size; row += 1) {
    const text = jumpcloud.store.text(row);
    if (jumpcloud.store.visibleAtMs(row) > nowMs) counts.pending += 1;
    else counts.held += 1;
    if (sekoia.received.countDigest(jumpcloud.store.digest(row)) > 0) counts.delivered += 1;
    else if (jumpcloud.store.visibleAtMs(row) > nowMs) continue;
    else if (deadLetter.has(text.toString('latin1'))) counts.deadLettered += 1;
    else if ((counts.lost += 1) <= MAX_LOST_EVENTS) lostEvents.push(describe(simulators, row));
  }
  const requests = { apiRequests: jumpcloud.stats.requests, intakeRequests: sekoia.stats.requests };
  return { ...counts, duplicated, unknown, lostEvents, ...requests };
}

function describe({ jumpcloud: { store } }: Simulators, row: number): string {
  const { id, timestamp } = JSON.parse(store.text(row).toString()) as { id: string; timestamp: string };
  return `${id} of ${timestamp}, visible at ${new Date(store.visibleAtMs(row)).toISOString()}`;
}
