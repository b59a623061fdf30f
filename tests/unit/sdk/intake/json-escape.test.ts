import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { MAX_GROWTH, writeEscaped } from '../../../../src/sdk/intake/json-escape.js';

function escape(text: Uint8Array, at = 0): Buffer {
  const target = Buffer.alloc(at + text.length * MAX_GROWTH, 0xaa);
  return target.subarray(at, writeEscaped(text, target, at));
}

describe('writeEscaped', () => {
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

  it('lets no byte grow beyond what was promised, and writes nothing before or behind its place', () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const target = Buffer.alloc(20, 0xaa);
      const end = writeEscaped(Uint8Array.of(byte), target, 5);
      expect(end - 5).toBeLessThanOrEqual(MAX_GROWTH);
      expect(target.subarray(0, 5).every((other) => other === 0xaa)).toBe(true);
      expect(target.subarray(end).every((other) => other === 0xaa)).toBe(true);
    }
  });

  it('writes nothing for an empty text', () => {
    expect(escape(new Uint8Array())).toHaveLength(0);
  });
});
