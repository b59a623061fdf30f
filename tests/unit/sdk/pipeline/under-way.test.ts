import { describe, expect, it } from '@jest/globals';

import { Ledger, type LedgerEntry } from '../../../../src/sdk/ledger/ledger.js';
import { InFlightBatch } from '../../../../src/sdk/pipeline/in-flight-batch.js';
import { UnderWay } from '../../../../src/sdk/pipeline/under-way.js';
import { rawEvent, testEvent } from '../../../support/events.js';
import { TextBatch } from '../../../support/recording-destination.js';

const keyOf = (id: string): LedgerEntry => Ledger.keyOf(rawEvent(testEvent(id, 1_900_000_000_000)), 0);

function batchOf(id: string): InFlightBatch<TextBatch> {
  const batch = new InFlightBatch(new TextBatch({ events: 10, eventBytes: 1000 }));
  const page = { open: 0, read: true, settledToMs: undefined };
  batch.remember({ key: keyOf(id), page, id, onDelivered: undefined });
  return batch;
}

describe('what is under way', () => {
  it('tells which batch carries an event, from its first moment to its end', async () => {
    const underWay = new UnderWay<TextBatch>();
    const [a, b] = [batchOf('a'), batchOf('b')];
    for (const batch of [a, b]) underWay.add(batch);
    expect([underWay.carrierOf(keyOf('a')), underWay.carrierOf(keyOf('b'))]).toEqual([a, b]);
    expect(underWay.carrierOf(keyOf('c'))).toBeUndefined();
    underWay.end(a);
    await a.ended();
    expect(underWay.carrierOf(keyOf('a'))).toBeUndefined();
    expect(underWay.carrierOf(keyOf('b'))).toBe(b);
  });
});
