import { HashSet } from '../ledger/hash-set.js';
import { type Hash64, hashText } from '../ledger/hash.js';
import type { LedgerEntry } from '../ledger/ledger.js';
import type { Storage } from '../storage/storage.js';
import { HashFiles, type HashFilesMark } from './hash-files.js';

export const OBJECTS_FOLDER = 'objects';
/** Files are written anew where so large a part of them is of objects that are gone. */
const STALE_SHARE = 0.25;

/** An object of which every event is accounted for. */
export interface FinishedObject {
  readonly name: string;
  readonly version: string;
  /** Whether events of it were left to another stream. */
  readonly leftSome: boolean;
}

const WHOLE = 0;
const PARTLY = 1;
const KINDS = [WHOLE, PARTLY];

/**
 * The objects that need not be read again, as 64-bit hashes of name and version: about 20 bytes each in memory, 10 on disk.
 * Those that a full listing does not show any more are forgotten.
 */
export class FinishedObjects {
  #known = new HashSet();
  /** What the listing under way has shown. */
  #listed: HashSet | undefined;
  #unwritten: LedgerEntry[] = [];
  /** What is to be written in the place of all that is on disk. */
  #replacement: HashSet | undefined;

  private constructor(private readonly files: HashFiles) {}

  static async open(storage: Storage, mark: HashFilesMark): Promise<FinishedObjects> {
    const objects = new FinishedObjects(await HashFiles.open(storage, OBJECTS_FOLDER, mark));
    for (const kind of KINDS) {
      for await (const entry of objects.files.entriesOf(kind)) objects.#known.set(entry.high, entry.low, kind);
    }
    return objects;
  }

  get mark(): HashFilesMark {
    return this.files.mark;
  }

  get size(): number {
    return this.#known.size;
  }

  /** A full listing begins: what it does not show is forgotten at its end. */
  beginListing(): void {
    this.#listed = new HashSet();
  }

  /** The listing shows an object. @returns whether it is finished */
  see(name: string, version: string): boolean {
    const hash = hashOf(name, version);
    const kind = version === '' ? undefined : this.#known.mark(hash.high, hash.low);
    if (kind === undefined) return false;
    this.#listed?.set(hash.high, hash.low, kind);
    return true;
  }

  /** The listing was complete. */
  endListing(): void {
    if (this.#listed === undefined) return;
    this.#known = this.#listed;
    this.#listed = undefined;
    if (this.files.size > FILE_WORTH && this.#known.size < this.files.size * (1 - STALE_SHARE)) {
      this.#replacement = this.#known;
    }
  }

  /** Durable with the next `write`. */
  add(objects: readonly FinishedObject[]): void {
    for (const { name, version, leftSome } of objects) {
      if (version === '') continue;
      const hash = hashOf(name, version);
      const kind = leftSome ? PARTLY : WHOLE;
      this.#known.set(hash.high, hash.low, kind);
      this.#listed?.set(hash.high, hash.low, kind);
      this.#unwritten.push(entryOf(hash, kind));
    }
  }

  /** Has those read again of which events were left to somebody else. Durable with the next `write`. */
  forgetPartlyRead(): void {
    const whole = new HashSet();
    for (const [{ high, low }, mark] of this.#known.entries()) if (mark === WHOLE) whole.set(high, low, WHOLE);
    [this.#known, this.#listed, this.#replacement] = [whole, undefined, whole];
  }

  async write(): Promise<void> {
    const entries = this.#unwritten;
    if (this.#replacement !== undefined) {
      const all = [...this.#known.entries()].map(([hash, mark]) => entryOf(hash, mark));
      await this.files.replace(all);
      this.#replacement = undefined;
    } else await this.files.append(entries);
    this.#unwritten = this.#unwritten.slice(entries.length);
  }

  removeLeft(): Promise<void> {
    return this.files.removeLeft();
  }
}

/** Fewer entries are not worth being written anew. */
const FILE_WORTH = 1024;

function hashOf(name: string, version: string): Hash64 {
  return hashText(`${name}\0${version}`);
}

function entryOf({ high, low }: Hash64, kind: number): LedgerEntry {
  return { bucket: kind, place: 0, high, low, isDeadLettered: false };
}
