import type { _Object, GetObjectCommandOutput } from '@aws-sdk/client-s3';

import { abortError, ModuleError } from '../errors.js';
import { backoffMs } from '../http/backoff.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { Clock, Random } from '../ports.js';
import { within } from '../storage/s3-bucket.js';
import { type AwsAccess, awsClientSettings } from './aws-access.js';
import { awsFailure, isGone } from './aws-failure.js';
import type { ObjectStore, StoredObject } from './object-store.js';

/** A bucket, and what of it is read. */
export interface BucketSettings extends AwsAccess {
  readonly bucket: string;
  /** Of the names; '' for all. */
  readonly prefix: string;
  /** Whether the bucket stands in the path of addresses and not in the name of the host. */
  readonly pathStyle: boolean;
}

export interface S3ObjectsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly listener: PipelineListener;
  /** Names in a page of the listing. Default: as many as the server gives. */
  readonly pageSize?: number;
}

/** For an answer, and for each piece of an object's content. */
const IDLE_MS = 60_000;
const BROKEN_CONTENT = { firstDelayMs: 500, longestDelayMs: 10_000, deadlineMs: Infinity };
const CONTENT_TRIES = 5;

/** A bucket as a store that is also asked for single objects, as messages name them. */
export interface S3Objects extends ObjectStore {
  /** The object of a name, whatever there is. Version and size are those of which somebody has told. */
  object(name: string, version?: string, size?: number): StoredObject;
}

/** Opens a bucket; nothing is asked of it yet. The library is loaded with the first one. */
export async function openS3Objects(settings: BucketSettings, options: S3ObjectsOptions): Promise<S3Objects> {
  const library = await import('@aws-sdk/client-s3');
  const { bucket: Bucket, prefix: Prefix, endpoint, pathStyle: forcePathStyle } = settings;
  const { clock, listener } = options;
  const client = new library.S3Client({
    ...(await awsClientSettings(settings)),
    ...{ forcePathStyle, requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' },
    ...(endpoint !== undefined && { endpoint }),
  });
  const location = `s3://${Bucket}/${Prefix}`;
  const ask = <Answer>(
    endpointName: string,
    act: (options: { abortSignal: AbortSignal }) => Promise<Answer>,
    signal: AbortSignal,
  ) =>
    told(listener, clock, endpointName, () =>
      // What was answered ends at a stop as well.
      within(IDLE_MS, clock, (late) => act({ abortSignal: AbortSignal.any([late, signal]) }), signal),
    );
  const get = (
    Key: string,
    extra: { Range?: string; IfMatch?: string },
    signal: AbortSignal,
  ): Promise<GetObjectCommandOutput> =>
    ask('object', (request) => client.send(new library.GetObjectCommand({ Bucket, Key, ...extra }), request), signal);

  const object = (name: string, version = '', size?: number): StoredObject => ({
    ...{ name, version, size },
    async open(signal) {
      const place = `s3://${Bucket}/${name}`;
      try {
        const answer = await get(name, {}, signal);
        return {
          ...{ name, version: versionOf(answer) },
          content: contentOf(answer, { name, place, get, options, signal }),
          close: () => bodyOf(answer)?.destroy(),
        };
      } catch (thrown) {
        if (isGone(thrown)) return undefined;
        throw signal.aborted ? abortError() : awsFailure('read', place, thrown);
      }
    },
  });
  return {
    location,
    isReadOnce: false,
    object,
    async *list(signal) {
      let ContinuationToken: string | undefined;
      do {
        const query = {
          ...{ Bucket, Prefix },
          ...(options.pageSize !== undefined && { MaxKeys: options.pageSize }),
          ...(ContinuationToken !== undefined && { ContinuationToken }),
        };
        const page = await ask(
          'list',
          (request) => client.send(new library.ListObjectsV2Command(query), request),
          signal,
        ).catch((thrown: unknown) => {
          throw signal.aborted ? abortError() : awsFailure('list', location, thrown);
        });
        yield (page.Contents ?? []).flatMap((item) => {
          const { Key = '', Size = 0 } = item;
          // Some tools make an object for a folder.
          return Key === '' || (Key.endsWith('/') && Size === 0) ? [] : [object(Key, versionOf(item), Size)];
        });
        ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (ContinuationToken !== undefined);
    },
    close: () => client.destroy(),
  };
}

/** The same of listing and answer: an ETag changes with the content. A server that names none has size and time, to the second. */
function versionOf(
  found: Pick<GetObjectCommandOutput, 'ETag' | 'ContentLength' | 'LastModified'> & Pick<_Object, 'Size'>,
): string {
  if (found.ETag !== undefined && found.ETag !== '') return found.ETag;
  const seconds = Math.floor((found.LastModified?.getTime() ?? 0) / 1000);
  return `${found.Size ?? found.ContentLength ?? 0}-${seconds}`;
}

interface Reading {
  readonly name: string;
  readonly place: string;
  readonly get: (
    key: string,
    extra: { Range?: string; IfMatch?: string },
    signal: AbortSignal,
  ) => Promise<GetObjectCommandOutput>;
  readonly options: S3ObjectsOptions;
  readonly signal: AbortSignal;
}

/**
 * The content of an answer. Where the connection breaks, as one may on which nothing is read while the destination is down, it
 * goes on with the same version at the byte that is missing.
 */
async function* contentOf(
  answer: GetObjectCommandOutput,
  reading: Reading,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { name, place, get, options, signal } = reading;
  const { clock, random } = options;
  const total = answer.ContentLength ?? Infinity;
  const tag = answer.ETag;
  let [received, failures] = [0, 0];
  for (let body: GetObjectCommandOutput | undefined = answer; ;) {
    try {
      body ??= await get(name, { Range: `bytes=${received}-`, ...(tag !== undefined && { IfMatch: tag }) }, signal);
      // Some servers know no ranges, and begin again.
      let repeated = body.$metadata.httpStatusCode === 206 ? 0 : received;
      for await (const piece of piecesOf(body, clock)) {
        if (signal.aborted) throw abortError();
        const fresh = piece.subarray(repeated);
        repeated -= piece.length - fresh.length;
        if (fresh.length === 0) continue;
        received += fresh.length;
        failures = 0;
        yield fresh;
      }
      if (received >= total || total === Infinity) return;
      throw new Error(`${received} of ${total} bytes arrived`);
    } catch (thrown) {
      if (signal.aborted) throw abortError();
      failures += 1;
      if (isGone(thrown)) throw changed(place, thrown);
      if (failures >= CONTENT_TRIES) throw awsFailure('read', place, thrown);
      body = undefined;
      await clock.sleep(backoffMs(BROKEN_CONTENT, failures, random), signal);
    }
  }
}

/** Its pieces, each within some time from when it is asked for: nobody hurries whoever reads. */
async function* piecesOf(answer: GetObjectCommandOutput, clock: Clock): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = bodyOf(answer);
  if (stream === undefined) return;
  const pieces = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await within(IDLE_MS, clock, () => pieces.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    stream.destroy();
  }
}

/** A connection serves nobody else before its answer was read, or let go of. */
function bodyOf({ Body }: GetObjectCommandOutput): (AsyncIterable<Uint8Array> & { destroy(): void }) | undefined {
  return Body as (AsyncIterable<Uint8Array> & { destroy(): void }) | undefined;
}

function changed(place: string, cause: unknown): ModuleError {
  return new ModuleError('SOURCE_ANSWER_INVALID', `${place} was replaced while it was read`, {
    cause,
    advice: 'Nothing: it is read again.',
  });
}

/** Does what asks AWS, or whoever speaks its protocols, and tells how it was answered. */
export async function told<Answer>(
  listener: PipelineListener,
  clock: Clock,
  endpoint: string,
  act: () => Promise<Answer>,
): Promise<Answer> {
  const startedAt = clock.monotonic();
  const tell = (status: number | undefined): void =>
    listener({ kind: 'answered', side: 'source', endpoint, status, durationMs: clock.monotonic() - startedAt });
  try {
    const answer = await act();
    tell(200);
    return answer;
  } catch (thrown) {
    tell((thrown as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode);
    throw thrown;
  }
}
