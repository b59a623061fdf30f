import { crc32 } from 'node:zlib';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { EntryList } from '../../../../src/sdk/ledger/entry-list.js';
import { Ledger, type LedgerEntry } from '../../../../src/sdk/ledger/ledger.js';
import { decodeSegment, encodeSegment, GrowingSegment } from '../../../../src/sdk/ledger/segment.js';

const CORRUPT = expect.objectContaining({ code: 'STATE_CORRUPT' });

const anyInt32 = fc.integer();
const anyKey: fc.Arbitrary<LedgerEntry> = fc.record({
  bucket: fc.oneof(fc.constantFrom(0, -1, 31_000_000, -31_000_000), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  high: anyInt32,
  low: anyInt32,
  place: fc.integer({ min: 0, max: 59_999 }),
  isDeadLettered: fc.boolean(),
});
function entry(bucket: number, high: number, low: number, more: Partial<LedgerEntry> = {}): LedgerEntry {
  return { bucket, high, low, place: 0, isDeadLettered: false, ...more };
}

/** A segment as the release before wrote it: 'LDGR', 1, then for each bucket its number, a count, and so many hashes. */
function versionOne(entries: readonly LedgerEntry[]): Buffer {
  const words = [1];
  for (const bucket of new Set(entries.map((each) => each.bucket))) {
    const inside = entries.filter((each) => each.bucket === bucket);
    words.push(bucket, inside.length, ...inside.flatMap(({ high, low }) => [high, low]));
  }
  const content = Buffer.alloc(4 + 4 * words.length + 4);
  content.write('LDGR', 'latin1');
  words.forEach((word, index) => content.writeInt32LE(word, 4 + 4 * index));
  content.writeUInt32LE(crc32(content.subarray(0, -4)), content.length - 4);
  return content;
}

const anyKeys = fc.array(anyKey, { maxLength: 40 });

const sorted = (keys: readonly LedgerEntry[]): string[] => keys.map((key) => JSON.stringify(key)).sort();

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
    const content = Buffer.from(encodeSegment([entry(1, 2, 3)]));
    content.writeUInt32LE(3, 4);
    content.writeUInt32LE(crc32(content.subarray(0, -4)), content.length - 4);
    expect(refusal(content)).toEqual(CORRUPT);
    expect(refusal(content)).toHaveProperty('message', expect.stringContaining('version 3'));
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
        entry(-2, 1, -2, { place: 7 }),
        entry(3, 4, 5, { place: 59_999, isDeadLettered: true }),
        entry(-2, 6, 7),
        entry(-2, 8, 9, { isDeadLettered: true }),
        entry(-2, 10, 11, { place: 5 }),
      ]),
    );
    expect(content.subarray(0, 4).toString('latin1')).toBe('LDGR');
    let at = 4;
    const word = (): number => content.readUInt32LE((at += 4) - 4);
    const keys = (count: number): number[][] =>
      Array.from({ length: count }, () => [word(), word(), content.readUInt16LE((at += 2) - 2)]);
    expect([word(), word(), word(), word()]).toEqual([2, 0xfffffffe, 3, 1]);
    expect(keys(4)).toEqual([
      [1, 0xfffffffe, 7],
      [6, 7, 0],
      [10, 11, 5],
      [8, 9, 0],
    ]);
    expect([word(), word(), word()]).toEqual([3, 0, 1]);
    expect(keys(1)).toEqual([[4, 5, 59_999]]);
    expect(content.readUInt32LE(at)).toBe(crc32(content.subarray(0, -4)));
    expect(content).toHaveLength(at + 4);
  });

  it('is read from the release before, which had no places and no dead letters', () => {
    fc.assert(
      fc.property(anyKeys, (entries) => {
        const old = entries.map((each) => ({ ...each, place: 0, isDeadLettered: false }));
        expect(sorted(decodeSegment(versionOne(old), 'a'))).toEqual(sorted(old));
      }),
    );
  });

  it('is refused from the release before too where any one byte is different', () => {
    const content = versionOne([entry(3, 4, 5), entry(-2, 6, 7)]);
    for (let at = 0; at < content.length; at += 1) {
      const changed = Buffer.from(content);
      changed[at]! ^= 0x10;
      expect(refusal(changed)).toEqual(CORRUPT);
    }
  });

  it.each(['0001-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '9999-12-31T23:59:59.999Z'])(
    'holds an event of %s, so that one odd timestamp cannot stop every later commit',
    (time) => {
      const key = {
        ...Ledger.keyOf({ bytes: Buffer.from('{}'), id: 'x', timestampMs: Date.parse(time) }, 0),
        isDeadLettered: false,
      };
      expect(decodeSegment(encodeSegment([key]), 'a')).toEqual([key]);
    },
  );
});

describe('a segment that grows', () => {
  const listOf = (keys: readonly LedgerEntry[]): EntryList => EntryList.concat([keys]);

  it('is a whole segment each time, with all keys so far, in memory that was used before or not', () => {
    fc.assert(
      fc.property(fc.array(anyKeys, { maxLength: 6 }), fc.integer({ min: 12, max: 4000 }), (parts, bytes) => {
        let segment = GrowingSegment.begin(new Uint8Array(bytes).fill(0xff));
        const all: LedgerEntry[] = [];
        for (const part of parts) {
          segment = segment.with(listOf(part));
          all.push(...part);
          expect(sorted(decodeSegment(segment.content().slice(), 'a'))).toEqual(sorted(all));
          expect(segment.count).toBe(all.length);
        }
      }),
    );
  });

  it('has what was added later in groups behind those before, of the same minutes too', () => {
    const first = listOf([entry(7, 1, 2), entry(8, 3, 4, { isDeadLettered: true })]);
    const second = listOf([entry(7, 5, 6, { place: 9 })]);
    const content = Buffer.from(GrowingSegment.begin().with(first).with(second).content());
    const group = (
      bucket: number,
      delivered: number,
      deadLettered: number,
      key: [number, number, number],
    ): number[] => {
      const bytes = Buffer.alloc(22);
      [bucket, delivered, deadLettered, key[0], key[1]].forEach((word, n) => bytes.writeInt32LE(word, n * 4));
      bytes.writeUInt16LE(key[2], 20);
      return [...bytes];
    };
    const groups = [group(7, 1, 0, [1, 2, 0]), group(8, 0, 1, [3, 4, 0]), group(7, 1, 0, [5, 6, 9])].flat();
    expect([...content.subarray(8, -4)]).toEqual(groups);
    expect(content.readUInt32LE(content.length - 4)).toBe(crc32(content.subarray(0, -4)));
  });

  it('can go on from where it was before keys were added, and leaves those to whoever has them, once it is copied', () => {
    fc.assert(
      fc.property(anyKeys, anyKeys, anyKeys, (first, given, second) => {
        const before = GrowingSegment.begin(new Uint8Array(10_000)).with(listOf(first));
        const content = before.with(listOf(given)).content();
        const copied = content.slice();
        const after = before.copy().with(listOf(second));
        expect(sorted(decodeSegment(after.content(), 'a'))).toEqual(sorted([...first, ...second]));
        expect(Buffer.from(content).equals(copied)).toBe(true);
      }),
    );
  });
});

describe('a segment whose checksum holds and whose content does not', () => {
  const crafted = (change: (body: Buffer) => Buffer): Buffer => {
    const body = change(Buffer.from(encodeSegment([entry(7, 1, 2), entry(7, 3, 4)])).subarray(0, -4));
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(crc32(body));
    return Buffer.concat([body, checksum]);
  };

  it.each([
    ['that says it holds more than it does', (body: Buffer) => (body.writeUInt32LE(3, 12), body)],
    ['that says it holds billions', (body: Buffer) => (body.writeUInt32LE(0xffff_ffff, 12), body)],
    ['that says so of dead letters', (body: Buffer) => (body.writeUInt32LE(0xffff_ffff, 16), body)],
    ['that ends within an entry', (body: Buffer) => body.subarray(0, -3)],
    ['that ends within a bucket', (body: Buffer) => Buffer.concat([body, Buffer.alloc(5)])],
  ])('is refused: one %s', (_, change) => {
    expect(() => decodeSegment(crafted(change), '00000001.bin')).toThrow(CORRUPT);
  });

  it('is taken where nothing was changed', () => {
    expect(
      decodeSegment(
        crafted((body) => body),
        '00000001.bin',
      ),
    ).toHaveLength(2);
  });
});
