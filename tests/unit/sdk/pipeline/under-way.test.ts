import { describe, expect, it } from '@jest/globals';

import { Ledger, type LedgerEntry } from '../../../../src/sdk/ledger/ledger.js';
import type { PageProgress } from '../../../../src/sdk/pipeline/in-flight-batch.js';
import { UnderWay } from '../../../../src/sdk/pipeline/under-way.js';
import { rawEvent, testEvent } from '../../../support/events.js';
import { TextBatch } from '../../../support/recording-destination.js';

const keyOf = (id: string): LedgerEntry => Ledger.keyOf(rawEvent(testEvent(id, 1_900_000_000_000)), 0);

const batch = (): TextBatch => new TextBatch({ events: 10, eventBytes: 1000 });
const page = (): PageProgress => ({ open: 0, read: true, settledToMs: undefined });

describe('what is under way', () => {
  it('tells which batch carries an event, from its first moment to its end', async () => {
    const underWay = new UnderWay<TextBatch>();
    const [a, b] = [underWay.begin(batch()), underWay.begin(batch())];
    a.remember(keyOf('a'), page());
    b.remember(keyOf('b'), page());
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
    alone.remember(keyOf('a'), page());
    filling.remember(keyOf('a'), page());
    underWay.end(alone);
    expect(underWay.carrierOf(keyOf('a'))).toBe(filling);
    underWay.end(filling);
    expect(underWay.carrierOf(keyOf('a'))).toBeUndefined();
  });

  it('tells events of one id apart by when they happened, and knows one without a time whenever it is seen', () => {
    const underWay = new UnderWay<TextBatch>();
    const carrier = underWay.begin(batch());
    const key = (timestampMs: number | undefined, seenMs = 0): LedgerEntry =>
      Ledger.keyOf(rawEvent(testEvent('a', timestampMs)), seenMs);
    carrier.remember(key(1_900_000_000_000), page());
    carrier.remember(key(undefined), page());
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
    for (const each of [filling, alone]) each.remember(keyOf('moved'), page());
    filling.remember(keyOf('moved on'), page());
    alone.remember(keyOf('moved back'), page());
    filling.remember(keyOf('moved back'), page());
    alone.remember(keyOf('moved on'), page());
    kept.remember(keyOf('kept'), page());
    const onePage = page();
    for (let n = 0; n < batches; n += 1) {
      const [one, other] = [underWay.begin(batch()), underWay.begin(batch())];
      for (let event = 0; event < events; event += 1) one.remember(keyOf(`one-${n}-${event}`), onePage);
      other.remember(keyOf(`other-${n}`), onePage);
      underWay.end(one);
      expect(underWay.carrierOf(keyOf(`other-${n}`))).toBe(other);
      other.remember(keyOf(`later-${n}`), onePage);
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
