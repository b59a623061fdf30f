import { createHash } from 'node:crypto';
import { Agent } from 'node:https';

import type * as S3Library from '@aws-sdk/client-s3';

import { abortError } from '../errors.js';
import type { Clock } from '../ports.js';
import type { S3Settings } from './s3-settings.js';

/** How long what may take. Milliseconds. */
export interface S3Timeouts {
  /** For a connection to be made. */
  readonly connectMs: number;
  /** Silence on a connection while an answer is awaited or under way. */
  readonly idleMs: number;
  /** For one operation with all its tries. */
  readonly operationMs: number;
}

const TIMEOUTS: S3Timeouts = { connectMs: 5_000, idleMs: 10_000, operationMs: 30_000 };

/** Trouble of an instant is mended here; what lasts is for the caller, who tries again for ever. */
const TRIES = 3;

/** Name of the checksum that is kept beside each object, in lower case as answers have it. */
const CHECKSUM = 'sha256';

/** An object as it was read. */
export interface S3Object {
  readonly content: Uint8Array;
  /** Undefined where the server names none. */
  readonly etag: string | undefined;
}

/** Under which circumstances a write may replace what is there: a certain version, or nothing at all. */
export type S3Condition = { readonly ifMatch: string } | { readonly ifNoneMatch: '*' };

/** The operations that state needs, on one bucket. What the library or the network throws is passed on as it is. */
export interface S3Bucket {
  /**
   * The whole object; undefined where the server says that there is none.
   * @throws S3BodyError where what arrived is not what was written
   */
  get(key: string): Promise<S3Object | undefined>;
  /** Writes an object in one request, which the server checks. @returns its ETag */
  put(key: string, content: Uint8Array, condition?: S3Condition): Promise<string | undefined>;
  delete(key: string): Promise<void>;
  /** Every key that begins with `prefix` and has no '/' behind it. */
  list(prefix: string): Promise<string[]>;
  /** One small request that a server answers where it is there and the key may look into the bucket. */
  look(prefix: string): Promise<void>;
  /** Lets go of the connections. */
  close(): void;
}

/** An object arrived, but not as it was written. */
export class S3BodyError extends Error {
  override readonly name = 'S3BodyError';
}

/** The library is loaded with the first bucket: who keeps state in a directory does not wait for it. */
export async function openS3Bucket(
  settings: S3Settings,
  clock: Clock,
  timeouts: S3Timeouts = TIMEOUTS,
): Promise<S3Bucket> {
  const library = await import('@aws-sdk/client-s3');
  const { bucket: Bucket } = settings;
  const client = createClient(library, settings, timeouts);
  const withinTime = <T>(act: (options: { abortSignal: AbortSignal }) => Promise<T>): Promise<T> =>
    within(timeouts.operationMs, clock, (abortSignal) => act({ abortSignal }));

  return {
    get: (Key) =>
      withinTime(async (options) => {
        try {
          const answer = await client.send(new library.GetObjectCommand({ Bucket, Key }), options);
          return { content: await bodyOf(answer), etag: answer.ETag };
        } catch (thrown) {
          // Not every 404: a missing bucket, or a proxy's page, is no word on the object.
          if (thrown instanceof library.NoSuchKey) return undefined;
          throw thrown;
        }
      }),
    put: (Key, content, condition) =>
      withinTime(async (options) => {
        const command = new library.PutObjectCommand({
          Bucket,
          Key,
          Body: content,
          ContentLength: content.byteLength,
          ContentMD5: createHash('md5').update(content).digest('base64'),
          ContentType: 'application/octet-stream',
          Metadata: { [CHECKSUM]: checksumOf(content) },
          ...(condition && 'ifMatch' in condition && { IfMatch: condition.ifMatch }),
          ...(condition && 'ifNoneMatch' in condition && { IfNoneMatch: condition.ifNoneMatch }),
        });
        return (await client.send(command, options)).ETag;
      }),
    async delete(Key) {
      await withinTime((options) => client.send(new library.DeleteObjectCommand({ Bucket, Key }), options));
    },
    async list(Prefix) {
      const keys: string[] = [];
      let ContinuationToken: string | undefined;
      do {
        const request = {
          Bucket,
          Prefix,
          Delimiter: '/',
          ...(ContinuationToken !== undefined && { ContinuationToken }),
        };
        const command = new library.ListObjectsV2Command(request);
        const page = await withinTime((options) => client.send(command, options));
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key);
        ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (ContinuationToken !== undefined);
      return keys;
    },
    async look(Prefix) {
      const command = new library.ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 });
      await withinTime((options) => client.send(command, options));
    },
    close: () => client.destroy(),
  };
}

function createClient(
  { S3Client }: typeof S3Library,
  { region, endpoint, accessKeyId, secretAccessKey, sessionToken, tls }: S3Settings,
  { connectMs, idleMs }: S3Timeouts,
): S3Library.S3Client {
  return new S3Client({
    region,
    // Servers other than AWS seldom have a name for each bucket.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    maxAttempts: TRIES,
    retryMode: 'standard',
    // The library's own checksums are refused by many servers: MD5 on the way there, and ours on the way back, are not.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: connectMs,
      socketTimeout: idleMs,
      httpsAgent: new Agent({ keepAlive: true, ...(tls.ca !== undefined && { ca: tls.ca }), ...tls.client }),
    },
  });
}

/**
 * The body as it was written. The connection's end before the body's is an error of its own; that it is whole in itself is
 * told by its checksum, where we wrote it: an ETag is not always one.
 */
async function bodyOf({ Body, Metadata }: S3Library.GetObjectCommandOutput): Promise<Uint8Array> {
  const content = (await Body?.transformToByteArray()) ?? new Uint8Array();
  const checksum = Metadata?.[CHECKSUM];
  if (checksum !== undefined && checksum !== checksumOf(content)) {
    throw new S3BodyError(`${content.byteLength} bytes arrived, and their checksum is not the one that was written`);
  }
  return content;
}

/** SHA-256 in hexadecimal. */
export function checksumOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Rejects when the time is over, or at a stop, whatever the library is waiting for then, the body of an answer included. */
export async function within<T>(
  timeMs: number,
  clock: Clock,
  act: (signal: AbortSignal) => Promise<T>,
  stop?: AbortSignal,
): Promise<T> {
  const tooLate = new AbortController();
  const done = new AbortController();
  const over = stop === undefined ? done.signal : AbortSignal.any([done.signal, stop]);
  const expiry = clock.sleep(timeMs, over).then(() => {
    // The connection of one that is done may serve the next already.
    if (!done.signal.aborted) tooLate.abort();
    if (stop?.aborted === true) throw abortError();
    throw Object.assign(new Error(`no answer within ${timeMs / 1000} s`), { name: 'TimeoutError' });
  });
  try {
    return await Promise.race([act(tooLate.signal), expiry]);
  } finally {
    done.abort();
  }
}
