import { CHECK_RETRY_FOR_MS, queryFailure } from '../sdk/check-source.js';
import type { CheckContext, CheckResult } from '../sdk/trigger.js';
import { createClient } from './create-client.js';
import { DirectoryInsightsSource } from './event-source.js';
import { queryStages } from './query-stages.js';
import { parseAccount } from './settings.js';

const DAY_MS = 86_400_000;
const REQUESTS_PER_SECOND = 10;

/**
 * Examines an account by one small query: whether the API can be reached, and lets its key read events.
 * @throws ConfigurationError where the account cannot be one
 */
export async function* checkAccount(
  module: Readonly<Record<string, unknown>>,
  context: CheckContext,
): AsyncGenerator<CheckResult, void, undefined> {
  const account = parseAccount(module);
  const settings = { ...account, services: ['all'], requestsPerSecond: REQUESTS_PER_SECOND };
  const client = createClient(settings, { ...context, retryForMs: CHECK_RETRY_FOR_MS });
  const nowMs = context.clock.now();
  const source = new DirectoryInsightsSource({ client, services: settings.services, pageSize: 1 });
  yield* queryStages(settings, await queryFailure(source, { fromMs: nowMs - DAY_MS, toMs: nowMs }, context.signal));
}
