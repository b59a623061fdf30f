import type { Clock } from '../ports.js';
import { assertDocumentName, assertFolderName } from './document-name.js';
import { GuardedObjects } from './guarded-objects.js';
import { openS3Bucket, type S3Timeouts } from './s3-bucket.js';
import { s3AccessError, s3Unavailable } from './s3-failure.js';
import type { S3Settings } from './s3-settings.js';
import type { Storage } from './storage.js';

/** A storage over connections that are to be closed. */
export interface S3Storage extends Storage {
  /**
   * Looks whether the bucket is there and may be used.
   * @throws ModuleError STATE_REFUSED where only an operator can mend it, else STATE_UNAVAILABLE
   */
  examine(): Promise<void>;
  close(): void;
}

/**
 * State as objects in a bucket, one for each document, of the same name below the prefix. The server's
 * list of objects must be up to date, as it is on AWS, Ceph and MinIO.
 */
export async function createS3Storage(
  settings: S3Settings,
  { clock, timeouts }: { readonly clock: Clock; readonly timeouts?: S3Timeouts },
): Promise<S3Storage> {
  const bucket = await openS3Bucket(settings, clock, timeouts);
  const { prefix } = settings;
  const location = s3Location(settings);
  const objects = new GuardedObjects(bucket, location);
  const placeOf = (name: string): string => `s3://${settings.bucket}/${prefix}${name}`;
  return {
    location,
    async read(name) {
      assertDocumentName(name);
      return attempt('read', placeOf(name), objects.read(prefix + name));
    },
    async write(name, content) {
      assertDocumentName(name);
      await attempt('write', placeOf(name), objects.write(prefix + name, content));
    },
    async remove(name) {
      assertDocumentName(name);
      await attempt('remove', placeOf(name), objects.remove(prefix + name));
    },
    async list(folder) {
      assertFolderName(folder);
      const within = folder === '' ? prefix : `${prefix}${folder}/`;
      const keys = await attempt('list', placeOf(folder), bucket.list(within));
      // Some tools make an object for the folder itself: its name is empty here.
      return keys
        .map((key) => key.slice(within.length))
        .filter((name) => name !== '' && !name.startsWith('.'))
        .sort();
    },
    async examine() {
      await bucket.look(prefix).catch((thrown: unknown) => {
        throw s3AccessError(location, thrown);
      });
    },
    close: () => bucket.close(),
  };
}

/** The place in words: `s3://bucket/prefix`. */
export function s3Location({ bucket, prefix }: S3Settings): string {
  return `s3://${bucket}/${prefix}`.replace(/\/$/, '');
}

async function attempt<T>(deed: string, place: string, act: Promise<T>): Promise<T> {
  try {
    return await act;
  } catch (thrown) {
    throw s3Unavailable(deed, place, thrown);
  }
}
