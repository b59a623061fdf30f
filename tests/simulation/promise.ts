import type { Incident, Scenario } from './scenario.js';

/** How long one failed try may hold up what comes after it: a stall, a refusal's pause, a back-off. */
const HELD_UP_MS = 130_000;
/** Where the API refuses to count, it is asked again after an hour. */
const COUNTING_AGAIN_MS = 3_600_000;
/** Other events that show whether a refused one is at fault. */
const LEAST_SPARES = 10;
/** In shorter horizons everything is read again instead. */
const READ_AGAIN_MS = 3_600_000;

type Timed = Pick<Scenario, 'settings' | 'incidents' | 'reconciliation' | 'wire'>;

/**
 * How late an event may become visible and the connector still promises to find it, milliseconds: as far as it looks
 * back; with counts compared, up to the settling horizon, less what may keep it from comparing in time.
 */
export function longestLateness({ settings, incidents, reconciliation, wire }: Timed): number {
  const lookBackMs = settings.overlap * 1000;
  if (!reconciliation) return lookBackMs;
  const troubles = incidents.reduce((sum, incident) => sum + holdUpMs(incident, settings.settlingHorizon * 1000), 0);
  const comparing = (settings.reconcileEvery * 2 + settings.frequency * 2) * 1000 + wire.mostDelayMs * 40 + 10_000;
  // The ledger forgets by whole hours at the earliest, horizons are told to the second.
  return Math.max(lookBackMs, settings.settlingHorizon * 850 - troubles - comparing);
}

/** Whether all that happens in a scenario is something the connector promises to cope with. Smaller ones may not be. */
export function isPromised(scenario: Scenario): boolean {
  const longest = Math.max(0, longestLateness(scenario) - 1);
  if (scenario.events.some(({ lateMs }) => lateMs > longest)) return false;
  // Whether an event or the intake is at fault shows by other events alone.
  const isRefusing = scenario.events.some(({ refusal }) => refusal !== undefined && refusal !== 'later');
  return !isRefusing || scenario.events.filter(({ isSpare }) => isSpare === true).length >= LEAST_SPARES;
}

function holdUpMs(incident: Incident, horizonMs: number): number {
  switch (incident.on) {
    case 'crash':
    case 'stop':
      return incident.downMs + 10_000;
    case 'clock':
      return HELD_UP_MS;
    case 'retention':
      return 0;
    default: {
      const { times, fromMs, untilMs } = incident;
      const silenceMs = silenceOf(incident);
      const refusesCounts = incident.on === 'api' && incident.path !== 'events' && isRefusal(incident.effect);
      const each = Math.max(refusesCounts && horizonMs > READ_AGAIN_MS ? COUNTING_AGAIN_MS : 0, HELD_UP_MS, silenceMs);
      const whole = untilMs - fromMs + each;
      return times === undefined ? whole : Math.min(refusesCounts ? Infinity : whole, times * each);
    }
  }
}

function silenceOf(incident: Incident): number {
  if (!('effect' in incident) || incident.effect.kind !== 'status') return 0;
  return typeof incident.effect.retryAfter === 'number' ? incident.effect.retryAfter * 1000 + HELD_UP_MS : 0;
}

function isRefusal(effect: { readonly kind: string; readonly status?: number }): boolean {
  return effect.kind !== 'status' || (effect.status !== 429 && (effect.status ?? 0) < 500);
}
