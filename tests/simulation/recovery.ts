import type { Scenario } from './scenario.js';

/** The waits of the connector's own, between tries: five minutes with a side, two after a refusal, and their sums. */
const LONGEST_WAITS_MS = 1_500_000;
/** A request that is refused is narrowed down, and the last suspect waits for another event to be accepted. */
const REFUSAL_MS = 900_000;

/**
 * How long after the last trouble the connector may take to be healthy: its longest waits, what the other side asked for,
 * two cycles, and the reading of everything at the pace of its limits.
 */
export function recoveryMs({ settings, events, incidents, wire, api, reconciliation }: Scenario): number {
  const silences = incidents.map((incident) =>
    'effect' in incident && incident.effect.kind === 'status' && typeof incident.effect.retryAfter === 'number'
      ? incident.effect.retryAfter * 1000
      : 0,
  );
  const refused = events.filter(({ refusal }) => refusal === 'poison' || refusal === 'request').length;
  const poisoned = events.filter(({ refusal }) => refusal === 'poison').length;
  // An event that makes the intake fail whenever it is sent, and stands alone, is only given up with the push.
  const refusals = refused * REFUSAL_MS + poisoned * settings.retryFor * 1000;
  const days = Math.ceil((settings.startFrom * 1000 + 86_400_000) / 86_400_000);
  const requests =
    days + 4 + (events.length * 2) / Math.min(settings.pageSize, api.mostRows) + events.length / settings.chunkSize;
  const perRequestMs = 2 * wire.mostDelayMs * wire.pieces + 1000 / settings.requestsPerSecond + 4 * wire.storageDelayMs;
  const comparisons = reconciliation ? settings.reconcileEvery * 6000 + requests * 4 * perRequestMs : 0;
  return (
    LONGEST_WAITS_MS +
    Math.max(0, ...silences) +
    refusals +
    settings.frequency * 4000 +
    settings.overlap * 1000 +
    requests * perRequestMs +
    comparisons
  );
}
