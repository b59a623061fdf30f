import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import {
  connectorArgumentsSchema,
  moduleConfigurationSchema,
  playbookSchema,
  storageConnectorArgumentsSchema,
} from '../../src/jumpcloud/configuration.generated.js';
import { DeliveryState } from '../../src/sdk/checkpoint/delivery-state.js';
import { resolveReferences } from '../../src/sdk/configuration/references.js';
import { resolveConfiguration } from '../../src/sdk/configuration/resolve.js';
import { createLayer } from '../../src/sdk/configuration/layer.js';
import { isSecret, type SettingsSchema } from '../../src/sdk/configuration/schema.js';
import { createMemoryStorage } from '../../src/sdk/storage/memory.js';
import { parseDuration } from '../../src/sdk/time/duration.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const TRIGGER = 'triggers/jumpcloud-directory-insights-connector.json';

async function readJson(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path.join(ROOT, file), 'utf8')) as Record<string, unknown>;
}

const SCHEMAS: [string, SettingsSchema][] = [
  ['schemas/module-configuration.schema.json', moduleConfigurationSchema],
  ['schemas/connector-arguments.schema.json', connectorArgumentsSchema],
  ['schemas/storage-connector-arguments.schema.json', storageConnectorArgumentsSchema],
  ['schemas/playbook.schema.json', playbookSchema],
];

describe('the manifest', () => {
  it('replaces the existing module: its identity, with the account inlined', async () => {
    const manifest = await resolveReferences(await readJson('manifest.json'), readJson);
    expect(manifest).toMatchObject({
      uuid: 'fb8568bd-8b80-4c84-bde4-2d24275ce34f',
      slug: 'jumpcloud-directory-insights',
      version: '2.1.0',
      categories: ['IAM'],
      configuration: { type: 'object', required: [], secrets: ['apikey', 'client_secret'] },
      supports_validation: true,
    });
    expect(JSON.stringify(manifest)).not.toContain('$ref');
  });

  it('has the version of the package', async () => {
    expect((await readJson('manifest.json'))['version']).toBe((await readJson('package.json'))['version']);
  });
});

describe('the trigger', () => {
  it('replaces the existing connector: its identity and its command, with the arguments inlined', async () => {
    const trigger = await resolveReferences(await readJson(TRIGGER), readJson, TRIGGER);
    expect(trigger).toMatchObject({
      uuid: '5de877fd-effb-5ebc-9358-8df26c06a140',
      docker_parameters: 'JumpcloudDirectoryInsightsConnector',
      arguments: { type: 'object', required: ['intake_key'] },
      results: {},
    });
    expect(JSON.stringify(trigger)).not.toContain('$ref');
  });

  it('has a second one beside it, for what is stored', async () => {
    expect(await readJson('triggers/jumpcloud-directory-insights-storage-connector.json')).toMatchObject({
      uuid: '9a80c7d9-0305-54a8-9286-1f93d5880f63',
      docker_parameters: 'JumpcloudDirectoryInsightsStorageConnector',
    });
    expect(isSecret(storageConnectorArgumentsSchema, 'secret_access_key')).toBe(true);
  });

  it('has no default intake, which would be wrong in every region but one', () => {
    expect(connectorArgumentsSchema.properties['intake_server']).not.toHaveProperty('default');
  });

  it('keeps the names and defaults that playbooks rely on', () => {
    const defaults = Object.entries({
      ...moduleConfigurationSchema.properties,
      ...connectorArgumentsSchema.properties,
    });
    expect(Object.fromEntries(defaults.map(([name, { default: value }]) => [name, value]))).toEqual({
      base_url: 'https://api.jumpcloud.com/',
      region: undefined,
      apikey: undefined,
      client_id: undefined,
      client_secret: undefined,
      token_url: 'https://admin-oauth.id.jumpcloud.com/oauth2/token',
      intake_format: 'batch',
      intake_compression: 'none',
      organization_id: undefined,
      intake_key: undefined,
      intake_server: undefined,
      allow_unencrypted_intake: false,
      service: 'all',
      organizations: undefined,
      provider_id: undefined,
      organization_intake_keys: undefined,
      frequency: 60,
      start_from: '1m',
      overlap: '5m',
      settling_horizon: '24h',
      reconcile_every: '5m',
      oversized_events: 'trim',
      dead_letter_limit: 1024,
      page_size: 10_000,
      requests_per_second: 10,
      chunk_size: 10_000,
      retry_for: '1h',
      log_level: 'info',
    });
  });

  it('never shows either key', () => {
    expect(isSecret(moduleConfigurationSchema, 'apikey')).toBe(true);
    expect(isSecret(connectorArgumentsSchema, 'intake_key')).toBe(true);
    expect(isSecret(connectorArgumentsSchema, 'organization_intake_keys')).toBe(true);
    expect(isSecret(connectorArgumentsSchema, 'intake_server')).toBe(false);
  });
});

describe.each(SCHEMAS)('%s', (file, embedded) => {
  it('is a draft-07 schema without a misspelt keyword', async () => {
    const ajv = new Ajv({ strict: true, allowUnionTypes: true });
    ajv.addVocabulary(['secrets', 'x-secret', 'x-unit', 'x-duration']);
    const schema = await readJson(file);
    expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#');
    expect(() => ajv.compile(schema)).not.toThrow();
  });

  it('is what the program carries', async () => {
    const schema = await readJson(file);
    delete schema['$schema'];
    expect(embedded).toEqual(schema);
  });

  it('tells the title and meaning of each setting', () => {
    for (const [name, { title, description }] of Object.entries(embedded.properties)) {
      expect([name, title]).toEqual([name, expect.stringMatching(/^[A-Z]/)]);
      expect([name, description]).toEqual([name, expect.stringMatching(/^[A-Z'].*\.$/)]);
    }
  });

  it('has defaults and duration bounds that hold', async () => {
    for (const { 'x-duration': bounds } of Object.values(embedded.properties)) {
      for (const bound of Object.values(bounds ?? {})) expect(parseDuration(bound)).toBeDefined();
    }
    const needed = Object.fromEntries((embedded.required ?? []).map((name) => [name, 'given']));
    const section = { schema: embedded, layers: [createLayer(needed, 'test')] };
    await expect(resolveConfiguration({ section })).resolves.toMatchObject({ warnings: [] });
  });
});

describe('documents on the data path', () => {
  async function validatorOf(file: string): Promise<ValidateFunction> {
    const ajv = new Ajv({ strict: true, allErrors: true });
    addFormats.default(ajv);
    return ajv.compile(await readJson(file));
  }

  /** Every optional member set, and numbers of either sign. */
  async function writtenDocuments(): Promise<Record<string, unknown>> {
    const storage = createMemoryStorage();
    const startMs = Date.UTC(2030, 0, 2);
    const state = await DeliveryState.open({ storage, startFromMs: startMs, keepMs: 60_000, stream: 'all' });
    const entry = { bucket: startMs / 60_000 + 1, place: 7, high: 1, low: 2, isDeadLettered: true };
    const hourMs = 3_600_000;
    await state.commit({ entries: [entry], settled: { lane: 'tail', fromMs: startMs, toMs: startMs + 4 * hourMs } });
    state.giveUpBefore(startMs + 1);
    state.explain({ fromMs: startMs + 3 * hourMs, toMs: startMs + 4 * hourMs }, -1);
    state.lateness.record('sso', 7);
    const range = { fromMs: startMs + 2 * hourMs, toMs: startMs + 3 * hourMs };
    state.agree({ ...range, atMs: startMs + 5 * hourMs, disputed: [range] });
    state.owe({ fromMs: startMs + 3 * hourMs, toMs: startMs + 3 * hourMs + 5 });
    state.giveUpBefore(startMs + 3 * hourMs + 1);
    await state.commit({ entries: [], settled: undefined });
    const read = async (name: string): Promise<unknown> =>
      JSON.parse(Buffer.from((await storage.read(name)) ?? []).toString('utf8'));
    return { 'context.json': await read('context.json'), proofs: await read('proofs/2030-01-02.json') };
  }

  it.each([
    ['schemas/checkpoint.schema.json', 'context.json', ['delivery', 'agreed', 'disputed', '0', 'to']],
    ['schemas/proofs.schema.json', 'proofs', ['hours', '0', 'proof']],
  ])('are what %s says, which describes every member', async (file, name, deepest) => {
    const isValid = await validatorOf(file);
    const document = (await writtenDocuments())[name];
    isValid(document);
    expect(isValid.errors ?? []).toEqual([]);
    // It is a description of something: a member deep inside that is not there, or is another, is noticed.
    expect(deepest.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], document)).toBeDefined();
    const nonsense: unknown = JSON.parse(JSON.stringify(document).replace(/"to":"2[^"]*"/, '"unto":1'));
    expect(isValid(nonsense)).toBe(false);
  });
});
