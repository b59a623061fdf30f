import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { readOrganizations, streamsOf } from '../../../src/jumpcloud/organizations.js';
import { SettingsReader } from '../../../src/sdk/configuration/settings-reader.js';

type Arguments = Parameters<typeof readOrganizations>[1];

const ID = '5f1e0c2d9a4b7c6d8e9f0a1b';
const OTHER = '5f1e0c2d9a4b7c6d8e9f0a2c';

function read(args: Arguments): { organizations: ReturnType<typeof readOrganizations>; problems: string[] } {
  const reader = new SettingsReader();
  const organizations = readOrganizations(reader, args);
  return { organizations, problems: reader.problems.map(({ setting, problem }) => `${setting} ${problem}`) };
}

function streams(args: Arguments) {
  const { organizations } = read(args);
  return streamsOf({ organizations, intakeKey: 'intake-key', organizationId: 'of the account', pageSize: 7 });
}

describe('organizations', () => {
  it.each([[`${ID}, ${OTHER}=Example Corp`], [[ID, ` ${OTHER} = Example Corp `]]])(
    'may be written as %j',
    (organizations) => {
      expect(read({ organizations })).toEqual({
        organizations: [
          { kind: 'organization', id: ID },
          { kind: 'organization', id: OTHER, label: 'Example Corp' },
        ],
        problems: [],
      });
    },
  );

  it('are none where none is named, and the trigger has one stream', () => {
    expect(read({})).toEqual({ organizations: [], problems: [] });
    expect(streams({})).toEqual([]);
  });

  it('become streams, each with a folder, a name, and the settings of a trigger that has it alone', () => {
    const args = { organizations: [ID, `${OTHER}=Example Corp`], provider_id: 'provider-1' };
    expect(streams({ ...args, organization_intake_keys: { [OTHER]: 'another-key' } })).toEqual([
      {
        ...{ id: ID, name: '…0a1b', folder: `organizations/${ID}` },
        settings: { organizations: [], intakeKey: 'intake-key', organizationId: ID, pageSize: 7 },
      },
      {
        ...{ id: OTHER, name: 'Example Corp', folder: `organizations/${OTHER}` },
        settings: { organizations: [], intakeKey: 'another-key', organizationId: OTHER, pageSize: 7 },
      },
      {
        ...{ id: 'provider-1', name: 'provider …er-1', folder: 'providers/provider-1' },
        settings: {
          ...{ organizations: [], intakeKey: 'intake-key', pageSize: 7 },
          ...{ organizationId: 'of the account', providerId: 'provider-1' },
        },
      },
    ]);
  });

  it('have a name each, and a folder each, whatever they are called', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-c]{1,6}$/), { minLength: 1, maxLength: 20 }),
        fc.infiniteStream(fc.constantFrom('', '=A', '=B')),
        (ids, labels) => {
          const organizations = ids.map((id) => `${id}${String(labels.next().value)}`);
          const made = streams({ organizations });
          expect(made.map(({ id }) => id)).toEqual(ids);
          expect(new Set(made.map(({ name }) => name)).size).toBe(ids.length);
          expect(new Set(made.map(({ folder }) => folder)).size).toBe(ids.length);
        },
      ),
    );
  });

  it.each<[Arguments, RegExp]>([
    [{ organizations: '../../etc' }, /^arguments.organizations number 1: must be an id/],
    [{ organizations: [ID, ''], provider_id: 'a b' }, /^arguments.provider_id must be an id/],
    [{ organizations: [ID, ID] }, /number 2 is there twice/],
    [{ organizations: [`${ID}=a\nb`] }, /no control characters/],
    [{ organizations: ' , ' }, /names no organization/],
    [{ organizations: [ID], organization_intake_keys: { [OTHER]: 'k' } }, /a key for …0a2c, which is none/],
    [{ organizations: [ID], organization_intake_keys: { [ID]: 'two words' } }, /the key for …0a1b contains a blank/],
  ])('%j is refused', (args, problem) => {
    const { problems } = read(args);
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems.join()).not.toContain('two words');
  });
});
