import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from '@jest/globals';

import { linkPackages, runIn } from '../support/module-directory.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const RUNNER = fileURLToPath(new URL('../../dist/harness/cli.js', import.meta.url));
const newDirectory = temporaryDirectories();

function make(directory: string, ...args: string[]) {
  return runIn(directory, process.execPath, [RUNNER, 'new', ...args]);
}

/** As far as the rules of a bundle look at it; a real one takes a registry. */
function lockOf(directory: string, sdk = 'https://registry.example.test/sdk.tgz'): string {
  const { name, version } = JSON.parse(read(join(directory, 'package.json'))) as { name: string; version: string };
  const packages = { 'node_modules/sekoia-jumpcloud-directory-insights': { version: '2.1.0', resolved: sdk } };
  return JSON.stringify({ name, version, lockfileVersion: 3, packages });
}

function read(path: string): string {
  return readFileSync(path, 'utf8');
}

describe('a new module', () => {
  it('passes its own tests at once, and can be run', async () => {
    const parent = newDirectory();
    const { code, output } = await make(parent, 'acme-audit-log');
    expect([code, output]).toEqual([0, expect.stringContaining('cd acme-audit-log && npm install && npm test')]);
    const directory = join(parent, 'acme-audit-log');
    linkPackages(directory);
    writeFileSync(join(directory, 'package-lock.json'), lockOf(directory));
    const tests = await runIn(directory, 'npm', ['test']);
    expect([tests.code, tests.output]).toEqual([0, expect.stringMatching(/^# pass 3$/m)]);
    const spec = await runIn(directory, 'node_modules/.bin/sekoia-module', ['spec']);
    expect(JSON.parse(spec.output)).toMatchObject({
      manifest: { slug: 'acme-audit-log', name: 'Acme Audit Log' },
      triggers: [{ docker_parameters: 'AcmeAuditLogConnector' }],
    });
    const runner = 'node_modules/.bin/sekoia-module';
    const bundle = await runIn(directory, runner, ['bundle', '--out', 'bundle']);
    expect([bundle.code, bundle.output]).toEqual([0, expect.stringContaining('acme-audit-log 1.0.0')]);
    const checked = await runIn(directory, runner, ['bundle', '--check', 'bundle']);
    expect([checked.code, checked.output]).toEqual([0, expect.stringContaining('No rule is broken')]);
    expect(read(join(directory, 'bundle/CHANGELOG.md'))).not.toMatch(/2030|okta/i);
    // A package outside the directory is none of the image's.
    writeFileSync(join(directory, 'package-lock.json'), lockOf(directory, 'file:../sdk.tgz'));
    const incomplete = await runIn(directory, runner, ['bundle', '--out', 'other']);
    expect([incomplete.code, incomplete.output]).toEqual([
      1,
      expect.stringMatching(/installs \.\.\/sdk\.tgz.*vendor\//s),
    ]);
    expect(existsSync(join(directory, 'other'))).toBe(false);
    const platform = await runIn(directory, runner, ['simulate', '--platform']);
    expect([platform.code, platform.output]).toEqual([2, expect.stringContaining('for the module of this package')]);
  }, 120_000);

  it('has a name in every spelling, identifiers of its own, and depends on this version', async () => {
    const parent = newDirectory();
    await make(parent, 'acme2', '--out', 'modules/one');
    await make(parent, 'acme2', '--out', 'modules/two');
    const manifests = ['one', 'two'].map((each) => read(join(parent, 'modules', each, 'manifest.json')));
    const uuids = manifests.map((text) => (JSON.parse(text) as { uuid: string }).uuid);
    expect(
      new Set([...uuids, (JSON.parse(read('examples/okta-system-log/manifest.json')) as { uuid: string }).uuid]).size,
    ).toBe(3);
    const { version } = JSON.parse(read('package.json')) as { version: string };
    // The documents of the platform want a slug without digits.
    expect(JSON.parse(manifests[0] ?? '')).toMatchObject({ slug: 'acme', supports_validation: true });
    expect(JSON.parse(read(join(parent, 'modules/one/package.json')))).toMatchObject({
      name: 'sekoia-acme2',
      dependencies: { 'sekoia-jumpcloud-directory-insights': `^${version}` },
    });
    for (const file of [
      'src/connector.ts',
      'src/connector.test.ts',
      'src/main.ts',
      'README.md',
      'triggers/acme2.json',
      'Dockerfile',
      'CHANGELOG.md',
    ]) {
      expect(read(join(parent, 'modules/one', file))).not.toMatch(/okta/i);
    }
  }, 60_000);

  it('overwrites nothing', async () => {
    const parent = newDirectory();
    mkdirSync(join(parent, 'taken'));
    writeFileSync(join(parent, 'taken/README.md'), 'mine');
    const { code, output } = await make(parent, 'taken');
    expect([code, output]).toEqual([2, expect.stringContaining('is not empty: nothing is overwritten')]);
    expect(read(join(parent, 'taken/README.md'))).toBe('mine');
    expect(existsSync(join(parent, 'taken/src'))).toBe(false);
  });

  it.each(['Acme', 'acme_log', '-acme', '../acme', 'acme/log', 'a'.repeat(61)])('is not called %s', async (name) => {
    const parent = newDirectory();
    const { code, output } = await make(parent, '--out', 'here', '--', name);
    expect([code, output]).toEqual([2, expect.stringContaining('lower-case words joined by hyphens')]);
    expect(existsSync(join(parent, 'here'))).toBe(false);
  });

  it('is explained by --help, with examples', async () => {
    const { code, output } = await make(newDirectory(), '--help');
    expect([code, output]).toEqual([0, expect.stringContaining('sekoia-module new acme-audit-log --out')]);
  });
});

describe('a package that names a module', () => {
  it.each([
    ['is not built', undefined, "was it built ('npm run build')?"],
    ['exports none', 'export const other = 1;', 'exports no sekoiaModule'],
  ])('is refused where it %s', async (_, code, problem) => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'package.json'), '{"type":"module","sekoiaModule":"dist/module.js"}');
    if (code !== undefined) {
      mkdirSync(join(directory, 'dist'));
      writeFileSync(join(directory, 'dist/module.js'), code);
    }
    const ended = await runIn(directory, process.execPath, [RUNNER, 'config']);
    expect([ended.code, ended.output]).toEqual([2, expect.stringContaining(problem)]);
  });
});
