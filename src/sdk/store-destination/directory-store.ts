import { ModuleError } from '../errors.js';
import type { FileSystem } from '../ports.js';
import { createLocalDirectory } from '../storage/local-directory.js';
import { isOutOfRoom } from '../storage/state-unavailable.js';
import type { ObjectStore } from './object-store.js';

/** These do not pass by themselves. */
const REFUSALS = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR'];

/**
 * Objects as files below a directory: written under a name that begins with a dot, synced, and renamed. Files have mode 0600
 * and folders 0700.
 * @param directory absolute path; made where it does not exist
 */
export function createDirectoryStore(directory: string, files: FileSystem): ObjectStore {
  const storage = createLocalDirectory(directory, files);
  return {
    location: directory,
    write: (name, content) =>
      storage.write(name, content).catch((thrown: unknown) => {
        throw asDestinationError(thrown);
      }),
  };
}

function asDestinationError(thrown: unknown): unknown {
  if (!(thrown instanceof ModuleError)) return thrown;
  const { cause } = thrown;
  const isRefusal = REFUSALS.includes((cause as NodeJS.ErrnoException | undefined)?.code ?? '');
  const advice = isOutOfRoom(thrown)
    ? 'Free space where the events are written: nothing is lost, and what is still owed is written then.'
    : thrown.advice?.replaceAll('data path', 'directory');
  return new ModuleError(isRefusal ? 'DESTINATION_REFUSED' : 'DESTINATION_UNAVAILABLE', thrown.message, {
    ...(advice !== undefined && { advice }),
    cause,
  });
}
