import { crc32 } from 'node:zlib';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Ledger, type LedgerKey } from '../../../../src/sdk/ledger/ledger.js';
import { decodeSegment, encodeSegment } from '../../../../src/sdk/ledger/segment.js';

const CORRUPT = expect.objectContaining({ code: 'STATE_CORRUPT' });

const anyUint32 = fc.integer({ min: 0, max: 0xffffffff });
const anyKey = fc.record({
  bucket: fc.oneof(fc.constantFrom(0, -1, 31_000_000, -31_000_000), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  high: anyUint32,
  low: anyUint32,
});
const anyKeys = fc.array(anyKey, { maxLength: 40 });

const sorted = (keys: readonly LedgerKey[]): string[] => keys.map((key) => JSON.stringify(key)).sort();

/** The error that decoding throws, or undefined. */
function refusal(content: Uint8Array): unknown {
  try {
    decodeSegment(content, '00000001.bin');
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

describe('a ledger segment', () => {
  it('gives back the keys that were put in', () => {
    fc.assert(
      fc.property(anyKeys, (keys) => {
        expect(sorted(decodeSegment(encodeSegment(keys), 'a'))).toEqual(sorted(keys));
      }),
    );
  });

  it('is refused where any one byte is different', () => {
    fc.assert(
      fc.property(anyKeys, fc.nat(), fc.integer({ min: 1, max: 255 }), (keys, at, difference) => {
        const content = Buffer.from(encodeSegment(keys));
        content[at % content.length]! ^= difference;
        expect(refusal(content)).toEqual(CORRUPT);
      }),
      { numRuns: 300 },
    );
  });

  it('is refused where its end is missing, or something follows it', () => {
    fc.assert(
      fc.property(anyKeys, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 20 }), (keys, length, more) => {
        const content = Buffer.from(encodeSegment(keys));
        expect(refusal(content.subarray(0, length % content.length))).toEqual(CORRUPT);
        expect(refusal(Buffer.concat([content, more]))).toEqual(CORRUPT);
      }),
    );
  });

  it('is refused where it is of a version that is not known, even if whole', () => {
    const content = Buffer.from(encodeSegment([{ bucket: 1, high: 2, low: 3 }]));
    content.writeUInt32LE(2, 4);
    content.writeUInt32LE(crc32(content.subarray(0, -4)), content.length - 4);
    expect(refusal(content)).toEqual(CORRUPT);
    expect(refusal(content)).toHaveProperty('message', expect.stringContaining('version 2'));
  });

  it('names the file and says what to do', () => {
    expect(refusal(Buffer.from('nonsense that is long enough'))).toMatchObject({
      message: expect.stringContaining('00000001.bin'),
      advice: expect.stringContaining('Restore'),
    });
  });

  it('has the form that is written down, little-endian', () => {
    const content = Buffer.from(
      encodeSegment([
        { bucket: -2, high: 1, low: 0xfffffffe },
        { bucket: 3, high: 4, low: 5 },
        { bucket: -2, high: 6, low: 7 },
      ]),
    );
    const words = [1, 0xfffffffe, 2, 1, 0xfffffffe, 6, 7, 3, 1, 4, 5];
    expect(content.subarray(0, 4).toString('latin1')).toBe('LDGR');
    expect(words.map((_, n) => content.readUInt32LE(4 + 4 * n))).toEqual(words);
    expect(content.readUInt32LE(content.length - 4)).toBe(crc32(content.subarray(0, -4)));
    expect(content).toHaveLength(4 + 4 * words.length + 4);
  });

  it.each(['0001-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '9999-12-31T23:59:59.999Z'])(
    'holds an event of %s, so that one odd timestamp cannot stop every later commit',
    (time) => {
      const key = Ledger.keyOf({ bytes: Buffer.from('{}'), id: 'x', timestampMs: Date.parse(time) }, 0);
      expect(decodeSegment(encodeSegment([key]), 'a')).toEqual([key]);
    },
  );
});
