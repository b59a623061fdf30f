import { ModuleError } from '../errors.js';
import type { LedgerEntry } from '../ledger/ledger.js';
import { decodeSegment, encodeSegment } from '../ledger/segment.js';
import type { Storage } from '../storage/storage.js';

/** Entries in a full file: about 160 KiB, which is what one commit rewrites at the most. */
export const FILE_ENTRIES = 16_384;
const FILE_NAME = /^(\d{8})(?:_(-?\d+)_(-?\d+))?\.bin$/;

/** Which files count: those from a number on, and how many full ones there are at least. */
export interface HashFilesMark {
  readonly from: number;
  readonly count: number;
}

/** A full file. */
interface FullFile {
  readonly number: number;
  /** Lowest and highest bucket in it. */
  readonly first: number;
  readonly last: number;
}

/**
 * Hashes in numbered files of one folder, read as a union: full ones, named by the buckets between which their entries lie,
 * so that a bucket is found without reading the others, and one that grows.
 */
export class HashFiles {
  #full: FullFile[] = [];
  #growing: readonly LedgerEntry[] = [];
  #next = 1;
  #from: number;
  /** Names of files that count no more, to be removed once the checkpoint says so. */
  #left: string[] = [];

  private constructor(
    private readonly storage: Storage,
    private readonly folder: string,
    { from }: HashFilesMark,
  ) {
    this.#from = from;
  }

  /** @throws ModuleError STATE_CORRUPT where a file is missing or damaged */
  static async open(storage: Storage, folder: string, mark: HashFilesMark): Promise<HashFiles> {
    const files = new HashFiles(storage, folder, mark);
    await files.#open(mark);
    return files;
  }

  /** What the checkpoint is to say of these files. */
  get mark(): HashFilesMark {
    return { from: this.#from, count: this.#full.length };
  }

  /** Entries in all files. */
  get size(): number {
    return this.#full.length * FILE_ENTRIES + this.#growing.length;
  }

  /** The entries of a bucket, as they are now. */
  async *entriesOf(bucket: number): AsyncGenerator<LedgerEntry, void, undefined> {
    const [full, growing] = [this.#full, this.#growing];
    for (const file of full) {
      if (bucket < file.first || bucket > file.last) continue;
      const entries = await this.#read(nameOf(file)).catch((error: unknown) => {
        // It was forgotten meanwhile.
        if (file.number < this.#from) return [];
        throw error;
      });
      for (const entry of entries) if (entry.bucket === bucket) yield entry;
    }
    for (const entry of growing) if (entry.bucket === bucket) yield entry;
  }

  /** Makes entries durable. After a failure the same call may be made again. */
  async append(entries: readonly LedgerEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const pending = this.#growing.concat(entries);
    const full: FullFile[] = [];
    let number = this.#next;
    while (pending.length >= FILE_ENTRIES) {
      const file = await this.#writeFull(number, pending.splice(0, FILE_ENTRIES));
      // What grew under this number is in the full one.
      this.#left.push(growingName(number));
      full.push(file);
      number += 1;
    }
    if (pending.length > 0) await this.#write(growingName(number), pending);
    this.#full = [...this.#full, ...full];
    this.#growing = pending;
    this.#next = number;
  }

  /** Puts other entries in the place of all that there are. */
  async replace(entries: readonly LedgerEntry[]): Promise<void> {
    const old = [...this.#full.map(nameOf), growingName(this.#next)];
    const before = { full: this.#full, growing: this.#growing, next: this.#next };
    [this.#full, this.#growing, this.#next] = [[], [], this.#next + 1];
    try {
      await this.append(entries);
    } catch (error) {
      [this.#full, this.#growing, this.#next] = [before.full, before.growing, before.next];
      throw error;
    }
    this.#from = before.next + 1;
    this.#left.push(...old);
  }

  /** Leaves the oldest files out until no more than `most` entries are left. @returns whether there were any */
  forgetBeyond(most: number): boolean {
    const before = this.#full.length;
    while (this.size > most && this.#full.length > 0) {
      const [oldest, ...others] = this.#full;
      if (oldest !== undefined) this.#left.push(nameOf(oldest));
      this.#full = others;
      this.#from = others[0]?.number ?? this.#next;
    }
    return this.#full.length < before;
  }

  /** Removes what counts no more, once the checkpoint says so. They are only in the way: what cannot be removed now is later. */
  async removeLeft(): Promise<void> {
    const names = this.#left;
    this.#left = [];
    for (const name of names) {
      await this.storage.remove(`${this.folder}/${name}`).catch(() => this.#left.push(name));
    }
  }

  async #open({ from, count }: HashFilesMark): Promise<void> {
    const found = (await this.storage.list(this.folder)).flatMap((name) => {
      const [, number, first, last] = FILE_NAME.exec(name) ?? [];
      if (number === undefined) return [];
      return [{ name, number: Number(number), range: first === undefined ? undefined : [Number(first), Number(last)] }];
    });
    const highestFull = Math.max(0, ...found.filter(({ range }) => range !== undefined).map(({ number }) => number));
    for (const { name, number, range } of found) {
      if (number < from || (range === undefined && number <= highestFull)) this.#left.push(name);
      else if (range !== undefined) this.#full.push({ number, first: range[0] ?? 0, last: range[1] ?? 0 });
      else this.#growing = await this.#read(name);
      this.#next = Math.max(this.#next, range === undefined ? number : number + 1);
    }
    this.#next = Math.max(this.#next, from);
    this.#full.sort((a, b) => a.number - b.number);
    if (this.#full.length < count) throw this.#missing(`${count - this.#full.length} of its files are missing`);
  }

  async #read(name: string): Promise<LedgerEntry[]> {
    const content = await this.storage.read(`${this.folder}/${name}`);
    if (content === undefined) throw this.#missing(`its file ${name} is missing`);
    return decodeSegment(content, `${this.folder}/${name}`);
  }

  async #writeFull(number: number, entries: readonly LedgerEntry[]): Promise<FullFile> {
    const buckets = entries.map(({ bucket }) => bucket);
    const file = {
      number,
      first: buckets.reduce((least, bucket) => Math.min(least, bucket), Infinity),
      last: buckets.reduce((most, bucket) => Math.max(most, bucket), -Infinity),
    };
    await this.#write(nameOf(file), entries);
    return file;
  }

  async #write(name: string, entries: readonly LedgerEntry[]): Promise<void> {
    await this.storage.write(`${this.folder}/${name}`, encodeSegment(entries));
  }

  #missing(what: string): ModuleError {
    return new ModuleError(
      'STATE_CORRUPT',
      `The folder ${this.folder} in ${this.storage.location} is damaged: ${what}.`,
      {
        advice:
          'Nothing was collected and nothing was changed. Restore the data path from a copy; or remove all of it, and ' +
          'everything that is stored is delivered again.',
      },
    );
  }
}

function nameOf({ number, first, last }: FullFile): string {
  return `${digits(number)}_${first}_${last}.bin`;
}

function growingName(number: number): string {
  return `${digits(number)}.bin`;
}

function digits(number: number): string {
  return String(number).padStart(8, '0');
}
