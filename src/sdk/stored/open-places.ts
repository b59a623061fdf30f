import { createLocalDirectory } from '../storage/local-directory.js';
import type { Storage } from '../storage/storage.js';
import type { TriggerContext } from '../trigger.js';
import { openLocalStore } from './local-store.js';
import type { NoticedObject } from './object-notice.js';
import type { ObjectStore } from './object-store.js';
import type { ObjectMessages } from './run-stored.js';
import { openS3Objects, type S3Objects, type S3ObjectsOptions } from './s3-objects.js';
import { openSqsQueue, type SqsQueueOptions } from './sqs-queue.js';
import type { StoredSettings } from './stored-settings.js';

/** The places of a run, open. */
interface Places {
  readonly store: ObjectStore;
  readonly messages?: ObjectMessages;
  readonly beside?: Pick<Storage, 'read' | 'location'>;
}

/**
 * Opens what the settings name; whoever asks closes the store and the queue.
 * @throws TypeError where files of this machine are named and `context` has none
 */
export async function openPlaces(
  { place, queueUrl, beside }: StoredSettings,
  context: S3ObjectsOptions &
    SqsQueueOptions &
    Pick<TriggerContext, 'fileSystem' | 'files' | 'input'> & { readonly signal: AbortSignal },
): Promise<Places> {
  const { fileSystem, files, input, signal } = context;
  const unhanded = (): never => {
    throw new TypeError('Files of this machine are asked for, and none were handed over');
  };
  if (place.kind === 'path') {
    return {
      store: openLocalStore(place.path, { files: files ?? unhanded(), input: input ?? unhanded() }),
      ...(beside &&
        'directory' in beside && { beside: createLocalDirectory(beside.directory, fileSystem ?? unhanded()) }),
    };
  }
  const { bucket } = place;
  const store = await openS3Objects(bucket, context);
  const queue = queueUrl === undefined ? undefined : await openSqsQueue(queueUrl, bucket, context);
  const messages = queue && {
    queue,
    bucket: bucket.bucket,
    prefix: bucket.prefix,
    object: ({ name, version, size }: NoticedObject) => store.object(name, version, size),
  };
  return {
    store,
    ...(messages && { messages }),
    ...(beside && {
      beside:
        'directory' in beside
          ? createLocalDirectory(beside.directory, fileSystem ?? unhanded())
          : documentsIn(
              await openS3Objects({ ...bucket, bucket: beside.bucket, prefix: '' }, context),
              beside.folder,
              signal,
            ),
    }),
  };
}

/** A folder of a bucket, to be read. */
function documentsIn(objects: S3Objects, folder: string, signal: AbortSignal): Pick<Storage, 'read' | 'location'> {
  return {
    location: `${objects.location}${folder}`,
    async read(name) {
      const opened = await objects.object(folder === '' ? name : `${folder}/${name}`).open(signal);
      if (opened === undefined) return undefined;
      const pieces: Uint8Array[] = [];
      for await (const piece of opened.content) pieces.push(piece);
      return Buffer.concat(pieces);
    },
  };
}
