import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { ConfigurationError } from '../sdk/errors.js';

/** The example that is the template: there is one truth, and it is tested. */
const TEMPLATE = join('examples', 'okta-system-log');
/** What a build or a run leaves behind. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  'node_modules',
  'dist',
  'bundle',
  '.sekoia-module',
  'package-lock.json',
]);
/** Packages are published without it. */
const IGNORED = 'node_modules\ndist\nbundle\n.sekoia-module\n';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const LONGEST_NAME = 60;

/** A module to be made. */
export interface Scaffold {
  /** Lower-case words joined by hyphens: `acme-audit-log`. */
  readonly name: string;
  /** Where it goes; made if need be, and empty otherwise. */
  readonly directory: string;
  /** Where this package is. */
  readonly runnerDirectory: string;
  /** Of this package: the module will depend on it. */
  readonly version: string;
  /** Of today, as YYYY-MM-DD: when its first version was made. */
  readonly date: string;
}

/**
 * Writes a module whose tests pass: the example under another name, with identifiers of its own.
 * @returns paths of its files, relative to the directory, in order
 * @throws ConfigurationError where the name is none, or something is in the way: then nothing was written
 */
export async function writeScaffold({ directory, runnerDirectory, ...names }: Scaffold): Promise<string[]> {
  const { name } = names;
  if (!NAME.test(name) || name.length > LONGEST_NAME) {
    const problem = `must be lower-case words joined by hyphens, such as acme-audit-log, at most ${LONGEST_NAME} characters`;
    throw new ConfigurationError([{ setting: 'name', problem }]);
  }
  if (!(await isFree(directory))) {
    throw new ConfigurationError([{ setting: '--out', problem: `${directory} is not empty: nothing is overwritten` }]);
  }
  const template = join(runnerDirectory, TEMPLATE);
  const files = [...(await read(template, names)), { path: '.gitignore', text: IGNORED }];
  for (const { path, text } of files) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    // Whatever appeared there meanwhile is left alone.
    await writeFile(target, text, { flag: 'wx' });
  }
  return files.map(({ path }) => path).sort();
}

interface TemplateFile {
  readonly path: string;
  readonly text: string;
}

type Names = Pick<Scaffold, 'name' | 'version' | 'date'>;

async function read(template: string, names: Names): Promise<TemplateFile[]> {
  const files: TemplateFile[] = [];
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (NOT_COPIED.has(entry.name)) continue;
      if (entry.isDirectory()) await visit(path);
      else {
        const text = rename(await readFile(path, 'utf8'), names);
        files.push({ path: rename(relative(template, path), names), text });
      }
    }
  };
  await visit(template);
  return files;
}

/** Another name in every spelling, other identifiers, and this version of the SDK. */
function rename(text: string, { name, version, date }: Names): string {
  const words = name.split('-');
  const capitalised = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const pascal = capitalised.join('');
  return text
    .replace(/(?<="slug": ")[^"]*/, slugOf(name))
    .replaceAll('okta-system-log', name)
    .replaceAll('okta_system_log', words.join('_'))
    .replaceAll('OktaSystemLog', pascal)
    .replaceAll('oktaSystemLog', pascal.charAt(0).toLowerCase() + pascal.slice(1))
    .replaceAll('Okta System Log', capitalised.join(' '))
    .replace(/(?<="uuid": ")[0-9a-f-]{36}(?=")/g, () => randomUUID())
    .replace(/(?<="sekoia-jumpcloud-directory-insights": ")[^"]*/, `^${version}`)
    .replace(/(?<=^## \[1\.0\.0\] - ).*$/m, date);
}

/** The documents of the platform allow no digits in it. */
function slugOf(name: string): string {
  return name.replace(/\d/g, '').replace(/-+/g, '-').replace(/-$/, '');
}

async function isFree(directory: string): Promise<boolean> {
  try {
    return (await readdir(directory)).length === 0;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ENOENT') return true;
    if (code === 'ENOTDIR') return false;
    throw error;
  }
}
