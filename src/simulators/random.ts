/**
 * A repeatable source of randomness. Two simulators that are given the same seed play the same day.
 */
export interface SeededRandom {
  /** The next 32 bits, as an unsigned integer. */
  bits(): number;
  /** A number in [0, 1). */
  fraction(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean;
  /** One item of a list that has at least one. */
  pick<T>(items: readonly T[]): T;
  /** `digits` lower-case hexadecimal digits; a multiple of four. */
  hex(digits: number): string;
}

const FOUR_HEX_DIGITS = Array.from({ length: 0x10000 }, (_, value) => value.toString(16).padStart(4, '0'));

/** The sfc32 generator (Chris Doty-Humphrey, public domain), with its state filled from one 32-bit seed. */
export function createSeededRandom(seed: number): SeededRandom {
  let [a, b, c, counter] = [seed | 0, 0x9e3779b9 | 0, 0x243f6a88 | 0, 1];

  const bits = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // The first outputs still resemble the seed.
  for (let round = 0; round < 16; round++) bits();

  const below = (bound: number): number => Math.floor((bits() / 0x1_0000_0000) * bound);
  return {
    bits,
    below,
    fraction: () => bits() / 0x1_0000_0000,
    chance: (probability) => bits() < probability * 0x1_0000_0000,
    pick: <T>(items: readonly T[]): T => items[below(items.length)] as T,
    hex: (digits) => {
      let text = '';
      for (let done = 0; done < digits; done += 8) {
        const value = bits();
        text += FOUR_HEX_DIGITS[value >>> 16] as string;
        if (done + 4 < digits) text += FOUR_HEX_DIGITS[value & 0xffff] as string;
      }
      return text;
    },
  };
}

/** A 32-bit hash of a text (FNV-1a), to take a decision about a thing that does not depend on when one asks. */
export function hashText(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) | 0;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // FNV leaves the high bits of short texts poorly mixed.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
