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

  it('is not confused by batches that come and go', () => {
    const underWay = new UnderWay<TextBatch>();
    const kept = underWay.begin(batch());
    kept.remember(keyOf('kept'), page());
    for (let n = 0; n < 200; n += 1) {
      const [one, other] = [underWay.begin(batch()), underWay.begin(batch())];
      one.remember(keyOf(`one-${n}`), page());
      other.remember(keyOf(`other-${n}`), page());
      underWay.end(one);
      expect(underWay.carrierOf(keyOf(`other-${n}`))).toBe(other);
      underWay.end(other);
      underWay.end(other);
      expect(underWay.carrierOf(keyOf(`one-${n}`))).toBeUndefined();
    }
    expect(underWay.carrierOf(keyOf('kept'))).toBe(kept);
  });
});
