import { type ErrorCode, isAbort, ModuleError } from '../errors.js';
import { listLocalObjects, type LocalObject, type LocalPlaces, STANDARD_INPUT } from './local-objects.js';
import type { ObjectStore, StoredObject } from './object-store.js';

/** Files of this machine as a store: those below a directory, one file, or standard input. */
export function openLocalStore(path: string, places: LocalPlaces): ObjectStore {
  return {
    location: path === STANDARD_INPUT ? 'standard input' : path,
    isReadOnce: path === STANDARD_INPUT,
    async *list() {
      for await (const found of withNames(path, listLocalObjects([path], places))) yield [storedObject(found, places)];
    },
    close: () => undefined,
  };
}

function storedObject(found: LocalObject, { files }: LocalPlaces): StoredObject {
  const { name, size } = found;
  return {
    ...{ name, version: versionOf(found), size },
    async open(signal) {
      const content = withNames(name, { [Symbol.asyncIterator]: () => found.open(signal)[Symbol.asyncIterator]() });
      // Nothing is opened before it is read.
      const close = (): void => undefined;
      if (size === undefined) return { name, version: '', content, close };
      const now = await files.look(name);
      return now && { name, version: versionOf(now), content, close };
    },
  };
}

function versionOf({ size, modifiedMs }: Pick<LocalObject, 'size' | 'modifiedMs'>): string {
  return size === undefined || modifiedMs === undefined ? '' : `${size}-${modifiedMs}`;
}

/** What the system says of a file as an error that the rest of the program knows. */
async function* withNames<Item>(path: string, items: AsyncIterable<Item>): AsyncGenerator<Item, void, undefined> {
  try {
    yield* items;
  } catch (thrown) {
    if (thrown instanceof ModuleError || isAbort(thrown)) throw thrown;
    const reason = (thrown as NodeJS.ErrnoException | undefined)?.code ?? 'failed';
    const [code, advice] = MEANINGS[reason] ?? ['SOURCE_UNAVAILABLE', 'Look at the disk.'];
    throw new ModuleError(code, `Cannot read ${path} (${reason})`, { advice, cause: thrown });
  }
}

const RIGHTS = 'Give the user of this process the right to read it.';
const MEANINGS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EACCES: ['SOURCE_ROLE_REFUSED', RIGHTS],
  EPERM: ['SOURCE_ROLE_REFUSED', RIGHTS],
  ENOENT: ['SOURCE_ANSWER_INVALID', 'It is gone since it was listed.'],
};
