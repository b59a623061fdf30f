import { dirname, join } from 'node:path';

import type { FileSystem } from '../ports.js';
import { assertDocumentName, assertFolderName } from './document-name.js';
import { stateUnavailable } from './state-unavailable.js';
import type { Storage } from './storage.js';

/**
 * State as files under one directory, which is created at the first write where it does not exist.
 * @param directory absolute path
 */
export function createLocalDirectory(directory: string, files: FileSystem): Storage {
  const folders = new Folders(files);
  return {
    location: directory,
    async read(name) {
      assertDocumentName(name);
      return attempt('read', join(directory, name), (path) => files.read(path));
    },
    async write(name, content) {
      assertDocumentName(name);
      await attempt('write', join(directory, name), async (path) => {
        await folders.make(dirname(path));
        await files.writeAtomically(path, content).catch((thrown: unknown) => {
          folders.forget(dirname(path));
          throw thrown;
        });
      });
    },
    async remove(name) {
      assertDocumentName(name);
      await attempt('remove', join(directory, name), (path) => files.remove(path));
    },
    async list(folder) {
      assertFolderName(folder);
      const names = await attempt('list', join(directory, folder), (path) => files.list(path));
      return names.filter((name) => !name.startsWith('.')).sort();
    },
  };
}

async function attempt<T>(deed: string, path: string, act: (path: string) => Promise<T>): Promise<T> {
  try {
    return await act(path);
  } catch (thrown) {
    throw stateUnavailable(deed, path, thrown);
  }
}

/** Makes each folder once. Writes that wait for the same one go on in the order in which they came. */
class Folders {
  readonly #made = new Map<string, Promise<void>>();

  constructor(private readonly files: Pick<FileSystem, 'makeDirectory'>) {}

  make(path: string): Promise<void> {
    const made = this.#made.get(path) ?? this.files.makeDirectory(path);
    this.#made.set(path, made);
    made.catch(() => this.forget(path));
    return made;
  }

  /** It may be gone: the next write makes it again. */
  forget(path: string): void {
    this.#made.delete(path);
  }
}
