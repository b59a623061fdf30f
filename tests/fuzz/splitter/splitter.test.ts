import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { describe, expect, it } from '@jest/globals';

import { drawCase } from './draw-text.js';
import { shrinkCase } from './shrink-case.js';

describe('the splitter, held against JSON.parse', () => {
  // Outside of the test runner, where it takes a fraction of the time.
  it('splits a hundred thousand texts, whole and broken, as JSON.parse reads them', async () => {
    const program = 'build/simulation/tests/fuzz/splitter/cli.js';
    const { stdout } = await promisify(execFile)(process.execPath, [program, '--cases', '100000']);
    expect(stdout).toMatch(/^100000 texts split as JSON.parse reads them/);
  }, 120_000);

  it('is given whole, sloppy, broken and cut texts, in one piece and in many, the same for the same seed', () => {
    const cases = Array.from({ length: 500 }, (_, seed) => drawCase(seed));
    expect(cases[7]).toEqual(drawCase(7));
    const whole = cases.filter(({ events }) => events !== undefined);
    expect(whole.length).toBeGreaterThan(200);
    expect(cases.length - whole.length).toBeGreaterThan(100);
    expect(cases.filter(({ cuts }) => cuts.length > 0).length).toBeGreaterThan(200);
    expect(cases.filter(({ bytes }) => bytes.includes('\\u')).length).toBeGreaterThan(50);
  });

  it('makes a case that fails as small as it still fails', () => {
    const failing = { bytes: Buffer.from('[{"id":"a"},{"bad":1},7]'), cuts: [3, 9, 14], events: 3 };
    const smallest = shrinkCase(failing, ({ bytes }) => bytes.includes('bad'));
    expect(smallest).toEqual({ bytes: Buffer.from('bad'), cuts: [], events: undefined });
  });
});
