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
  return {
    location: directory,
    async read(name) {
      assertDocumentName(name);
      return attempt('read', join(directory, name), (path) => files.read(path));
    },
    async write(name, content) {
      assertDocumentName(name);
      await attempt('write', join(directory, name), async (path) => {
        await files.makeDirectory(dirname(path));
        await files.writeAtomically(path, content);
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
