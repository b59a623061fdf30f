import { beforeAll, describe, expect, it } from '@jest/globals';

import { simulateSeeds, type SeedResults } from '../support/simulate-seeds.js';
import { RECONCILIATION_VARIANTS, VARIANTS } from './variants.js';

describe.each([
  ['a connector that', VARIANTS, []],
  ['a connector that compares counts, and', RECONCILIATION_VARIANTS, ['--reconciliation']],
])('%s', (_, variants, flags) => {
  const names = variants.map(({ name }) => name);
  let results: readonly SeedResults[];

  /** Of each broken connector the first of 1,000 seeds that catches it. */
  beforeAll(async () => {
    const named = names.flatMap((name) => ['--variant', name]);
    results = await simulateSeeds(...named, '--first', '--seeds', '1000', ...flags);
  }, 480_000);

  it.each(names.map((name) => [name.replaceAll('-', ' '), name] as const))('%s is caught', (__, name) => {
    expect(results.find(({ variant }) => variant === name)?.failures[0]?.seed).toBeDefined();
  });
});
