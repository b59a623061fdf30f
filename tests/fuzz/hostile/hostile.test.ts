import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { describe, expect, it } from '@jest/globals';

import { createSeededRandom } from '../../../src/simulators/random.js';
import { attack, TARGETS } from './attack.js';
import { mutateBytes, mutateJson, mutateValue } from './mutate.js';
import type { Target } from './target.js';

const PROGRAM = 'build/simulation/tests/fuzz/hostile/cli.js';

describe('what others wrote', () => {
  // Outside of the test runner, where it takes a fraction of the time.
  it('ends in a typed error or is right, ten thousand times', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, '--cases', '10000']);
    expect(stdout).toMatch(/^10000 hostile inputs ended in a typed error or were right/);
  }, 120_000);

  it('reaches every part that reads it', () => {
    expect(new Set(TARGETS.map(({ name }) => name)).size).toBe(6);
  });
});

describe('an attack', () => {
  const targetThat = (run: () => Promise<string | undefined>): Target[] => [{ name: 'it', attack: run }];

  it.each([
    ['says what is wrong', () => Promise.resolve('wrong'), 'it: wrong'],
    ['tells of an error that nobody named', () => Promise.reject(new RangeError('out of range')), 'RangeError: out of'],
    ['finds nothing where nothing is', () => Promise.resolve(undefined), undefined],
  ])('%s', async (_, run: () => Promise<string | undefined>, expected) => {
    const fault = await attack(1, targetThat(run));
    if (expected === undefined) expect(fault).toBeUndefined();
    else expect(fault).toContain(expected);
  });

  it('finds a prototype that was changed', async () => {
    const shared = Object.prototype as { polluted?: number };
    const fault = await attack(
      1,
      targetThat(() => {
        shared.polluted = 1;
        return Promise.resolve(undefined);
      }),
    );
    delete shared.polluted;
    expect(fault).toBe('it: a prototype that all share was changed');
  });

  it('is the same for the same seed, and leaves what it was made of alone', () => {
    const honest = { a: [1, { b: 'x' }], c: null };
    const drawn = (seed: number): unknown[] => {
      const random = createSeededRandom(seed);
      return [mutateBytes(Buffer.from('abc'), random), mutateValue(honest, random), mutateJson(honest, random)];
    };
    expect(drawn(7)).toEqual(drawn(7));
    expect(honest).toEqual({ a: [1, { b: 'x' }], c: null });
    const forms = Array.from({ length: 300 }, (_, seed) => JSON.stringify(drawn(seed)));
    expect(new Set(forms).size).toBeGreaterThan(290);
    expect(forms.some((form) => form.includes('__proto__'))).toBe(true);
  });
});
