import { CHECK_RETRY_FOR_MS, queryFailure } from '../sdk/check-source.js';
import { unchanging } from '../sdk/held-settings.js';
import type { CheckContext, CheckResult } from '../sdk/trigger.js';
import { checkSignIn } from './check-sign-in.js';
import { createClient } from './create-client.js';
import { createCredential } from './credential.js';
import { DirectoryInsightsSource } from './event-source.js';
import { queryStages } from './query-stages.js';
import { parseAccount } from './settings.js';

const DAY_MS = 86_400_000;
const REQUESTS_PER_SECOND = 10;

/**
 * Examines an account by one small query: whether the API can be reached, and lets its key or service account read
 * events. The last finding, where all is well, says by which.
 * @throws ConfigurationError where the account cannot be one
 */
export async function* checkAccount(
  module: Readonly<Record<string, unknown>>,
  context: CheckContext,
): AsyncGenerator<CheckResult, void, undefined> {
  // Whether the arguments list organizations is not known here.
  const account = parseAccount(module, true);
  const credential = createCredential(unchanging(account), context);
  if (!(yield* checkSignIn(account, credential, context))) return;
  if ('serviceAccount' in account && account.organizationId === undefined) {
    // The API answers a service account for an organization that is named, and which they are only the arguments say.
    const detail = 'its service account gets tokens; without organization_id the connector has to list organizations';
    yield { name: 'JumpCloud account', state: 'passed', detail };
    return;
  }
  const settings = { ...account, services: ['all'], requestsPerSecond: REQUESTS_PER_SECOND };
  const client = createClient(settings, { ...context, credential, retryForMs: CHECK_RETRY_FOR_MS });
  const nowMs = context.clock.now();
  const source = new DirectoryInsightsSource({ client, services: settings.services, pageSize: 1 });
  const failure = await queryFailure(source, { fromMs: nowMs - DAY_MS, toMs: nowMs }, context.signal);
  yield* queryStages(settings, failure);
  if (failure !== undefined) return;
  const detail = `its ${'apiKey' in account ? 'API key' : 'service account'} reads events`;
  yield { name: 'JumpCloud account', state: 'passed', detail };
}
