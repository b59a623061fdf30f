import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { escaped } from '../../../../src/sdk/intake/json-escape.js';

function escape(text: Uint8Array): Buffer {
  const pieces: Buffer[] = [];
  for (const piece of escaped(text)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

describe('escaped', () => {
  it('is undone by JSON.parse, for every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80, size: 'max' }), (text) => {
        expect(JSON.parse(`"${escape(Buffer.from(text)).toString('utf8')}"`)).toBe(text);
      }),
      { numRuns: 120 },
    );
  });

  it('writes every character as JSON.stringify does', () => {
    const characters = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code));
    const different = characters.filter(
      (text) => `"${escape(Buffer.from(text)).toString('utf8')}"` !== JSON.stringify(text),
    );
    expect(different).toEqual([]);
  });

  it('leaves bytes alone that are no UTF-8', () => {
    const bytes = Uint8Array.from({ length: 128 }, (_, n) => 128 + n);
    expect([...escape(bytes)]).toEqual([...bytes]);
  });

  it('gives a text of any length in pieces that follow each other', () => {
    for (const length of [1, 15, 16, 17, 65_535, 65_536, 65_537, 200_000]) {
      const text = Uint8Array.from({ length }, (_, n) => (n * n) % 128);
      const written = JSON.stringify(Buffer.from(text).toString('latin1'));
      expect(`"${escape(text).toString('latin1')}"` === written).toBe(true);
    }
  });

  it('writes nothing for an empty text', () => {
    expect(escape(new Uint8Array())).toHaveLength(0);
  });
});
