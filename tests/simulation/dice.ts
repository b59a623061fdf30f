import { createSeededRandom, type SeededRandom } from '../../src/simulators/random.js';

/** Throws of which a scenario is made: the same ones for the same seed. */
export interface Dice extends SeededRandom {
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  /** An instant or length in quarters of a millisecond, so that sums stay exact. */
  quarters(least: number, most: number): number;
}

export function createDice(seed: number): Dice {
  const random = createSeededRandom(seed);
  return {
    ...random,
    between: (least, most) => least + random.below(most - least + 1),
    quarters: (least, most) => least + random.below((most - least) * 4 + 1) / 4,
  };
}
