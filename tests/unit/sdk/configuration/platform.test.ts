import { describe, expect, it } from '@jest/globals';
import { createLookup } from '../../../../src/sdk/configuration/lookup.js';
import { loadPlatformConfiguration, loadSectionFile } from '../../../../src/sdk/configuration/platform.js';
import type { Environment } from '../../../../src/sdk/ports.js';

function fileSystemOf(files: Record<string, string>) {
  return {
    async read(path: string) {
      return path in files ? new TextEncoder().encode(files[path]) : undefined;
    },
  };
}

function load(environment: Environment, files: Record<string, string> = {}) {
  return loadPlatformConfiguration(createLookup({ fileSystem: fileSystemOf(files), environment }));
}

describe('the platform configuration', () => {
  it('is the account, the arguments and the intake of the region, each with its origin', async () => {
    const {
      module,
      arguments: args,
      intakeUrl,
    } = await load(
      { CONNECTOR_CONFIGURATION: '{"frequency":5}', INTAKE_URL: 'https://intake\n' },
      { '/symphony/module_configuration': '{"apikey":"k"}' },
    );
    expect(module.layers.map(({ values, originOf }) => [values, originOf('apikey')])).toEqual([
      [{ apikey: 'k' }, 'file /symphony/module_configuration'],
    ]);
    expect(args.layers.map(({ values, originOf }) => [values, originOf('frequency')])).toEqual([
      [{ frequency: 5 }, 'environment variable CONNECTOR_CONFIGURATION'],
    ]);
    expect(intakeUrl).toEqual({ value: 'https://intake', origin: 'environment variable INTAKE_URL' });
    expect([...(module.problems ?? []), ...(args.problems ?? [])]).toEqual([]);
  });

  it('takes the trigger configuration where there is no connector configuration', async () => {
    const { arguments: args } = await load({ MODULE_CONFIGURATION: '{}', TRIGGER_CONFIGURATION: '{"frequency":7}' });
    expect(args.layers[0]?.values).toEqual({ frequency: 7 });
  });

  it('prefers the connector configuration', async () => {
    const { arguments: args } = await load({
      CONNECTOR_CONFIGURATION: '{"frequency":5}',
      TRIGGER_CONFIGURATION: '{"frequency":7}',
    });
    expect(args.layers[0]?.values).toEqual({ frequency: 5 });
  });

  it('says for each missing document where it is looked for', async () => {
    const { module, arguments: args, intakeUrl } = await load({});
    expect(module).toMatchObject({ layers: [], incomplete: true });
    expect(module.problems?.[0]?.problem).toBe(
      'is missing: provide file /symphony/module_configuration or environment variable MODULE_CONFIGURATION',
    );
    expect(args.problems?.[0]?.problem).toContain('CONNECTOR_CONFIGURATION');
    expect(args.problems?.[0]?.problem).toContain('TRIGGER_CONFIGURATION');
    expect(intakeUrl).toBeUndefined();
  });

  it.each(['[]', 'null', '"text"', '3'])('refuses %s, which is no object', async (text) => {
    const { module } = await load({ MODULE_CONFIGURATION: text });
    expect(module.problems).toEqual([
      {
        setting: 'module_configuration',
        problem: 'must be a JSON object',
        origin: 'environment variable MODULE_CONFIGURATION',
      },
    ]);
  });

  it('reports a broken account and broken arguments side by side', async () => {
    const { module, arguments: args } = await load({ MODULE_CONFIGURATION: '{', CONNECTOR_CONFIGURATION: '{' });
    expect(module.problems).toHaveLength(1);
    expect(args.problems).toHaveLength(1);
  });
});

describe('a defect', () => {
  it('is not taken for a broken configuration', async () => {
    const lookup = createLookup({ fileSystem: fileSystemOf({}), environment: {} });
    const defective = { ...lookup, json: () => Promise.reject(new TypeError('defect')) };
    await expect(loadPlatformConfiguration(defective)).rejects.toThrow(TypeError);
  });
});

describe('a section out of a file', () => {
  it('is the object in it', async () => {
    const section = await loadSectionFile(
      fileSystemOf({ '/m.json': '{"apikey":"k"}' }),
      '/m.json',
      'module_configuration',
    );
    expect(section.layers[0]?.values).toEqual({ apikey: 'k' });
    expect(section.layers[0]?.originOf('apikey')).toBe('file /m.json');
  });

  it.each([
    [{}, 'there is no such file'],
    [{ '/m.json': '{"apikey":"TOP-SECRET"' }, 'is not JSON'],
    [{ '/m.json': '[]' }, 'must be a JSON object'],
  ])('is a problem where the file is none: %j', async (files: Record<string, string>, problem) => {
    const section = await loadSectionFile(fileSystemOf(files), '/m.json', 'module_configuration');
    expect(section).toEqual({
      layers: [],
      incomplete: true,
      problems: [{ setting: 'module_configuration', problem, origin: 'file /m.json' }],
    });
  });
});
