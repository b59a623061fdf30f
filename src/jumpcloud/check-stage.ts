import type { ErrorCode, ModuleError } from '../sdk/errors.js';
import { type StoppedAt, stoppedAtStage } from '../sdk/http/api-stages.js';
import { CONNECTION_STAGES } from '../sdk/http/reachability.js';
import type { AccountSettings } from './settings.js';

/** What one small query proves, by API key or by access token, in the order in which the way to the API, and the API itself, look at it. */
export const STAGES = [
  ...CONNECTION_STAGES,
  'address',
  'answer',
  'API key',
  'access token',
  'licence',
  'role',
  'query',
  'services',
] as const;
export type Stage = (typeof STAGES)[number];

const STAGE_OF: Readonly<Partial<Record<ErrorCode, Stage>>> = {
  SOURCE_NOT_FOUND: 'address',
  SOURCE_UNAVAILABLE: 'answer',
  SOURCE_RATE_LIMITED: 'answer',
  SOURCE_ANSWER_INVALID: 'answer',
  SOURCE_NOT_LICENSED: 'licence',
  SOURCE_ROLE_REFUSED: 'role',
};

/** Where the advice for a running connector, which tries again, does not help whoever checks. */
const REMEDIES: Readonly<Partial<Record<ErrorCode, string>>> = {
  SOURCE_RATE_LIMITED:
    'Check again in a minute. If it lasts, look for other programs that use the same API key or service account.',
  SOURCE_ANSWER_INVALID: 'Check base_url, and that no proxy answers in place of JumpCloud.',
};

const TIMES_REMEDY = 'Set the clock of this machine by NTP: JumpCloud refuses the times that it was asked for.';

/** Total: any failure of a query has a stage. */
export function stoppedAt(failure: ModuleError, account: AccountSettings): StoppedAt<Stage> {
  if (failure.code === 'SOURCE_CREDENTIAL_REFUSED') {
    return { stage: 'apiKey' in account ? 'API key' : 'access token', remedy: failure.advice };
  }
  if (failure.code === 'SOURCE_REQUEST_REFUSED') return refusedAt(failure);
  const { stage, remedy } = stoppedAtStage(failure, STAGE_OF);
  return { stage, remedy: REMEDIES[failure.code] ?? remedy };
}

/** A 400 is about the query, and only its words tell which part of it; of any other status that is not even clear. */
function refusedAt({ status, message, advice }: ModuleError): StoppedAt<Stage> {
  if (status !== 400) return { stage: 'answer', remedy: advice };
  // The host's name comes first and says nothing.
  const said = message.slice(message.indexOf(' answered '));
  if (/service/i.test(said)) return { stage: 'services', remedy: advice };
  return { stage: 'query', remedy: /time/i.test(said) ? TIMES_REMEDY : advice };
}
