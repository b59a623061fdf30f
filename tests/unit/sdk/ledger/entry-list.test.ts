import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { EntryList } from '../../../../src/sdk/ledger/entry-list.js';
import type { LedgerEntry } from '../../../../src/sdk/ledger/ledger.js';

const anyHalf = fc.oneof(fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31)), fc.integer());
const anyEntry: fc.Arbitrary<LedgerEntry> = fc.record({
  bucket: anyHalf,
  high: anyHalf,
  low: anyHalf,
  place: fc.integer({ min: 0, max: 65_535 }),
  isDeadLettered: fc.boolean(),
});
const anyEntries = fc.array(anyEntry, { maxLength: 200 });

describe('EntryList', () => {
  it('holds what an array of the same entries holds, whatever is in them', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const list = new EntryList();
        for (const entry of entries) list.push(entry);
        expect(list.length).toBe(entries.length);
        expect([...list]).toEqual(entries);
        entries.forEach((entry, index) => {
          expect(list.at(index)).toEqual(entry);
          const { bucket, high, low, place, isDeadLettered } = entry;
          expect([list.bucket(index), list.high(index), list.low(index)]).toEqual([bucket, high, low]);
          expect([list.place(index), list.isDeadLettered(index)]).toEqual([place, isDeadLettered]);
        });
      }),
    );
  });

  it('puts lists and arrays one behind the other, and leaves them as they are', () => {
    fc.assert(
      fc.property(anyEntries, anyEntries, anyEntry, (first, second, more) => {
        const list = EntryList.concat([first]);
        const both = EntryList.concat([list, second]);
        expect([...both]).toEqual([...first, ...second]);
        both.push(more);
        expect([...both]).toEqual([...first, ...second, more]);
        expect([...list]).toEqual(first);
      }),
    );
  });

  it('appends a part of another list, and puts an entry in the place of one', () => {
    fc.assert(
      fc.property(
        anyEntries,
        anyEntries,
        fc.tuple(fc.nat(200), fc.nat(200)),
        anyEntry,
        (first, second, [a, b], other) => {
          const [from, to] = [Math.min(a, b, second.length), Math.min(Math.max(a, b), second.length)];
          const list = EntryList.concat([first]);
          list.appendRun(EntryList.from(second), from, to);
          const wanted = [...first, ...second.slice(from, to)];
          expect([...list]).toEqual(wanted);
          if (wanted.length === 0) return;
          list.put(a % wanted.length, other);
          expect([...list]).toEqual(wanted.with(a % wanted.length, other));
        },
      ),
    );
  });

  it('may look at words of somebody else', () => {
    const words = Int32Array.of(1, 2, 3, 4, -5, -6, -7, 8 + 65_536, 9, 9, 9, 9);
    const list = EntryList.over(words, 2);
    expect([...list]).toEqual([
      { bucket: 1, high: 2, low: 3, place: 4, isDeadLettered: false },
      { bucket: -5, high: -6, low: -7, place: 8, isDeadLettered: true },
    ]);
    words[1] = 22;
    expect(list.high(0)).toBe(22);
  });

  it('shows a part where it stands', () => {
    fc.assert(
      fc.property(anyEntries, fc.nat(220), fc.nat(220), (entries, a, b) => {
        const list = EntryList.concat([entries]);
        expect([...list.part(a, b)]).toEqual(entries.slice(a, b));
        expect([...list.part(a)]).toEqual(entries.slice(a));
      }),
    );
  });

  it('cuts pieces that are their own', () => {
    fc.assert(
      fc.property(anyEntries, fc.nat(220), fc.nat(220), anyEntry, (entries, from, to, more) => {
        const list = EntryList.concat([entries]);
        const piece = list.slice(from, to);
        expect([...piece]).toEqual(entries.slice(from, to));
        piece.push(more);
        expect([...list]).toEqual(entries);
        expect([...list.slice(from)]).toEqual(entries.slice(from));
      }),
    );
  });

  it('takes a list for what it is, and makes one of an array', () => {
    const list = EntryList.from([{ bucket: 1, high: 2, low: 3, place: 4, isDeadLettered: true }]);
    expect(EntryList.from(list)).toBe(list);
    expect(list.length).toBe(1);
  });
});
