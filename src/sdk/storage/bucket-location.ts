import type { Clock } from '../ports.js';
import { createS3Storage, s3Location, type S3Storage } from './s3.js';
import type { S3Settings } from './s3-settings.js';
import type { StorageLocation } from './storage-location.js';

/** State in a bucket of an object storage. */
export function bucketLocation(settings: S3Settings, clock: Clock): StorageLocation {
  const { secretAccessKey, sessionToken, tls } = settings;
  const open = async (): Promise<S3Storage> => {
    const storage = await createS3Storage(settings, { clock });
    await storage.examine().catch((thrown: unknown) => {
      storage.close();
      throw thrown;
    });
    return storage;
  };
  return {
    description: s3Location(settings),
    kind: 'bucket',
    secrets: [secretAccessKey, sessionToken, tls.client?.key].filter((secret) => secret !== undefined),
    async open() {
      const storage = await open();
      return {
        storage,
        release: () => {
          storage.close();
          return Promise.resolve();
        },
      };
    },
    // Connections that are idle do not hold the process: there is nothing to be released.
    openReadOnly: open,
  };
}
