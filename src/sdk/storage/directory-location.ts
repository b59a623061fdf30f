import type { FileSystem } from '../ports.js';
import { lockDataPath } from './data-path-lock.js';
import { createLocalDirectory } from './local-directory.js';
import type { StorageLocation } from './storage-location.js';

/**
 * State in a directory of this machine.
 * @param directory absolute path
 */
export function directoryLocation(directory: string, fileSystem: FileSystem): StorageLocation {
  return {
    description: directory,
    kind: 'directory',
    secrets: [],
    async open() {
      const lock = await lockDataPath(directory, fileSystem);
      return { storage: createLocalDirectory(directory, fileSystem), release: () => lock.release() };
    },
    openReadOnly: () => Promise.resolve(createLocalDirectory(directory, fileSystem)),
  };
}
