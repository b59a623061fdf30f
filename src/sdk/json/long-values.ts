import { isJson, type ValueListener } from './json-text.js';

/** What is shorter is read again as quickly as it is looked up. */
const LONG_BYTES = 64;

/** A value takes so many numbers: its begin, its end, and how many children it has. */
const STRIDE = 3;

/**
 * Where the long values of a JSON text end, and how many children they have, taken down in one reading: so that cutting at
 * one place, and then inside it, does not read all that is behind it again and again.
 */
export class LongValues implements ValueListener {
  /** In the order of their begins. */
  #values = new Int32Array(STRIDE * 256);
  #used = 0;
  #depth = 0;
  /** Of the lists and objects that are open, by depth: where they stand in `#values`, and their children so far. */
  readonly #places: Int32Array;
  readonly #children: Int32Array;

  private constructor(private readonly deepest: number) {
    this.#places = new Int32Array(deepest + 1);
    this.#children = new Int32Array(deepest + 1);
  }

  /**
   * @param deepest how deep values are taken down; the outermost has depth 0
   * @returns undefined where the bytes are not one JSON value; UTF-8 is not looked at
   */
  static of(text: Uint8Array, deepest: number): LongValues | undefined {
    const values = new LongValues(deepest);
    return isJson(text, values) ? values : undefined;
  }

  /** Behind the value that begins there; undefined where it is short, or too deep. */
  readonly endOf = (start: number): number | undefined => {
    const place = this.#find(start);
    return place < 0 ? undefined : this.#values[place + 1];
  };

  /** How many items or members the list or object has that begins there; undefined where it is short, or too deep. */
  childrenAt(start: number): number | undefined {
    const place = this.#find(start);
    return place < 0 ? undefined : this.#values[place + 2];
  }

  opened(start: number): void {
    const depth = this.#depth;
    this.#depth += 1;
    if (depth > 0) this.#countChild(depth - 1);
    if (depth > this.deepest) return;
    this.#places[depth] = this.#used;
    this.#children[depth] = 0;
    this.#add(start, start);
  }

  closed(end: number): void {
    this.#depth -= 1;
    if (this.#depth > this.deepest) return;
    const place = this.#places[this.#depth] ?? 0;
    // What is inside a short one is shorter, and gone already.
    if (end - (this.#values[place] ?? 0) < LONG_BYTES) this.#used = place;
    else {
      this.#values[place + 1] = end;
      this.#values[place + 2] = this.#children[this.#depth] ?? 0;
    }
  }

  scalar(start: number, end: number): void {
    if (this.#depth > 0) this.#countChild(this.#depth - 1);
    if (end - start >= LONG_BYTES && this.#depth <= this.deepest) this.#add(start, end);
  }

  #countChild(depth: number): void {
    if (depth <= this.deepest) this.#children[depth] = (this.#children[depth] ?? 0) + 1;
  }

  #add(start: number, end: number): void {
    if (this.#used === this.#values.length) {
      const larger = new Int32Array(this.#used * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#used] = start;
    this.#values[this.#used + 1] = end;
    this.#values[this.#used + 2] = 0;
    this.#used += STRIDE;
  }

  /** Where the value that begins there stands in `#values`; -1 where it does not. */
  #find(start: number): number {
    let [low, high] = [0, this.#used / STRIDE - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#values[middle * STRIDE] ?? 0;
      if (found === start) return middle * STRIDE;
      if (found < start) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
