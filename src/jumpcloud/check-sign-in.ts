import { CHECK_RETRY_FOR_MS } from '../sdk/check-source.js';
import { type ErrorCode, ModuleError } from '../sdk/errors.js';
import { connectionDetails, stageResults, stoppedAtStage } from '../sdk/http/api-stages.js';
import type { Credential } from '../sdk/http/credential.js';
import { CONNECTION_STAGES } from '../sdk/http/reachability.js';
import { retry } from '../sdk/http/retry.js';
import type { CheckContext, CheckResult } from '../sdk/trigger.js';
import type { AccountSettings } from './settings.js';

/** What a token proves, in the order in which the way to the token endpoint, and the endpoint itself, look at it. */
const STAGES = [...CONNECTION_STAGES, 'address', 'answer', 'request', 'client', 'scope'] as const;
type Stage = (typeof STAGES)[number];

const STAGE_OF: Readonly<Partial<Record<ErrorCode, Stage>>> = {
  SOURCE_NOT_FOUND: 'address',
  SOURCE_UNAVAILABLE: 'answer',
  SOURCE_RATE_LIMITED: 'answer',
  SOURCE_ANSWER_INVALID: 'answer',
  SOURCE_REQUEST_REFUSED: 'request',
  SOURCE_CREDENTIAL_REFUSED: 'client',
  SOURCE_ROLE_REFUSED: 'scope',
};

/**
 * Has a service account get its token; of an API key there is nothing to get.
 * @returns whether the API can be asked now
 */
export async function* checkSignIn(
  account: AccountSettings,
  credential: Credential,
  { clock, random, signal }: CheckContext,
): AsyncGenerator<CheckResult, boolean, undefined> {
  if ('apiKey' in account) return true;
  const policy = { firstDelayMs: 1000, longestDelayMs: 1000, deadlineMs: CHECK_RETRY_FOR_MS };
  const failure = await retry(() => credential.present(signal), { policy, clock, random, requested: signal }).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof ModuleError) return error;
      throw error;
    },
  );
  const details: Readonly<Record<Stage, string>> = {
    ...connectionDetails(account.serviceAccount.tokenUrl),
    address: 'found',
    answer: 'the token endpoint answers',
    request: 'understood',
    client: 'client ID and secret accepted',
    scope: 'an access token was given',
  };
  const stopped = failure && stoppedAtStage(failure, STAGE_OF);
  yield* stageResults({ name: 'JumpCloud service account', stages: STAGES, details, failure, stopped });
  if (failure === undefined) return true;
  yield {
    name: 'JumpCloud API',
    state: 'skipped',
    detail: 'not reached: without a token there is nothing to ask with',
  };
  return false;
}
