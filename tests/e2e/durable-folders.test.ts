import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';

import { describe, expect, it } from '@jest/globals';

import { temporaryDirectories } from '../support/temporary-directory.js';

const newDirectory = temporaryDirectories();

/** Tells on standard output which files and folders are synced, in a process of its own. */
const PROGRAM = `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const [, system, directory] = process.argv;
const fsync = fs.fsync;
fs.fsync = (descriptor, done) => {
  console.log(fs.readlinkSync('/proc/self/fd/' + descriptor));
  fsync(descriptor, done);
};
syncBuiltinESMExports();
const { systemFileSystem: files } = await import(system);
await files.makeDirectory(directory + '/a/b');
await files.makeDirectory(directory + '/a/b');
await files.writeAtomically(directory + '/a/b/file', new Uint8Array(1));
`;

(process.platform === 'linux' ? describe : describe.skip)('a file in new folders', () => {
  it('is durable with the folders that it is in, once each', () => {
    const directory = newDirectory();
    const system = pathToFileURL('dist/sdk/system.js').href;
    const args = ['--input-type=module', '-e', PROGRAM, system, directory];
    const synced = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n');
    const inside = ['', '/a', '/a/b/.file.partial', '/a/b'];
    expect(synced).toEqual(inside.map((path) => directory + path));
  });
});
