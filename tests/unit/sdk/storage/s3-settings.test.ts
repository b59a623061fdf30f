import { describe, expect, it } from '@jest/globals';

import { createLookup } from '../../../../src/sdk/configuration/lookup.js';
import type { ConfigurationProblem } from '../../../../src/sdk/errors.js';
import { readS3Settings, type S3Settings } from '../../../../src/sdk/storage/s3-settings.js';
import { makeCertificates } from '../../../support/certificates.js';
import { MemoryFiles } from '../../../support/memory-files.js';
import { temporaryDirectories } from '../../../support/temporary-directory.js';

const newDirectory = temporaryDirectories();

const NEEDED = {
  AWS_BUCKET_NAME: 'state',
  AWS_ACCESS_KEY_ID: 'id',
  AWS_SECRET_ACCESS_KEY: 'the-secret-key',
  AWS_DEFAULT_REGION: 'eu-west-3',
};

type Found = S3Settings | readonly ConfigurationProblem[];

function read(environment: Record<string, string>, files: Record<string, string> = {}): Promise<Found> {
  return readS3Settings(createLookup({ fileSystem: new MemoryFiles(files), environment }));
}

/** The names of the settings that something is wrong with. */
function settingsOf(found: Found): string[] {
  return 'bucket' in found ? [] : found.map(({ setting }) => setting);
}

describe('the settings of S3', () => {
  it('need four names, and no more', async () => {
    expect(await read(NEEDED)).toEqual({
      ...{ bucket: 'state', region: 'eu-west-3', accessKeyId: 'id', secretAccessKey: 'the-secret-key' },
      ...{ prefix: '', sessionToken: undefined, endpoint: undefined, tls: {} },
    });
  });

  it('are told with everything that is missing at once, and where it would be looked for', async () => {
    const found = await read({ AWS_ACCESS_KEY_ID: '', AWS_BUCKET_NAME: ' ' });
    expect(settingsOf(found)).toEqual(Object.keys(NEEDED).map((name) => name.toLowerCase()));
    expect(JSON.stringify(found)).toContain('file /symphony/aws_bucket_name or environment variable AWS_BUCKET_NAME');
  });

  it('come from files before the environment, without the newline that such a file may have', async () => {
    const files = { '/symphony/aws_secret_access_key': 'from-a-file\n', '/symphony/aws_session_token': 'token\n' };
    expect(await read(NEEDED, files)).toMatchObject({ secretAccessKey: 'from-a-file', sessionToken: 'token' });
  });

  it('are told of a file that cannot be read, once', async () => {
    const fileSystem = { read: () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' })) };
    const found = await readS3Settings(createLookup({ fileSystem, environment: NEEDED }));
    expect(settingsOf(found).filter((name) => name === 'aws_bucket_name')).toHaveLength(1);
    expect(JSON.stringify(found)).toContain('EACCES');
  });

  it.each([
    ['https://s3.example.test', 'https://s3.example.test'],
    [' http://10.0.0.1:9000/ ', 'http://10.0.0.1:9000'],
    ['https://host.test/s3', 'https://host.test/s3'],
  ])('take the address %j', async (given, endpoint) => {
    expect(await read({ ...NEEDED, AWS_S3_ENDPOINT_URL: given })).toMatchObject({ endpoint });
  });

  it('refuse what is no address, with where it came from', async () => {
    expect(await read({ ...NEEDED, AWS_S3_ENDPOINT_URL: 'nowhere' })).toEqual([
      {
        setting: 'aws_s3_endpoint_url',
        problem: expect.stringContaining('must be an address'),
        origin: 'environment variable AWS_S3_ENDPOINT_URL',
      },
    ]);
  });

  it.each([
    ['tenant', 'tenant/'],
    ['/tenant/one/', 'tenant/one/'],
    ['a//b/./c', 'a/b/c/'],
    ['../../etc', 'etc/'],
    ['/', ''],
  ])('make of the sub-folder %j the prefix %j', async (given, prefix) => {
    expect(await read({ ...NEEDED, SUB_FOLDER: given })).toMatchObject({ prefix });
  });

  describe('for TLS', () => {
    const { ca, client } = makeCertificates(newDirectory());

    it('take an authority and a client certificate', async () => {
      const given = { CA_CERT: ca, CLIENT_CERT: client.cert, CLIENT_KEY: client.key };
      const trimmed = { ca: ca.trim(), client: { cert: client.cert.trim(), key: client.key.trim() } };
      expect(await read({ ...NEEDED, ...given })).toMatchObject({ tls: trimmed });
    });

    it('use no client certificate without its key', async () => {
      expect(await read({ ...NEEDED, CLIENT_CERT: client.cert })).toMatchObject({ tls: {} });
    });

    it('refuse what is no certificate or key, without quoting it', async () => {
      const given = { CA_CERT: 'garbage-1', CLIENT_CERT: 'garbage-2', CLIENT_KEY: 'garbage-3' };
      const found = await read({ ...NEEDED, ...given });
      expect(settingsOf(found)).toEqual(['ca_cert', 'client_cert', 'client_key']);
      expect(JSON.stringify(found)).not.toContain('garbage');
    });
  });
});
