import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BALLAST = 'ballast';
/** The smallest unit in which a tmpfs gives space away. */
const PAGE_BYTES = 4096;

/** A file system of its own that is small enough to be filled. */
export interface SmallDisk {
  readonly directory: string;
  /** Takes all the space that is left. */
  fill(): void;
  /** Gives it back. */
  free(): void;
  /** Unmounts it and removes its directory. */
  remove(): void;
}

/** Mounts a tmpfs. @returns undefined where this user or this machine does not allow it */
export function mountSmallDisk(sizeBytes: number): SmallDisk | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'sekoia-small-disk-'));
  if (!run('mount', '-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0700`, 'tmpfs', directory)) {
    rmdirSync(directory);
    return undefined;
  }
  const ballast = join(directory, BALLAST);
  return {
    directory,
    fill: () => writeUntilFull(ballast),
    free: () => rmSync(ballast, { force: true }),
    remove: () => {
      // Detached where somebody is still dying in it: it then goes with its last user.
      if (!run('umount', directory) && !run('umount', '-l', directory)) throw new Error(`cannot unmount ${directory}`);
      rmdirSync(directory);
    },
  };
}

function run(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function writeUntilFull(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (const bytes of [64 * PAGE_BYTES, PAGE_BYTES]) while (hasRoomFor(file, Buffer.alloc(bytes)));
  } finally {
    closeSync(file);
  }
}

function hasRoomFor(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) > 0;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw thrown;
  }
}
