import { resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { storageConnectorArgumentsSchema } from '../../../../src/jumpcloud/configuration.generated.js';
import { jumpcloudDirectoryInsightsStorageConnector as connector } from '../../../../src/jumpcloud/storage-connector.js';
import { ConfigurationError } from '../../../../src/sdk/errors.js';
import { defaultsOf } from '../../../support/connector-world.js';
import { MANUAL_CLOCK_START_MS } from '../../../support/manual-clock.js';

const KEY = 'synthetic-intake-key';
const SECRET = 'synthetic-secret-4242';

function configure(given: Readonly<Record<string, unknown>>) {
  const args = { ...defaultsOf(storageConnectorArgumentsSchema), intake_key: KEY, ...given };
  return connector.configure(
    { module: {}, arguments: args, intakeUrl: 'https://intake.example.test' },
    MANUAL_CLOCK_START_MS,
  );
}

/** The settings that a configuration is refused for. */
function refused(given: Readonly<Record<string, unknown>>): string[] {
  try {
    configure(given);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    expect(error.message).not.toContain(SECRET);
    return error.problems.map(({ setting }) => setting);
  }
  return [];
}

describe('the settings of the storage connector', () => {
  it('are a bucket, with a key that no output may contain', () => {
    const { settings, warnings, secrets } = configure({
      ...{ bucket: ' exports ', prefix: 'jc/', region: 'eu-west-3', frequency: 30, id_limit: 2 },
      ...{ access_key_id: ' the-id ', secret_access_key: ` ${SECRET} ` },
    });
    expect(settings.place).toEqual({
      kind: 'bucket',
      bucket: {
        ...{ bucket: 'exports', prefix: 'jc/', region: 'eu-west-3', endpoint: undefined, pathStyle: false },
        ...{ keys: { accessKeyId: 'the-id', secretAccessKey: SECRET }, role: undefined },
      },
    });
    expect(settings).toMatchObject({ listEveryMs: 30_000, idLimitBytes: 2_000_000, beside: undefined });
    expect([warnings, secrets]).toEqual([[], [KEY, SECRET]]);
    expect(connector.profile(settings)).toEqual({ vendor: 'jumpcloud', intakeKey: KEY, paceMs: 30_000 });
  });

  it('are a role, at another provider, whose buckets stand in the path unless told otherwise', () => {
    const given = { bucket: 'b', endpoint: 'http://storage.example.test:9000/', role_arn: 'arn:aws:iam::1:role/a' };
    const { settings, warnings } = configure({ ...given, external_id: 'x' });
    expect(settings.place).toMatchObject({
      bucket: {
        ...{ endpoint: 'http://storage.example.test:9000', pathStyle: true, keys: undefined },
        role: { arn: 'arn:aws:iam::1:role/a', externalId: 'x' },
      },
    });
    expect(warnings).toEqual([expect.stringContaining('is not encrypted')]);
    expect(configure({ ...given, path_style: false }).settings.place).toMatchObject({ bucket: { pathStyle: false } });
  });

  it('are a path, or standard input', () => {
    const { settings, secrets } = configure({ path: 'exports' });
    expect(settings.place).toEqual({ kind: 'path', path: resolve('exports') });
    expect(secrets).toEqual([KEY]);
    expect(configure({ path: '-' }).settings.place).toEqual({ kind: 'path', path: '-' });
  });

  it('with a queue list as often as that needs, and answer as often as a queue does', () => {
    const queue = { bucket: 'b', queue_url: 'https://sqs.eu-west-3.example.test/1/q', queue_list_every: '2h' };
    const { settings } = configure(queue);
    expect(settings).toMatchObject({ queueUrl: queue.queue_url, listEveryMs: 7_200_000 });
    expect(connector.profile(settings).paceMs).toBe(20_000);
  });

  it.each([
    ['s3://state/connectors/api/', { bucket: 'state', folder: 'connectors/api' }],
    ['s3://state', { bucket: 'state', folder: '' }],
    [' state/api ', { directory: resolve('state/api') }],
  ])('know the state of the connector beside by %j', (text, beside) => {
    expect(configure({ bucket: 'b', api_data_path: text }).settings.beside).toEqual(beside);
  });

  it.each([
    [{}, 'arguments.bucket'],
    [{ bucket: 'b', path: 'p' }, 'arguments.bucket'],
    [{ bucket: 'b', access_key_id: 'a' }, 'arguments.secret_access_key'],
    [{ bucket: 'b', secret_access_key: SECRET }, 'arguments.access_key_id'],
    [{ bucket: 'b', endpoint: 'storage' }, 'arguments.endpoint'],
    [{ path: 'p', queue_url: 'https://sqs.example.test/q' }, 'arguments.queue_url'],
    [{ bucket: 'b', queue_url: 'q' }, 'arguments.queue_url'],
    [{ bucket: 'b', queue_url: 'arn:aws:sqs:eu-west-3:123456789012:q' }, 'arguments.queue_url'],
    [{ bucket: 'b', queue_url: 'https://sqs.eu-west-3.example.test/' }, 'arguments.queue_url'],
    [{ bucket: 'b', queue_url: 'https://sqs.example.test/q?Action=ReceiveMessage' }, 'arguments.queue_url'],
    [{ bucket: 'b', api_data_path: 'https://state.example.test/' }, 'arguments.api_data_path'],
  ])('are refused where they are %j', (given, setting) => {
    expect(refused(given)).toEqual([setting]);
  });
});
