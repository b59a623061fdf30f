import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { quotedText, readQuotedText } from '../../../../src/sdk/json/json-string.js';

const quoted = (text: Uint8Array): Buffer => Buffer.from(quotedText(text));

describe('a quoted text', () => {
  it('is undone by JSON.parse, for every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80, size: 'max' }), (text) => {
        expect(JSON.parse(quoted(Buffer.from(text)).toString('utf8'))).toBe(text);
      }),
      { numRuns: 120 },
    );
  });

  it('writes every character as JSON.stringify does', () => {
    const characters = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code));
    const different = characters.filter((text) => quoted(Buffer.from(text)).toString('utf8') !== JSON.stringify(text));
    expect(different).toEqual([]);
  });

  it('leaves bytes alone that are no UTF-8', () => {
    const bytes = Uint8Array.from({ length: 128 }, (_, n) => 128 + n);
    expect([...quoted(bytes).subarray(1, -1)]).toEqual([...bytes]);
  });

  it('may be of any length', () => {
    for (const length of [1, 15, 16, 17, 65_535, 65_536, 65_537, 200_000]) {
      const text = Uint8Array.from({ length }, (_, n) => (n * n) % 128);
      const written = JSON.stringify(Buffer.from(text).toString('latin1'));
      expect(quoted(text).toString('latin1') === written).toBe(true);
      expect(Buffer.from(readQuotedText(quoted(text))).equals(text)).toBe(true);
    }
  });

  it('is a pair of quotes for an empty text', () => {
    expect(quoted(new Uint8Array()).toString()).toBe('""');
  });
});
