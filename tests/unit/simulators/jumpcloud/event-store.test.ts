import { describe, expect, it } from '@jest/globals';
import { EventStore, type RowQuery } from '../../../../src/simulators/jumpcloud/event-store.js';
import { createSeededRandom } from '../../../../src/simulators/random.js';
import { event } from '../support.js';

function scanned(store: EventStore, query: RowQuery): number[] {
  const rows: number[] = [];
  store.scan(query, (row) => {
    rows.push(row);
    return true;
  });
  return rows;
}

describe('the event store', () => {
  const random = createSeededRandom(8);
  const atMs = Array.from({ length: 3000 }, () => random.below(1500));
  const all = { visibleAtMs: Infinity };

  function filled(): EventStore {
    const store = new EventStore();
    const base = event('08:00:00');
    atMs.forEach((ms, index) => {
      store.add({ ...base, text: `{"n":${index}}`, timestampMs: ms });
      // Asking in between makes the store merge again and again.
      if (index % 100 === 0) scanned(store, { ...all, from: { ms: 1000, ns: 0, inclusive: true } });
    });
    return store;
  }

  it('keeps its rows in order, whatever order they came in', () => {
    const rows = scanned(filled(), all);
    expect(new Set(rows).size).toBe(3000);
    expect(rows.map((row) => atMs[row])).toEqual(atMs.toSorted((a, b) => a - b));
  });

  it.each([
    [true, true],
    [false, true],
    [true, false],
    [false, false],
  ])('finds the same range as a plain search (inclusive: %p, %p)', (fromInclusive, toInclusive) => {
    const query = {
      ...all,
      from: { ms: 300, ns: 0, inclusive: fromInclusive },
      to: { ms: 700, ns: 0, inclusive: toInclusive },
    };
    const expected = atMs.filter(
      (ms) => (fromInclusive ? ms >= 300 : ms > 300) && (toInclusive ? ms <= 700 : ms < 700),
    );
    expect(scanned(filled(), query).map((row) => atMs[row])).toEqual(expected.sort((a, b) => a - b));
  });

  it.each([false, true])('goes on after any row (descending: %p)', (descending) => {
    const store = filled();
    const rows = scanned(store, { ...all, descending });
    for (const at of [0, 1, 1234, 2998, 2999]) {
      expect(scanned(store, { ...all, descending, afterRow: rows[at]! })).toEqual(rows.slice(at + 1));
    }
  });

  it('renders any selection of its rows as a JSON array', () => {
    const store = filled();
    expect(store.renderArray([]).toString()).toBe('[]');
    for (const rows of [[0], [0, 1, 2], [5, 3, 4], [2999, 0, 1, 7, 8]]) {
      expect(JSON.parse(store.renderArray(rows).toString())).toEqual(rows.map((n) => ({ n })));
    }
  });

  it('holds texts longer than its buffers', () => {
    const store = new EventStore();
    const text = `{"long":"${'a'.repeat(17 * 1024 * 1024)}"}`;
    store.add({ ...event('08:00:00'), text: '{"n":1}' });
    store.add({ ...event('08:00:01'), text });
    store.add({ ...event('08:00:02'), text: '{"n":2}' });
    expect(store.text(1).equals(Buffer.from(text))).toBe(true);
    expect(store.renderArray([0, 2]).toString()).toBe('[{"n":1},{"n":2}]');
  });
});
