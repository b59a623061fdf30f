import type { LedgerEntry } from './ledger-entry.js';

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
  #words: Int32Array = new Int32Array(0);
  #length = 0;

  /** @param expected so many entries are likely: room for them is made with the first, since one that grows leaves garbage */
  constructor(private readonly expected = INITIAL_CAPACITY) {}

  /** The entries themselves, where they are such a list already. */
  static from(entries: Entries): EntryList {
    return entries instanceof EntryList ? entries : EntryList.concat([entries]);
  }

  static concat(lists: readonly Entries[]): EntryList {
    const all = new EntryList(lists.reduce((sum, { length }) => sum + length, 0));
    for (const list of lists) all.append(list);
    return all;
  }

  /** A list of what stands in `words`, four of them an entry, and as good as they are. What is added to it may be written to them. */
  static over(words: Int32Array, length: number): EntryList {
    const list = new EntryList();
    list.#words = words;
    list.#length = length;
    return list;
  }

  get length(): number {
    return this.#length;
  }

  push(entry: LedgerEntry): void {
    this.#makeRoom(this.#length + 1);
    this.#length += 1;
    this.put(this.#length - 1, entry);
  }

  /** Puts an entry in the place of the one at `index`. */
  put(index: number, { bucket, high, low, place, isDeadLettered }: LedgerEntry): void {
    const at = index * WORDS;
    this.#words[at] = bucket;
    this.#words[at + 1] = high;
    this.#words[at + 2] = low;
    this.#words[at + 3] = isDeadLettered ? place | DEAD_LETTERED : place;
  }

  append(entries: Entries): void {
    if (entries instanceof EntryList) this.appendRun(entries, 0, entries.length);
    else for (const entry of entries) this.push(entry);
  }

  /** Appends those from `from` to before `to`. */
  appendRun(entries: EntryList, from: number, to: number): void {
    const end = this.#length + to - from;
    this.#makeRoom(end);
    this.#words.set(entries.#words.subarray(from * WORDS, to * WORDS), this.#length * WORDS);
    this.#length = end;
  }

  /** Forgets those behind the first `length`. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** Those from `from` to before `to`, in a list of their own. */
  slice(from: number, to = this.#length): EntryList {
    const words = this.#words.slice(from * WORDS, Math.min(to, this.#length) * WORDS);
    return EntryList.over(words, words.length / WORDS);
  }

  /** Those from `from` to before `to` where they stand: only to be read, and only until this list is changed. */
  part(from: number, to = this.#length): EntryList {
    const words = this.#words.subarray(from * WORDS, Math.min(to, this.#length) * WORDS);
    return EntryList.over(words, words.length / WORDS);
  }

  // What the entry at `index` says, without an object of it.

  bucket(index: number): number {
    return this.#words[index * WORDS] ?? 0;
  }

  high(index: number): number {
    return this.#words[index * WORDS + 1] ?? 0;
  }

  low(index: number): number {
    return this.#words[index * WORDS + 2] ?? 0;
  }

  place(index: number): number {
    return (this.#words[index * WORDS + 3] ?? 0) & (DEAD_LETTERED - 1);
  }

  isDeadLettered(index: number): boolean {
    return (this.#words[index * WORDS + 3] ?? 0) >= DEAD_LETTERED;
  }

  /** The entry at `index`, from 0. */
  at(index: number): LedgerEntry {
    return {
      bucket: this.bucket(index),
      high: this.high(index),
      low: this.low(index),
      place: this.place(index),
      isDeadLettered: this.isDeadLettered(index),
    };
  }

  /** In loops over very many, ask for what is needed of each entry instead: then no object is made. */
  *[Symbol.iterator](): Generator<LedgerEntry, void, undefined> {
    for (let index = 0; index < this.#length; index += 1) yield this.at(index);
  }

  #makeRoom(length: number): void {
    if (length * WORDS <= this.#words.length) return;
    const grown = new Int32Array(Math.max(length * WORDS, this.#words.length * 2, this.expected * WORDS));
    grown.set(this.#words.subarray(0, this.#length * WORDS));
    this.#words = grown;
  }
}
