import { ModuleError, type ErrorCode } from '../../sdk/errors.js';
import { answerExcerpt } from '../../sdk/http/body.js';
import { requestReference } from '../../sdk/http/exchange.js';

interface Meaning {
  readonly code: ErrorCode;
  readonly advice: string;
}

const MEANINGS: Readonly<Record<number, Meaning>> = {
  400: {
    code: 'SOURCE_REQUEST_REFUSED',
    advice:
      'Check the settings that the answer names. Of services, take those that it lists; a name that this release does ' +
      'not know can be given as unlisted:NAME. Of times, check the clock of this machine.',
  },
  401: {
    code: 'SOURCE_CREDENTIAL_REFUSED',
    advice:
      'Check the API key (apikey): generating a new key in the JumpCloud Admin Portal invalidates the old one at once. ' +
      'Check also that base_url is the region of the account.',
  },
  402: {
    code: 'SOURCE_NOT_LICENSED',
    advice: 'Directory Insights is not part of the JumpCloud plan of this organization: ask JumpCloud to enable it.',
  },
  403: {
    code: 'SOURCE_ROLE_REFUSED',
    advice:
      'The administrator behind the API key may not read Directory Insights: use one with a role that may (not Command ' +
      'Runner), with API access enabled, and check organization_id.',
  },
  404: {
    code: 'SOURCE_NOT_FOUND',
    advice:
      'Check base_url: it should be https://api.jumpcloud.com, https://api.eu.jumpcloud.com or https://api.in.jumpcloud.com.',
  },
};

/** The error for a status that trying again does not mend, in the API's own words where it has any. */
export function refusal(host: string, status: number, body: string, requestId: string | undefined): ModuleError {
  const meaning = MEANINGS[status] ?? otherMeaning(status);
  const excerpt = answerExcerpt(body);
  const said = excerpt === '' ? '' : `: ${excerpt}`;
  return new ModuleError(meaning.code, `${host} answered ${status}${said}${requestReference(requestId)}`, {
    status,
    advice: meaning.advice,
    ...(requestId === undefined ? {} : { requestId }),
  });
}

function otherMeaning(status: number): Meaning {
  return status >= 300 && status < 400
    ? {
        code: 'SOURCE_NOT_FOUND',
        advice: 'Check base_url: redirects are not followed, since they would take the API key along.',
      }
    : { code: 'SOURCE_REQUEST_REFUSED', advice: 'Check base_url, and that no proxy answers in place of JumpCloud.' };
}
