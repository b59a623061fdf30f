import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { FileSystem } from '../../sdk/ports.js';
import { readDeclarations } from '../../sdk/configuration/declarations.js';
import { bundledDeclarations } from './items.js';
import { reprintPlatformJson, writePlatformJson } from './platform-json.js';

/** The files of a bundle by their path in it, with '/' between folders. */
export type BundleFiles = ReadonlyMap<string, Uint8Array>;

/** Beside manifest and items: what the platform shows, and what the image is built from. */
const COPIED = [
  '.dockerignore',
  'CHANGELOG.md',
  'Dockerfile',
  'LICENSE',
  'README.md',
  'logo.png',
  'logo.svg',
  'package-lock.json',
  'package.json',
  'schemas',
  'src',
  'triggers',
  'tsconfig.build.json',
  'tsconfig.json',
  'vendor',
];

/** What a module may do without, or what the check tells of in better words. */
const OPTIONAL = new Set(['LICENSE', 'logo.png', 'logo.svg', 'package-lock.json', 'tsconfig.build.json', 'vendor']);

/** Something that a bundle is made of is not in the package. */
export class IncompletePackageError extends Error {
  override readonly name = 'IncompletePackageError';
}

/**
 * Puts a bundle together in memory: the module with every `$ref` of its manifests inlined, and every JSON file in the form
 * that the library's lint asks for.
 * @param packageDirectory a clone: what is published on a package registry has neither sources nor lock file
 * @throws IncompletePackageError
 */
export async function bundleFiles(
  packageDirectory: string,
  fileSystem: Pick<FileSystem, 'read' | 'list'>,
  privateName?: string,
): Promise<BundleFiles> {
  const files = new Map<string, Uint8Array>();
  for (const name of COPIED) {
    for (const [path, content] of await readAll(packageDirectory, name)) {
      files.set(path, path.endsWith('.json') ? encode(reprintPlatformJson(content.toString('utf8'))) : content);
    }
  }
  const declarations = await readDeclarations(packageDirectory, fileSystem);
  for (const [path, document] of bundledDeclarations(declarations, privateName)) {
    files.set(path, encode(writePlatformJson(document)));
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A file, or every file below a folder. */
async function readAll(directory: string, name: string): Promise<[string, Buffer][]> {
  const path = join(directory, name);
  try {
    const entries = await readdir(path, { withFileTypes: true });
    const below = await Promise.all(entries.map((entry) => readAll(directory, `${name}/${entry.name}`)));
    return below.flat();
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return [[name, await readFile(path)]];
    if (code === 'ENOENT' && OPTIONAL.has(name)) return [];
    if (code === 'ENOENT') throw new IncompletePackageError(`${directory} has no ${name}`);
    throw thrown;
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
