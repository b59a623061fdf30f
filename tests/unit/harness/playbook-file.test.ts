import { describe, expect, it } from '@jest/globals';
import { readPlaybook } from '../../../src/harness/playbook-file.js';
import { triggers } from '../../../src/modules.js';
import { loadTrigger } from '../../../src/sdk/registration.js';
import { ConfigurationError } from '../../../src/sdk/errors.js';
import type { Environment } from '../../../src/sdk/ports.js';

const ENVIRONMENT: Environment = { JUMPCLOUD_API_KEY: 'jca_key', HOST: 'intake.example', EMPTY: '' };

function read(text: string | undefined, path = '/work/playbook.yaml') {
  const fileSystem = {
    async read(asked: string) {
      return asked === path && text !== undefined ? new TextEncoder().encode(text) : undefined;
    },
  };
  return readPlaybook(path, ENVIRONMENT, fileSystem);
}

async function problemsOf(pending: Promise<unknown>) {
  const thrown: unknown = await pending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(ConfigurationError);
  return (thrown as ConfigurationError).problems;
}

const PLAYBOOK = `
trigger: JumpcloudDirectoryInsightsConnector
account:
  apikey: \${JUMPCLOUD_API_KEY}
  organization_id: org
arguments:
  intake_key: "\${JUMPCLOUD_API_KEY}-\${HOST}"
  service: [sso, radius]
  frequency: 5
data_path: state
intake_url: https://\${HOST}/
`;

describe('a playbook file', () => {
  it('gives the trigger, the sections, the data path and the intake', async () => {
    const playbook = await read(PLAYBOOK);
    expect(playbook.trigger).toBe('JumpcloudDirectoryInsightsConnector');
    expect(playbook.account.layers[0]?.values).toEqual({ apikey: 'jca_key', organization_id: 'org' });
    expect(playbook.arguments.layers[0]?.values).toEqual({
      intake_key: 'jca_key-intake.example',
      service: ['sso', 'radius'],
      frequency: 5,
    });
    expect(playbook.dataPath).toBe('/work/state');
    expect(playbook.intakeUrl).toEqual({
      value: 'https://intake.example/',
      origin: 'playbook.yaml, intake_url from ${HOST}',
    });
  });

  it('remembers where each value came from, by file, setting and variable', async () => {
    const { account, arguments: args } = await read(PLAYBOOK);
    expect(account.layers[0]?.originOf('apikey')).toBe('playbook.yaml, account.apikey from ${JUMPCLOUD_API_KEY}');
    expect(account.layers[0]?.originOf('organization_id')).toBe('playbook.yaml, account.organization_id');
    expect(args.layers[0]?.originOf('intake_key')).toBe(
      'playbook.yaml, arguments.intake_key from ${JUMPCLOUD_API_KEY}, ${HOST}',
    );
  });

  it('may be JSON, indented by tabs', async () => {
    const playbook = await read(
      '{\n\t"trigger": "T",\n\t"account": {"apikey": "k"},\n\t"data_path": "/var/state"\n}',
      '/a/p.json',
    );
    expect(playbook).toMatchObject({ trigger: 'T', dataPath: '/var/state', intakeUrl: undefined });
    expect(playbook.account.layers[0]?.originOf('apikey')).toBe('p.json, account.apikey');
  });

  it('needs no more than a trigger; what is left empty is absent', async () => {
    const playbook = await read('trigger: T\naccount:\narguments:\ndata_path: ""\n');
    expect(playbook.account).toEqual({ layers: [{ values: {}, originOf: expect.any(Function) }], problems: [] });
    expect(playbook.dataPath).toBeUndefined();
  });

  it('escapes the sign of a reference by doubling it', async () => {
    const { account } = await read('trigger: T\naccount: { apikey: "$${HOST}" }');
    expect(account.layers[0]?.values).toEqual({ apikey: '${HOST}' });
  });

  it('may repeat a part by an alias', async () => {
    const { account, arguments: args } = await read('trigger: T\naccount: &a { apikey: k }\narguments: *a\n');
    expect(args.layers[0]?.values).toEqual(account.layers[0]?.values);
  });
});

describe('what is wrong with a playbook file', () => {
  it('is that it is not there', async () => {
    expect(await problemsOf(read(undefined))).toEqual([
      { setting: 'playbook', problem: 'there is no such file', origin: 'file /work/playbook.yaml' },
    ]);
  });

  it.each([
    ['trigger: T\naccount:\n  apikey: "SECRET\n', 'line 4, column 1: Missing closing "quote'],
    ['trigger: T\n\taccount: SECRET\n', 'line 2, column 1: Tabs are not allowed as indentation'],
    ['trigger: T\ntrigger: SECRET\n', 'line 2, column 1: Map keys must be unique'],
    ['trigger: !SECRET T\n', 'line 1, column 10: Unresolved tag'],
    ['{"trigger": "SECRET" "account"}', 'line 1, column 22: Unexpected double-quoted-scalar at node end'],
    ['trigger: T\n---\ntrigger: SECRET\n', 'line 2, column 1: Source contains multiple documents'],
  ])('is named by line and column, without quoting it: %j', async (text, expected) => {
    const problems = await problemsOf(read(text));
    expect(problems[0]?.problem).toBe(expected);
    expect(JSON.stringify(problems)).not.toContain('SECRET');
  });

  it('is an alias of nothing', async () => {
    const [problem] = await problemsOf(read('trigger: T\naccount: *SECRET\n'));
    expect(problem?.problem).toBe('has an alias (*) that is not defined or repeated too often');
  });

  it.each([['just text'], ['[1]'], ['']])('is that it holds no members: %j', async (text) => {
    const [problem] = await problemsOf(read(text));
    expect(problem?.problem).toBe('must hold trigger, account and arguments');
  });

  it('is an alias that multiplies', async () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const below = level === 0 ? 'x' : `*l${level - 1}`;
      return `l${level}: &l${level} [${Array.from({ length: 10 }, () => below).join(', ')}]`;
    });
    const [problem] = await problemsOf(read(`trigger: T\n${levels.join('\n')}\n`));
    expect(problem?.problem).toContain('alias');
  });

  it.each([
    ['a list', '? [s3cret, b]\n: 1\n'],
    ['an object', '? {apikey: s3cret}\n: 1\n'],
    ['such a name by its alias', 'trigger: &a [s3cret]\n*a : 1\n'],
    ['one further down', 'trigger: x\naccount:\n  ? {apikey: s3cret}\n  : 1\n'],
  ])('is %s as a name, which nobody quotes', async (_, text) => {
    const warnings: string[] = [];
    const listen = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', listen);
    const error = await read(text).catch((thrown: unknown) => thrown);
    // Warnings are told a moment later.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect(String(error)).toContain('has a list or an object as a name');
    expect(String(error) + warnings.join()).not.toContain('s3cret');
    expect(warnings).toEqual([]);
  });

  it('is a size or a depth that no playbook has', async () => {
    expect((await problemsOf(read(`# ${'x'.repeat(1_000_000)}`)))[0]?.problem).toBe(
      'is longer than 1000000 characters',
    );
    const deep = `trigger: T\naccount: ${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect((await problemsOf(read(deep)))[0]?.problem).toContain('nested too deeply');
  });

  it('is said all at once: members, types and references', async () => {
    const problems = await problemsOf(
      read('argumnts: {}\naccount: {apikey: "${NOPE}"}\narguments: []\ndata_path: "${NOWHERE}"\n'),
    );
    expect(problems).toEqual([
      { setting: 'playbook.trigger', problem: 'is required', origin: 'file /work/playbook.yaml' },
      {
        setting: 'playbook.argumnts',
        problem: "is unknown, did you mean 'arguments'?",
        origin: 'file /work/playbook.yaml',
      },
      { setting: 'playbook.arguments', problem: 'must be an object, not a list', origin: 'file /work/playbook.yaml' },
      {
        setting: 'playbook.data_path',
        problem: 'environment variable NOWHERE is not set',
        origin: 'playbook.yaml, data_path',
      },
      {
        setting: 'module.apikey',
        problem: 'environment variable NOPE is not set',
        origin: 'playbook.yaml, account.apikey',
      },
    ]);
  });

  it('in a section is reported together with what else is wrong there', async () => {
    const {
      account,
      arguments: args,
      intakeUrl,
    } = await read(
      'trigger: T\naccount: { apikey: "${NOPE}" }\narguments: { intake_key: "${EMPTY}", frequency: -5, service: "${HO" }\nintake_url: https://i/',
    );
    const problems = await problemsOf(loadTrigger(triggers[0]!, { module: account, arguments: args, intakeUrl }, 0));
    expect(problems).toEqual([
      {
        setting: 'module.apikey',
        problem: 'environment variable NOPE is not set',
        origin: 'playbook.yaml, account.apikey',
      },
      {
        setting: 'arguments.service',
        problem: 'holds ${ without a variable name and } behind it: write ${NAME}, or $${ for ${ itself',
        origin: 'playbook.yaml, arguments.service',
      },
      {
        setting: 'arguments.intake_key',
        problem: 'is required, but empty',
        origin: 'playbook.yaml, arguments.intake_key from ${EMPTY}',
      },
      {
        setting: 'arguments.frequency',
        problem: 'must be at least 1, not -5; allowed: 1 to 86400 seconds',
        origin: 'playbook.yaml, arguments.frequency',
      },
    ]);
  });

  it('is a key that YAML reads as a number', async () => {
    const {
      account,
      arguments: args,
      intakeUrl,
    } = await read('trigger: T\naccount: { apikey: 0123456789 }\nintake_url: https://i/');
    const [problem] = await problemsOf(loadTrigger(triggers[0]!, { module: account, arguments: args, intakeUrl }, 0));
    expect(problem).toEqual({
      setting: 'module.apikey',
      problem: 'must be text, not the number (secret): put it in quotes',
      origin: 'playbook.yaml, account.apikey',
    });
  });
});
