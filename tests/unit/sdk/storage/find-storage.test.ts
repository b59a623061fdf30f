import { describe, expect, it } from '@jest/globals';

import { createLookup } from '../../../../src/sdk/configuration/lookup.js';
import { findStorage, type FoundStorage } from '../../../../src/sdk/storage/find-storage.js';
import { systemClock } from '../../../../src/sdk/system.js';
import { MemoryFiles } from '../../../support/memory-files.js';
import { s3Environment } from '../../../support/s3-access.js';
import { bytes, errorOf, s3Rig } from '../../../support/s3-rig.js';
import { refuse } from '../../../support/scripted-s3.js';

const rig = s3Rig();

function find(environment: Record<string, string>, fileSystem = new MemoryFiles()): Promise<FoundStorage> {
  const lookup = createLookup({ fileSystem, environment });
  return findStorage({ lookup, directory: '/data', fileSystem, clock: systemClock });
}

const onS3 = (backend = 'S3'): Promise<FoundStorage> =>
  find({ ...s3Environment(rig.server, 'tenant'), FILE_BACKEND: backend });

describe('state in a directory', () => {
  it.each(['', 'local', 's3x'])('is what file_backend %j means', async (backend) => {
    const { location, problems, origin } = await find({ FILE_BACKEND: backend });
    expect(location).toMatchObject({ description: '/data', kind: 'directory', secrets: [] });
    expect(problems).toEqual([]);
    expect(origin).toBeUndefined();
  });

  it('is locked while it is open, and can be looked at beside that', async () => {
    const { location } = await find({});
    const { storage, release } = await location.open();
    await storage.write('a.json', bytes('{}'));
    expect(await errorOf(location.open())).toMatchObject({ code: 'STATE_LOCKED' });
    expect(await (await location.openReadOnly()).list('')).toEqual(['a.json']);
    await release();
    await (await location.open()).release();
  });
});

describe('state on S3', () => {
  it.each(['S3', 's3', ' S3 '])('is what file_backend %j means', async (backend) => {
    const { location, problems, origin } = await onS3(backend);
    expect(problems).toEqual([]);
    expect(origin).toBe('environment variable FILE_BACKEND');
    expect(location).toMatchObject({ description: 's3://state/tenant', kind: 'bucket', secrets: ['the-secret-key'] });
  });

  it('can be opened, written, looked at and released', async () => {
    const { location } = await onS3();
    const { storage, release } = await location.open();
    await storage.write('a.json', bytes('{}'));
    expect(await (await location.openReadOnly()).list('')).toEqual(['a.json']);
    await release();
    expect(rig.textOf('tenant/a.json')).toBe('{}');
  });

  it('is examined before anything is read or written', async () => {
    rig.server.fault = (_, response) => refuse(response, 403, 'AccessDenied');
    const { location } = await onS3();
    for (const open of [() => location.open(), () => location.openReadOnly()]) {
      expect(await errorOf(open())).toMatchObject({
        code: 'STATE_REFUSED',
        message: expect.stringContaining('Access denied to the object storage s3://state/tenant'),
      });
    }
    expect(rig.puts()).toBe(0);
  });

  it('without its names is refused with all of them, and never becomes a directory', async () => {
    const files = new MemoryFiles();
    const { location, problems } = await find({ FILE_BACKEND: 'S3' }, files);
    expect(problems.map(({ setting }) => setting)).toEqual([
      'aws_bucket_name',
      'aws_access_key_id',
      'aws_secret_access_key',
      'aws_default_region',
    ]);
    expect(await errorOf(location.open())).toMatchObject({ code: 'CONFIGURATION_INVALID' });
    expect(await errorOf(location.openReadOnly())).toMatchObject({ code: 'CONFIGURATION_INVALID' });
    expect(files.files.size).toBe(0);
  });

  it('is not ruled out by a file_backend that cannot be read', async () => {
    const files = new MemoryFiles();
    files.read = () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' }));
    const { location, problems } = await find({}, files);
    expect(problems.map(({ setting }) => setting)).toEqual(['file_backend']);
    expect(await errorOf(location.open())).toMatchObject({ code: 'CONFIGURATION_INVALID' });
  });
});
