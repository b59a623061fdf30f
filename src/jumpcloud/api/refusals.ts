import type { Refusals } from '../../sdk/http/refusal.js';
import type { AccountSettings } from '../settings.js';

/** What statuses mean to the Directory Insights API where an API key is shown, and what helps. */
const KEY_REFUSALS: Refusals = {
  400: {
    code: 'SOURCE_REQUEST_REFUSED',
    advice:
      'Check the settings that the answer names. Of services, take those that it lists; a name that this release does ' +
      'not know can be given as unlisted:NAME. Of a filter, see search_term. Of times, check the clock of this machine.',
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

/** The same where the token of a service account is shown. */
const SERVICE_ACCOUNT_REFUSALS: Refusals = {
  ...KEY_REFUSALS,
  401: {
    code: 'SOURCE_CREDENTIAL_REFUSED',
    advice:
      'The API refuses even a new token of the service account (client_id): check that it still exists in the JumpCloud ' +
      'Admin Portal, and that base_url or region is the region of the account.',
  },
  403: {
    code: 'SOURCE_ROLE_REFUSED',
    advice:
      'The service account (client_id) may not read Directory Insights of this organization: check its role, and organization_id.',
  },
};

/** What statuses mean to the endpoint that gives service accounts their tokens. */
export const TOKEN_REFUSALS: Refusals = {
  400: {
    code: 'SOURCE_REQUEST_REFUSED',
    advice: 'The token endpoint does not understand the request: check token_url, and client_id and client_secret.',
  },
  401: {
    code: 'SOURCE_CREDENTIAL_REFUSED',
    advice:
      'The client ID or its secret is wrong or was replaced: copy client_id and client_secret of the service account again ' +
      'from the JumpCloud Admin Portal.',
  },
  403: {
    code: 'SOURCE_ROLE_REFUSED',
    advice:
      'The service account (client_id) lacks the scope api: give it that in the JumpCloud Admin Portal. Its ID and secret are right.',
  },
  404: {
    code: 'SOURCE_NOT_FOUND',
    advice: 'Check token_url: it should be https://admin-oauth.id.jumpcloud.com/oauth2/token.',
  },
};

/** What statuses of the Directory Insights API mean to an account. */
export function refusalsOf(account: AccountSettings): Refusals {
  return 'apiKey' in account ? KEY_REFUSALS : SERVICE_ACCOUNT_REFUSALS;
}
