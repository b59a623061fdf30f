import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { stateWithKey, temporaryDirectories } from '../support/temporary-directory.js';

const newDirectory = temporaryDirectories();
const KEYS = JSON.parse(readFileSync('tests/support/known-keys.json', 'utf8')) as string[];
const [KEY = ''] = KEYS;

function run(script: string, args: readonly string[] = [], path = ''): { status: number | null; output: string } {
  const env = { ...process.env, PATH: `${path}:${process.env['PATH'] ?? ''}` };
  const { status, stdout, stderr } = spawnSync(process.execPath, [`scripts/${script}`, ...args], {
    encoding: 'utf8',
    env,
  });
  return { status, output: stdout + stderr };
}

function write(file: string, content: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

describe('the audit', () => {
  /** A directory with an `npm` that says this. */
  function npmThatSays(text: string, status: number): string {
    const directory = newDirectory();
    const program = write(join(directory, 'npm'), `#!/bin/sh\ncat <<'END'\n${text}\nEND\nexit ${status}\n`);
    chmodSync(program, 0o700);
    return directory;
  }
  const report = (high: number, vulnerabilities: object): string =>
    JSON.stringify({ vulnerabilities, metadata: { vulnerabilities: { low: 1, high, critical: 0, total: high + 1 } } });

  it('fails where a flaw is high, and names the package', () => {
    const found = report(1, { acme: { name: 'acme', severity: 'high', range: '<2' }, other: { severity: 'low' } });
    const { status, output } = run('audit.mjs', [], npmThatSays(found, 1));
    expect(status).toBe(1);
    expect(output).toContain('high: acme <2');
    expect(output).not.toContain('other');
  });

  it('is content with lesser ones', () => {
    const { status, output } = run('audit.mjs', [], npmThatSays(report(0, {}), 0));
    expect([status, output]).toEqual([0, 'No known flaw that is high or critical; 1 lesser ones\n']);
  });

  it.each([
    ['that says so', '{"message":"405 Method Not Allowed","statusCode":405}', '405 Method Not Allowed'],
    ['that cannot be reached', '{"error":{"code":"ECONNREFUSED","summary":"no connection"}}', 'no connection'],
    ['that answers with something else', '<html>', 'npm left with 1'],
  ])('says that nothing was looked for, of a registry %s', (_, text, why) => {
    const { status, output } = run('audit.mjs', [], npmThatSays(text, 1));
    expect(status).toBe(0);
    expect(output).toBe(`Skipped: the registry does not answer audits (${why}). Nothing was looked for.\n`);
  });
});

describe('the licences', () => {
  const check = (packages: object): ReturnType<typeof run> =>
    run('licences.mjs', [write(join(newDirectory(), 'lock.json'), JSON.stringify({ packages }))]);

  it('of everything in production are allowed', () => {
    expect(run('licences.mjs').status).toBe(0);
  });

  it.each([
    ['one that is not in the list', 'GPL-3.0-only', 1],
    ['none', undefined, 1],
    ['one of two that is', '(GPL-3.0-only OR MIT)', 0],
    ['two, of which one is not', 'MIT AND GPL-3.0-only', 1],
  ])('%s', (_, license, status) => {
    const checked = check({ '': {}, 'node_modules/a/node_modules/b': { version: '1.0.0', license } });
    expect(checked.status).toBe(status);
    if (status === 1) expect(checked.output).toContain(`b 1.0.0: ${license ?? 'no licence'}`);
  });

  it('of what is for development only are not looked at; an empty list is no proof', () => {
    const dev = { version: '1.0.0', license: 'GPL-3.0-only', dev: true };
    expect(check({ 'node_modules/a': { version: '1.0.0', license: 'MIT' }, 'node_modules/b': dev }).status).toBe(0);
    expect(check({ 'node_modules/b': dev }).status).toBe(1);
  });
});

describe('the bill of materials', () => {
  it('is CycloneDX and names every package of the lock file that is used in production, with its hash', () => {
    const file = join(newDirectory(), 'build', 'sbom.cdx.json');
    expect(run('sbom.mjs', [file]).status).toBe(0);
    const bom = JSON.parse(readFileSync(file, 'utf8')) as {
      bomFormat: string;
      specVersion: string;
      metadata: { component: { name: string; type: string } };
      components: { name: string; version: string; purl: string; hashes?: object[]; licenses?: object[] }[];
      dependencies: { ref: string }[];
    };
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: expect.stringMatching(/^1\.\d$/) });
    expect(bom.metadata.component).toMatchObject({
      name: 'sekoia-jumpcloud-directory-insights',
      type: 'application',
    });
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { version: string; dev?: boolean }>;
    };
    const used = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
    const names = used.map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`);
    expect(names).toContain(bom.components.map(({ name, version }) => `${name}@${version}`)[0]);
    const listed = bom.components.map(({ purl }) => decodeURIComponent(purl.replace(/^pkg:npm\//, '')));
    expect(new Set(listed)).toEqual(new Set(names));
    for (const { hashes, licenses } of bom.components) expect([hashes?.length, licenses?.length]).toEqual([1, 1]);
    expect(bom.dependencies.length).toBeGreaterThan(bom.components.length);
  });

  it('is part of the package, which is published with its provenance', () => {
    const { files, scripts, publishConfig } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      files: string[];
      scripts: Record<string, string>;
      publishConfig: object;
    };
    expect(files).toContain('dist');
    expect(scripts['prepack']).toContain('npm run --silent sbom');
    expect(publishConfig).toEqual({ provenance: true });
  });
});

describe('the search for keys', () => {
  const scan = (...paths: readonly string[]): ReturnType<typeof run> => run('scan-secrets.mjs', paths);

  it.each([
    ['in plain', (key: string) => `{"message":"x-api-key: ${key}"}`],
    ['in hexadecimal digits', (key: string) => Buffer.from(key).toString('hex')],
    ...[0, 1, 2].map(
      (n) =>
        [
          `in base64, ${n} bytes in`,
          (key: string) => Buffer.from('x'.repeat(n) + key + '!').toString('base64'),
        ] as const,
    ),
  ] as const)('finds one %s, and does not repeat it', (_, form) => {
    const directory = newDirectory();
    const files = KEYS.map((key, index) => write(join(directory, `log-${index}`), `one\ntwo ${form(key)} two\n`));
    const told = files.map((file) => `${file}:2 holds a key\n`).join('');
    expect(scan(...files)).toEqual({ status: 1, output: told });
  });

  it.each(['context.json', 'ledger/00000001.bin', 'dead-letter/00000001.ndjson', 'backup/context.json'])(
    'finds one in the state of a data path: %s',
    (name) => {
      const directory = newDirectory();
      // Otherwise the search that follows each test file would find it as well.
      const state = join(directory, 'some', 'test');
      write(join(state, name), `..${KEY}..`);
      expect(scan(directory).status).toBe(1);
      writeFileSync(join(state, name), '');
    },
  );

  it('leaves the configuration of a test alone, and finds nothing where nothing is', () => {
    const directory = newDirectory();
    write(join(directory, 'playbook.yaml'), KEY);
    write(join(directory, 'data', 'context.json'), '{}');
    expect(scan(directory)).toEqual({ status: 0, output: 'No key in 1 files\n' });
  });

  it('proves nothing where there was nothing to look at', () => {
    expect(scan(newDirectory()).status).toBe(2);
  });

  it('knows every key that the simulators and tests use', () => {
    const sources = ['tests', 'src/simulators'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => readFileSync(join(folder, file), 'utf8')),
    );
    const used = sources.flatMap((text) => text.match(/'(?:synthetic-[a-z]+-key[\w-]*|jca_[\w-]{12,})'/g) ?? []);
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((literal) => !KEYS.some((key) => literal.includes(key)))).toEqual([]);
  });
});

describe('a directory of a test', () => {
  it('is searched for keys in the state of a data path before it is removed', () => {
    const directory = newDirectory();
    const state = write(join(directory, 'data', 'dead-letter', '00000001.ndjson'), `{"event":"${KEY}"}`);
    write(join(directory, 'playbook.yaml'), KEY);
    expect(stateWithKey(directory)).toEqual([state]);
    writeFileSync(state, '');
    expect(stateWithKey(directory)).toEqual([]);
  });
});
