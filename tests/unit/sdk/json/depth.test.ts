import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { isTooDeep } from '../../../../src/sdk/json/depth.js';

const nested = (levels: number, open = '[', close = ']'): string => open.repeat(levels) + close.repeat(levels);

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('a JSON text', () => {
  it.each([
    ['of 64 levels', nested(64), false],
    ['of 65 levels', nested(65), true],
    ['of 65 objects', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, true],
    [
      'of 33 lists around 32 objects',
      `${'['.repeat(33)}${'{"a":'.repeat(32)}1${'}'.repeat(32)}${']'.repeat(33)}`,
      true,
    ],
    [
      'of 32 lists around 32 objects',
      `${'['.repeat(32)}${'{"a":'.repeat(32)}1${'}'.repeat(32)}${']'.repeat(32)}`,
      false,
    ],
    ['that is wide', JSON.stringify(Array.from({ length: 1000 }, () => [{ a: [] }])), false],
    ['with brackets in a text', JSON.stringify({ a: nested(1000), b: `\\"${'{'.repeat(1000)}` }), false],
    ['that never closes', '['.repeat(1_000_000), true],
    ['that is empty', '', false],
  ])('%s: too deep is %s', (_, text, isDeep) => {
    expect(isTooDeep(text)).toBe(isDeep);
  });

  it('is never called too deep where it is not', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 12 }), (text) => {
        expect(isTooDeep(text)).toBe(depthOf(JSON.parse(text)) > 64);
      }),
    );
  });

  it('of many megabytes is looked at in a moment, which parsing it would not be', () => {
    const startedAt = performance.now();
    expect(isTooDeep(nested(4_000_000))).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
