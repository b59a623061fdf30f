import type { ModuleError } from '../sdk/errors.js';
import { connectionDetails, stageResults } from '../sdk/http/api-stages.js';
import type { CheckResult } from '../sdk/trigger.js';
import { type Stage, STAGES, stoppedAt } from './check-stage.js';
import type { AccountSettings } from './settings.js';

/** What came before the failure passed, what comes after it could not be seen. */
export function queryStages(
  settings: AccountSettings & { readonly services: readonly string[] },
  failure: ModuleError | undefined,
): Generator<CheckResult> {
  const details: Readonly<Record<Stage, string>> = {
    ...connectionDetails(settings.baseUrl),
    address: 'found',
    answer: 'the Directory Insights API answers',
    'API key': 'accepted',
    'access token': 'accepted',
    licence: 'Directory Insights is part of the plan',
    role: 'apiKey' in settings ? 'the administrator may read events' : 'the service account may read events',
    query: 'understood',
    services: settings.services.join(', '),
  };
  const other = 'apiKey' in settings ? 'access token' : 'API key';
  const stages = STAGES.filter((stage) => stage !== other);
  const stopped = failure && stoppedAt(failure, settings);
  return stageResults({ name: 'JumpCloud', stages, details, failure, stopped });
}
