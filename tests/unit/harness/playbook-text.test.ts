import { describe, expect, it } from '@jest/globals';

import { playbookFor } from '../../../src/harness/playbook-text.js';
import type { LoadedAccount } from '../../../src/harness/load-configuration.js';
import type { DiscoveredService, Discovery } from '../../../src/jumpcloud/discover.js';
import { moduleConfigurationSchema } from '../../../src/jumpcloud/configuration.generated.js';

const LOADED = {
  registration: { trigger: { command: 'collect' }, moduleSchema: moduleConfigurationSchema },
  account: { apikey: 'jca_secret-of-this-test', organization_id: '${X}' },
} as unknown as LoadedAccount;

function service(name: string, events: number, more: Partial<DiscoveredService> = {}): DiscoveredService {
  return { name, events, isListed: true, isKnown: true, isOutsideAll: false, ...more } as DiscoveredService;
}

function written(services: readonly DiscoveredService[]): string {
  return playbookFor(LOADED, { services } as unknown as Discovery);
}

describe('playbookFor', () => {
  it('names the secrets, and takes nothing else for a reference', () => {
    const text = written([service('sso', 1)]);
    expect(text).toContain('  apikey: ${JUMPCLOUD_API_KEY}\n  organization_id: "$${X}"\n');
    expect(text).not.toContain('secret');
    expect(text).toContain('\n  service: all\n');
  });

  it('names every service that is listed or has events, where all is not enough', () => {
    const outside = service('pam', 2, { isKnown: false, isOutsideAll: true });
    const shown = service('newest', 9, { isListed: false, isKnown: false });
    expect(written([shown, outside, service('ldap', 0)])).toContain(
      '\n  service: ["unlisted:newest","unlisted:pam","ldap"]\n',
    );
    const unlisted = [outside, service('sso', 1), service('ldap', 0)].map((one) => ({ ...one, isListed: undefined }));
    expect(written(unlisted)).toContain('\n  service: ["unlisted:pam","sso"]\n');
  });
});
