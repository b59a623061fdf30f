import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ConnectorArguments, ModuleConfiguration } from '../../../src/jumpcloud/configuration.generated.js';
import { parseSettings, RETENTION, RETENTION_MS, type SettingsInput } from '../../../src/jumpcloud/settings.js';
import { triggers } from '../../../src/modules.js';
import { parseStartFrom } from '../../../src/sdk/configuration/start-from.js';
import { loadTrigger } from '../../../src/sdk/registration.js';
import { createLayer } from '../../../src/sdk/configuration/layer.js';
import { ConfigurationError } from '../../../src/sdk/errors.js';

const NOW = Date.parse('2030-06-01T12:00:00Z');

const TOKEN_URL = 'https://admin-oauth.id.jumpcloud.com/oauth2/token';
const MODULE: ModuleConfiguration = { base_url: 'https://api.jumpcloud.com/', apikey: 'jca_key', token_url: TOKEN_URL };
const ARGUMENTS: ConnectorArguments = {
  allow_unencrypted_intake: false,
  intake_key: 'intake-key',
  service: 'sso,radius',
  frequency: 60,
  start_from: '6h',
  overlap: '5m',
  settling_horizon: '24h',
  reconcile_every: '5m',
  intake_format: 'batch',
  intake_compression: 'none',
  oversized_events: 'trim',
  dead_letter_limit: 1024,
  page_size: 1000,
  requests_per_second: 0.5,
  chunk_size: 500,
  retry_for: '1h',
  log_level: 'info',
};

interface Changes {
  module?: Partial<ModuleConfiguration>;
  arguments?: Partial<ConnectorArguments>;
  intakeUrl?: string | undefined;
}

function parse(changes: Changes = {}) {
  const input: SettingsInput = {
    module: { ...MODULE, ...changes.module },
    arguments: { ...ARGUMENTS, ...changes.arguments },
    intakeUrl: 'intakeUrl' in changes ? changes.intakeUrl : 'https://intake.region/',
    now: NOW,
  };
  return parseSettings(input);
}

function problemsOf(run: () => unknown) {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) return thrown.problems;
    throw thrown;
  }
  return [];
}

describe('parseSettings', () => {
  it('turns values into the units that the code works with', () => {
    expect(parse().settings).toEqual({
      organizations: [],
      baseUrl: 'https://api.jumpcloud.com',
      apiKey: 'jca_key',
      intakeUrl: 'https://intake.region',
      intakeKey: 'intake-key',
      chunkSize: 500,
      frequencyMs: 60_000,
      services: ['sso', 'radius'],
      startFrom: { ms: NOW - 6 * 3_600_000, text: '6h', isRelative: true },
      pageSize: 1000,
      requestsPerSecond: 0.5,
      overlapMs: 300_000,
      settlingHorizonMs: 86_400_000,
      reconcileEveryMs: 300_000,
      intakeFormat: 'batch',
      intakeCompression: 'none',
      oversizedEvents: 'trim',
      deadLetterLimitBytes: 1_024_000_000,
      retryForMs: 3_600_000,
      logLevel: 'info',
    });
  });

  it('forgives blanks and newlines around keys, which mounted files add', () => {
    const { settings } = parse({
      module: { apikey: 'jca_key\n', organization_id: ' org ' },
      arguments: { intake_key: 'i\r\n' },
    });
    expect(settings).toMatchObject({ apiKey: 'jca_key', organizationId: 'org', intakeKey: 'i' });
  });

  it('reads a filter, as an object or as its text, and tells all that is wrong with it', () => {
    const filter = { and: [{ success: 'false' }, { username: 'Anna' }] };
    for (const given of [filter, JSON.stringify(filter)]) {
      const { settings, warnings } = parse({ arguments: { search_term: given } });
      expect(settings.searchTerm).toEqual(filter);
      expect(warnings).toEqual([expect.stringMatching(/^arguments\.search_term: and\[1\]\.username: .*"Anna"/)]);
    }
    const problems = problemsOf(() => parse({ arguments: { search_term: { and: [{ changes: 'x' }, { a: null }] } } }));
    expect(problems).toMatchObject([{ setting: 'arguments.search_term' }]);
    expect(problems[0]?.problem).toMatch(/and\[0\]\.changes .*; and\[1\]\.a /);
  });

  it('prefers intake_server to the address that the platform provides', () => {
    expect(parse({ arguments: { intake_server: 'https://other/' } }).settings.intakeUrl).toBe('https://other');
  });

  it.each([undefined, '', ' '])('takes an intake_server of %j for absent', (empty) => {
    const given = empty === undefined ? {} : { intake_server: empty };
    expect(parse({ arguments: given }).settings.intakeUrl).toBe('https://intake.region');
  });

  it.each([undefined, ''])('explains each way to name the intake where there is none: %j', (intakeUrl) => {
    const [problem, ...others] = problemsOf(() => parse({ intakeUrl }));
    expect(others).toEqual([]);
    expect(problem?.setting).toBe('arguments.intake_server');
    for (const way of ['intake_server', '--intake-server', 'intake_url', 'playbook'])
      expect(problem?.problem).toContain(way);
  });

  it('refuses an intake_server without encryption, unless that is allowed in so many words', () => {
    const intake_server = 'http://relay.example';
    expect(problemsOf(() => parse({ arguments: { intake_server } }))).toEqual([
      {
        setting: 'arguments.intake_server',
        problem: expect.stringMatching(/^must be https.*allow_unencrypted_intake lets it through$/),
      },
    ]);
    const { settings, warnings } = parse({ arguments: { intake_server, allow_unencrypted_intake: true } });
    expect(settings.intakeUrl).toBe(intake_server);
    expect(warnings).toEqual([expect.stringMatching(/^arguments\.intake_server: .* is not encrypted/)]);
    expect(parse({ arguments: { intake_server: 'http://127.0.0.1:8080' } }).warnings).toEqual([]);
  });

  it('does not offer to allow what is no address', () => {
    const [problem] = problemsOf(() => parse({ arguments: { intake_server: 'relay.example' } }));
    expect(problem?.problem).not.toContain('allow_unencrypted_intake');
  });

  it('warns of a platform’s intake without encryption, as an installation may have, and refuses such an API', () => {
    expect(parse({ intakeUrl: 'http://intake.cluster' }).warnings).toEqual([
      expect.stringMatching(/^intake_url: "http:\/\/intake.cluster" is not encrypted/),
    ]);
    expect(problemsOf(() => parse({ module: { base_url: 'http://api.jumpcloud.com' } }))).toMatchObject([
      { setting: 'module.base_url' },
    ]);
    expect(parse({ module: { base_url: 'http://127.0.0.1:8080/' } }).settings.baseUrl).toBe('http://127.0.0.1:8080');
  });

  it('says everything that is wrong at once, without a key', () => {
    const problems = problemsOf(() =>
      parse({
        module: { base_url: 'jumpcloud', apikey: 'SECRET key', organization_id: 'a,b' },
        arguments: { intake_key: 'SECRET\nkey', service: 'rdius', start_from: '2031-01-01T00:00:00Z', overlap: 'x' },
        intakeUrl: 'intake',
      }),
    );
    expect(problems.map(({ setting }) => setting)).toEqual([
      'module.base_url',
      'module.apikey',
      'module.organization_id',
      'arguments.service',
      'intake_url',
      'arguments.intake_key',
      'arguments.start_from',
      'arguments.overlap',
    ]);
    expect(JSON.stringify(problems)).not.toContain('SECRET');
  });

  const SERVICE_ACCOUNT = { client_id: 'client', client_secret: 'secret-of-client', organization_id: 'org' };

  it('takes a service account in place of an API key', () => {
    const { settings } = parseSettings({
      module: { base_url: MODULE.base_url, token_url: TOKEN_URL, ...SERVICE_ACCOUNT, client_id: ' client\n' },
      arguments: ARGUMENTS,
      intakeUrl: 'https://intake.region',
      now: NOW,
    });
    expect(settings).toMatchObject({
      organizationId: 'org',
      serviceAccount: { clientId: 'client', clientSecret: 'secret-of-client', tokenUrl: TOKEN_URL },
    });
    expect(settings).not.toHaveProperty('apiKey');
  });

  it.each<[string, Readonly<Record<string, unknown>>, readonly string[]]>([
    ['no credential', { base_url: 'https://a', token_url: TOKEN_URL }, ['apikey is required, or in its place']],
    ['both', { ...MODULE, ...SERVICE_ACCOUNT }, ['apikey must not be set beside']],
    [
      'an ID alone',
      { ...MODULE, apikey: undefined, client_id: 'c', organization_id: 'o' },
      ['client_secret is required'],
    ],
    [
      'a secret alone',
      { ...MODULE, apikey: undefined, client_secret: 's' },
      ['client_id is req', 'organization_id is req'],
    ],
    [
      'all of it wrong',
      {
        ...MODULE,
        ...SERVICE_ACCOUNT,
        client_id: 'a:b',
        client_secret: 'SE CRET',
        token_url: 'http://x.example',
        organization_id: 'a,b',
      },
      [
        'apikey must',
        'client_id must not contain a colon',
        'client_secret contains',
        'token_url must be https',
        'organization_id must',
      ],
    ],
  ])('says everything that is wrong with an account of %s', (_, given, expected) => {
    const module = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const problems = problemsOf(() =>
      parseSettings({ module, arguments: ARGUMENTS, intakeUrl: 'https://intake.region', now: NOW }),
    ).map(({ setting, problem }) => `${setting.replace('module.', '')} ${problem}`);
    expect(problems).toEqual(expected.map((text) => expect.stringContaining(text)));
    expect(problems.join()).not.toContain('CRET');
  });

  it.each<[ModuleConfiguration['region'], string, string]>([
    ['EU', 'https://api.jumpcloud.com/', 'https://api.eu.jumpcloud.com'],
    ['IN', 'https://api.in.jumpcloud.com', 'https://api.in.jumpcloud.com'],
    ['standard', 'https://api.jumpcloud.com', 'https://api.jumpcloud.com'],
  ])('takes the region %s beside %s for %s', (region, base_url, expected) => {
    expect(parse({ module: { ...(region && { region }), base_url } }).settings.baseUrl).toBe(expected);
  });

  it.each<[NonNullable<ModuleConfiguration['region']>, string]>([
    ['standard', 'https://api.eu.jumpcloud.com'],
    ['EU', 'https://api.in.jumpcloud.com'],
    ['IN', 'http://127.0.0.1:1'],
  ])('refuses the region %s beside %s', (region, base_url) => {
    expect(problemsOf(() => parse({ module: { region, base_url } }))).toEqual([
      { setting: 'module.base_url', problem: expect.stringMatching(/contradicts the region/) },
    ]);
  });

  it('names what is missing', () => {
    const problems = problemsOf(() => parseSettings({ module: {}, arguments: {}, intakeUrl: undefined, now: NOW }));
    expect(problems).toContainEqual({
      setting: 'module.apikey',
      problem: 'is required, or in its place client_id and client_secret of a service account',
    });
    expect(problems).toContainEqual({ setting: 'arguments.intake_key', problem: 'is required' });
  });

  it('passes the warning on that all includes the rest', () => {
    expect(parse({ arguments: { service: ['all', 'sso'] } }).warnings).toEqual([
      "arguments.service: 'all' already includes sso: collecting all",
    ]);
  });
});

describe('start_from', () => {
  it.each([
    ['1m', NOW - 60_000, true],
    [' 30D ', NOW - 30 * 86_400_000, true],
    ['0s', NOW, true],
    ['90d', NOW - RETENTION_MS, true],
    ['retention', NOW - RETENTION_MS, true],
    ['Retention', NOW - RETENTION_MS, true],
    ['2030-05-31T12:00:00Z', NOW - 86_400_000, false],
    ['2030-05-31T14:00:00.5+02:00', NOW - 86_400_000 + 500, false],
    ['2030-06-01T12:00:00Z', NOW, false],
  ])('%j is an instant', (text, ms, isRelative) => {
    expect(parseStartFrom(text, NOW, RETENTION)).toEqual({ value: { ms, text: text.trim(), isRelative } });
  });

  it.each(['2030-06-01T12:00:00.001Z', '2031-01-01T00:00:00Z'])('%j is in the future, which is a mistake', (text) => {
    expect(parseStartFrom(text, NOW, RETENTION)).toEqual({
      problem: `${text} is in the future: it is now 2030-06-01T12:00:00Z`,
    });
  });

  it.each(['91d', '2029-01-01T00:00:00Z', '52w'])('%j is cut off at the retention, with a warning', (text) => {
    const parsed = parseStartFrom(text, NOW, RETENTION);
    expect(parsed).toEqual({
      value: { ms: NOW - RETENTION_MS, text, isRelative: !text.endsWith('Z') },
      warning: `${text} is longer ago than the 90d that JumpCloud keeps: starting at 2030-03-03T12:00:00Z`,
    });
  });

  it.each(['', 'yesterday', '30', '2030-05-31', '2030-02-30T00:00:00Z', '-1d'])('%j is refused', (text) => {
    expect(parseStartFrom(text, NOW, RETENTION)).toEqual({
      problem: expect.stringMatching(/^must be a duration .* or 'retention'/),
    });
  });

  it('never starts in the future nor before the retention', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.constantFrom('s', 'm', 'h', 'd'), (amount, unit) => {
        const parsed = parseStartFrom(`${amount}${unit}`, NOW, RETENTION);
        if (!('value' in parsed)) throw new Error(parsed.problem);
        expect(parsed.value.ms).toBeLessThanOrEqual(NOW);
        expect(parsed.value.ms).toBeGreaterThanOrEqual(NOW - RETENTION_MS);
      }),
    );
  });
});

describe('the registered trigger', () => {
  const [registration] = triggers;

  const section = (values: Record<string, unknown>, origin: string) => ({ layers: [createLayer(values, origin)] });

  it.each(['eu', ' EU ', 'Eu\n'])('knows the region %j', async (region) => {
    const { settings } = await loadTrigger(
      triggers[0]!,
      {
        module: { layers: [createLayer({ apikey: 'jca_key', region }, 'account')] },
        arguments: { layers: [createLayer({ intake_key: 'intake-key' }, 'arguments')] },
        intakeUrl: { value: 'https://intake.region', origin: 'environment' },
      },
      NOW,
    );
    expect(settings).toMatchObject({ baseUrl: 'https://api.eu.jumpcloud.com' });
  });

  it('lists the regions where it does not know one, and the likely name where one is misspelt', async () => {
    const loading = loadTrigger(
      triggers[0]!,
      {
        module: { layers: [createLayer({ api_key: 'jca_key', region: 'US' }, 'account')] },
        arguments: { layers: [createLayer({ intake_key: 'intake-key' }, 'arguments')] },
        intakeUrl: { value: 'https://intake.region', origin: 'environment' },
      },
      NOW,
    );
    await expect(loading).rejects.toThrow(/region: must be one of standard, EU, IN, not "US"/);
    await expect(loading).rejects.toThrow(/apikey: is required, .*'api_key' is no setting: was 'apikey' meant\?/);
  });

  it('gives settings out of the least that must be said', async () => {
    const { settings, warnings, resolved } = await loadTrigger(
      registration!,
      {
        module: section({ apikey: 'k' }, 'account'),
        arguments: section({ intake_key: 'i' }, 'arguments'),
        intakeUrl: { value: 'https://intake', origin: 'environment variable INTAKE_URL' },
      },
      NOW,
    );
    expect(settings).toEqual({
      baseUrl: 'https://api.jumpcloud.com',
      apiKey: 'k',
      intakeUrl: 'https://intake',
      intakeKey: 'i',
      chunkSize: 10_000,
      frequencyMs: 60_000,
      services: ['all'],
      organizations: [],
      startFrom: { ms: NOW - 60_000, text: '1m', isRelative: true },
      pageSize: 10_000,
      requestsPerSecond: 10,
      overlapMs: 300_000,
      settlingHorizonMs: 86_400_000,
      reconcileEveryMs: 300_000,
      intakeFormat: 'batch',
      intakeCompression: 'none',
      oversizedEvents: 'trim',
      deadLetterLimitBytes: 1_024_000_000,
      retryForMs: 3_600_000,
      logLevel: 'info',
    });
    expect(warnings).toEqual([]);
    expect(resolved.origins.module).toEqual({ base_url: 'default', token_url: 'default', apikey: 'account' });
  });

  it('reports what the schemas refuse together with what the settings mean', async () => {
    const error: unknown = await loadTrigger(
      registration!,
      {
        module: section({ apikey: '', base_url: 'nowhere', region: 'eu' }, 'file /symphony/module_configuration'),
        arguments: section({ service: 'rdius', frequency: -5, overlap: '48h', intake_key: 'a b' }, 'playbook.yaml'),
        intakeUrl: { value: 'nowhere', origin: 'environment variable INTAKE_URL' },
      },
      NOW,
    ).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(
      (error as ConfigurationError).problems.map(({ setting, origin }) => `${setting} <- ${origin ?? ''}`),
    ).toEqual([
      'arguments.frequency <- playbook.yaml',
      'arguments.overlap <- playbook.yaml',
      'module.base_url <- file /symphony/module_configuration',
      'module.apikey <- file /symphony/module_configuration',
      'arguments.service <- playbook.yaml',
      'intake_url <- environment variable INTAKE_URL',
      'arguments.intake_key <- playbook.yaml',
    ]);
  });

  it('takes what the Python connector was given', async () => {
    const { settings, warnings } = await loadTrigger(
      registration!,
      {
        module: section({ base_url: 'https://api.jumpcloud.com/', apikey: 'k' }, 'account'),
        arguments: section(
          {
            intake_server: 'https://intake.sekoia.io',
            intake_key: 'i',
            chunk_size: 1000,
            frequency: 60,
            service: 'all',
          },
          'arguments',
        ),
        intakeUrl: undefined,
      },
      NOW,
    );
    expect(settings).toMatchObject({ intakeUrl: 'https://intake.sekoia.io', chunkSize: 1000, services: ['all'] });
    expect(warnings).toEqual([]);
  });
});
