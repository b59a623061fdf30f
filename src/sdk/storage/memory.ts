import { assertDocumentName, assertFolderName } from './document-name.js';
import type { Storage } from './storage.js';

/** State that ends with the process: for tests and trials. */
export function createMemoryStorage(): Storage {
  const documents = new Map<string, Uint8Array>();
  return {
    location: 'memory',
    async read(name) {
      assertDocumentName(name);
      return Promise.resolve(documents.get(name)?.slice());
    },
    async write(name, content) {
      assertDocumentName(name);
      documents.set(name, content.slice());
      return Promise.resolve();
    },
    async remove(name) {
      assertDocumentName(name);
      documents.delete(name);
      return Promise.resolve();
    },
    async list(folder) {
      assertFolderName(folder);
      const prefix = folder === '' ? '' : `${folder}/`;
      const inside = [...documents.keys()].filter((name) => name.startsWith(prefix));
      return Promise.resolve(
        inside
          .map((name) => name.slice(prefix.length))
          .filter((name) => !name.includes('/'))
          .sort(),
      );
    },
  };
}
