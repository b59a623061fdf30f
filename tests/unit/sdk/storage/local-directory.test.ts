import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { ModuleError } from '../../../../src/sdk/errors.js';
import type { FileSystem } from '../../../../src/sdk/ports.js';
import { createLocalDirectory } from '../../../../src/sdk/storage/local-directory.js';
import { systemFileSystem } from '../../../../src/sdk/system.js';
import { describeStorage } from '../../../contract/storage.js';
import { temporaryDirectories } from '../../../support/temporary-directory.js';

const newDirectory = temporaryDirectories();
const content = new TextEncoder().encode('{}');

describeStorage('a local directory', () => createLocalDirectory(newDirectory(), systemFileSystem));

describe('a local directory', () => {
  it('makes the folders it needs, for its owner alone', async () => {
    const directory = join(newDirectory(), 'data');
    await createLocalDirectory(directory, systemFileSystem).write('ledger/1.json', content);
    expect(statSync(join(directory, 'ledger')).mode & 0o777).toBe(0o700);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'ledger/1.json')).mode & 0o777).toBe(0o600);
  });

  it('makes a folder again that was taken away, at the second write', async () => {
    const directory = join(newDirectory(), 'data');
    const storage = createLocalDirectory(directory, systemFileSystem);
    await storage.write('a.json', content);
    rmSync(directory, { recursive: true });
    await expect(storage.write('a.json', content)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    await storage.write('a.json', content);
    expect(readdirSync(directory)).toEqual(['a.json']);
  });

  it('tries again to make a folder that could not be made', async () => {
    const directory = join(newDirectory(), 'data');
    writeFileSync(directory, '');
    const storage = createLocalDirectory(directory, systemFileSystem);
    await expect(storage.write('a.json', content)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    rmSync(directory);
    await storage.write('a.json', content);
  });

  it('overwrites the half-written file of a killed process, and never shows it', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, '.context.json.partial'), 'half a docu');
    const storage = createLocalDirectory(directory, systemFileSystem);
    expect(await storage.list('')).toEqual([]);
    await storage.write('context.json', content);
    expect(readdirSync(directory)).toEqual(['context.json']);
  });

  it.each([
    ['ENOSPC', /free space/i],
    ['EACCES', /right to read and write/],
    ['EROFS', /read-only/],
    ['ENOENT', /mount/],
    ['EIO', /disk of the data path/],
  ])('explains %s and what to do', async (code, advice) => {
    const cause = Object.assign(new Error(`${code}: no`), { code });
    const fail = (): Promise<never> => Promise.reject(cause);
    const files: FileSystem = { ...systemFileSystem, makeDirectory: fail, read: fail, remove: fail, list: fail };
    const storage = createLocalDirectory('/data', files);
    for (const attempt of [storage.write('a.json', content), storage.read('a.json'), storage.remove('a.json')]) {
      const error = await attempt.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ModuleError);
      expect(error).toMatchObject({ code: 'STATE_UNAVAILABLE', cause });
      expect((error as ModuleError).advice).toMatch(advice);
      expect((error as ModuleError).message).toContain('/data/a.json');
      expect((error as ModuleError).message).toContain(code);
    }
    await expect(storage.list('')).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
  });

  it('reports a file that stands where a folder is needed', async () => {
    const file = join(newDirectory(), 'file');
    writeFileSync(file, '');
    const storage = createLocalDirectory(join(file, 'below'), systemFileSystem);
    await expect(storage.write('a.json', content)).rejects.toMatchObject({
      code: 'STATE_UNAVAILABLE',
      advice: expect.stringContaining('A file stands where a folder is needed'),
    });
  });
});
