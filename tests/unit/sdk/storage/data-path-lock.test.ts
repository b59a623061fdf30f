import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import type { FileSystem } from '../../../../src/sdk/ports.js';
import { lockDataPath } from '../../../../src/sdk/storage/data-path-lock.js';
import { systemFileSystem } from '../../../../src/sdk/system.js';
import { temporaryDirectories } from '../../../support/temporary-directory.js';

const newDirectory = temporaryDirectories();

/** Another process that holds the lock until it is killed. */
async function startHolder(directory: string): Promise<ChildProcess> {
  const program = `
    const { openSync, writeSync } = require('node:fs');
    const descriptor = openSync(process.argv[1], 'a+');
    if (!require('fs-native-extensions').tryLock(descriptor)) process.exit(3);
    writeSync(descriptor, String(process.pid));
    process.stdout.write('locked');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['-e', program, join(directory, '.lock')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return holder;
}

describe('lockDataPath', () => {
  it('makes the directory, takes it, and tells its process id in the file', async () => {
    const directory = join(newDirectory(), 'new', 'data');
    const lock = await lockDataPath(directory, systemFileSystem);
    expect(readFileSync(join(directory, '.lock'), 'utf8').trim()).toBe(String(process.pid));
    await lock.release();
  });

  it('refuses a data path that another process holds, naming path and process', async () => {
    const directory = newDirectory();
    const holder = await startHolder(directory);
    const error = await lockDataPath(directory, systemFileSystem).catch((thrown: unknown) => thrown);
    holder.kill('SIGKILL');
    expect(error).toMatchObject({ code: 'STATE_LOCKED' });
    expect((error as Error).message).toContain(directory);
    expect((error as Error).message).toContain(`pid ${String(holder.pid)}`);
  });

  it('is free at once after its holder was killed', async () => {
    const directory = newDirectory();
    const holder = await startHolder(directory);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await (await lockDataPath(directory, systemFileSystem)).release();
  });

  it('ignores a lock file that a finished process left', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, '.lock'), '1\n');
    await (await lockDataPath(directory, systemFileSystem)).release();
  });

  it('can be taken again once released, and only once at a time', async () => {
    const directory = newDirectory();
    const lock = await lockDataPath(directory, systemFileSystem);
    await expect(lockDataPath(directory, systemFileSystem)).rejects.toMatchObject({ code: 'STATE_LOCKED' });
    await lock.release();
    await lock.release();
    await (await lockDataPath(directory, systemFileSystem)).release();
  });

  it('names no process where the lock file holds something else', async () => {
    const files: FileSystem = {
      ...systemFileSystem,
      tryLock: () => Promise.resolve(undefined),
      read: () => Promise.resolve(new TextEncoder().encode('\u001b[2J; rm -rf')),
    };
    await expect(lockDataPath(newDirectory(), files)).rejects.toMatchObject({
      code: 'STATE_LOCKED',
      message: expect.not.stringContaining('pid'),
    });
  });

  it('says so where the disk refuses a lock', async () => {
    const cause = Object.assign(new Error('no locks'), { code: 'ENOLCK' });
    const files: FileSystem = { ...systemFileSystem, tryLock: () => Promise.reject(cause) };
    await expect(lockDataPath(newDirectory(), files)).rejects.toMatchObject({
      code: 'STATE_UNAVAILABLE',
      cause,
      advice: expect.stringContaining('local disk'),
    });
  });
});
