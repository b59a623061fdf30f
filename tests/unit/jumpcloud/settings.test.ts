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

const MODULE: ModuleConfiguration = { base_url: 'https://api.jumpcloud.com/', apikey: 'jca_key' };
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

  it('names what is missing', () => {
    const problems = problemsOf(() => parseSettings({ module: {}, arguments: {}, intakeUrl: undefined, now: NOW }));
    expect(problems).toContainEqual({ setting: 'module.apikey', problem: 'is required' });
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
    expect(resolved.origins.module).toEqual({ base_url: 'default', apikey: 'account' });
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
      'module.apikey <- file /symphony/module_configuration',
      'arguments.frequency <- playbook.yaml',
      'arguments.overlap <- playbook.yaml',
      'module.base_url <- file /symphony/module_configuration',
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
