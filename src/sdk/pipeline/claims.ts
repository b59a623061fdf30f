import type { HashSet } from '../ledger/hash-set.js';

const CLAIMED = 1;
const GIVEN_UP = 0;

/** The events of one batch, and between which minutes they lie. */
export class Claims {
  #fromBucket = Infinity;
  #toBucket = -Infinity;

  /** @param hashes memory for them, with none in it */
  constructor(readonly hashes: HashSet) {}

  /** Whether there may be events of this minute. */
  reach(bucket: number): boolean {
    return bucket >= this.#fromBucket && bucket <= this.#toBucket;
  }

  /** There will be events of this minute. */
  reachOut(bucket: number): void {
    if (bucket < this.#fromBucket) this.#fromBucket = bucket;
    if (bucket > this.#toBucket) this.#toBucket = bucket;
  }

  /** @returns false where the event is among them already */
  add(high: number, low: number): boolean {
    return this.hashes.set(high, low, CLAIMED) !== CLAIMED;
  }

  has(high: number, low: number): boolean {
    return this.hashes.mark(high, low) === CLAIMED;
  }

  giveUp(high: number, low: number): void {
    if (this.has(high, low)) this.hashes.set(high, low, GIVEN_UP);
  }
}
