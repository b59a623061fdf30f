import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { ConfigurationError } from '../../../../src/sdk/errors.js';
import { listLocalObjects, type LocalObject } from '../../../../src/sdk/stored/local-objects.js';
import { systemFileReading } from '../../../../src/sdk/system.js';
import { inPieces } from '../../../support/read-stored.js';
import { temporaryDirectories } from '../../../support/temporary-directory.js';

const newDirectory = temporaryDirectories();

async function list(...paths: string[]): Promise<LocalObject[]> {
  const places = { files: systemFileReading, input: inPieces(Buffer.from('from the pipe'), [4]) };
  const objects: LocalObject[] = [];
  for await (const object of listLocalObjects(paths, places)) objects.push(object);
  return objects;
}

async function textOf(object: LocalObject | undefined): Promise<string> {
  let text = '';
  for await (const piece of object?.open() ?? []) text += Buffer.from(piece).toString();
  return text;
}

describe('objects on this machine', () => {
  it('are those of a directory by name, with all below it, but what is being written', async () => {
    const directory = newDirectory();
    mkdirSync(join(directory, 'b', 'deep'), { recursive: true });
    for (const name of ['c', 'a', 'b/deep/z', 'b/y', '.a.partial']) writeFileSync(join(directory, name), `in ${name}`);
    utimesSync(join(directory, 'a'), 1_900_000_000, 1_900_000_000);
    const objects = await list(directory);
    expect(objects.map(({ name }) => name)).toEqual(['a', 'b/deep/z', 'b/y', 'c'].map((name) => join(directory, name)));
    expect(objects[0]).toMatchObject({ size: 4, modifiedMs: 1_900_000_000_000 });
    expect(await textOf(objects[1])).toBe('in b/deep/z');
  });

  it('are files and standard input, in the order in which they were given', async () => {
    const directory = newDirectory();
    for (const name of ['a', 'b']) writeFileSync(join(directory, name), name);
    const objects = await list(join(directory, 'b'), '-', join(directory, 'a'));
    expect(objects.map(({ name }) => name)).toEqual([join(directory, 'b'), '-', join(directory, 'a')]);
    expect(objects[1]).toMatchObject({ size: undefined, modifiedMs: undefined });
    expect(await textOf(objects[1])).toBe('from the pipe');
  });

  it('are not followed round a circle of links, and may be links themselves', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'a'), 'text');
    symlinkSync('a', join(directory, 'b'));
    symlinkSync('.', join(directory, 'circle'));
    symlinkSync('nowhere', join(directory, 'd'));
    const objects = await list(directory);
    expect(objects.map(({ name }) => name)).toEqual([join(directory, 'a'), join(directory, 'b')]);
    expect(await textOf(objects[1])).toBe('text');
  });

  it('are missed before one is read', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'a'), 'text');
    const [missing, below] = [join(directory, 'missing'), join(directory, 'a', 'below')];
    const listing = list(join(directory, 'a'), missing, below);
    await expect(listing).rejects.toBeInstanceOf(ConfigurationError);
    await expect(listing).rejects.toThrow(missing);
    await expect(listing).rejects.toThrow(below);
  });

  it('are read until somebody stops', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'a'), 'text');
    const [object] = await list(directory);
    const reading = object?.open(AbortSignal.abort())[Symbol.asyncIterator]();
    await expect(reading?.next()).rejects.toMatchObject({ name: 'AbortError' });
  });
});
