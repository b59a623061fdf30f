import type { Readable } from 'node:stream';

import { listLocalObjects, type LocalObject } from './local-objects.js';
import type { ObjectStore, StoredObject } from './object-store.js';

/** The path that stands for standard input. */
export const STANDARD_INPUT = '-';

/** Files of this machine as a store: those below a directory, one file, or standard input. */
export function openLocalStore(path: string, input: Readable): ObjectStore {
  return {
    location: path === STANDARD_INPUT ? 'standard input' : path,
    isReadOnce: path === STANDARD_INPUT,
    async *list() {
      for await (const found of listLocalObjects([path], input)) yield [storedObject(found)];
    },
    close: () => undefined,
  };
}

function storedObject(found: LocalObject): StoredObject {
  const { name, size, modifiedMs } = found;
  // Of what can be read only once nothing is to be known again.
  const version = `${size ?? 'once'}-${modifiedMs ?? 0}`;
  return {
    ...{ name, version, size },
    open: (signal) => Promise.resolve({ name, version, content: found.open(signal) }),
  };
}
