import { lockDataPath } from '../sdk/storage/data-path-lock.js';
import { createLocalDirectory } from '../sdk/storage/local-directory.js';
import type { Storage } from '../sdk/storage/storage.js';
import type { LoadedConfiguration } from './load-configuration.js';
import type { HarnessWorld } from './world.js';

/** `read` works beside a connector; `change` keeps every other process off the data path. */
export type StorageAccess = 'read' | 'change';

/**
 * Uses the storage of a configuration, and lets go of it afterwards.
 * @throws ModuleError STATE_LOCKED where a connector is at work and something is to be changed; STATE_UNAVAILABLE
 */
export async function withStorage<Result>(
  { dataPath }: LoadedConfiguration,
  { fileSystem }: HarnessWorld,
  access: StorageAccess,
  use: (storage: Storage) => Promise<Result>,
): Promise<Result> {
  const lock = access === 'change' ? await lockDataPath(dataPath.value, fileSystem) : undefined;
  try {
    return await use(createLocalDirectory(dataPath.value, fileSystem));
  } finally {
    await lock?.release();
  }
}
