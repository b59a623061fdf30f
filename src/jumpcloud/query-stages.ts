import type { ModuleError } from '../sdk/errors.js';
import { connectionDetails, stageResults } from '../sdk/http/api-stages.js';
import type { CheckResult } from '../sdk/trigger.js';
import { type Stage, STAGES, stoppedAt } from './check-stage.js';
import type { ConnectorSettings } from './settings.js';

/** What came before the failure passed, what comes after it could not be seen. */
export function queryStages(
  { baseUrl, services }: Pick<ConnectorSettings, 'baseUrl' | 'services'>,
  failure: ModuleError | undefined,
): Generator<CheckResult> {
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
