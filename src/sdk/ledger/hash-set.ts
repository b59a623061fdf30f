import type { Hash64 } from './hash.js';

const LEAST_CAPACITY = 64;

/**
 * A set of 64-bit hashes, each with a 16-bit mark, at about 15 bytes an entry: open addressing in two typed arrays, where
 * the pair (0, 0) stands for a free place and the hash (0, 0) itself is remembered beside it.
 */
export class HashSet {
  #slots: Int32Array;
  #marks: Uint16Array;
  #used = 0;
  #markOfZero: number | undefined;

  /** @param expected there is room for so many from the start */
  constructor(expected = 0) {
    let capacity = LEAST_CAPACITY;
    while (expected * 4 > capacity * 3) capacity *= 2;
    this.#slots = new Int32Array(capacity * 2);
    this.#marks = new Uint16Array(capacity);
  }

  get size(): number {
    return this.#used + (this.#markOfZero === undefined ? 0 : 1);
  }

  // A hash is told by its halves: of an object there would be one for each event.

  has(high: number, low: number): boolean {
    return this.mark(high, low) !== undefined;
  }

  /** Undefined where the hash is not in the set. */
  mark(high: number, low: number): number | undefined {
    if (high === 0 && low === 0) return this.#markOfZero;
    const place = this.#place(high, low);
    return this.#isTaken(place) ? this.#marks[place] : undefined;
  }

  /** @returns false where it was there already; its mark is then left as it was */
  add(high: number, low: number, mark = 0): boolean {
    if (high === 0 && low === 0) {
      if (this.#markOfZero !== undefined) return false;
      this.#markOfZero = mark;
      return true;
    }
    const place = this.#place(high, low);
    if (this.#isTaken(place)) return false;
    this.#fill(place, high, low, mark);
    return true;
  }

  /** Adds it, or gives it another mark. @returns the mark before, where it was there already */
  set(high: number, low: number, mark: number): number | undefined {
    if (high === 0 && low === 0) {
      const before = this.#markOfZero;
      this.#markOfZero = mark;
      return before;
    }
    const place = this.#place(high, low);
    if (!this.#isTaken(place)) {
      this.#fill(place, high, low, mark);
      return undefined;
    }
    const before = this.#marks[place];
    this.#marks[place] = mark;
    return before;
  }

  /** Empties it; there is room for as many as before. */
  clear(): void {
    this.#slots.fill(0);
    this.#used = 0;
    this.#markOfZero = undefined;
  }

  /** The marks of all entries, in no order. */
  *marks(): Generator<number> {
    if (this.#markOfZero !== undefined) yield this.#markOfZero;
    for (let place = 0; place < this.#marks.length; place += 1) {
      if (this.#isTaken(place)) yield this.#marks[place] ?? 0;
    }
  }

  /** All entries with their marks, in no order. */
  *entries(): Generator<readonly [Hash64, number]> {
    if (this.#markOfZero !== undefined) yield [{ high: 0, low: 0 }, this.#markOfZero];
    for (let place = 0; place < this.#marks.length; place += 1) {
      const hash = { high: this.#slots[place * 2] ?? 0, low: this.#slots[place * 2 + 1] ?? 0 };
      if (this.#isTaken(place)) yield [hash, this.#marks[place] ?? 0];
    }
  }

  #isTaken(place: number): boolean {
    return this.#slots[place * 2] !== 0 || this.#slots[place * 2 + 1] !== 0;
  }

  /** Where the hash is, or where it would go. Ends because a quarter of the places is always free. */
  #place(high: number, low: number): number {
    const mask = this.#marks.length - 1;
    for (let place = homeOf(high, low) & mask; ; place = (place + 1) & mask) {
      const h = this.#slots[place * 2];
      const l = this.#slots[place * 2 + 1];
      if ((h === high && l === low) || (h === 0 && l === 0)) return place;
    }
  }

  /** Takes a place that was free. */
  #fill(place: number, high: number, low: number, mark: number): void {
    this.#used += 1;
    this.#put(place, high, low, mark);
    if (this.#used * 4 > this.#marks.length * 3) this.#grow();
  }

  #put(place: number, high: number, low: number, mark: number): void {
    this.#slots[place * 2] = high;
    this.#slots[place * 2 + 1] = low;
    this.#marks[place] = mark;
  }

  #grow(): void {
    const [slots, marks] = [this.#slots, this.#marks];
    this.#slots = new Int32Array(slots.length * 2);
    this.#marks = new Uint16Array(marks.length * 2);
    for (let place = 0; place < marks.length; place += 1) {
      const high = slots[place * 2] ?? 0;
      const low = slots[place * 2 + 1] ?? 0;
      if (high !== 0 || low !== 0) this.#put(this.#place(high, low), high, low, marks[place] ?? 0);
    }
  }
}

function homeOf(high: number, low: number): number {
  return low ^ Math.imul(high, 31);
}
