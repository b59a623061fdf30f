import { assertFolderName } from './document-name.js';
import type { Storage } from './storage.js';
import type { StorageLocation } from './storage-location.js';

/**
 * A folder of a data path as a data path of its own, under the lock of the whole.
 * @throws TypeError where the folder's name would leave the data path
 */
export function folderStorage(storage: Storage, folder: string): Storage {
  assertFolderName(folder);
  const inside = (name: string): string => `${folder}/${name}`;
  return {
    location: `${storage.location}/${folder}`,
    read: (name) => storage.read(inside(name)),
    write: (name, content) => storage.write(inside(name), content),
    remove: (name) => storage.remove(inside(name)),
    list: (name) => storage.list(name === '' ? folder : inside(name)),
  };
}

/** The same of a place that is not opened yet. */
export function folderLocation(location: StorageLocation, folder: string): StorageLocation {
  return {
    ...location,
    description: `${location.description}/${folder}`,
    async open() {
      const { storage, release } = await location.open();
      return { storage: folderStorage(storage, folder), release };
    },
    openReadOnly: async () => folderStorage(await location.openReadOnly(), folder),
  };
}
