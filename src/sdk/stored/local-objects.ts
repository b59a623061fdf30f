import { join } from 'node:path';

import { ConfigurationError } from '../errors.js';
import type { FileReading, FileSight } from '../ports.js';

/** The path that stands for standard input. */
export const STANDARD_INPUT = '-';

/** A stored object on this machine. */
export interface LocalObject {
  /** Path, as it was given or found below the directory that was; `-` for standard input. */
  readonly name: string;
  /** Bytes; undefined for standard input and other pipes. */
  readonly size: number | undefined;
  /** When it was written last, epoch milliseconds; undefined as for `size`. */
  readonly modifiedMs: number | undefined;
  /** Its bytes, from the beginning. Standard input and pipes can be read once. */
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Where local objects come from. */
export interface LocalPlaces {
  readonly files: FileReading;
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array>;
}

/**
 * The objects that paths name, in the order in which they were given; those of a directory, with all below it, by name. Names
 * that begin with a dot are left out there, since so are called files that are being written. No more is held than the names in
 * the directories on the way to an object.
 * @param paths of files and directories; `-` is standard input
 * @throws ConfigurationError where nothing is at one of them; before anything is listed
 */
export async function* listLocalObjects(
  paths: readonly string[],
  { files, input }: LocalPlaces,
): AsyncGenerator<LocalObject, void, undefined> {
  const problems = [];
  for (const path of paths) {
    const isThere = path === STANDARD_INPUT || (await files.look(path)) !== undefined;
    if (!isThere) problems.push({ setting: 'path', problem: `There is no file and no directory '${path}'` });
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  for (const path of paths) {
    if (path === STANDARD_INPUT) yield { name: path, size: undefined, modifiedMs: undefined, open: () => input };
    else yield* objectsAt(path, files, new Set());
  }
}

/** @param above directories that this one is in: a link to one of them would be followed for ever */
async function* objectsAt(
  path: string,
  files: FileReading,
  above: ReadonlySet<string>,
): AsyncGenerator<LocalObject, void, undefined> {
  const seen = await files.look(path);
  // It may be gone since its directory was read.
  if (seen === undefined) return;
  if (seen.kind !== 'directory') {
    yield objectOf(path, seen, files);
  } else if (!above.has(seen.identity)) {
    const names = (await files.names(path)).filter((name) => !name.startsWith('.'));
    for (const name of names.sort()) yield* objectsAt(join(path, name), files, new Set([...above, seen.identity]));
  }
}

function objectOf(name: string, { kind, size, modifiedMs }: FileSight, files: FileReading): LocalObject {
  const about = kind === 'file' ? { size, modifiedMs } : { size: undefined, modifiedMs: undefined };
  return { name, ...about, open: (signal) => files.open(name, signal) };
}
