import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { readListedServices } from '../../../src/jumpcloud/listed-services.js';
import { KNOWN_SERVICES } from '../../../src/jumpcloud/services.js';

const ASKED = 'sekoia_module_discover';

describe('the services that a refusal lists', () => {
  it.each([
    [`unknown service "${ASKED}", supported services: all, access_certification, alerts, sso, ldap, zebra`],
    [
      `{"message":"${ASKED} is not one of all, access_certification, alerts, sso, ldap and zebra"}`.replace(
        ' and',
        ',',
      ),
    ],
    [`{"message":"bad service","supported":["all","access_certification","alerts","sso","ldap","zebra"]}`],
    [`invalid service: [all access_certification alerts sso ldap zebra]`],
    [`services must be 'all'|'access_certification'|'alerts'|'sso'|'ldap'|'zebra'.`],
    [`supported services: access_certification, all, alerts, sso, ldap, zebra. Use one of them, please`],
  ])('are found in %s', (message) => {
    expect(readListedServices(message, ASKED)).toEqual(['access_certification', 'alerts', 'sso', 'ldap', 'zebra']);
  });

  it.each(['', 'bad request', `unknown service ${ASKED}`, 'reports on all systems were refused', '<html>all</html>'])(
    'are none in %j',
    (message) => {
      expect(readListedServices(message, ASKED) ?? []).not.toContain(ASKED);
      if (!message.includes('reports')) expect(readListedServices(message, ASKED)).toBeUndefined();
    },
  );

  it('are found wherever new names stand, in any of the usual forms', () => {
    const added = fc.stringMatching(/^[b-n][a-z]{3,8}_[a-z]{3}$/);
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...KNOWN_SERVICES], { minLength: 4 }),
        fc.uniqueArray(added, { maxLength: 3 }),
        fc.constantFrom(', ', ',', '","', "', '", '|'),
        fc.nat(),
        (known, fresh, separator, seed) => {
          const all = [...known, ...fresh].sort((a, b) => ((a.length * 7 + seed) % 11) - ((b.length * 7 + seed) % 11));
          const message = `"${ASKED}" is unknown. Supported values: ${all.join(separator)}.`;
          expect(readListedServices(message, ASKED)).toEqual(all);
        },
      ),
    );
  });
});
