/**
 * The real world behind the ports. Only composition roots import this file; everything else is handed its ports.
 */
import {
  closeSync,
  createReadStream,
  fsync,
  ftruncateSync,
  openSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import type { Clock, Environment, FileLock, FileReading, FileSight, FileSystem, Random } from './ports.js';

const sync = promisify(fsync);

/** Longest wait that one timer can hold; longer ones are made of several. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Waits keep the process alive. Any delay works, also Infinity; none is cut short by the limit of a timer. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(delayMs, signal) {
    const wakeAtMs = performance.now() + (Number.isNaN(delayMs) ? 0 : delayMs);
    // At least one timer even for a delay of zero: a loop that sleeps must let the others run.
    for (let leftMs = Math.max(0, delayMs); signal?.aborted !== true; leftMs = wakeAtMs - performance.now()) {
      await waitOnce(Math.min(leftMs, LONGEST_TIMER_MS), signal);
      if (performance.now() >= wakeAtMs) return;
    }
  },
};

export const systemRandom: Random = () => Math.random();

/** The variables of this process, as they are at each look. */
export const systemEnvironment: Environment = process.env;

/** Files with mode 0600, folders with mode 0700. */
export const systemFileSystem: FileSystem = {
  read: readIfThere,
  writeAtomically,
  async remove(path) {
    await rm(path, { force: true });
    await rm(partialPath(path), { force: true });
  },
  list: listFiles,
  makeDirectory,
  tryLock,
};

/** Files of others, to be read. */
export const systemFileReading: FileReading = {
  look: lookAt,
  names: (directory) => readdir(directory),
  open: (path, signal) => createReadStream(path, { highWaterMark: 256 * 1024, ...(signal && { signal }) }),
};

async function lookAt(path: string): Promise<FileSight | undefined> {
  try {
    const found = await stat(path);
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other';
    const modifiedMs = Math.floor(found.mtimeMs);
    return { kind, size: found.size, modifiedMs, identity: `${found.dev}:${found.ino}` };
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(thrown) ?? '')) return undefined;
    throw thrown;
  }
}

function waitOnce(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, delayMs);
    signal?.addEventListener('abort', wake, { once: true });
  });
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function listFiles(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile() && !isPartial(entry.name)).map((entry) => entry.name);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

/**
 * With what is missing above it. Not mkdir's own `recursive`: that one never ends where a file system says of a new
 * directory that it does not exist, as /proc does.
 */
async function makeDirectory(path: string): Promise<void> {
  try {
    await makeOneDirectory(path);
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT' || dirname(path) === path) throw thrown;
    await makeDirectory(dirname(path));
    await makeOneDirectory(path);
  }
}

async function makeOneDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (thrown) {
    const there = await stat(path).catch(() => undefined);
    if (there?.isDirectory() !== true) throw thrown;
    return;
  }
  // What is synced in a folder that is gone after a power cut is gone with it.
  await syncDirectory(dirname(path)).catch((thrown: unknown) => {
    // One that others own may be written to and not be opened.
    if (systemCode(thrown) !== 'EACCES') throw thrown;
  });
}

/** Writes to one file wait for each other: they share the temporary file. */
const writesUnderWay = new Map<string, Promise<void>>();

async function writeAtomically(path: string, content: Uint8Array): Promise<void> {
  const previous = writesUnderWay.get(path) ?? Promise.resolve();
  const write = previous.catch(() => undefined).then(() => replaceFile(path, content));
  writesUnderWay.set(path, write);
  try {
    await write;
  } finally {
    if (writesUnderWay.get(path) === write) writesUnderWay.delete(path);
  }
}

/**
 * The temporary file has one fixed name per document, so that one left by a killed process is overwritten.
 *
 * Only what waits for the disk leaves the thread: the rest is done in microseconds, while a turn of a busy event loop takes
 * milliseconds (docs/performance.md).
 */
async function replaceFile(path: string, content: Uint8Array): Promise<void> {
  const partial = partialPath(path);
  try {
    await writeDurably(partial, content);
    renameSync(partial, path);
  } catch (thrown) {
    // On a full disk the half-written copy would keep the space that the next try needs.
    await rm(partial, { force: true }).catch(() => undefined);
    throw thrown;
  }
  await syncDirectory(dirname(path));
}

async function writeDurably(path: string, content: Uint8Array): Promise<void> {
  const descriptor = openSync(path, 'w', 0o600);
  try {
    writeFileSync(descriptor, content);
    await sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a rename survive a power cut. Windows and some network file systems cannot, and need no such call. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    await sync(descriptor);
  } catch (thrown) {
    if (!['EINVAL', 'ENOTSUP', 'ENOSYS'].includes(systemCode(thrown) ?? '')) throw thrown;
  } finally {
    closeSync(descriptor);
  }
}

function partialPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.partial`);
}

function isPartial(name: string): boolean {
  return name.startsWith('.') && name.endsWith('.partial');
}

/**
 * A lock of the kernel on an open file: it ends with the process, however that ends. The file itself stays, since
 * removing it would let two processes lock two files of the same name. It tells the holder's process id.
 */
async function tryLock(path: string): Promise<FileLock | undefined> {
  const native = await loadNativeLocks();
  // A bare descriptor: a FileHandle that nobody refers to any more would be closed, and the lock lost with it.
  const descriptor = openSync(path, 'a+', 0o600);
  try {
    if (!native.tryLock(descriptor)) {
      closeSync(descriptor);
      return undefined;
    }
    tellHolder(descriptor);
  } catch (thrown) {
    closeSync(descriptor);
    throw thrown;
  }
  return lockOn(descriptor);
}

/** The lock holds without it: on a full disk whoever meets the lock is not told who has it. */
function tellHolder(descriptor: number): void {
  try {
    ftruncateSync(descriptor);
    writeSync(descriptor, `${process.pid}\n`);
  } catch (thrown) {
    if (!['ENOSPC', 'EDQUOT'].includes(systemCode(thrown) ?? '')) throw thrown;
  }
}

function lockOn(descriptor: number): FileLock {
  let held = true;
  return {
    release() {
      if (held) closeSync(descriptor);
      held = false;
      return Promise.resolve();
    },
  };
}

/** Loaded when first needed, so that commands that take no lock work where the native part does not. */
async function loadNativeLocks(): Promise<{ tryLock(fd: number): boolean }> {
  try {
    return await import('fs-native-extensions');
  } catch (thrown) {
    // Its further lines list every path that was tried.
    const [reason = ''] = String(thrown).split('\n');
    const here = `${process.platform}-${process.arch}`;
    const message = `The native part of fs-native-extensions (file locks) cannot be loaded on ${here}: ${reason}`;
    throw Object.assign(new Error(message), { code: 'ERR_NO_FILE_LOCKS' });
  }
}

function systemCode(thrown: unknown): string | undefined {
  return (thrown as NodeJS.ErrnoException | undefined)?.code;
}
