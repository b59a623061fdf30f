import type { Hash64 } from './hash.js';

const INITIAL_CAPACITY = 64;

/**
 * A set of 64-bit hashes at about 12 bytes each: open addressing in one typed array, where the pair (0, 0) marks a free
 * place and the hash (0, 0) itself is remembered beside it.
 */
export class HashSet {
  #slots = new Uint32Array(INITIAL_CAPACITY * 2);
  #used = 0;
  #hasZero = false;

  get size(): number {
    return this.#used + (this.#hasZero ? 1 : 0);
  }

  has({ high, low }: Hash64): boolean {
    if (high === 0 && low === 0) return this.#hasZero;
    const place = this.#place(high, low);
    return this.#slots[place] !== 0 || this.#slots[place + 1] !== 0;
  }

  /** @returns false where it was there already */
  add({ high, low }: Hash64): boolean {
    if (high === 0 && low === 0) {
      const added = !this.#hasZero;
      this.#hasZero = true;
      return added;
    }
    const place = this.#place(high, low);
    if (this.#slots[place] !== 0 || this.#slots[place + 1] !== 0) return false;
    this.#slots[place] = high;
    this.#slots[place + 1] = low;
    this.#used += 1;
    if (this.#used * 4 > this.#capacity * 3) this.#grow();
    return true;
  }

  get #capacity(): number {
    return this.#slots.length / 2;
  }

  /** Where the hash is, or where it would go. Ends because a quarter of the places is always free. */
  #place(high: number, low: number): number {
    const mask = this.#capacity - 1;
    for (let index = (low ^ Math.imul(high, 31)) & mask; ; index = (index + 1) & mask) {
      const [h, l] = [this.#slots[index * 2], this.#slots[index * 2 + 1]];
      if ((h === high && l === low) || (h === 0 && l === 0)) return index * 2;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let index = 0; index < old.length; index += 2) {
      const [high, low] = [old[index] ?? 0, old[index + 1] ?? 0];
      if (high === 0 && low === 0) continue;
      const place = this.#place(high, low);
      this.#slots[place] = high;
      this.#slots[place + 1] = low;
    }
  }
}
