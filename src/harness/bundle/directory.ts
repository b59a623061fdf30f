import { lstat, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { ConfigurationError } from '../../sdk/errors.js';
import type { BundleFiles } from './bundle-files.js';
import type { BundleView } from './compliance/violation.js';
import { viewOf } from './compliance/violation.js';

/** Tells a directory that a bundle was written to, and which files are ours in it. */
export const MARKER = '.sekoia-bundle';

/** Never part of a module: what git, package managers and builds keep beside it. */
const NOT_OF_THE_MODULE = new Set(['.git', 'node_modules', 'dist', `${MARKER}.partial`]);

/**
 * Writes a bundle as a whole or not at all. A directory that is new, empty or a fresh git repository is filled; one that
 * holds an earlier bundle is brought up to date, and files in it that no bundle wrote are left alone.
 *
 * Everything is written beside its place first, and then moved. A process that is killed while it moves an update leaves
 * `.sekoia-bundle` without the line `complete`, which a check tells of; the same command again makes it good.
 * @throws ConfigurationError where the directory holds something else
 */
export async function writeBundle(directory: string, files: BundleFiles): Promise<void> {
  const earlier = await ownFiles(directory);
  await assertNothingForeign(directory, files, earlier);
  const isNew = (await entriesOf(directory)).length === 0;
  const staging = isNew
    ? join(dirname(directory), `.${basename(directory)}.partial`)
    : join(directory, `${MARKER}.partial`);
  await rm(staging, { recursive: true, force: true });
  try {
    for (const [path, content] of files) await put(join(staging, path), content);
    await put(join(staging, MARKER), markerOf([...files.keys()], true));
    if (isNew) await replaceEmpty(staging, directory);
    else await update(directory, { staging, files, earlier });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** A bundle as it lies in a directory. */
export async function readBundle(directory: string): Promise<BundleView> {
  const files = new Map<string, Uint8Array>();
  for (const path of await pathsBelow(directory, '')) files.set(path, await readFile(join(directory, path)));
  return viewOf(files);
}

/** Whether the last bundle that was written there is there as a whole. */
export function isWhole(view: BundleView): boolean {
  const marker = view.text(MARKER);
  return marker === undefined || marker.startsWith('complete\n');
}

/** The files that an earlier bundle wrote; undefined where there was none. */
async function ownFiles(directory: string): Promise<readonly string[] | undefined> {
  try {
    const lines = (await readFile(join(directory, MARKER), 'utf8')).split('\n');
    return lines.slice(1).filter((line) => line !== '' && !line.split('/').includes('..'));
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(thrown) ?? '')) return undefined;
    throw thrown;
  }
}

async function assertNothingForeign(
  directory: string,
  files: BundleFiles,
  earlier: readonly string[] | undefined,
): Promise<void> {
  const refuse = (problem: string): never => {
    throw new ConfigurationError([{ setting: '--out', problem: `${directory} ${problem}` }]);
  };
  const there = await lstat(directory).catch(() => undefined);
  if (there !== undefined && !there.isDirectory()) refuse('is no directory');
  if (earlier === undefined) {
    const foreign = (await entriesOf(directory)).filter((name) => name !== '.git' && !isStaging(name));
    const [first] = foreign;
    if (first !== undefined)
      refuse(`holds something else (${first}): name an empty directory, or one that does not exist`);
    return;
  }
  for (const path of files.keys()) {
    if (earlier.includes(path)) continue;
    const inTheWay = await lstat(join(directory, path)).catch(() => undefined);
    if (inTheWay !== undefined) refuse(`holds ${path}, which no bundle wrote: move it away`);
  }
}

interface Update {
  readonly staging: string;
  readonly files: BundleFiles;
  readonly earlier: readonly string[] | undefined;
}

/** From here on nothing needs room on the disk but the marker, which goes first. */
async function update(directory: string, { staging, files, earlier = [] }: Update): Promise<void> {
  const all = [...new Set([...earlier, ...files.keys()])];
  await put(join(directory, MARKER), markerOf(all, false));
  for (const path of files.keys()) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await rename(join(staging, path), join(directory, path));
  }
  for (const path of earlier) {
    if (!files.has(path)) await removeWithEmptyFolders(directory, path);
  }
  await rename(join(staging, MARKER), join(directory, MARKER));
}

async function replaceEmpty(staging: string, directory: string): Promise<void> {
  await mkdir(dirname(directory), { recursive: true });
  await rmdir(directory).catch((thrown: unknown) => {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  });
  await rename(staging, directory);
}

async function removeWithEmptyFolders(directory: string, path: string): Promise<void> {
  await rm(join(directory, path), { force: true });
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    if ((await entriesOf(join(directory, folder))).length > 0) return;
    await rmdir(join(directory, folder)).catch(() => undefined);
  }
}

async function put(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

function markerOf(paths: readonly string[], isComplete: boolean): string {
  return [isComplete ? 'complete' : 'being written', ...paths, ''].join('\n');
}

async function pathsBelow(directory: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(directory, folder), { withFileTypes: true });
  const below = entries.map(async (entry): Promise<string[]> => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return NOT_OF_THE_MODULE.has(entry.name) ? [] : pathsBelow(directory, path);
    return entry.isFile() ? [path] : [];
  });
  return (await Promise.all(below)).flat().sort();
}

async function entriesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

function isStaging(name: string): boolean {
  return name === `${MARKER}.partial`;
}

function codeOf(thrown: unknown): string | undefined {
  return (thrown as NodeJS.ErrnoException).code;
}
