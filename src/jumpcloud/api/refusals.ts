import type { Refusals } from '../../sdk/http/refusal.js';

/** What statuses mean to the Directory Insights API, and what helps. */
export const REFUSALS: Refusals = {
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
