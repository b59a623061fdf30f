import type { CheckContext, CheckResult } from '../sdk/trigger.js';
import { queryFailure, queryStages, RETRY_FOR_MS } from './check-query.js';
import { createClient } from './create-client.js';
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
  const client = createClient(settings, { ...context, retryForMs: RETRY_FOR_MS });
  const nowMs = context.clock.now();
  const lastDay = { services: settings.services, fromMs: nowMs - DAY_MS, toMs: nowMs };
  yield* queryStages(settings, await queryFailure(settings, client, lastDay, context.signal));
}
