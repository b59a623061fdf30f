import { dirname } from 'node:path/posix';

import type { FileLock, FileSystem } from '../../src/sdk/ports.js';

/** Files that live in memory. Locks hold against everybody who has the same object. */
export class MemoryFiles implements FileSystem {
  readonly files = new Map<string, Uint8Array>();
  /** Paths at which a folder stands where a file should. */
  readonly folders = new Set<string>();
  readonly #locked = new Set<string>();

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(files)) this.files.set(path, new TextEncoder().encode(text));
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    this.#assertNoFolder(path);
    return this.files.get(path);
  }

  async writeAtomically(path: string, content: Uint8Array): Promise<void> {
    this.#assertNoFolder(path);
    this.files.set(path, content.slice());
  }

  async remove(path: string): Promise<void> {
    this.files.delete(path);
  }

  async list(directory: string): Promise<string[]> {
    const inside = [...this.files.keys()].filter((path) => dirname(path) === directory);
    return inside.map((path) => path.slice(directory.length + 1));
  }

  async makeDirectory(): Promise<void> {
    // Directories are where files are.
  }

  async tryLock(path: string): Promise<FileLock | undefined> {
    if (this.#locked.has(path)) return undefined;
    this.#locked.add(path);
    return {
      release: async () => {
        this.#locked.delete(path);
      },
    };
  }

  #assertNoFolder(path: string): void {
    if (this.folders.has(path)) throw Object.assign(new Error('illegal operation on a directory'), { code: 'EISDIR' });
  }
}
