import type { RawEvent } from '../pipeline/raw-event.js';
import { type Border, findBorder } from './border.js';
import { BUCKET_MS, bucketOf, isRemembered, type Remembered, undatedBucketOf } from './bucket.js';
import { EntryList } from './entry-list.js';
import { hash64, hashText, type Hash64 } from './hash.js';
import { HashSet } from './hash-set.js';
import type { LedgerEntry, LedgerKey } from './ledger-entry.js';

export type { LedgerEntry, LedgerKey } from './ledger-entry.js';

/** Room is made at once for no more events of a minute: 10 KiB. */
const MOST_EXPECTED = 768;

/** Numbers of events in a range of event time. */
export interface LedgerCount {
  readonly delivered: number;
  readonly deadLettered: number;
}

/** One minute: all its events, and which of them went to the dead letter: most of the time none, and there is no map of none. */
interface Minute {
  readonly all: HashSet;
  deadLettered: Map<string, number> | undefined;
}

/**
 * The events already accounted for, by minute of event time. It answers 'was this delivered?', so that reading a range
 * twice delivers nothing twice, and 'how many between A and B?', so that counts can be compared with the source's.
 */
export class Ledger {
  readonly #minutes = new Map<number, Minute>();
  /** By the minute in which events without a timestamp were first seen. */
  readonly #undated = new Map<number, Minute>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /**
   * The key of an event, as the entry that it is once delivered. One without an id is known by its whole text.
   * @param seenMs epoch milliseconds of the sighting, for events without a timestamp
   */
  static keyOf(event: RawEvent, seenMs: number): LedgerEntry {
    const { high, low } = event.id === undefined ? hash64(event.bytes) : hashText(event.id);
    const { timestampMs } = event;
    if (timestampMs === undefined) {
      return { bucket: undatedBucketOf(seenMs), place: 0, high, low, isDeadLettered: false };
    }
    const place = timestampMs - Math.floor(timestampMs / BUCKET_MS) * BUCKET_MS;
    return { bucket: bucketOf(timestampMs), place, high, low, isDeadLettered: false };
  }

  has({ bucket, high, low }: LedgerKey): boolean {
    if (bucket >= 0) return this.#minutes.get(bucket)?.all.has(high, low) ?? false;
    // Seen again at another minute, an undated event is still the same one.
    for (const { all } of this.#undated.values()) if (all.has(high, low)) return true;
    return false;
  }

  /** Which of those from `from` on is the first that is known; the length of the list where none is. */
  firstKnown(keys: EntryList, from: number): number {
    let minute: Minute | undefined;
    let bucketOfMinute = NaN;
    for (let index = from; index < keys.length; index += 1) {
      const bucket = keys.bucket(index);
      if (bucket < 0) {
        if (this.has(keys.at(index))) return index;
        continue;
      }
      // Most events are of the same minute as the one before.
      if (bucket !== bucketOfMinute) {
        minute = this.#minutes.get(bucket);
        bucketOfMinute = bucket;
      }
      if (minute?.all.has(keys.high(index), keys.low(index)) === true) return index;
    }
    return keys.length;
  }

  /**
   * Takes an event in. One that was dead-lettered before may be delivered now, not the other way round.
   * @returns false where that says nothing new
   */
  add(entry: LedgerEntry): boolean {
    const minute = this.#minuteOf(entry.bucket);
    if (!minute.all.add(entry.high, entry.low, entry.place)) {
      return !entry.isDeadLettered && minute.deadLettered?.delete(nameOf(entry)) === true;
    }
    if (entry.isDeadLettered) (minute.deadLettered ??= new Map()).set(nameOf(entry), entry.place);
    this.#size += 1;
    return true;
  }

  /** Takes many in. @returns those that say something new */
  addAll(entries: EntryList): EntryList {
    const fresh = new EntryList();
    let minute: Minute | undefined;
    let bucketOfMinute = NaN;
    let runFrom = 0;
    for (let index = 0; index < entries.length; index += 1) {
      const bucket = entries.bucket(index);
      if (bucket !== bucketOfMinute) {
        minute = this.#minuteOf(bucket);
        bucketOfMinute = bucket;
      }
      // Of nearly all of them nothing was known, and they were delivered.
      if (
        !entries.isDeadLettered(index) &&
        minute?.all.add(entries.high(index), entries.low(index), entries.place(index)) === true
      ) {
        this.#size += 1;
        continue;
      }
      if (this.add(entries.at(index))) continue;
      fresh.appendRun(entries, runFrom, index);
      runFrom = index + 1;
    }
    if (runFrom === 0) return entries;
    fresh.appendRun(entries, runFrom, entries.length);
    return fresh;
  }

  /** How many dated events lie in `[fromMs, toMs)`, epoch milliseconds. */
  count(fromMs: number, toMs: number): LedgerCount {
    let [all, deadLettered] = [0, 0];
    for (const [bucket, minute] of this.#between(fromMs, toMs)) {
      const [from, to] = [fromMs - bucket * BUCKET_MS, toMs - bucket * BUCKET_MS];
      const isWhole = from <= 0 && to >= BUCKET_MS;
      all += isWhole ? minute.all.size : countBetween(minute.all.marks(), from, to);
      deadLettered += countBetween(minute.deadLettered?.values() ?? [], from, to);
    }
    return { delivered: all - deadLettered, deadLettered };
  }

  /** The dated events in `[fromMs, toMs)`, epoch milliseconds, in no order. */
  *entries(fromMs: number, toMs: number): Generator<LedgerEntry> {
    for (const [bucket, { all, deadLettered }] of this.#between(fromMs, toMs)) {
      const [from, to] = [fromMs - bucket * BUCKET_MS, toMs - bucket * BUCKET_MS];
      for (const [hash, place] of all.entries()) {
        if (place < from || place >= to) continue;
        yield { ...hash, bucket, place, isDeadLettered: deadLettered?.has(nameOf(hash)) === true };
      }
    }
  }

  /** When the last dated event in `[fromMs, toMs)` happened, epoch milliseconds; undefined where there is none. */
  lastMs(fromMs: number, toMs: number): number | undefined {
    let lastMs: number | undefined;
    for (const [bucket, { all }] of this.#between(fromMs, toMs)) {
      for (const place of all.marks()) {
        const atMs = bucket * BUCKET_MS + place;
        if (atMs >= fromMs && atMs < toMs && atMs > (lastMs ?? -Infinity)) lastMs = atMs;
      }
    }
    return lastMs;
  }

  /** The border nearest to `nearMs`, searched in the direction of `untilMs`: see `findBorder`. */
  border(nearMs: number, untilMs: number): Border | undefined {
    return findBorder((bucket) => this.#minutes.get(bucket)?.all.marks(), nearMs, untilMs);
  }

  /** Forgets every minute that is not to be remembered. */
  prune(remembered: Remembered): void {
    for (const minutes of [this.#minutes, this.#undated]) {
      // Of thousands of minutes a loop over entries would make an array and an object each.
      minutes.forEach(({ all }, bucket) => {
        if (isRemembered(bucket, remembered)) return;
        minutes.delete(bucket);
        this.#size -= all.size;
      });
    }
  }

  #minuteOf(bucket: number): Minute {
    const minutes = bucket < 0 ? this.#undated : this.#minutes;
    let minute = minutes.get(bucket);
    if (minute === undefined) {
      // As many as in the minute before: a set that grows leaves as much memory behind as it takes.
      const expected = Math.min(minutes.get(bucket - 1)?.all.size ?? 0, MOST_EXPECTED);
      minute = { all: new HashSet(expected), deadLettered: undefined };
      minutes.set(bucket, minute);
    }
    return minute;
  }

  /** The dated minutes that reach into `[fromMs, toMs)`: looked up one by one, where that is less than to look at all. */
  *#between(fromMs: number, toMs: number): Generator<[number, Minute]> {
    const [first, end] = [Math.floor(fromMs / BUCKET_MS), Math.ceil(toMs / BUCKET_MS)];
    if (!(end - first < this.#minutes.size)) {
      for (const entry of this.#minutes) if (entry[0] >= first && entry[0] < end) yield entry;
      return;
    }
    for (let bucket = first; bucket < end; bucket += 1) {
      const minute = this.#minutes.get(bucket);
      if (minute !== undefined) yield [bucket, minute];
    }
  }
}

function nameOf({ high, low }: Hash64): string {
  return `${high}.${low}`;
}

function countBetween(places: Iterable<number>, from: number, to: number): number {
  let count = 0;
  for (const place of places) if (place >= from && place < to) count += 1;
  return count;
}
