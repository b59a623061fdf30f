import type { CollectionSettings } from '../configuration/collection-settings.js';

/** Of the rate limit: what the cycles and comparisons of all streams may take. The rest is for backlogs, pages and repairs. */
const SHARE_OF_CYCLES = 0.8;
/** A request that fails holds memory that the others need as well: the cycle fails after so long, and is begun again. */
const LONGEST_RETRY_MS = 30_000;

type Pace = Pick<CollectionSettings, 'frequencyMs' | 'reconcileEveryMs' | 'requestsPerSecond'>;

/** What a stream where nothing happens asks of its source: a page a cycle, and a count an interval. Requests a second. */
function idleRequestsPerSecond({ frequencyMs, reconcileEveryMs }: Pace): number {
  return 1000 / frequencyMs + 1000 / reconcileEveryMs;
}

/** How many times as long cycles and intervals have to be so that those of all streams fit into the rate limit; 1 or more. */
export function stretchOf(pace: Pace, streams: number): number {
  return Math.max(1, (streams * idleRequestsPerSecond(pace)) / (pace.requestsPerSecond * SHARE_OF_CYCLES));
}

/** The settings of a stream among so many. */
export function inCompany<Settings extends Pace & Pick<CollectionSettings, 'retryForMs'>>(
  settings: Settings,
  streams: number,
): Settings {
  const stretch = stretchOf(settings, streams);
  return {
    ...settings,
    frequencyMs: settings.frequencyMs * stretch,
    reconcileEveryMs: settings.reconcileEveryMs * stretch,
    retryForMs: Math.min(settings.retryForMs, LONGEST_RETRY_MS),
  };
}

/** Says with numbers where the rate limit does not carry the pace that is set. */
export function stretchWarnings(pace: Pace, streams: number): string[] {
  const stretch = stretchOf(pace, streams);
  if (stretch === 1) return [];
  const needed = streams * idleRequestsPerSecond(pace);
  const seconds = (ms: number): string => `${Math.ceil((ms * stretch) / 1000)} s`;
  return [
    `${streams} organizations at this frequency and reconcile_every need ${needed.toFixed(1)} requests a second, and ` +
      `requests_per_second leaves ${(pace.requestsPerSecond * SHARE_OF_CYCLES).toFixed(1)} for them: each is read every ` +
      `${seconds(pace.frequencyMs)} and compared every ${seconds(pace.reconcileEveryMs)} instead. ` +
      `${Math.ceil(needed / SHARE_OF_CYCLES)} requests a second would be enough`,
  ];
}
