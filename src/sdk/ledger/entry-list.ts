import type { LedgerEntry } from './ledger.js';

const INITIAL_CAPACITY = 512;
/** Bucket, the halves of the hash, and the place with what became of the event. */
const WORDS = 4;
const DEAD_LETTERED = 1 << 16;

/** Entries of the ledger in their order: an array of them, or an `EntryList`. */
export interface Entries extends Iterable<LedgerEntry> {
  readonly length: number;
}

/**
 * Entries of the ledger in one typed array, 16 bytes each: of every event one is kept until it is durable, and as many
 * objects would keep the collector of garbage busy.
 */
export class EntryList implements Entries {
  #words = new Int32Array(0);
  #length = 0;

  /** The entries themselves, where they are such a list already. */
  static from(entries: Entries): EntryList {
    return entries instanceof EntryList ? entries : EntryList.concat([entries]);
  }

  static concat(lists: Iterable<Entries>): EntryList {
    const all = new EntryList();
    for (const list of lists) all.append(list);
    return all;
  }

  get length(): number {
    return this.#length;
  }

  push({ bucket, high, low, place, isDeadLettered }: LedgerEntry): void {
    this.#makeRoom(this.#length + 1);
    const at = this.#length * WORDS;
    this.#words[at] = bucket;
    this.#words[at + 1] = high;
    this.#words[at + 2] = low;
    this.#words[at + 3] = isDeadLettered ? place | DEAD_LETTERED : place;
    this.#length += 1;
  }

  append(entries: Entries): void {
    if (!(entries instanceof EntryList)) {
      for (const entry of entries) this.push(entry);
      return;
    }
    const end = this.#length + entries.length;
    this.#makeRoom(end);
    this.#words.set(entries.#words.subarray(0, entries.#length * WORDS), this.#length * WORDS);
    this.#length = end;
  }

  /** Those from `from` to before `to`, in a list of their own. */
  slice(from: number, to = this.#length): EntryList {
    const part = new EntryList();
    part.#words = this.#words.slice(from * WORDS, Math.min(to, this.#length) * WORDS);
    part.#length = part.#words.length / WORDS;
    return part;
  }

  /** The bucket of the entry at `index`, without an object of it. */
  bucket(index: number): number {
    return this.#words[index * WORDS] ?? 0;
  }

  /** The entry at `index`, from 0. */
  at(index: number): LedgerEntry {
    const at = index * WORDS;
    const last = this.#words[at + 3] ?? 0;
    return {
      bucket: this.#words[at] ?? 0,
      high: this.#words[at + 1] ?? 0,
      low: this.#words[at + 2] ?? 0,
      place: last & (DEAD_LETTERED - 1),
      isDeadLettered: last >= DEAD_LETTERED,
    };
  }

  /** Loops over very many are better written with `at`: then no object is made at all. */
  *[Symbol.iterator](): Generator<LedgerEntry, void, undefined> {
    for (let index = 0; index < this.#length; index += 1) yield this.at(index);
  }

  #makeRoom(length: number): void {
    if (length * WORDS <= this.#words.length) return;
    const grown = new Int32Array(Math.max(length * WORDS, this.#words.length * 2, INITIAL_CAPACITY * WORDS));
    grown.set(this.#words.subarray(0, this.#length * WORDS));
    this.#words = grown;
  }
}
