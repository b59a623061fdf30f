import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import type { FileReading } from '../../../../src/sdk/ports.js';
import { openLocalStore } from '../../../../src/sdk/stored/local-store.js';
import type { OpenedObject, StoredObject } from '../../../../src/sdk/stored/object-store.js';
import { systemFileReading } from '../../../../src/sdk/system.js';
import { inPieces } from '../../../support/read-stored.js';
import { temporaryDirectories } from '../../../support/temporary-directory.js';

const newDirectory = temporaryDirectories();
const { signal } = new AbortController();

async function listed(path: string, files: FileReading = systemFileReading): Promise<StoredObject[]> {
  const pages = [];
  for await (const page of openLocalStore(path, { files, input: inPieces(Buffer.from('piped'), [2]) }).list(signal)) {
    pages.push(page);
  }
  return pages.flat();
}

async function textOf(object: OpenedObject | undefined): Promise<string> {
  let text = '';
  for await (const piece of object?.content ?? []) text += Buffer.from(piece).toString();
  return text;
}

describe('files as a store', () => {
  it('have another version where they were written anew, in the listing and when they are opened', async () => {
    const directory = newDirectory();
    const path = join(directory, 'a');
    writeFileSync(path, 'first');
    utimesSync(path, 1_900_000_000, 1_900_000_000);
    const [first] = await listed(directory);
    expect(first).toMatchObject({ name: path, version: '5-1900000000000', size: 5 });
    writeFileSync(path, 'other');
    utimesSync(path, 1_900_000_001, 1_900_000_001);
    const opened = await first?.open(signal);
    expect(opened).toMatchObject({ name: path, version: '5-1900000001000' });
    expect(await textOf(opened)).toBe(readFileSync(path, 'utf8'));
    expect((await listed(path))[0]?.version).toBe('5-1900000001000');
  });

  it('are opened when they are read, and never have the version of what was written since', async () => {
    const path = join(newDirectory(), 'a');
    writeFileSync(path, 'first');
    let opened = 0;
    const files: FileReading = {
      ...systemFileReading,
      open(...given) {
        opened += 1;
        return systemFileReading.open(...given);
      },
    };
    const object = await (await listed(path, files))[0]?.open(signal);
    expect(opened).toBe(0);
    object?.close();
    writeFileSync(path, 'longer');
    expect(object?.version).toMatch(/^5-/);
    expect(await textOf(object)).toBe('longer');
    expect(opened).toBe(1);
  });

  it('may be gone when they are opened', async () => {
    const path = join(newDirectory(), 'a');
    writeFileSync(path, '');
    const [object] = await listed(path);
    rmSync(path);
    expect(await object?.open(signal)).toBeUndefined();
  });

  it('are standard input, which has no version and is read once', async () => {
    const store = openLocalStore('-', { files: systemFileReading, input: inPieces(Buffer.from('piped'), [2]) });
    expect(store).toMatchObject({ location: 'standard input', isReadOnce: true });
    const [object] = await listed('-');
    expect(object).toMatchObject({ name: '-', version: '', size: undefined });
    const opened = await object?.open(signal);
    expect([opened?.version, await textOf(opened)]).toEqual(['', 'piped']);
    expect(openLocalStore('a', { files: systemFileReading, input: [] as never }).isReadOnce).toBe(false);
  });

  it.each([
    ['EACCES', 'SOURCE_ROLE_REFUSED'],
    ['ENOENT', 'SOURCE_ANSWER_INVALID'],
    ['EIO', 'SOURCE_UNAVAILABLE'],
  ])('that cannot be read, %s, are a failure with advice', async (reason, code) => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'a'), 'text');
    const failure = Object.assign(new Error(reason), { code: reason });
    const files: FileReading = {
      ...systemFileReading,
      // eslint-disable-next-line require-yield
      async *open() {
        await Promise.reject(failure);
      },
    };
    const [object] = await listed(directory, files);
    const opened = await object?.open(signal);
    await expect(textOf(opened)).rejects.toMatchObject({ code, advice: expect.any(String) });
    const names = (): Promise<never> => Promise.reject(failure);
    await expect(listed(directory, { ...systemFileReading, names })).rejects.toMatchObject({ code });
  });
});
