import { ModuleError } from '../sdk/errors.js';
import { connectionDetails, stageResults } from '../sdk/http/api-stages.js';
import type { Window } from '../sdk/pipeline/source.js';
import type { CheckResult } from '../sdk/trigger.js';
import type { DirectoryInsightsClient } from './api/client.js';
import { type Stage, STAGES, stoppedAt } from './check-stage.js';
import { DirectoryInsightsSource } from './event-source.js';
import type { ConnectorSettings } from './settings.js';

/** Long enough for a 429 or a 503 that passes at once; whoever checks waits for it. */
export const RETRY_FOR_MS = 3000;

/** What a query is about. */
type Queried = Pick<ConnectorSettings, 'baseUrl' | 'services'>;

/** Asks for one event. @returns what the API, or the way to it, has against that */
export async function queryFailure(
  { services }: Pick<Queried, 'services'>,
  client: DirectoryInsightsClient,
  window: Window,
  signal: AbortSignal,
): Promise<ModuleError | undefined> {
  const source = new DirectoryInsightsSource({ client, services, pageSize: 1 });
  try {
    // The first piece is enough; leaving early closes the connection.
    for await (const page of source.read(window, signal)) if (page.events.count > 0) break;
    return undefined;
  } catch (error) {
    if (error instanceof ModuleError) return error;
    throw error;
  }
}

/** What came before the failure passed, what comes after it could not be seen. */
export function queryStages({ baseUrl, services }: Queried, failure: ModuleError | undefined): Generator<CheckResult> {
  const details: Readonly<Record<Stage, string>> = {
    ...connectionDetails(baseUrl),
    address: 'found',
    answer: 'the Directory Insights API answers',
    'API key': 'accepted',
    licence: 'Directory Insights is part of the plan',
    role: 'the administrator may read events',
    query: 'understood',
    services: services.join(', '),
  };
  const stopped = failure && stoppedAt(failure);
  return stageResults({ name: 'JumpCloud', stages: STAGES, details, failure, stopped });
}
