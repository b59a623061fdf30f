import { ModuleError, type ErrorCode } from '../errors.js';
import { answerExcerpt } from './body.js';
import { requestReference } from './exchange.js';

/** What a status of an API means that trying again does not mend. */
export interface RefusalMeaning {
  /** One of the SOURCE_ codes; only those that no retry helps make sense. */
  readonly code: ErrorCode;
  /** What the operator should do, as a sentence. */
  readonly advice: string;
}

/** Meanings by HTTP status. */
export type Refusals = Readonly<Record<number, RefusalMeaning>>;

/** What statuses mean to an API that says nothing else. */
export const USUAL_REFUSALS: Refusals = {
  400: {
    code: 'SOURCE_REQUEST_REFUSED',
    advice: 'Check the settings that the answer names, and the clock of this machine.',
  },
  401: {
    code: 'SOURCE_CREDENTIAL_REFUSED',
    advice: 'Check the credential of the account: it may be wrong, expired or replaced.',
  },
  402: { code: 'SOURCE_NOT_LICENSED', advice: 'The plan of the account does not include this API: ask its vendor.' },
  403: { code: 'SOURCE_ROLE_REFUSED', advice: 'Give the owner of the credential the right to read these events.' },
  404: { code: 'SOURCE_NOT_FOUND', advice: 'Check the address of the API in the account.' },
};

const REDIRECTED: RefusalMeaning = {
  code: 'SOURCE_NOT_FOUND',
  advice: 'Check the address of the API: redirects are not followed, since they would take the credential along.',
};
const OTHER: RefusalMeaning = {
  code: 'SOURCE_REQUEST_REFUSED',
  advice: 'Check the address of the API, and that no proxy answers in place of the API.',
};

/** An answer that is a refusal. */
export interface RefusedAnswer {
  readonly host: string;
  readonly status: number;
  readonly body: string;
  readonly requestId: string | undefined;
}

/** The error for a status that trying again does not mend, in the API's own words where it has any. Total. */
export function refusal({ host, status, body, requestId }: RefusedAnswer, refusals: Refusals): ModuleError {
  const isRedirect = status >= 300 && status < 400;
  const { code, advice } = refusals[status] ?? USUAL_REFUSALS[status] ?? (isRedirect ? REDIRECTED : OTHER);
  const excerpt = answerExcerpt(body);
  const said = excerpt === '' ? '' : `: ${excerpt}`;
  return new ModuleError(code, `${host} answered ${status}${said}${requestReference(requestId)}`, {
    status,
    advice,
    answer: body,
    ...(requestId === undefined ? {} : { requestId }),
  });
}
