import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { systemClock, systemEnvironment, systemFileSystem, systemRandom } from '../../../src/sdk/system.js';
import { temporaryDirectories } from '../../support/temporary-directory.js';

const newDirectory = temporaryDirectories();
const DAY_MS = 86_400_000;

describe('the system clock', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 1_900_000_000_000 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('tells the wall-clock time', () => {
    expect(systemClock.now()).toBe(1_900_000_000_000);
  });

  it('tells durations apart from the wall clock', async () => {
    const before = systemClock.monotonic();
    await jest.advanceTimersByTimeAsync(1500);
    expect(systemClock.monotonic() - before).toBe(1500);
  });

  it('sleeps as long as asked, no less and no longer', async () => {
    const woken = watch(systemClock.sleep(60_000));
    await jest.advanceTimersByTimeAsync(59_999);
    expect(woken()).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(woken()).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('sleeps longer than one timer can', async () => {
    const woken = watch(systemClock.sleep(60 * DAY_MS));
    await jest.advanceTimersByTimeAsync(59 * DAY_MS);
    expect(woken()).toBe(false);
    await jest.advanceTimersByTimeAsync(DAY_MS);
    expect(woken()).toBe(true);
  });

  it('wakes at once on abort, and leaves no timer behind', async () => {
    const controller = new AbortController();
    const woken = watch(systemClock.sleep(Infinity, controller.signal));
    await jest.advanceTimersByTimeAsync(30 * DAY_MS);
    expect(woken()).toBe(false);
    controller.abort();
    await jest.advanceTimersByTimeAsync(0);
    expect(woken()).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not sleep at all under a signal that aborted before', async () => {
    await systemClock.sleep(60_000, AbortSignal.abort());
    expect(jest.getTimerCount()).toBe(0);
  });

  it('takes its listener off the signal when the time is over', async () => {
    const { signal } = new AbortController();
    const added = jest.spyOn(signal, 'addEventListener');
    const removed = jest.spyOn(signal, 'removeEventListener');
    const slept = systemClock.sleep(5, signal);
    await jest.advanceTimersByTimeAsync(5);
    await slept;
    expect(added).toHaveBeenCalledTimes(1);
    expect(removed.mock.calls[0]?.[1]).toBe(added.mock.calls[0]?.[1]);
  });

  it.each([0, -5, NaN])('lets others run even when asked to sleep %d', async (delayMs) => {
    const woken = watch(systemClock.sleep(delayMs));
    await Promise.resolve();
    expect(woken()).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(woken()).toBe(true);
  });
});

describe('the system file system', () => {
  it('replaces a file and leaves nothing else behind', async () => {
    const directory = newDirectory();
    const path = join(directory, 'context.json');
    await systemFileSystem.writeAtomically(path, Buffer.from('old'));
    await systemFileSystem.writeAtomically(path, Buffer.from('new'));
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['context.json']);
  });

  it('keeps the old file and removes its half-written copy where the write fails', async () => {
    const directory = newDirectory();
    const path = join(directory, 'context.json');
    mkdirSync(path);
    await expect(systemFileSystem.writeAtomically(path, Buffer.from('new'))).rejects.toMatchObject({ code: 'EISDIR' });
    expect(readdirSync(directory)).toEqual(['context.json']);
  });

  it('goes on writing after a write failed', async () => {
    const directory = newDirectory();
    const path = join(directory, 'later', 'context.json');
    const failed = systemFileSystem.writeAtomically(path, Buffer.from('one')).catch((thrown: unknown) => thrown);
    expect(await failed).toMatchObject({ code: 'ENOENT' });
    await systemFileSystem.makeDirectory(join(directory, 'later'));
    await systemFileSystem.writeAtomically(path, Buffer.from('two'));
    expect(readFileSync(path, 'utf8')).toBe('two');
  });

  // What the kernel says on a full disk, without filling one.
  (process.platform === 'linux' ? it : it.skip)('keeps the old file and gives the cause on a full disk', async () => {
    const directory = newDirectory();
    const path = join(directory, 'context.json');
    await systemFileSystem.writeAtomically(path, Buffer.from('old'));
    symlinkSync('/dev/full', join(directory, '.context.json.partial'));
    await expect(systemFileSystem.writeAtomically(path, Buffer.from('new'))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(directory)).toEqual(['context.json']);
  });

  it('tells a missing file from one that cannot be read', async () => {
    const directory = newDirectory();
    expect(await systemFileSystem.read(join(directory, 'nothing'))).toBeUndefined();
    await expect(systemFileSystem.read(directory)).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it('lists files, not folders and not half-written copies', async () => {
    const directory = newDirectory();
    mkdirSync(join(directory, 'folder'));
    writeFileSync(join(directory, 'file'), '');
    writeFileSync(join(directory, '.file.partial'), '');
    expect(await systemFileSystem.list(directory)).toEqual(['file']);
    expect(await systemFileSystem.list(join(directory, 'nothing'))).toEqual([]);
    await expect(systemFileSystem.list(join(directory, 'file'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('makes a directory with what is missing above it, and minds none that is there', async () => {
    const path = join(newDirectory(), 'a', 'b', 'c');
    await systemFileSystem.makeDirectory(path);
    await systemFileSystem.makeDirectory(path);
    expect(statSync(path).isDirectory()).toBe(true);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
  });

  it('refuses to make a directory where a file is', async () => {
    const path = join(newDirectory(), 'file');
    writeFileSync(path, '');
    await expect(systemFileSystem.makeDirectory(path)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(systemFileSystem.makeDirectory(join(path, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  (process.platform === 'linux' ? it : it.skip)('gives up where no directory can be made', async () => {
    await expect(systemFileSystem.makeDirectory('/proc/new/one')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('removes a file together with a half-written copy of it', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'file'), '');
    writeFileSync(join(directory, '.file.partial'), '');
    await systemFileSystem.remove(join(directory, 'file'));
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('the rest of the system', () => {
  it('gives random numbers in [0, 1)', () => {
    const values = Array.from({ length: 100 }, systemRandom);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(new Set(values).size).toBeGreaterThan(90);
  });

  it('shows the environment of the process', () => {
    expect(systemEnvironment['PATH']).toBe(process.env['PATH']);
  });
});

function watch(promise: Promise<void>): () => boolean {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  return () => settled;
}
