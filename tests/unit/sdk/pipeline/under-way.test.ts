import { describe, expect, it } from '@jest/globals';

import { EntryList } from '../../../../src/sdk/ledger/entry-list.js';
import { Ledger, type LedgerEntry } from '../../../../src/sdk/ledger/ledger.js';
import type { PageProgress } from '../../../../src/sdk/pipeline/in-flight-batch.js';
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
    underWay.disclaim(keys, 1, 2);
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

  it.each([
    ['many batches that end', 1100, 1],
    ['many events of batches that end', 2, 9000],
  ])('remembers what is still on its way after %s', (_, batches, events) => {
    const underWay = new UnderWay<TextBatch>();
    const [filling, alone, kept] = [underWay.begin(batch()), underWay.begin(batch()), underWay.begin(batch())];
    for (const each of [filling, alone]) carry(underWay, each, keyOf('moved'), page());
    carry(underWay, filling, keyOf('moved on'), page());
    carry(underWay, alone, keyOf('moved back'), page());
    carry(underWay, filling, keyOf('moved back'), page());
    carry(underWay, alone, keyOf('moved on'), page());
    carry(underWay, kept, keyOf('kept'), page());
    const onePage = page();
    for (let n = 0; n < batches; n += 1) {
      const [one, other] = [underWay.begin(batch()), underWay.begin(batch())];
      for (let event = 0; event < events; event += 1) carry(underWay, one, keyOf(`one-${n}-${event}`), onePage);
      carry(underWay, other, keyOf(`other-${n}`), onePage);
      underWay.end(one);
      expect(underWay.carrierOf(keyOf(`other-${n}`))).toBe(other);
      carry(underWay, other, keyOf(`later-${n}`), onePage);
      expect(underWay.carrierOf(keyOf(`later-${n}`))).toBe(other);
      underWay.end(other);
      underWay.end(other);
      expect(underWay.carrierOf(keyOf(`one-${n}-0`))).toBeUndefined();
      expect(underWay.carrierOf(keyOf(`other-${n}`))).toBeUndefined();
    }
    expect(underWay.carrierOf(keyOf('kept'))).toBe(kept);
    const carriers = ['moved', 'moved on', 'moved back'].map((id) => underWay.carrierOf(keyOf(id)));
    expect(carriers).toEqual([alone, alone, filling]);
    underWay.end(alone);
    expect(underWay.carrierOf(keyOf('moved'))).toBeUndefined();
    expect(underWay.carrierOf(keyOf('moved back'))).toBe(filling);
  });
});
