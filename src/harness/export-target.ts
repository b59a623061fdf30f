import { resolve } from 'node:path';

import { createLookup, type Lookup } from '../sdk/configuration/lookup.js';
import { ConfigurationError } from '../sdk/errors.js';
import type { Destination } from '../sdk/pipeline/destination.js';
import type { PipelineListener } from '../sdk/pipeline/pipeline-event.js';
import type { Clock, Random } from '../sdk/ports.js';
import { createDirectoryStore } from '../sdk/store-destination/directory-store.js';
import type { ObjectStore } from '../sdk/store-destination/object-store.js';
import { StoreDestination } from '../sdk/store-destination/store-destination.js';
import { StreamDestination } from '../sdk/store-destination/stream-destination.js';
import type { HarnessWorld } from './world.js';

/** What a destination is opened with. */
interface TargetContext {
  readonly maxEvents: number;
  readonly retryForMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener: PipelineListener;
  /** Called when whoever reads the output has gone. */
  readonly onGone: () => void;
}

/** Where an export goes. */
export interface ExportTarget {
  /** The place in words: a directory, `s3://bucket/prefix`, `standard output`. */
  readonly place: string;
  readonly isStandardOutput: boolean;
  /** Texts that no output may contain. */
  readonly secrets: readonly string[];
  open(context: TargetContext): Destination;
  close(): void;
}

/**
 * The target that a flag names: `-`, `s3://bucket/prefix`, or a directory.
 * @throws ConfigurationError where the settings of the bucket are wrong; ModuleError where it cannot be used
 */
export async function openTarget(output: string, world: HarnessWorld): Promise<ExportTarget> {
  if (output === '-') {
    return {
      place: 'standard output',
      isStandardOutput: true,
      secrets: [],
      open: ({ maxEvents, onGone }) => new StreamDestination({ stream: world.stdout, maxEvents, onGone }),
      close: () => undefined,
    };
  }
  if (output.startsWith('s3://')) return openBucket(output, world);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(output)) {
    throw new ConfigurationError([
      { setting: '--output', problem: "must be a directory, 's3://bucket/prefix' or '-'" },
    ]);
  }
  return inStore(createDirectoryStore(resolve(world.workingDirectory, output), world.fileSystem));
}

async function openBucket(output: string, world: HarnessWorld): Promise<ExportTarget> {
  // Loaded only where it is asked for.
  const [{ readS3Settings }, { openBucketStore }] = await Promise.all([
    import('../sdk/storage/s3-settings.js'),
    import('../sdk/store-destination/bucket-store.js'),
  ]);
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]*)\/?(.*)$/s.exec(output) ?? [];
  if (bucket === '') throw new ConfigurationError([{ setting: '--output', problem: 'names no bucket' }]);
  const settings = await readS3Settings(
    lookupWith({ aws_bucket_name: bucket, sub_folder: prefix }, createLookup(world)),
  );
  if (!('bucket' in settings)) throw new ConfigurationError(settings);
  const store = await openBucketStore(settings, { clock: world.clock });
  await store.examine().catch((thrown: unknown) => {
    store.close();
    throw thrown;
  });
  const { secretAccessKey, sessionToken, tls } = settings;
  const secrets = [secretAccessKey, sessionToken, tls.client?.key].filter((secret) => secret !== undefined);
  return { ...inStore(store), secrets, close: () => store.close() };
}

function inStore(store: ObjectStore): ExportTarget {
  return {
    place: store.location,
    isStandardOutput: false,
    secrets: [],
    open: ({ maxEvents, retryForMs, clock, random, listener }) =>
      new StoreDestination({ store, maxEvents, retryForMs, clock, random, listener }),
    close: () => undefined,
  };
}

/** What the flag says counts, whatever the place for the state of a connector is. */
function lookupWith(given: Readonly<Record<string, string>>, lookup: Lookup): Lookup {
  return {
    ...lookup,
    text: (name) => {
      const value = given[name];
      return value === undefined ? lookup.text(name) : Promise.resolve({ value, origin: 'flag --output' });
    },
  };
}
