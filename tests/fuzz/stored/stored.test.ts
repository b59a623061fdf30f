import { describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';

import type { Random } from '../../../src/sdk/ports.js';
import { readStored, type StoredResult } from '../../support/read-stored.js';
import { seededRandom } from '../../support/seeded-random.js';
import { type ApiEvent, LAYOUTS, zstdStored } from '../../support/stored-fixtures.js';

const CASES = 1500;
const SCRAPS = [
  '\n',
  '\r\n',
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ',',
  ':',
  '{"a":',
  '[{',
  '}\n{',
  '\ufeff',
  'null',
  '\u0000',
  ' ',
];

describe('stored objects that somebody damaged', () => {
  it('give the same events and faults in whatever pieces they come, and no byte that is not theirs', async () => {
    for (let seed = 1; seed <= CASES; seed += 1) {
      const random = seededRandom(seed);
      const content = damaged(drawContent(random), random);
      const whole = await readStored(content);
      const lengths = [1 + pick(random, 9), 1 + pick(random, 40)];
      expect([seed, await readStored(content, { lengths })]).toEqual([seed, whole]);
      expect([seed, faultOf(whole, content)]).toEqual([seed, undefined]);
    }
  });

  it('are read to an end where their compression is damaged', async () => {
    for (let seed = 1; seed <= CASES / 5; seed += 1) {
      const random = seededRandom(seed);
      const content = drawContent(random);
      const stored = damaged(random() < 0.5 ? gzipSync(content) : zstdStored(content, 64), random);
      const { texts, faults } = await readStored(stored, { lengths: [1 + pick(random, 50)] });
      for (const text of texts) expect(text).toMatch(/^\{[^]*\}$/);
      expect(faults.filter(({ rest }) => rest === 'end').length).toBeLessThanOrEqual(1);
    }
  });
});

/** What is wrong with events and faults: each is where it is said to be, behind the one before, and there is one last fault. */
function faultOf({ texts, places, faults }: StoredResult, content: Buffer): string | undefined {
  const parts = [...places, ...faults.map(({ offset, end }): [number, number] => [offset, end])];
  parts.sort(([a, to], [b, upTo]) => a - b || to - upTo);
  for (const [index, [offset, end]] of parts.entries()) {
    if (offset > end || end > content.length) return `a part from ${offset} to ${end}`;
    if ((parts[index + 1]?.[0] ?? end) < end) return `parts overlap at ${end}`;
  }
  for (const [index, text] of texts.entries()) {
    const [offset, end] = places[index] ?? [0, 0];
    if (content.toString('utf8', offset, end) !== text) return `event ${index} has other bytes`;
    if (!text.startsWith('{') || !text.endsWith('}')) return `event ${index} is no object`;
  }
  const last = faults.findIndex(({ rest }) => rest === 'end');
  return last < 0 || last === faults.length - 1 ? undefined : 'something follows the end';
}

function drawContent(random: Random): Buffer {
  const layouts = Object.values(LAYOUTS);
  const events = Array.from({ length: pick(random, 7) }, (_, n): ApiEvent => ({
    id: `e${n}`,
    list: random() < 0.5 ? [{ a: n }, { b: [] }] : {},
    text: SCRAPS[pick(random, SCRAPS.length)] ?? '',
  }));
  return layouts[pick(random, layouts.length)]?.(events).content ?? Buffer.alloc(0);
}

function damaged(content: Buffer, random: Random): Buffer {
  let bytes = content;
  for (let times = 1 + pick(random, 3); times > 0; times -= 1) {
    const [at, length] = [pick(random, bytes.length + 1), random() < 0.5 ? 0 : 1 + pick(random, 6)];
    const scrap = random() < 0.3 ? '' : (SCRAPS[pick(random, SCRAPS.length)] ?? '');
    const rest = random() < 0.1 ? Buffer.alloc(0) : bytes.subarray(at + length);
    bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(scrap), rest]);
  }
  return bytes;
}

function pick(random: Random, below: number): number {
  return Math.floor(random() * below);
}
