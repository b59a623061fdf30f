import { ModuleError } from '../errors.js';
import type { Storage } from '../storage/storage.js';
import { bucketEndMs, isRemembered, type Remembered } from './bucket.js';
import { type Entries, EntryList } from './entry-list.js';
import { Ledger } from './ledger.js';
import { decodeSegment, GrowingSegment } from './segment.js';

/** The folder of the segments. */
export const LEDGER_FOLDER = 'ledger';
/**
 * Entries in a full segment: 160 KiB where many of a minute come with each commit, 350 where each comes alone. So much one
 * commit writes again at the most.
 */
const SEGMENT_ENTRIES = 16_384;
const SEGMENT_NAME = /^\d{8}\.bin$/;

interface Segment {
  readonly name: string;
  /** The minutes in it: when all of them are forgotten, so is the segment. */
  readonly buckets: ReadonlySet<number>;
}

/** A segment that still grows. */
interface Growing {
  readonly number: number;
  readonly segment: GrowingSegment;
  /** After a write that failed there may be more than it holds: it is kept for a little longer then. */
  readonly buckets: Set<number>;
}

/**
 * Events of a backlog are soon forgotten, those of today only tomorrow: each kind has segments of its own, so that few ids
 * are kept for the sake of others.
 */
type Kind = 'recent' | 'backlog';

/**
 * The ledger on disk: segments, of which only the last of each kind still grows. Segments are read as a union, so a segment
 * may be written again, or be there although the checkpoint does not name it yet, without harm.
 */
export class LedgerStore {
  #segments: Segment[] = [];
  readonly #growing: Record<Kind, Growing | undefined> = { recent: undefined, backlog: undefined };
  #nextNumber = 1;
  /** Of the segment that was full last, for the next one. */
  #memory: Uint8Array | undefined;

  private constructor(
    private readonly storage: Storage,
    readonly ledger: Ledger,
  ) {}

  /**
   * Reads the ledger back.
   * @param named segments that the checkpoint says exist
   * @param backlogBeforeMs events older than this, epoch milliseconds, are of a backlog
   * @throws ModuleError STATE_CORRUPT where one of them is missing, or any segment is damaged
   */
  static async open(storage: Storage, named: readonly string[], backlogBeforeMs = -Infinity): Promise<LedgerStore> {
    const store = new LedgerStore(storage, new Ledger());
    const present = (await storage.list(LEDGER_FOLDER)).filter((name) => SEGMENT_NAME.test(name));
    for (const name of named) if (!present.includes(name)) throw missing(name, storage.location);
    for (const name of present) await store.#load(name, name === present.at(-1));
    const newest = store.#growing.recent;
    if (newest !== undefined && [...newest.buckets].every((bucket) => bucketEndMs(bucket) <= backlogBeforeMs)) {
      store.#growing.recent = undefined;
      store.#growing.backlog = newest;
    }
    return store;
  }

  /** Names of the segments that hold the ledger now, for the checkpoint. */
  get names(): string[] {
    const growing = Object.values(this.#growing).flatMap((each) =>
      each === undefined ? [] : segmentName(each.number),
    );
    return [...this.#segments.map(({ name }) => name), ...growing].sort();
  }

  /**
   * Makes entries durable. They are in `ledger` already.
   * @param backlogBeforeMs events older than this, epoch milliseconds, are of a backlog
   */
  async append(all: Entries, backlogBeforeMs = -Infinity): Promise<void> {
    const entries = EntryList.from(all);
    const isOfBacklog = (index: number): boolean => bucketEndMs(entries.bucket(index)) <= backlogBeforeMs;
    const of = { backlog: new EntryList(), recent: new EntryList() };
    for (let from = 0, to = 0; from < entries.length; from = to) {
      const isOld = isOfBacklog(from);
      while (to < entries.length && isOfBacklog(to) === isOld) to += 1;
      // Most of the time all are of one kind.
      if (to - from === entries.length) return this.#append(isOld ? 'backlog' : 'recent', entries);
      of[isOld ? 'backlog' : 'recent'].appendRun(entries, from, to);
    }
    await this.#append('backlog', of.backlog);
    await this.#append('recent', of.recent);
  }

  /**
   * A failed append can be tried again: which segments there are, and what is in them, changes when every write has succeeded.
   */
  async #append(kind: Kind, entries: EntryList): Promise<void> {
    const before = this.#growing[kind];
    try {
      await this.#writeGrown(kind, entries);
    } catch (error) {
      // Whoever gave up may still be sending what it was given.
      if (before !== undefined) this.#growing[kind] = { ...before, segment: before.segment.copy() };
      throw error;
    }
  }

  async #writeGrown(kind: Kind, entries: EntryList): Promise<void> {
    let growing = this.#growing[kind];
    let nextNumber = this.#nextNumber;
    const sealed: Segment[] = [];
    let memory: Uint8Array | undefined;
    let from = 0;
    while (from < entries.length) {
      growing ??= this.#begin(nextNumber++);
      const to = Math.min(entries.length, from + SEGMENT_ENTRIES - growing.segment.count);
      growing = grow(growing, entries.part(from, to));
      from = to;
      const { number, segment, buckets } = growing;
      await this.storage.write(`${LEDGER_FOLDER}/${segmentName(number)}`, segment.content());
      if (segment.count < SEGMENT_ENTRIES) continue;
      memory = segment.memory;
      sealed.push({ name: segmentName(number), buckets });
      growing = undefined;
    }
    this.#segments.push(...sealed);
    this.#growing[kind] = growing;
    this.#nextNumber = nextNumber;
    // Not before: where a write failed, the first of these segments grows again from where it was.
    this.#memory = memory ?? this.#memory;
  }

  #begin(number: number): Growing {
    const memory = this.#memory;
    this.#memory = undefined;
    return { number, segment: GrowingSegment.begin(memory), buckets: new Set() };
  }

  /**
   * Forgets what is not to be remembered.
   * @returns segments that hold nothing else and may be removed once the checkpoint no longer names them
   */
  prune(remembered: Remembered): string[] {
    this.ledger.prune(remembered);
    const isOld = ({ buckets }: Segment): boolean => ![...buckets].some((bucket) => isRemembered(bucket, remembered));
    const old = this.#segments.filter(isOld);
    this.#segments = this.#segments.filter((segment) => !isOld(segment));
    const { backlog } = this.#growing;
    if (backlog !== undefined) {
      const segment = { name: segmentName(backlog.number), buckets: backlog.buckets };
      if (isOld(segment)) {
        old.push(segment);
        this.#growing.backlog = undefined;
      }
    }
    return old.map(({ name }) => name);
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) await this.storage.remove(`${LEDGER_FOLDER}/${name}`);
  }

  /** The newest segment goes on growing where it is not full: else each start would leave a small one behind. */
  async #load(name: string, isNewest: boolean): Promise<void> {
    const content = await this.storage.read(`${LEDGER_FOLDER}/${name}`);
    if (content === undefined) throw missing(name, this.storage.location);
    const entries = EntryList.concat([decodeSegment(content, name)]);
    this.ledger.addAll(entries);
    const number = Number(name.slice(0, 8));
    const grows = isNewest && entries.length < SEGMENT_ENTRIES;
    if (grows) this.#growing.recent = grow(this.#begin(number), entries);
    else this.#segments.push({ name, buckets: addBuckets(new Set(), entries) });
    this.#nextNumber = number + 1;
  }
}

/** The name that comes after all of these. */
export function nextSegmentName(names: readonly string[]): string {
  const numbers = names.filter((name) => SEGMENT_NAME.test(name)).map((name) => Number(name.slice(0, 8)));
  return segmentName(Math.max(0, ...numbers) + 1);
}

function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.bin`;
}

/** Adds entries to a segment, and their minutes to those that it has. */
function grow({ number, segment, buckets }: Growing, entries: EntryList): Growing {
  addBuckets(buckets, entries);
  return { number, segment: segment.with(entries), buckets };
}

function addBuckets(buckets: Set<number>, entries: EntryList): Set<number> {
  let last: number | undefined;
  for (let index = 0; index < entries.length; index += 1) {
    const bucket = entries.bucket(index);
    if (bucket !== last) buckets.add(bucket);
    last = bucket;
  }
  return buckets;
}

function missing(name: string, location: string): ModuleError {
  return new ModuleError('STATE_CORRUPT', `The ledger segment ${name} is missing from ${location}.`, {
    advice:
      "Nothing was collected and nothing was changed. Restore the data path from a copy, or run 'sekoia-module state " +
      "repair': it keeps everything that can still be read and reads the rest again.",
  });
}
