import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { runProgram } from '../../src/harness/program.js';
import { triggers } from '../../src/modules.js';
import { systemFileSystem } from '../../src/sdk/system.js';
import { fakeHarness, type FakeHarness } from '../support/fake-harness.js';
import { libraryComplaints } from '../support/library-compliance.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const COMMANDS = ['JumpcloudDirectoryInsightsConnector', 'JumpcloudDirectoryInsightsStorageConnector'];
const CONNECTOR = 'connector_jumpcloud_directory_insights.json';
const TRIGGER = 'trigger_jumpcloud_directory_insights.json';

const newDirectory = temporaryDirectories();

interface Ended {
  readonly code: number;
  readonly world: FakeHarness;
}

async function bundle(...args: readonly string[]): Promise<Ended> {
  const world = Object.assign(fakeHarness({ triggers }), {
    fileSystem: systemFileSystem,
    packageDirectory: process.cwd(),
    runnerDirectory: process.cwd(),
  });
  return { code: await runProgram(['bundle', ...args], world), world };
}

function readJson(...path: readonly string[]): Record<string, unknown> {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as Record<string, unknown>;
}

/** Rewrites a JSON file in the form that the lint asks for, so that only the change itself is at fault. */
function editJson(directory: string, file: string, change: (document: Record<string, unknown>) => void): void {
  const document = readJson(directory, file);
  change(document);
  const ascii = JSON.stringify(document, undefined, 2).replace(
    /[^\n -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  writeFileSync(join(directory, file), ascii);
}

function editText(directory: string, file: string, change: (text: string) => string): void {
  const text = readFileSync(join(directory, file), 'utf8');
  const changed = change(text);
  expect(changed).not.toBe(text);
  writeFileSync(join(directory, file), changed);
}

let made: string;
beforeAll(async () => {
  made = join(newDirectory(), 'JumpCloud');
  expect((await bundle('--out', made)).code).toBe(0);
});

describe('a bundle', () => {
  it('breaks no rule of the library, by the program and by a second reading of the rules', async () => {
    expect(libraryComplaints(made, COMMANDS)).toEqual([]);
    const { code, world } = await bundle('--check', made);
    expect([code, world.stdout.lines.at(-1)]).toEqual([0, `No rule is broken in ${made}.`]);
  });

  it('takes the place of the official module: its UUIDs, its slug, its command, with everything inlined', () => {
    const identity = { uuid: '5de877fd-effb-5ebc-9358-8df26c06a140', docker_parameters: COMMANDS[0] };
    expect(readJson(made, 'manifest.json')).toMatchObject({
      uuid: 'fb8568bd-8b80-4c84-bde4-2d24275ce34f',
      slug: 'jumpcloud-directory-insights',
      configuration: { type: 'object', required: [], secrets: ['apikey', 'client_secret'] },
    });
    expect(readJson(made, CONNECTOR)).toMatchObject({ ...identity, arguments: { required: ['intake_key'] } });
    expect(readJson(made, CONNECTOR)).not.toHaveProperty('results');
    expect(readJson(made, TRIGGER)).toMatchObject({ ...identity, results: {} });
  });

  it('has what the image is built from, and nothing of this machine', () => {
    expect(readdirSync(made).sort()).toEqual([
      '.dockerignore',
      '.sekoia-bundle',
      'CHANGELOG.md',
      'Dockerfile',
      'LICENSE',
      'README.md',
      CONNECTOR,
      'connector_jumpcloud_directory_insights_storage.json',
      'logo.png',
      'logo.svg',
      'manifest.json',
      'package-lock.json',
      'package.json',
      'schemas',
      'src',
      TRIGGER,
      'trigger_jumpcloud_directory_insights_storage.json',
      'triggers',
      'tsconfig.build.json',
      'tsconfig.json',
    ]);
  });

  it('is a package of its own: it can be bundled again, to the same bytes', async () => {
    const again = join(newDirectory(), 'again');
    const world = Object.assign(fakeHarness({ triggers }), { fileSystem: systemFileSystem, packageDirectory: made });
    expect(await runProgram(['bundle', '--out', again], world)).toBe(0);
    for (const path of readdirSync(made, { recursive: true, encoding: 'utf8' })) {
      if (path.endsWith('.json')) expect(readFileSync(join(again, path))).toEqual(readFileSync(join(made, path)));
    }
  });

  it('told as JSON names the module and every file', async () => {
    const { code, world } = await bundle('--out', join(newDirectory(), 'new'), '--json');
    const told = JSON.parse(world.stdout.text) as { files: { path: string }[] };
    expect(code).toBe(0);
    expect(told).toMatchObject({ module: { slug: 'jumpcloud-directory-insights' } });
    expect(told.files.map(({ path }) => path)).toContain('src/main.ts');
  });
});

describe('a private bundle', () => {
  it('has UUIDs and a slug of its own, the same each time, and breaks no rule', async () => {
    const directory = newDirectory();
    for (const name of ['one', 'two']) {
      expect((await bundle('--out', join(directory, name), '--private', 'acme')).code).toBe(0);
    }
    const manifest = readJson(directory, 'one', 'manifest.json');
    const connector = readJson(directory, 'one', CONNECTOR);
    expect(manifest).toEqual(readJson(directory, 'two', 'manifest.json'));
    // As uuid.uuid5 of Python derives them.
    expect(manifest).toMatchObject({
      uuid: '8dad57a7-6c8a-5e53-bd42-f033a8c03372',
      slug: 'jumpcloud-directory-insights-acme',
      name: 'Jumpcloud Directory Insights (acme)',
    });
    expect(connector).toMatchObject({
      uuid: '28d8e765-088b-5f9e-8740-f1ab96b37d5e',
      docker_parameters: COMMANDS[0],
    });
    expect(readJson(directory, 'one', TRIGGER)['uuid']).toBe(connector['uuid']);
    expect(libraryComplaints(join(directory, 'one'), COMMANDS)).toEqual([]);
  });

  it.each(['Acme', '9', 'a b', '-a', ''])('is not called %j', async (name) => {
    const directory = join(newDirectory(), 'new');
    expect((await bundle('--out', directory, '--private', name)).code).toBe(2);
    expect(existsSync(directory)).toBe(false);
  });
});

const edits: [string, (directory: string) => void][] = [
  ['no manifest', (at) => rmSync(join(at, 'manifest.json'))],
  ['a manifest that is no JSON', (at) => writeFileSync(join(at, 'manifest.json'), '{')],
  ['no uuid', (at) => editJson(at, 'manifest.json', (it) => delete it['uuid'])],
  ['no description', (at) => editJson(at, 'manifest.json', (it) => delete it['description'])],
  ['a slug in capitals', (at) => editJson(at, 'manifest.json', (it) => (it['slug'] = 'JumpCloud'))],
  ['a version of two numbers', (at) => editJson(at, 'manifest.json', (it) => (it['version'] = '2.1'))],
  ['another version in the manifest', (at) => editJson(at, 'manifest.json', (it) => (it['version'] = '9.9.9'))],
  ['another version in the package', (at) => editJson(at, 'package.json', (it) => (it['version'] = '9.9.9'))],
  ['no category', (at) => editJson(at, 'manifest.json', (it) => (it['categories'] = []))],
  ['a category that is none', (at) => editJson(at, 'manifest.json', (it) => (it['categories'] = ['IAM', 'SIEM']))],
  ['an image in the manifest', (at) => editJson(at, 'manifest.json', (it) => (it['docker'] = 'x:1'))],
  [
    'a configuration that is no schema',
    (at) => editJson(at, 'manifest.json', (it) => (it['configuration'] = { type: 'thing' })),
  ],
  [
    'a reference that is left',
    (at) => editJson(at, 'manifest.json', (it) => (it['configuration'] = { $ref: 'schemas/x.json' })),
  ],
  [
    'a secret that is no property',
    (at) => editJson(at, 'manifest.json', (it) => ((it['configuration'] as { secrets: string[] }).secrets = ['key'])),
  ],
  ['a connector without arguments', (at) => editJson(at, CONNECTOR, (it) => delete it['arguments'])],
  ['a connector without uuid', (at) => editJson(at, CONNECTOR, (it) => delete it['uuid'])],
  ['a trigger without results', (at) => editJson(at, TRIGGER, (it) => delete it['results'])],
  ['a trigger of another uuid', (at) => editJson(at, TRIGGER, (it) => (it['uuid'] = crypto.randomUUID()))],
  ['a trigger of another command', (at) => editJson(at, TRIGGER, (it) => (it['docker_parameters'] = 'Other'))],
  ['two connectors of one uuid', (at) => cpSync(join(at, CONNECTOR), join(at, 'connector_jumpcloud_too.json'))],
  ['no item at all', (at) => [CONNECTOR, TRIGGER].forEach((file) => rmSync(join(at, file)))],
  [
    'an intake without key',
    (at) => editJson(at, CONNECTOR, (it) => ((it['arguments'] as { required: string[] }).required = [])),
  ],
  ['no changelog', (at) => rmSync(join(at, 'CHANGELOG.md'))],
  ['another title', (at) => editText(at, 'CHANGELOG.md', (text) => text.replace('# Changelog', '# History'))],
  ['two titles', (at) => editText(at, 'CHANGELOG.md', (text) => `${text}\n# Changelog\n`)],
  ['no preamble', (at) => editText(at, 'CHANGELOG.md', (text) => text.replace('All notable changes', 'All changes'))],
  ['an entry without date', (at) => editText(at, 'CHANGELOG.md', (text) => text.replace(' - 2026-11-22', ''))],
  ['an entry without version', (at) => editText(at, 'CHANGELOG.md', (text) => text.replace('[2.0.0] - ', ''))],
  ['entries in another order', (at) => editText(at, 'CHANGELOG.md', (text) => text.replace('[2.0.0]', '[2.2.0]'))],
  ['one version twice', (at) => editText(at, 'CHANGELOG.md', (text) => text.replace('[2.0.0]', '[2.1.0]'))],
  ['a section of its own', (at) => editText(at, 'CHANGELOG.md', (text) => text.replace('### Fixed', '### Breaking'))],
  [
    'text outside a section',
    (at) => editText(at, 'CHANGELOG.md', (text) => text.replace('2026-11-22\n', '2026-11-22\n\nThe first.\n')),
  ],
  [
    'a heading without a line break',
    (at) => writeFileSync(join(at, 'CHANGELOG.md'), readFileSync(join(at, 'CHANGELOG.md'), 'utf8').split('\n## ')[0]!),
  ],
  ['no logo', (at) => ['logo.svg', 'logo.png'].forEach((file) => rmSync(join(at, file)))],
  [
    'a logo that is no PNG',
    (at) => {
      rmSync(join(at, 'logo.svg'));
      writeFileSync(join(at, 'logo.png'), 'GIF89a');
    },
  ],
  [
    'a logo that is not square',
    (at) => {
      rmSync(join(at, 'logo.svg'));
      editPng(at, (png) => png.writeUInt32BE(9, 16));
    },
  ],
  [
    'a logo that is too large',
    (at) => {
      rmSync(join(at, 'logo.svg'));
      writeFileSync(join(at, 'logo.png'), Buffer.concat([readFileSync(join(at, 'logo.png')), Buffer.alloc(51_200)]));
    },
  ],
  ['no Dockerfile', (at) => rmSync(join(at, 'Dockerfile'))],
  ['a Python project', (at) => writeFileSync(join(at, 'pyproject.toml'), '')],
  ['a newline at the end of JSON', (at) => editText(at, 'package.json', (text) => `${text}\n`)],
  ['JSON indented by four', (at) => editText(at, TRIGGER, (text) => text.replaceAll('\n  ', '\n    '))],
  ['a character that is not escaped', (at) => editText(at, TRIGGER, (text) => text.replace('Reads', 'R\u00e9ads'))],
  ['JSON of a folder in another form', (at) => editText(at, 'schemas/playbook.schema.json', (text) => `${text} `)],
];

function editPng(directory: string, change: (png: Buffer) => void): void {
  const png = readFileSync(join(directory, 'logo.png'));
  change(png);
  writeFileSync(join(directory, 'logo.png'), png);
}

/** A copy without all but one of the sources, which no rule looks at. */
function lightCopy(): string {
  const directory = join(newDirectory(), 'mutated');
  const isWanted = (path: string): boolean =>
    !/\/src\/./.test(path.slice(made.length)) || path.endsWith('/src/main.ts');
  cpSync(made, directory, { recursive: true, filter: isWanted });
  return directory;
}

describe('a bundle with', () => {
  it('no fault passes, by the program and by the second reading of the rules', async () => {
    const directory = lightCopy();
    expect(libraryComplaints(directory, COMMANDS)).toEqual([]);
    expect((await bundle('--check', directory)).code).toBe(0);
  });

  it.each(edits)('%s is refused, by the program and by the second reading of the rules', async (_, edit) => {
    const directory = lightCopy();
    edit(directory);
    expect(libraryComplaints(directory, COMMANDS)).not.toEqual([]);
    const { code, world } = await bundle('--check', directory, '--json');
    const { passed, violations } = JSON.parse(world.stdout.text) as {
      passed: boolean;
      violations: { file: string; problem: string; remedy: string }[];
    };
    expect([code, passed]).toEqual([1, false]);
    for (const { file, problem, remedy } of violations) {
      expect([file, problem, remedy]).toEqual([
        expect.stringMatching(/./),
        expect.stringMatching(/./),
        expect.stringMatching(/\.$/),
      ]);
    }
  });

  it('several faults is told of all of them at once', async () => {
    const directory = lightCopy();
    editJson(directory, 'manifest.json', (it) => {
      it['slug'] = 'Wrong';
      it['categories'] = ['SIEM'];
    });
    rmSync(join(directory, 'Dockerfile'));
    editText(directory, 'CHANGELOG.md', (text) => text.replace('### Fixed', '### Mended'));
    const { world } = await bundle('--check', directory);
    for (const what of ['no proper slug', 'unknown category "SIEM"', 'Dockerfile is missing', "a section 'Mended'"]) {
      expect(world.stdout.text).toContain(what);
    }
    expect(world.stdout.lines.at(-1)).toBe(`4 rules broken in ${directory}.`);
  });

  it.each([
    ['a build argument', (text: string) => `ARG TOKEN\n${text}`, 'takes build arguments'],
    [
      'an entry point in shell form',
      (text: string) => text.replace(/^ENTRYPOINT.*$/m, 'ENTRYPOINT node x'),
      'exec form',
    ],
    ['root as its user', (text: string) => text.replace('USER sekoiaio-runtime', 'USER root'), 'sekoiaio-runtime'],
    ['a file that is not there', (text: string) => text.replace('COPY src', 'COPY lib'), 'copies lib'],
  ])('%s in its Dockerfile is refused', async (_, edit, told) => {
    const directory = lightCopy();
    editText(directory, 'Dockerfile', edit);
    const { code, world } = await bundle('--check', directory);
    expect([code, world.stdout.text]).toEqual([1, expect.stringContaining(told)]);
  });
});

describe('where a bundle is written', () => {
  it('a git repository keeps what is git’s', async () => {
    const directory = newDirectory();
    mkdirSync(join(directory, '.git'));
    writeFileSync(join(directory, '.git/HEAD'), 'ref: refs/heads/main\n');
    expect((await bundle('--out', directory)).code).toBe(0);
    expect(readFileSync(join(directory, '.git/HEAD'), 'utf8')).toBe('ref: refs/heads/main\n');
    expect((await bundle('--check', directory)).code).toBe(0);
  });

  it('an earlier bundle is brought up to date: what is gone goes, what others added stays', async () => {
    const directory = join(newDirectory(), 'bundle');
    cpSync(made, directory, { recursive: true });
    writeFileSync(join(directory, '.gitlab-ci.yml'), 'mine\n');
    mkdirSync(join(directory, 'src/gone'));
    writeFileSync(join(directory, 'src/gone/old.ts'), '');
    editText(directory, '.sekoia-bundle', (text) => `${text}src/gone/old.ts\n`);
    expect((await bundle('--out', directory, '--private', 'acme')).code).toBe(0);
    expect(existsSync(join(directory, 'src/gone'))).toBe(false);
    expect(readFileSync(join(directory, '.gitlab-ci.yml'), 'utf8')).toBe('mine\n');
    expect(readJson(directory, 'manifest.json')['slug']).toBe('jumpcloud-directory-insights-acme');
    expect(readdirSync(directory).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it.each([
    ['something else', (at: string) => writeFileSync(join(at, 'thesis.tex'), ''), 'holds something else (thesis.tex)'],
    [
      'a file in the way',
      (at: string) => {
        cpSync(made, at, { recursive: true });
        editText(at, '.sekoia-bundle', (text) => text.replace('README.md\n', ''));
      },
      'holds README.md, which no bundle wrote',
    ],
  ])('%s is not written over', async (_, prepare, told) => {
    const directory = newDirectory();
    prepare(directory);
    const before = readdirSync(directory, { recursive: true });
    const { code, world } = await bundle('--out', directory);
    expect([code, world.stderr.text]).toEqual([2, expect.stringContaining(told)]);
    expect(readdirSync(directory, { recursive: true })).toEqual(before);
  });

  it('a file is not taken for a directory', async () => {
    const file = join(newDirectory(), 'file');
    writeFileSync(file, 'kept');
    expect((await bundle('--out', file)).code).toBe(2);
    expect((await bundle('--check', file)).code).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });

  it('nothing is left of a bundle that could not be written', async () => {
    const parent = newDirectory();
    // The place where it would be put together cannot be made.
    writeFileSync(join(parent, 'in-the-way'), '');
    expect((await bundle('--out', join(parent, 'in-the-way/bundle'))).code).toBe(1);
    expect(readdirSync(parent)).toEqual(['in-the-way']);
  });

  it('an update that was cut short is told of by a check, and made good by the next one', async () => {
    const directory = join(newDirectory(), 'bundle');
    cpSync(made, directory, { recursive: true });
    editText(directory, '.sekoia-bundle', (text) => text.replace('complete\n', 'being written\n'));
    renameSync(join(directory, 'Dockerfile'), join(dirname(directory), 'Dockerfile'));
    const { code, world } = await bundle('--check', directory);
    expect([code, world.stdout.text]).toEqual([1, expect.stringContaining('tells of a bundle half written')]);
    expect((await bundle('--out', directory)).code).toBe(0);
    expect((await bundle('--check', directory)).code).toBe(0);
  });
});

describe('the command', () => {
  it.each([
    [[], 'give --out or --check, one of them'],
    [['--out', 'a', '--check', 'b'], 'give --out or --check, one of them'],
    [['--check', 'b', '--private', 'x'], 'goes with --out alone'],
    [['--check', 'nowhere'], 'is no directory'],
  ])('%j is refused', async (args, told) => {
    const { code, world } = await bundle(...args);
    expect([code, world.stderr.text]).toEqual([2, expect.stringContaining(told)]);
  });

  it('asks for a clone where the package has no sources', async () => {
    const world = Object.assign(fakeHarness({ triggers }), { packageDirectory: newDirectory() });
    expect(await runProgram(['bundle', '--out', join(newDirectory(), 'x')], world)).toBe(2);
    expect(world.stderr.text).toContain('run it in a clone of the repository');
  });

  it('has examples and exit codes in its help', async () => {
    const { world } = await bundle('--help');
    expect(world.stdout.text).toMatch(/Examples:\n {2}\$ sekoia-module bundle --out/);
    expect(world.stdout.text).toMatch(/1 +a rule is broken/);
  });
});
