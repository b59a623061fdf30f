import { describe, expect, it } from '@jest/globals';

import { drawScenario } from './draw-scenario.js';
import { RECONCILIATION_VARIANTS, VARIANTS } from './variants.js';
import { runScenario } from './world.js';

const MOST_SEEDS = 1000;

describe('a connector that', () => {
  it.each(VARIANTS.map((variant) => [variant.name.replaceAll('-', ' '), variant] as const))(
    '%s is caught',
    async (_, variant) => {
      let seed = 1;
      while (seed <= MOST_SEEDS) {
        const { violation } = await runScenario(drawScenario(seed), { variant });
        if (violation !== undefined) break;
        seed += 1;
      }
      expect(seed).toBeLessThanOrEqual(MOST_SEEDS);
    },
    120_000,
  );
});

describe('a connector that compares counts, and', () => {
  it.each(RECONCILIATION_VARIANTS.map((variant) => [variant.name.replaceAll('-', ' '), variant] as const))(
    '%s is caught',
    async (_, variant) => {
      let seed = 1;
      while (seed <= MOST_SEEDS) {
        const { violation } = await runScenario(drawScenario(seed, { reconciliation: true }), { variant });
        if (violation !== undefined) break;
        seed += 1;
      }
      expect(seed).toBeLessThanOrEqual(MOST_SEEDS);
    },
    120_000,
  );
});
