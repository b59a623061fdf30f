import { resolve } from 'node:path';

import { parseAddress } from '../configuration/address.js';
import {
  COLLECTION_DEFAULTS,
  type CollectionSettings,
  readCollectionSettings,
} from '../configuration/collection-settings.js';
import type { Parsed } from '../configuration/parsed.js';
import { SettingsReader } from '../configuration/settings-reader.js';
import type { TriggerConfiguration } from '../trigger.js';
import { STANDARD_INPUT } from './local-objects.js';
import type { BucketSettings } from './s3-objects.js';

/** The arguments that a trigger for stored objects declares beside those of every collecting trigger. */
export interface StoredArguments {
  readonly bucket?: string;
  readonly prefix?: string;
  readonly region: string;
  readonly endpoint?: string;
  readonly path_style?: boolean;
  readonly access_key_id?: string;
  readonly secret_access_key?: string;
  readonly role_arn?: string;
  readonly external_id?: string;
  readonly queue_url?: string;
  readonly queue_list_every: string;
  readonly path?: string;
  readonly api_data_path?: string;
  readonly id_limit: number;
}

/** The settings of a trigger for stored objects. Holds secrets. */
export interface StoredSettings extends CollectionSettings {
  /** Where the objects are. */
  readonly place:
    { readonly kind: 'bucket'; readonly bucket: BucketSettings } | { readonly kind: 'path'; readonly path: string };
  readonly queueUrl: string | undefined;
  readonly listEveryMs: number;
  /** The state of a connector beside this one. */
  readonly beside: { readonly directory: string } | { readonly bucket: string; readonly folder: string } | undefined;
  readonly idLimitBytes: number;
}

/** Retention means nothing where nobody asks for times. */
const RETENTION = { ms: 100 * 365 * 86_400_000, keeper: 'the storage' };

/** @throws ConfigurationError naming every problem at once */
export function readStoredSettings(
  { arguments: args, intakeUrl }: TriggerConfiguration,
  nowMs: number,
): { settings: StoredSettings; warnings: readonly string[] } {
  const reader = new SettingsReader();
  // The schema has checked them: that is what makes them what their type says.
  const given = args as unknown as StoredArguments;
  const collection = { ...COLLECTION_DEFAULTS, ...args };
  const settings: StoredSettings = {
    ...readCollectionSettings(reader, { arguments: collection, intakeUrl, nowMs, retention: RETENTION }),
    place: readPlace(reader, given),
    queueUrl:
      given.queue_url === undefined
        ? undefined
        : reader.take('arguments.queue_url', given.queue_url, (text) => readQueue(text, given), ''),
    listEveryMs:
      given.queue_url === undefined
        ? reader.plain('arguments.frequency', collection.frequency, 0) * 1000
        : reader.duration('arguments.queue_list_every', given.queue_list_every),
    beside: given.api_data_path === undefined ? undefined : readBeside(reader, given.api_data_path),
    idLimitBytes: reader.plain('arguments.id_limit', given.id_limit, 0) * 1_000_000,
  };
  reader.end();
  return { settings, warnings: reader.warnings };
}

/** The texts that no output may contain. */
export function secretsOf({ intakeKey, place }: StoredSettings): readonly string[] {
  const keys = place.kind === 'bucket' ? place.bucket.keys : undefined;
  return keys === undefined ? [intakeKey] : [intakeKey, keys.secretAccessKey];
}

function readPlace(reader: SettingsReader, given: StoredArguments): StoredSettings['place'] {
  const { bucket, path } = given;
  if (path !== undefined && bucket === undefined) {
    return { kind: 'path', path: path === STANDARD_INPUT ? path : resolve(path) };
  }
  const problem = bucket === undefined ? 'is required, or path' : 'and path: give one of them';
  const one = (text: string | undefined): Parsed<string> =>
    text === undefined || path !== undefined ? { problem } : { value: text.trim() };
  const name = one(bucket);
  return {
    kind: 'bucket',
    bucket: readBucket(
      reader,
      given,
      reader.take('arguments.bucket', name, (parsed) => parsed, ''),
    ),
  };
}

function readBucket(reader: SettingsReader, given: StoredArguments, bucket: string): BucketSettings {
  const { endpoint, access_key_id: keyId, secret_access_key: secret, role_arn: arn } = given;
  if ((keyId === undefined) !== (secret === undefined)) {
    const missing = keyId === undefined ? 'access_key_id' : 'secret_access_key';
    reader.take(`arguments.${missing}`, '', () => ({ problem: 'is missing: a key has both' }), '');
  }
  return {
    bucket,
    prefix: given.prefix ?? '',
    region: given.region,
    endpoint:
      endpoint === undefined
        ? undefined
        : // Keys are never sent, only signatures made with them; events are, the other way.
          reader.take('arguments.endpoint', endpoint, (text) => parseAddress(text, 'warn'), ''),
    pathStyle: given.path_style ?? endpoint !== undefined,
    keys:
      keyId === undefined || secret === undefined
        ? undefined
        : { accessKeyId: keyId.trim(), secretAccessKey: secret.trim() },
    role: arn === undefined ? undefined : { arn: arn.trim(), externalId: given.external_id },
  };
}

function readQueue(text: string, { bucket }: StoredArguments): Parsed<string> {
  if (bucket === undefined) return { problem: 'tells of objects in a bucket: it needs the setting bucket' };
  const example = 'such as https://sqs.eu-west-3.amazonaws.com/123456789012/name';
  if (/^\s*arn:/i.test(text)) return { problem: `must be the address of a queue and not its ARN, ${example}` };
  const parsed = parseAddress(text, 'warn');
  const isWhole = !('value' in parsed) || new URL(parsed.value).pathname !== '/';
  return isWhole ? parsed : { problem: `must be the address of a queue, with its name, ${example}` };
}

function readBeside(reader: SettingsReader, text: string): StoredSettings['beside'] {
  const [, bucket = '', folder = ''] = /^s3:\/\/([^/]+)\/?(.*?)\/*$/.exec(text.trim()) ?? [];
  if (bucket !== '') return { bucket, folder };
  const problem = 'must be a directory, or s3://bucket/folder';
  const parse = (given: string): Parsed<string> =>
    given.includes('://') ? { problem } : { value: resolve(given.trim()) };
  return { directory: reader.take('arguments.api_data_path', text, parse, '') };
}
