import type { RawEvent } from '../pipeline/source.js';
import { hash64, type Hash64 } from './hash.js';
import { HashSet } from './hash-set.js';

const BUCKET_MS = 60_000;
/** The last minute that a segment can hold, in the year 6053: it stands for all that come after it. */
const LAST_BUCKET = 2 ** 31 - 1;

/** Identity of an event as the ledger keeps it: the minute it happened in, and a hash of its id. */
export interface LedgerKey extends Hash64 {
  /**
   * Minutes since the epoch of the event's timestamp. An event without a readable timestamp has no such minute: its
   * bucket is the minute it was first seen, negated and less one, so that the two kinds never meet.
   */
  readonly bucket: number;
}

/**
 * The ids already delivered, by minute of event time. It answers 'was this delivered?', so that reading a range twice
 * delivers nothing twice.
 */
export class Ledger {
  readonly #buckets = new Map<number, HashSet>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /**
   * The key of an event. One without an id is known by its whole text.
   * @param seenMs epoch milliseconds of the sighting, for events without a timestamp
   */
  static keyOf(event: RawEvent, seenMs: number): LedgerKey {
    const hash = hash64(event.id === undefined ? event.bytes : Buffer.from(event.id));
    const bucket = event.timestampMs === undefined ? undatedBucket(seenMs) : datedBucket(event.timestampMs);
    return { bucket, high: hash.high, low: hash.low };
  }

  has(key: LedgerKey): boolean {
    if (key.bucket >= 0) return this.#buckets.get(key.bucket)?.has(key) ?? false;
    // Seen again at another minute, an undated event is still the same one.
    for (const [bucket, hashes] of this.#buckets) if (bucket < 0 && hashes.has(key)) return true;
    return false;
  }

  /** @returns false where it was there already */
  add(key: LedgerKey): boolean {
    let hashes = this.#buckets.get(key.bucket);
    if (hashes === undefined) {
      hashes = new HashSet();
      this.#buckets.set(key.bucket, hashes);
    }
    const added = hashes.add(key);
    if (added) this.#size += 1;
    return added;
  }

  /** Forgets every bucket that ended at or before `beforeMs` (epoch milliseconds). */
  prune(beforeMs: number): void {
    for (const [bucket, hashes] of this.#buckets) {
      if (bucketEndMs(bucket) > beforeMs) continue;
      this.#buckets.delete(bucket);
      this.#size -= hashes.size;
    }
  }
}

/** Epoch milliseconds at which a bucket's minute is over. */
export function bucketEndMs(bucket: number): number {
  return ((bucket < 0 ? -bucket - 1 : bucket) + 1) * BUCKET_MS;
}

function undatedBucket(seenMs: number): number {
  return -Math.floor(seenMs / BUCKET_MS) - 1;
}

function datedBucket(timestampMs: number): number {
  return Math.min(Math.floor(timestampMs / BUCKET_MS), LAST_BUCKET);
}
