import { ModuleError } from '../errors.js';
import type { Clock } from '../ports.js';
import { openS3Bucket, type S3Timeouts } from '../storage/s3-bucket.js';
import { s3AccessError } from '../storage/s3-failure.js';
import type { S3Settings } from '../storage/s3-settings.js';
import { s3Location } from '../storage/s3.js';
import type { ObjectStore } from './object-store.js';

/** A store over connections that are to be closed. */
export interface BucketStore extends ObjectStore {
  /**
   * Looks whether the bucket is there and may be used.
   * @throws ModuleError as `write`
   */
  examine(): Promise<void>;
  close(): void;
}

/** Objects in a bucket, each written by one request with its MD5, which the server checks, and its SHA-256 beside it. */
export async function openBucketStore(
  settings: S3Settings,
  { clock, timeouts }: { readonly clock: Clock; readonly timeouts?: S3Timeouts },
): Promise<BucketStore> {
  const bucket = await openS3Bucket(settings, clock, timeouts);
  const location = s3Location(settings);
  return {
    location,
    write: (name, content) => attempt(`${location}/${name}`, bucket.put(settings.prefix + name, content)),
    examine: () => attempt(location, bucket.look(settings.prefix)),
    close: () => bucket.close(),
  };
}

async function attempt(place: string, act: Promise<unknown>): Promise<void> {
  try {
    await act;
  } catch (thrown) {
    const { code, message, advice, status, requestId } = s3AccessError(place, thrown);
    throw new ModuleError(code === 'STATE_REFUSED' ? 'DESTINATION_REFUSED' : 'DESTINATION_UNAVAILABLE', message, {
      ...(advice !== undefined && { advice }),
      ...(status !== undefined && { status }),
      ...(requestId !== undefined && { requestId }),
      cause: thrown,
    });
  }
}
