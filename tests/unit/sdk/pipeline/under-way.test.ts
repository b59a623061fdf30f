import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { EntryList } from '../../../../src/sdk/ledger/entry-list.js';
import { Ledger, type LedgerEntry } from '../../../../src/sdk/ledger/ledger.js';
import type { InFlightBatch, PageProgress } from '../../../../src/sdk/pipeline/in-flight-batch.js';
import { UnderWay } from '../../../../src/sdk/pipeline/under-way.js';
import { carry } from '../../../support/carry.js';
import { rawEvent, testEvent } from '../../../support/events.js';
import { TextBatch } from '../../../support/recording-destination.js';

const keyOf = (id: string): LedgerEntry => Ledger.keyOf(rawEvent(testEvent(id, 1_900_000_000_000)), 0);

const batch = (): TextBatch => new TextBatch({ events: 10, eventBytes: 1000 });
const page = (): PageProgress => ({ open: 0, read: true, settledToMs: undefined });

describe('what is under way', () => {
  it('tells which batch carries an event, from its first moment to its end', async () => {
    const underWay = new UnderWay<TextBatch>();
    const [a, b] = [underWay.begin(batch()), underWay.begin(batch())];
    carry(underWay, a, keyOf('a'), page());
    carry(underWay, b, keyOf('b'), page());
    expect([underWay.carrierOf(keyOf('a')), underWay.carrierOf(keyOf('b'))]).toEqual([a, b]);
    expect(underWay.carrierOf(keyOf('c'))).toBeUndefined();
    underWay.end(a);
    await a.ended();
    expect(underWay.carrierOf(keyOf('a'))).toBeUndefined();
    expect(underWay.carrierOf(keyOf('b'))).toBe(b);
  });

  it('gives the memory of entries that nobody asks for any more to another batch, and none of what is in use', () => {
    const underWay = new UnderWay<TextBatch>();
    const [first, second] = [underWay.begin(batch()), underWay.begin(batch())];
    carry(underWay, first, keyOf('a'), page());
    carry(underWay, second, keyOf('b'), page());
    underWay.recycle(first.entries);
    underWay.end(first);
    const third = underWay.begin(batch());
    expect(third.entries).toBe(first.entries);
    expect(third.entries.length).toBe(0);
    expect([underWay.begin(batch()).entries, underWay.newEntries()]).not.toContain(third.entries);
    expect([...second.entries]).toEqual([keyOf('b')]);
  });

  it('follows an event that another batch takes over', () => {
    const underWay = new UnderWay<TextBatch>();
    const [alone, filling] = [underWay.begin(batch()), underWay.begin(batch())];
    carry(underWay, alone, keyOf('a'), page());
    carry(underWay, filling, keyOf('a'), page());
    underWay.end(alone);
    expect(underWay.carrierOf(keyOf('a'))).toBe(filling);
    underWay.end(filling);
    expect(underWay.carrierOf(keyOf('a'))).toBeUndefined();
  });

  it('gives an event to the batch that claims it first, as far as nobody has it', () => {
    const underWay = new UnderWay<TextBatch>();
    const [first, second] = [underWay.begin(batch()), underWay.begin(batch())];
    const keys = EntryList.from(['a', 'b', 'c', 'b', 'd'].map(keyOf));
    expect(underWay.claim(second, keys, 2, 3)).toBe(3);
    // It ends where another one has the event, and where it has the event itself.
    expect(underWay.claim(first, keys, 0, 5)).toBe(2);
    expect(underWay.claim(first, keys, 3, 5)).toBe(3);
    expect(underWay.claim(first, keys, 4, 5)).toBe(5);
    const carriers = ['a', 'b', 'c', 'd'].map((id) => underWay.carrierOf(keyOf(id)));
    expect(carriers).toEqual([first, first, second, first]);
  });

  it('gives an event to somebody else once it was disclaimed, or its batch has ended', () => {
    const underWay = new UnderWay<TextBatch>();
    const [first, second] = [underWay.begin(batch()), underWay.begin(batch())];
    const keys = EntryList.from(['a', 'b', 'c'].map(keyOf));
    underWay.claim(first, keys, 0, 3);
    underWay.disclaim(first, keys, 1, 2);
    expect(underWay.carrierOf(keyOf('b'))).toBeUndefined();
    expect(underWay.claim(second, keys, 1, 3)).toBe(2);
    underWay.end(first);
    expect(underWay.claim(second, keys, 0, 1)).toBe(1);
    expect(underWay.claim(second, keys, 2, 3)).toBe(3);
    expect(() => underWay.claim(first, keys, 0, 3)).toThrow('has ended');
    const carriers = ['a', 'b', 'c'].map((id) => underWay.carrierOf(keyOf(id)));
    expect(carriers).toEqual([second, second, second]);
  });

  it('tells events of one id apart by when they happened, and knows one without a time whenever it is seen', () => {
    const underWay = new UnderWay<TextBatch>();
    const carrier = underWay.begin(batch());
    const key = (timestampMs: number | undefined, seenMs = 0): LedgerEntry =>
      Ledger.keyOf(rawEvent(testEvent('a', timestampMs)), seenMs);
    carry(underWay, carrier, key(1_900_000_000_000), page());
    carry(underWay, carrier, key(undefined), page());
    expect(underWay.carrierOf(key(1_900_000_000_000))).toBe(carrier);
    expect(underWay.carrierOf(key(1_900_000_060_000))).toBeUndefined();
    expect(underWay.carrierOf(key(undefined, 60_000))).toBe(carrier);
    underWay.end(carrier);
    expect([underWay.carrierOf(key(1_900_000_000_000)), underWay.carrierOf(key(undefined))]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('tells of every event whose it is, whoever claims, takes over, gives up or ends in which order', () => {
    const anyKey = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      minute: fc.constantFrom(undefined, 0, 1, 2, 40),
      seenAtMinute: fc.integer({ min: 0, max: 2 }),
    });
    const anyDeed = fc.record({
      kind: fc.constantFrom('claim', 'claim', 'claim', 'give', 'end'),
      batch: fc.integer({ min: 0, max: 3 }),
      keys: fc.array(anyKey, { minLength: 1, maxLength: 6 }),
      taken: fc.integer({ min: 0, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(anyDeed, { maxLength: 30 }), (deeds) => {
        const underWay = new UnderWay<TextBatch>();
        const batches = [0, 1, 2, 3].map(() => underWay.begin(batch()));
        const carriers = new Map<string, number>();
        const seen = new Map<string, LedgerEntry>();
        for (const { kind, batch: which, keys, taken } of deeds) {
          const entries = keys.map(({ id, minute, seenAtMinute }) => {
            const timestampMs = minute === undefined ? undefined : 1_900_000_020_000 + minute * 60_000;
            return Ledger.keyOf(rawEvent(testEvent(id, timestampMs)), seenAtMinute * 60_000);
          });
          const names = keys.map(({ id, minute }) => `${id} ${minute ?? 'without a time'}`);
          names.forEach((name, index) => seen.set(name, entries[index] as LedgerEntry));
          const [carrier, list] = [batches[which] as InFlightBatch<TextBatch>, EntryList.from(entries)];
          if (kind === 'end') {
            underWay.end(carrier);
            for (const [name, by] of carriers) if (by === which) carriers.delete(name);
            batches[which] = underWay.begin(batch());
          } else if (kind === 'give') {
            underWay.give(carrier, list.at(0));
            carriers.set(names[0] as string, which);
          } else {
            const fresh = names.findIndex((name, index) => carriers.has(name) || names.indexOf(name) < index);
            const end = underWay.claim(carrier, list, 0, list.length);
            expect(end).toBe(fresh < 0 ? list.length : fresh);
            const kept = Math.min(end, taken);
            underWay.disclaim(carrier, list, kept, end);
            for (const name of names.slice(0, kept)) carriers.set(name, which);
          }
          for (const [name, key] of seen) {
            expect([name, batches.indexOf(underWay.carrierOf(key) as InFlightBatch<TextBatch>)]).toEqual([
              name,
              carriers.get(name) ?? -1,
            ]);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
