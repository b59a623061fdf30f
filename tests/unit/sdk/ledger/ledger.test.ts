import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { bucketEndMs } from '../../../../src/sdk/ledger/bucket.js';
import { EntryList } from '../../../../src/sdk/ledger/entry-list.js';
import { Ledger, type LedgerEntry } from '../../../../src/sdk/ledger/ledger.js';
import type { RawEvent } from '../../../../src/sdk/pipeline/raw-event.js';

const MINUTE_MS = 60_000;
const BASE_MS = Date.UTC(2030, 0, 2, 3, 4);

function event(id: string | undefined, timestampMs: number | undefined, text = `{"id":"${id ?? ''}"}`): RawEvent {
  return { bytes: Buffer.from(text), id, timestampMs };
}

function entryOf(seen: RawEvent, seenMs: number, isDeadLettered = false): LedgerEntry {
  return { ...Ledger.keyOf(seen, seenMs), isDeadLettered };
}

interface Sighting {
  readonly id: string;
  readonly timestampMs: number | undefined;
  readonly seenMs: number;
}

const anyTime = fc.integer({ min: 0, max: 6 * MINUTE_MS }).map((ms) => BASE_MS + ms);
const anySighting: fc.Arbitrary<Sighting> = fc.record({
  id: fc.integer({ min: 0, max: 8 }).map((n) => `id-${n}`),
  timestampMs: fc.option(anyTime, { nil: undefined, freq: 3 }),
  seenMs: anyTime,
});
type Step =
  { readonly kind: 'add' | 'has'; readonly sighting: Sighting } | { readonly kind: 'prune'; readonly beforeMs: number };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: anySighting.map((sighting): Step => ({ kind: 'add', sighting })) },
  { weight: 4, arbitrary: anySighting.map((sighting): Step => ({ kind: 'has', sighting })) },
  { weight: 1, arbitrary: anyTime.map((beforeMs): Step => ({ kind: 'prune', beforeMs })) },
);

/** The ledger as plain sets: minutes of dated events and minutes of first sight of undated ones. */
class Model {
  #entries: { readonly dated: boolean; readonly minute: number; readonly id: string }[] = [];

  get size(): number {
    return this.#entries.length;
  }

  has({ id, timestampMs }: Sighting): boolean {
    const minute = timestampMs === undefined ? undefined : Math.floor(timestampMs / MINUTE_MS);
    return this.#entries.some(
      (entry) => entry.id === id && (minute === undefined ? !entry.dated : entry.dated && entry.minute === minute),
    );
  }

  add({ id, timestampMs, seenMs }: Sighting): void {
    const dated = timestampMs !== undefined;
    const minute = Math.floor((timestampMs ?? seenMs) / MINUTE_MS);
    if (this.#entries.some((entry) => entry.dated === dated && entry.minute === minute && entry.id === id)) return;
    this.#entries.push({ dated, minute, id });
  }

  prune(beforeMs: number): void {
    this.#entries = this.#entries.filter(({ minute }) => (minute + 1) * MINUTE_MS > beforeMs);
  }
}

describe('Ledger', () => {
  it('answers like a set of minutes and ids, whatever is added, asked and forgotten', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 80, size: 'max' }), (steps) => {
        const [ledger, model] = [new Ledger(), new Model()];
        for (const step of steps) {
          if (step.kind === 'prune') {
            ledger.prune({ fromMs: step.beforeMs, also: [] });
            model.prune(step.beforeMs);
          } else {
            const { id, timestampMs, seenMs } = step.sighting;
            const key = Ledger.keyOf(event(id, timestampMs), seenMs);
            expect(ledger.has(key)).toBe(model.has(step.sighting));
            if (step.kind === 'add') {
              const before = model.size;
              model.add(step.sighting);
              expect(ledger.add({ ...key, isDeadLettered: false })).toBe(model.size > before);
              expect(ledger.has(key)).toBe(true);
            }
          }
          expect(ledger.size).toBe(model.size);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes many in as it takes each, says which were new, and finds the first that it knows', () => {
    const anyEntry = fc
      .tuple(anySighting, fc.boolean())
      .map(([{ id, timestampMs, seenMs }, isDead]) => entryOf(event(id, timestampMs), seenMs, isDead));
    const anyEntries = fc.array(anyEntry, { maxLength: 40, size: 'max' });
    fc.assert(
      fc.property(anyEntries, anyEntries, anyEntries, fc.nat(45), (before, added, asked, from) => {
        const [one, many] = [new Ledger(), new Ledger()];
        for (const ledger of [one, many]) for (const each of before) ledger.add(each);
        const fresh = added.filter((each) => one.add(each));
        expect([...many.addAll(EntryList.from(added))]).toEqual(fresh);
        expect(many.size).toBe(one.size);
        expect(many.count(-Infinity, Infinity)).toEqual(one.count(-Infinity, Infinity));
        for (const each of added) expect(many.has(each)).toBe(true);
        const known = asked.findIndex((each, index) => index >= from && one.has(each));
        expect(many.firstKnown(EntryList.from(asked), from)).toBe(known < 0 ? asked.length : known);
      }),
      { numRuns: 300 },
    );
  });

  it('knows an event by its id, not by its text', () => {
    const ledger = new Ledger();
    ledger.add(entryOf(event('x', BASE_MS, '{"id":"x"}'), 0));
    expect(ledger.has(Ledger.keyOf(event('x', BASE_MS, '{"id": "x"}'), 0))).toBe(true);
  });

  it('knows an event without an id by its whole text', () => {
    const ledger = new Ledger();
    ledger.add(entryOf(event(undefined, BASE_MS, '{"a":1}'), 0));
    expect(ledger.has(Ledger.keyOf(event(undefined, BASE_MS, '{"a":1}'), 0))).toBe(true);
    expect(ledger.has(Ledger.keyOf(event(undefined, BASE_MS, '{"a":2}'), 0))).toBe(false);
  });

  it('takes the same id at another minute for another event', () => {
    const ledger = new Ledger();
    ledger.add(entryOf(event('x', BASE_MS), 0));
    expect(ledger.has(Ledger.keyOf(event('x', BASE_MS + MINUTE_MS - 1), 0))).toBe(true);
    expect(ledger.has(Ledger.keyOf(event('x', BASE_MS + MINUTE_MS), 0))).toBe(false);
  });

  it('knows an undated event again at whatever minute it is seen, and never takes it for a dated one', () => {
    const ledger = new Ledger();
    ledger.add(entryOf(event('x', undefined), BASE_MS));
    expect(ledger.has(Ledger.keyOf(event('x', undefined), BASE_MS + 10 * MINUTE_MS))).toBe(true);
    expect(ledger.has(Ledger.keyOf(event('x', BASE_MS), BASE_MS))).toBe(false);
  });

  it('remembers a minute until it is over, also of an undated event', () => {
    for (const timestampMs of [BASE_MS + 5, undefined]) {
      const ledger = new Ledger();
      const key = Ledger.keyOf(event('x', timestampMs), BASE_MS + 5);
      ledger.add({ ...key, isDeadLettered: false });
      expect(bucketEndMs(key.bucket)).toBe(BASE_MS + MINUTE_MS);
      ledger.prune({ fromMs: BASE_MS + MINUTE_MS - 1, also: [] });
      expect(ledger.has(key)).toBe(true);
      ledger.prune({ fromMs: BASE_MS + MINUTE_MS, also: [] });
      expect(ledger.has(key)).toBe(false);
      expect(ledger.size).toBe(0);
    }
  });

  it.each(['0001-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z'])(
    'knows an event of %s again',
    (time) => {
      const ledger = new Ledger();
      ledger.add(entryOf(event('x', Date.parse(time)), BASE_MS));
      expect(ledger.has(Ledger.keyOf(event('x', Date.parse(time)), BASE_MS + MINUTE_MS))).toBe(true);
      expect(ledger.has(Ledger.keyOf(event('y', Date.parse(time)), BASE_MS))).toBe(false);
    },
  );

  describe('counts', () => {
    interface Counted {
      readonly id: number;
      readonly timestampMs: number | undefined;
      readonly isDeadLettered: boolean;
    }

    const anyCounted: fc.Arbitrary<Counted> = fc.record({
      id: fc.nat(30),
      timestampMs: fc.option(anyTime, { nil: undefined, freq: 8 }),
      isDeadLettered: fc.boolean(),
    });
    // Also those of no range at all: empty ones, and such as end before they begin.
    const anyBound = fc.oneof(
      { weight: 6, arbitrary: anyTime },
      { weight: 2, arbitrary: anyTime.map((ms) => ms + 0.5) },
      { weight: 2, arbitrary: anyTime.map((ms) => Math.floor(ms / MINUTE_MS) * MINUTE_MS) },
      { weight: 1, arbitrary: fc.constantFrom(-Infinity, Infinity, 0, NaN) },
    );
    const entry = ({ id, timestampMs, isDeadLettered }: Counted): LedgerEntry =>
      entryOf(event(`id-${id}`, timestampMs), BASE_MS, isDeadLettered);

    it('what lies between two instants like a list does, dead letters apart, whatever is added twice and forgotten', () => {
      fc.assert(
        fc.property(
          fc.array(anyCounted, { maxLength: 60, size: 'max' }),
          fc.array(fc.tuple(anyBound, anyBound), { minLength: 1, maxLength: 10 }),
          anyTime,
          (added, questions, prunedMs) => {
            const ledger = new Ledger();
            const model = new Map<string, { atMs: number; isDead: boolean }>();
            for (const each of added) {
              ledger.add(entry(each));
              if (each.timestampMs === undefined) continue;
              const name = `${each.id} ${Math.floor(each.timestampMs / MINUTE_MS)}`;
              const before = model.get(name);
              // The first sighting says when it was; what was delivered once stays so.
              const isDead = each.isDeadLettered && before?.isDead !== false;
              model.set(name, { atMs: before?.atMs ?? each.timestampMs, isDead });
            }
            for (const isPruned of [false, true]) {
              if (isPruned) ledger.prune({ fromMs: prunedMs, also: [] });
              const firstMs = isPruned ? Math.floor(prunedMs / MINUTE_MS) * MINUTE_MS : -Infinity;
              for (const [fromMs, toMs] of questions) {
                const inside = [...model.values()].filter(
                  ({ atMs }) => atMs >= Math.max(firstMs, fromMs) && atMs < toMs,
                );
                const deadLettered = inside.filter(({ isDead }) => isDead).length;
                expect(ledger.count(fromMs, toMs)).toEqual({ delivered: inside.length - deadLettered, deadLettered });
              }
            }
          },
        ),
        { numRuns: 150 },
      );
    });

    it('no undated event, which the source cannot be asked for', () => {
      const ledger = new Ledger();
      ledger.add(entryOf(event('x', undefined), BASE_MS));
      ledger.add(entryOf(event('y', undefined), BASE_MS, true));
      expect(ledger.count(-Infinity, Infinity)).toEqual({ delivered: 0, deadLettered: 0 });
      expect(ledger.size).toBe(2);
    });

    it('a dead letter that was delivered since as delivered, and says that this is new once', () => {
      const ledger = new Ledger();
      const seen = { id: 1, timestampMs: BASE_MS };
      expect(ledger.add(entry({ ...seen, isDeadLettered: true }))).toBe(true);
      expect(ledger.count(BASE_MS, BASE_MS + 1)).toEqual({ delivered: 0, deadLettered: 1 });
      expect(ledger.add(entry({ ...seen, isDeadLettered: false }))).toBe(true);
      expect(ledger.add(entry({ ...seen, isDeadLettered: false }))).toBe(false);
      expect(ledger.add(entry({ ...seen, isDeadLettered: true }))).toBe(false);
      expect(ledger.count(BASE_MS, BASE_MS + 1)).toEqual({ delivered: 1, deadLettered: 0 });
      expect(ledger.size).toBe(1);
    });
  });

  it('finds borders between the events that it knows', () => {
    const ledger = new Ledger();
    for (const ms of [0, 4, 9]) ledger.add(entryOf(event(`e${ms}`, BASE_MS + ms), 0));
    expect(ledger.border(BASE_MS, BASE_MS + 100)).toBe(BASE_MS + 12);
    expect(ledger.border(BASE_MS + 9, BASE_MS)).toBeUndefined();
    expect(ledger.border(BASE_MS, BASE_MS - 100)).toBe(BASE_MS - 3);
  });
});

describe('the entries of a range', () => {
  it('are all that it counts, as they were taken in', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyTime, fc.boolean()), { maxLength: 30 }), anyTime, anyTime, (times, a, b) => {
        const [fromMs, toMs] = [Math.min(a, b), Math.max(a, b)];
        const ledger = new Ledger();
        const all = times.map(([ms, isDead], n) => ({ ms, entry: entryOf(event(`id-${n}`, ms), ms, isDead) }));
        for (const { entry } of all) ledger.add(entry);
        const within = all
          .filter(({ ms }) => ms >= fromMs && ms < toMs)
          .map(({ entry }) => JSON.stringify(sorted(entry)));
        expect([...ledger.entries(fromMs, toMs)].map((entry) => JSON.stringify(sorted(entry))).sort()).toEqual(
          within.sort(),
        );
      }),
    );
  });

  function sorted({ bucket, place, high, low, isDeadLettered }: LedgerEntry): LedgerEntry {
    return { bucket, place, high, low, isDeadLettered };
  }
});
