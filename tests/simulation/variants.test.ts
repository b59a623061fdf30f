import { describe, expect, it } from '@jest/globals';

import { simulateSeeds } from '../support/simulate-seeds.js';
import { RECONCILIATION_VARIANTS, VARIANTS } from './variants.js';

/** The first of 1,000 seeds that catches a broken connector. */
async function firstSeedThatCatches(name: string, ...flags: readonly string[]): Promise<number | undefined> {
  const { failures } = await simulateSeeds('--variant', name, '--first', '--seeds', '1000', ...flags);
  return failures[0]?.seed;
}

describe('a connector that', () => {
  it.each(VARIANTS.map(({ name }) => [name.replaceAll('-', ' '), name] as const))(
    '%s is caught',
    async (_, name) => {
      await expect(firstSeedThatCatches(name)).resolves.toBeDefined();
    },
    120_000,
  );
});

describe('a connector that compares counts, and', () => {
  it.each(RECONCILIATION_VARIANTS.map(({ name }) => [name.replaceAll('-', ' '), name] as const))(
    '%s is caught',
    async (_, name) => {
      await expect(firstSeedThatCatches(name, '--reconciliation')).resolves.toBeDefined();
    },
    120_000,
  );
});
