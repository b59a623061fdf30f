import { hash } from 'node:crypto';

/** The first 64 bits of a text's SHA-1, as two unsigned 32-bit numbers. */
export interface TextDigest {
  readonly high: number;
  readonly low: number;
}

/** Digests a text (its UTF-8 bytes), so that millions can be compared byte for byte without being kept. */
export function digestText(text: string | Buffer): TextDigest {
  const digest = hash('sha1', text, 'binary');
  return { high: word(digest, 0), low: word(digest, 4) };
}

function word(digest: string, at: number): number {
  return (
    ((digest.charCodeAt(at) << 24) |
      (digest.charCodeAt(at + 1) << 16) |
      (digest.charCodeAt(at + 2) << 8) |
      digest.charCodeAt(at + 3)) >>>
    0
  );
}

/**
 * How often each text was seen. An open-addressing table of digests: 12 bytes a slot, at most half of them used, which
 * makes a million texts cost some 24 MB. Two of a million texts share a digest with a probability of 3 in 10^8.
 */
export class TextTally {
  #high = new Uint32Array(1024);
  #low = new Uint32Array(1024);
  #counts = new Uint32Array(1024);
  #distinct = 0;
  #total = 0;

  /** Different texts seen. */
  get distinct(): number {
    return this.#distinct;
  }

  /** Texts seen, each as often as it came. */
  get total(): number {
    return this.#total;
  }

  /** Counts a text once more and returns how often it has now been seen. */
  add(digest: TextDigest): number {
    if (this.#distinct * 2 >= this.#counts.length) this.#grow();
    const slot = this.#slotOf(digest);
    if (this.#counts[slot] === 0) {
      this.#high[slot] = digest.high;
      this.#low[slot] = digest.low;
      this.#distinct++;
    }
    this.#total++;
    return (this.#counts[slot] = (this.#counts[slot] as number) + 1);
  }

  /** How often the text was seen. */
  count(digest: TextDigest): number {
    return this.#counts[this.#slotOf(digest)] as number;
  }

  /** Forgets everything. */
  clear(): void {
    this.#counts.fill(0);
    this.#distinct = 0;
    this.#total = 0;
  }

  #slotOf({ high, low }: TextDigest): number {
    const mask = this.#counts.length - 1;
    let slot = low & mask;
    while (this.#counts[slot] !== 0 && (this.#low[slot] !== low || this.#high[slot] !== high)) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [high, low, counts] = [this.#high, this.#low, this.#counts];
    this.#high = new Uint32Array(counts.length * 2);
    this.#low = new Uint32Array(counts.length * 2);
    this.#counts = new Uint32Array(counts.length * 2);
    for (let old = 0; old < counts.length; old++) {
      if (counts[old] === 0) continue;
      const slot = this.#slotOf({ high: high[old] as number, low: low[old] as number });
      this.#high[slot] = high[old] as number;
      this.#low[slot] = low[old] as number;
      this.#counts[slot] = counts[old] as number;
    }
  }
}
