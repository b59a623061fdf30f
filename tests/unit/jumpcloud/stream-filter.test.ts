import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { describeStream } from '../../../src/jumpcloud/describe-stream.js';
import { streamFilter } from '../../../src/jumpcloud/stream-filter.js';

const event = (members: { service?: string; organization?: string }) => ({
  ...{ bytes: Buffer.from(JSON.stringify(members)), id: '1', timestampMs: 0 },
  service: members.service,
});

describe('which events a stream holds', () => {
  it.each([
    [{ services: ['all'] }, { service: 'sso' }, true],
    [{ services: ['all'] }, {}, true],
    [{ services: ['sso', 'radius'] }, { service: 'radius' }, true],
    [{ services: ['sso', 'radius'] }, { service: 'ldap' }, false],
    [{ services: ['sso'] }, {}, false],
    [{ services: ['all'], organizationId: 'o1' }, { organization: 'o1' }, true],
    [{ services: ['all'], organizationId: 'o1' }, { organization: 'o2' }, false],
    [{ services: ['all'], organizationId: 'o1' }, {}, false],
  ])('is told by its description: %j, %j', (settings, members, isHeld) => {
    expect(streamFilter(describeStream(settings))?.(event(members))).toBe(isHeld);
  });

  it.each(['', 'scripted', 'services ', 'services all with a filter'])('is not told by %j', (stream) => {
    expect(streamFilter(stream)).toBeUndefined();
  });

  it('is not told where there is a filter or a provider, whatever they are', () => {
    const word = fc.constantFrom('all', 'a', 'of organization o1', ', ', 'services all', '"', ' ', 'sso, ldap');
    const text = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(''));
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), text, text, (hasProvider, isOfAll, id, value) => {
        const services = isOfAll ? ['all'] : ['sso', 'ldap'];
        const whose = hasProvider ? { providerId: id } : { searchTerm: { and: [{ [id]: value }] } };
        expect(streamFilter(describeStream({ services, ...whose }))).toBeUndefined();
        expect(streamFilter(describeStream({ services, organizationId: 'o1', ...whose }))).toBeUndefined();
      }),
    );
  });
});
