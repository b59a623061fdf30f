import { describe, expect, it } from '@jest/globals';

import { EntryList } from '../../../../src/sdk/ledger/entry-list.js';
import { Ledger, type LedgerEntry } from '../../../../src/sdk/ledger/ledger.js';
import { InFlightBatch, type PageProgress } from '../../../../src/sdk/pipeline/in-flight-batch.js';
import { rawEvent, testEvent } from '../../../support/events.js';
import { ACKNOWLEDGED, TextBatch } from '../../../support/recording-destination.js';

const keyOf = (id: string): LedgerEntry => Ledger.keyOf(rawEvent(testEvent(id, 1_900_000_000_000)), 0);
const listOf = (...ids: string[]): EntryList => EntryList.from(ids.map(keyOf));
const delivered = (id: string): LedgerEntry => keyOf(id);
const pageOf = (): PageProgress => ({ open: 0, read: true, settledToMs: undefined });

function batchOf(...ids: string[]) {
  const batch = new InFlightBatch(new TextBatch({ events: 10, eventBytes: 1000 }));
  const pages = [pageOf(), pageOf()] as const;
  ids.forEach((id, index) => batch.remember(listOf(id), 0, 1, pages[index % 2]!));
  return { batch, pages };
}

describe('a batch on its way', () => {
  it('knows the keys of its events, of those that it was told of', () => {
    const batch = new InFlightBatch(new TextBatch({ events: 10, eventBytes: 1000 }));
    batch.remember(listOf('a', 'b', 'c', 'd'), 1, 3, pageOf());
    batch.remember(listOf('e'), 0, 1, pageOf());
    expect([...batch.entries]).toEqual([keyOf('b'), keyOf('c'), keyOf('e')]);
  });

  it('keeps the pages of its events open until they are settled', () => {
    const { batch, pages } = batchOf('a', 'b', 'c');
    expect(pages.map(({ open }) => open)).toEqual([2, 1]);
    expect([...batch.settle(ACKNOWLEDGED)]).toEqual([delivered('a'), delivered('b'), delivered('c')]);
    expect(pages.map(({ open }) => open)).toEqual([0, 0]);
  });

  it('leaves the pages of its unsettled events open, and gives no key of them', () => {
    const { batch, pages } = batchOf('a', 'b', 'c');
    expect([...batch.settle({ rejections: [], unsettled: [2] })]).toEqual([delivered('a'), delivered('b')]);
    expect(pages.map(({ open }) => open)).toEqual([1, 0]);
  });

  it('says which of its events went to the dead letter', () => {
    const { batch } = batchOf('a', 'b', 'c');
    const entries = batch.settle({ rejections: [{ index: 1, reason: 'no' }], unsettled: [0] });
    expect([...entries]).toEqual([{ ...keyOf('b'), isDeadLettered: true }, delivered('c')]);
  });

  it('tells of each event that it was delivered, and of none that was not', () => {
    const told: string[] = [];
    const batch = new InFlightBatch(new TextBatch({ events: 10, eventBytes: 1000 }));
    batch.remember(listOf('a', 'b'), 0, 2, pageOf());
    ['a', 'b'].forEach((id, index) => batch.onDelivered(index, () => void told.push(id)));
    batch.settle({ rejections: [], unsettled: [0] });
    expect(told).toEqual(['b']);
  });

  it('does not take an event for another one with its id that happened in another minute', () => {
    const batch = new InFlightBatch(new TextBatch({ events: 10, eventBytes: 1000 }));
    const [first, second] = [1_900_000_000_000, 1_900_000_060_000].map((timestampMs) =>
      Ledger.keyOf(rawEvent(testEvent('a', timestampMs)), 0),
    ) as [LedgerEntry, LedgerEntry];
    batch.remember(EntryList.from([first, second]), 0, 2, pageOf());
    const [followsFirst, followsSecond] = [pageOf(), pageOf()];
    batch.follow(first, followsFirst);
    batch.follow(second, followsSecond);
    batch.release(batch.settle({ rejections: [], unsettled: [1] }));
    expect([followsFirst.open, followsSecond.open]).toEqual([0, 1]);
  });

  it('keeps the pages that follow one of its events open until that is durable; for ever, where it is not', () => {
    const { batch } = batchOf('a', 'b');
    const [followsA, followsB] = [pageOf(), pageOf()];
    batch.follow(keyOf('a'), followsA);
    batch.follow(keyOf('b'), followsB);
    const entries = batch.settle({ rejections: [], unsettled: [1] });
    expect([followsA.open, followsB.open]).toEqual([1, 1]);
    batch.release(entries);
    expect([followsA.open, followsB.open]).toEqual([0, 1]);
  });

  it('lets everybody wait for its end, before it and after it', async () => {
    const { batch } = batchOf('a');
    const ended: string[] = [];
    const waiting = batch.ended().then(() => ended.push('early'));
    await Promise.resolve();
    expect(ended).toEqual([]);
    batch.end();
    await waiting;
    await batch.ended();
    expect(ended).toEqual(['early']);
  });
});
