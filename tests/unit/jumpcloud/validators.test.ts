import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  connectorArgumentsSchema,
  moduleConfigurationSchema,
  playbookSchema,
} from '../../../src/jumpcloud/configuration.generated.js';
import { validateArguments, validateModule, validatePlaybook } from '../../../src/jumpcloud/validators.generated.js';
import type { SettingsSchema } from '../../../src/sdk/configuration/schema.js';
import { validate } from '../../../src/sdk/configuration/validate.js';

const PAIRS = [
  { name: 'the account', schema: moduleConfigurationSchema, validator: validateModule },
  { name: 'the arguments', schema: connectorArgumentsSchema, validator: validateArguments },
  { name: 'a playbook', schema: playbookSchema, validator: validatePlaybook },
];

/** Documents with the schema's members, most of them wrong, and one that it does not know. */
function documents({ properties }: SettingsSchema): fc.Arbitrary<Record<string, unknown>> {
  const choices = Object.values(properties).flatMap(({ enum: allowed = [] }) => allowed);
  const value = fc.oneof(
    fc.constantFrom<unknown>('', '1h', 'x', '\u{1f600}', 0, -1, 1, 1.5, 10_000, 1e9, true, null, ...choices),
    fc.array(fc.constantFrom<unknown>('sso', 'nothing', 3, ...choices), { maxLength: 3 }),
    fc.constantFrom({}, { member: 1 }),
  );
  const members = Object.fromEntries([...Object.keys(properties), 'unknown'].map((name) => [name, value]));
  return fc.record(members, { requiredKeys: [] });
}

describe.each(PAIRS)('the validator of $name, made ahead of time', ({ schema, validator }) => {
  it('finds what one made at the start finds, in the same words', async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(documents(schema), async (document) => {
        const findings = await validate({ schema, validator }, document);
        found += findings.length;
        expect(findings).toEqual(await validate({ schema }, document));
      }),
    );
    expect(found).toBeGreaterThan(100);
  });

  it('refuses what is no object', async () => {
    expect(await validate({ schema, validator }, [])).toEqual(await validate({ schema }, []));
    expect(await validate({ schema, validator }, [])).toHaveLength(1);
  });
});
