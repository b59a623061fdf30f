import { join } from 'node:path';

import { ModuleError } from '../errors.js';
import type { FileLock, FileSystem } from '../ports.js';
import { stateUnavailable } from './state-unavailable.js';

/** Begins with a dot: no document of a `Storage` has such a name. */
const LOCK_FILE = '.lock';

/**
 * Takes the data path for this process alone, and creates it where it does not exist. The lock ends with the process,
 * so one that was killed never stands in the way of the next.
 * @param directory absolute path
 * @throws ModuleError STATE_LOCKED where another process holds it; STATE_UNAVAILABLE where the disk refuses
 */
export async function lockDataPath(directory: string, files: FileSystem): Promise<FileLock> {
  const path = join(directory, LOCK_FILE);
  try {
    await files.makeDirectory(directory);
    const lock = await files.tryLock(path);
    if (lock !== undefined) return lock;
  } catch (thrown) {
    throw stateUnavailable('lock', directory, thrown);
  }
  throw await lockedError(directory, path, files);
}

async function lockedError(directory: string, path: string, files: FileSystem): Promise<ModuleError> {
  const holder = await holderOf(path, files);
  const who = holder === undefined ? 'Another process' : `Another process (pid ${holder})`;
  return new ModuleError('STATE_LOCKED', `${who} is working on the data path ${directory}`, {
    advice: 'Stop the other process, or give this one a data path of its own.',
  });
}

/** The holder writes its process id into the file; a file that says something else tells nothing. */
async function holderOf(path: string, files: FileSystem): Promise<string | undefined> {
  try {
    const content = await files.read(path);
    const text = content === undefined ? '' : new TextDecoder().decode(content).trim();
    return /^\d{1,10}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
