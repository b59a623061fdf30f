import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createFlagLayer, createLayer, type LoadedSection } from '../../../../src/sdk/configuration/layer.js';
import { resolveConfiguration, type Check } from '../../../../src/sdk/configuration/resolve.js';
import type { SettingsSchema } from '../../../../src/sdk/configuration/schema.js';
import { ConfigurationError } from '../../../../src/sdk/errors.js';

const ACCOUNT: SettingsSchema = {
  type: 'object',
  properties: {
    apikey: { type: 'string' },
    region: { type: 'string', default: 'eu', enum: ['eu', 'us'] },
    address: { type: 'string', format: 'ipv4' },
  },
  required: ['apikey'],
  secrets: ['apikey'],
};

const ARGUMENTS: SettingsSchema = {
  type: 'object',
  properties: {
    frequency: { type: 'integer', minimum: 1, maximum: 60, default: 30, 'x-unit': 'seconds' },
    rate: { type: 'number', exclusiveMinimum: 0 },
    verbose: { type: 'boolean' },
    overlap: { type: 'string', default: '5m', 'x-duration': { maximum: '24h' } },
    service: { type: ['string', 'array'], items: { type: 'string' } },
    intake_key: { type: 'string', 'x-secret': true, minLength: 4 },
    choice: { anyOf: [{ type: 'integer' }, { type: 'boolean' }] },
    share: { type: 'number', exclusiveMaximum: 1 },
    code: { type: 'string', maxLength: 3, pattern: '^[a-z]*$' },
    even: { type: 'integer', multipleOf: 2 },
    nested: { type: 'object', properties: { depth: { type: 'integer' } }, additionalProperties: false },
  },
};

function resolve(account: LoadedSection, args: LoadedSection, check?: Check<'module' | 'arguments'>) {
  return resolveConfiguration(
    { module: { ...account, schema: ACCOUNT }, arguments: { ...args, schema: ARGUMENTS } },
    check,
  );
}

const layers = (...values: Record<string, unknown>[]): LoadedSection => ({
  layers: values.map((each, index) => createLayer(each, `layer ${index}`)),
});
const GOOD = layers({ apikey: 'key' });

async function errorOf(pending: Promise<unknown>): Promise<ConfigurationError> {
  const thrown: unknown = await pending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(ConfigurationError);
  return thrown as ConfigurationError;
}

async function problemsOf(args: Record<string, unknown>): Promise<string[]> {
  const { problems } = await errorOf(resolve(GOOD, layers(args)));
  return problems.map(({ setting, problem }) => `${setting} ${problem}`);
}

async function valueOf(args: Record<string, unknown>) {
  return (await resolve(GOOD, layers(args))).values.arguments;
}

describe('merging', () => {
  it('puts each layer over the one before, all over the defaults, and remembers where a value came from', async () => {
    const flags = createFlagLayer(ARGUMENTS, { frequency: '10', unrelated: true });
    const playbook = createLayer({ frequency: 20, rate: 2 }, 'playbook.yaml');
    const { values, origins } = await resolve(GOOD, { layers: [playbook, flags] });
    expect(values.arguments).toEqual({ frequency: 10, rate: 2, overlap: '5m' });
    expect(origins.arguments).toEqual({ frequency: 'flag --frequency', rate: 'playbook.yaml', overlap: 'default' });
  });

  it.each([null, '', '  \n', undefined])('takes %j for absent', async (empty) => {
    expect(await valueOf({ frequency: empty, rate: empty })).toEqual({ frequency: 30, overlap: '5m' });
  });

  it('never hides a value under an empty one', async () => {
    const { values } = await resolve(GOOD, layers({ frequency: 20 }, { frequency: '' }));
    expect(values.arguments['frequency']).toBe(20);
  });

  it('checks what is required after the last layer, whatever an earlier one held in its place', async () => {
    for (const masked of [{}, { apikey: null }, { apikey: '' }, { apikey: '********' }]) {
      const { values } = await resolve(layers(masked, { apikey: 'fetched' }), layers());
      expect(values.module['apikey']).toBe('fetched');
    }
  });

  it('finds flags by their name in camel case', () => {
    const schema: SettingsSchema = { type: 'object', properties: { page_size: {}, apikey: {} } };
    const layer = createFlagLayer(schema, { pageSize: '5', apikey: undefined });
    expect(layer.values).toEqual({ page_size: '5' });
    expect(layer.originOf('page_size')).toBe('flag --page-size');
  });
});

describe('coercion', () => {
  it.each([
    [{ frequency: '42' }, { frequency: 42 }],
    [{ frequency: ' 42\n' }, { frequency: 42 }],
    [{ rate: '0.5' }, { rate: 0.5 }],
    [{ verbose: 'true' }, { verbose: true }],
    [{ service: '12\n' }, { service: '12' }],
  ])('reads %j as %j', async (given, expected) => {
    expect(await valueOf(given)).toMatchObject(expected);
  });

  it.each(['1e1', '010', '0x10', '10.0', '12 34', 'ten', '9007199254740993', 'Infinity', 'NaN'])(
    'does not guess what the text %j means as a number',
    async (text) => {
      expect(await problemsOf({ frequency: text })).toEqual([
        `arguments.frequency must be an integer (1 to 60 seconds), not the text ${JSON.stringify(text)}`,
      ]);
    },
  );

  it('forgives the case of a choice', async () => {
    const { values } = await resolve(layers({ apikey: 'key', region: ' US ' }), layers());
    expect(values.module['region']).toBe('us');
  });
});

describe('what is wrong', () => {
  it.each([
    [{ frequency: -5 }, 'arguments.frequency must be at least 1, not -5; allowed: 1 to 60 seconds'],
    [{ frequency: 61 }, 'arguments.frequency must be at most 60, not 61; allowed: 1 to 60 seconds'],
    [{ frequency: 1.5 }, 'arguments.frequency must be an integer (1 to 60 seconds), not the number 1.5'],
    [{ frequency: [] }, 'arguments.frequency must be an integer (1 to 60 seconds), not a list'],
    [{ rate: 0 }, 'arguments.rate must be more than 0, not 0; allowed: more than 0'],
    [{ verbose: 'yes' }, 'arguments.verbose must be true or false, not the text "yes"'],
    [{ service: ['a', 3] }, 'arguments.service.1 must be text, not the number 3: put it in quotes'],
    [{ service: { a: 1 } }, 'arguments.service must be text or list, not an object'],
    [{ choice: 'x' }, 'arguments.choice has none of the allowed forms, being "x"'],
    [{ nested: { dpth: 1 } }, "arguments.nested.dpth is unknown, did you mean 'depth'?"],
    [{ share: 1 }, 'arguments.share must be less than 1, not 1; allowed: less than 1'],
    [{ code: 'abcd' }, 'arguments.code must have at most 3 characters, not "abcd"'],
    [{ code: 'ab1' }, 'arguments.code must match ^[a-z]*$, not "ab1"'],
    [{ even: 3 }, 'arguments.even must be multiple of 2, not 3'],
    [{ overlap: '25h' }, 'arguments.overlap must be at most 24h, not 1d1h'],
  ])('in %j is said in words', async (given, expected) => {
    expect(await problemsOf(given)).toEqual([expected]);
  });

  it('in a duration is said with the syntax', async () => {
    const syntax = 'must be a duration: a number and a unit (ms, s, m, h, d or w), such as 90m or 1h30m';
    expect(await problemsOf({ overlap: '300' })).toEqual([`arguments.overlap ${syntax}, not "300"`]);
    expect(await problemsOf({ overlap: 300 })).toEqual([`arguments.overlap ${syntax}, not the number 300`]);
  });

  it('in a choice is said with the nearest one', async () => {
    const { problems } = await errorOf(resolve(layers({ apikey: 'k', region: 'euu' }), layers()));
    expect(problems).toEqual([
      {
        setting: 'module.region',
        problem: `must be one of eu, us, not "euu", did you mean 'eu'?`,
        origin: 'layer 0',
      },
    ]);
  });

  it('in a format is said by its name', async () => {
    const { problems } = await errorOf(resolve(layers({ apikey: 'k', address: '1.2.3' }), layers()));
    expect(problems[0]?.problem).toBe('must be a valid ipv4, not "1.2.3"');
  });

  it('is said for every setting of every section at once, each with its origin', async () => {
    const error = await errorOf(
      resolve(layers({ region: 'mars' }), layers({ frequency: 0, overlap: 'x' }, { rate: 'fast' }), () => [
        { setting: 'module.apikey', problem: 'not said twice' },
        { setting: 'arguments.service', problem: 'no such service' },
      ]),
    );
    expect(error.problems.map(({ setting, origin }) => [setting, origin])).toEqual([
      ['module.apikey', undefined],
      ['module.region', 'layer 0'],
      ['arguments.frequency', 'layer 0'],
      ['arguments.rate', 'layer 1'],
      ['arguments.overlap', 'layer 0'],
      ['arguments.service', undefined],
    ]);
    expect(error.message).toContain('module.region');
    expect(error.code).toBe('CONFIGURATION_INVALID');
  });

  it('is missing, or left empty, and then it says where', async () => {
    const missing = await errorOf(resolve(layers(), layers()));
    expect(missing.problems).toEqual([{ setting: 'module.apikey', problem: 'is required' }]);
    const empty = await errorOf(resolve(layers({ apikey: '' }), layers()));
    expect(empty.problems).toEqual([
      { setting: 'module.apikey', problem: 'is required, but empty', origin: 'layer 0' },
    ]);
  });
});

describe('what is missing because it is misspelt', () => {
  it('is named with what stands there instead', async () => {
    const { problems } = await errorOf(resolve(layers({ api_key: 'k' }), layers()));
    expect(problems).toEqual([
      {
        setting: 'module.apikey',
        problem: "is required; 'api_key' is no setting: was 'apikey' meant?",
        origin: 'layer 0',
      },
    ]);
  });
});

describe('a section that could not be read', () => {
  const broken: LoadedSection = {
    layers: [],
    incomplete: true,
    problems: [{ setting: 'module_configuration', problem: 'is not JSON' }],
  };

  it('is reported with what is wrong elsewhere, but not for what it may well hold', async () => {
    const check: Check<'module' | 'arguments'> = () => [{ setting: 'module.apikey', problem: 'is required' }];
    const { problems } = await errorOf(resolve(broken, layers({ frequency: 0 }), check));
    expect(problems.map(({ setting }) => setting)).toEqual(['module_configuration', 'arguments.frequency']);
  });

  it('does not report a setting as missing whose value could not be had', async () => {
    const unset = { layers: [], problems: [{ setting: 'module.apikey', problem: 'variable X is not set' }] };
    const check: Check<'module' | 'arguments'> = () => [{ setting: 'module.apikey', problem: 'is required' }];
    const { problems } = await errorOf(resolve(unset, layers(), check));
    expect(problems).toEqual([{ setting: 'module.apikey', problem: 'variable X is not set' }]);
  });
});

describe('the check beyond the schema', () => {
  it('sees accepted values, with the default in place of a refused one', async () => {
    let seen: unknown;
    const run = resolve(GOOD, layers({ frequency: 0, rate: -1, service: 'a' }), ({ arguments: args }) => {
      seen = args;
      return [];
    });
    await errorOf(run);
    expect(seen).toEqual({ frequency: 30, overlap: '5m', service: 'a' });
  });

  it('is told where the value came from', async () => {
    const { problems } = await errorOf(
      resolve(GOOD, layers({ service: 'x' }), () => [
        { setting: 'arguments.service', problem: 'no such service' },
        { setting: 'intake_url', problem: 'is missing' },
      ]),
    );
    expect(problems).toEqual([
      { setting: 'arguments.service', problem: 'no such service', origin: 'layer 0' },
      { setting: 'intake_url', problem: 'is missing' },
    ]);
  });
});

describe('an unknown setting', () => {
  it('is ignored with a warning and the nearest name', async () => {
    const { values, warnings } = await resolve(GOOD, layers({ frequncy: 5, intake_uuid: 'x', nothing: null }));
    expect(values.arguments).toEqual({ frequency: 30, overlap: '5m' });
    expect(warnings).toEqual([
      "arguments.frequncy: unknown setting, ignored, did you mean 'frequency'? (from layer 0)",
      'arguments.intake_uuid: unknown setting, ignored (from layer 0)',
    ]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('named %s harms nothing', async (name) => {
    const hostile = JSON.parse(`{"${name}": {"frequency": 1, "polluted": true}}`) as Record<string, unknown>;
    const { values, warnings } = await resolve(GOOD, layers(hostile));
    expect(values.arguments).toEqual({ frequency: 30, overlap: '5m' });
    expect(Object.getPrototypeOf(values.arguments)).toBe(Object.prototype);
    expect(warnings).toHaveLength(1);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('a secret', () => {
  it('is described by its length', async () => {
    expect(await problemsOf({ intake_key: 'abc' })).toEqual([
      'arguments.intake_key must have at least 4 characters, not (secret, 3 characters)',
    ]);
  });

  it('is not quoted from a setting it was pasted into by mistake', async () => {
    const secret = 'jca_0123456789"\\abc';
    const { message } = await errorOf(
      resolve(layers({ apikey: secret, region: secret }), layers({ frequency: `${'x'.repeat(190)}${secret}` }), () => [
        { setting: 'arguments.service', problem: `no such service ${secret}` },
      ]),
    );
    expect(message).not.toContain('jca_');
    expect(message).toContain('must be one of eu, us, not "(secret, 19 characters)"');
    expect(message).toContain('no such service (secret, 19 characters)');
  });

  it('is never printed, wherever it stands and whatever is wrong', async () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9_+/-]{12,60}$/);
    const place = fc.constantFrom('apikey', 'region', 'address', 'frequency', 'overlap', 'service', 'intake_key');
    await fc.assert(
      fc.asyncProperty(secret, secret, fc.array(place), fc.anything(), async (key, intakeKey, places, junk) => {
        const misplaced = Object.fromEntries(places.map((name) => [name, `${intakeKey} ${key}`]));
        const account = layers({ apikey: key }, misplaced, { [key]: junk, region: [key] });
        const args = layers({ intake_key: intakeKey, frequency: 0 }, misplaced, { [intakeKey]: 1, nested: junk });
        const { message, problems } = await errorOf(resolve(account, args));
        const printed = message + JSON.stringify(problems);
        expect(printed).not.toContain(key);
        expect(printed).not.toContain(intakeKey);
      }),
    );
  });

  it('is not in a warning either', async () => {
    const { warnings } = await resolve(layers({ apikey: 'abcdefghijkl', 'x-abcdefghijkl': 1 }), layers());
    expect(warnings).toEqual(['module.x-(secret, 12 characters): unknown setting, ignored (from layer 0)']);
  });
});
