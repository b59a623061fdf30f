import { seededRandom } from '../../../support/seeded-random.js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ModuleError } from '../../../../src/sdk/errors.js';
import type { Verdict } from '../../../../src/sdk/intake/intake-answer.js';
import { Narrowing } from '../../../../src/sdk/intake/narrowing.js';
import type { DeliveryOutcome } from '../../../../src/sdk/outcome.js';

const REFUSED = new ModuleError('DESTINATION_REFUSED', 'The intake answered 400', { status: 400 });

interface Delivered {
  readonly outcome: DeliveryOutcome;
  /** How often each event was accepted. */
  readonly accepted: readonly number[];
  readonly requests: number;
}

/** What the destination says to a request: a verdict for each event, or no to all of it. */
type Destination = (indexes: readonly number[]) => readonly Verdict[] | 'refused';

function wholeOrNothing(poison: ReadonlySet<number>): Destination {
  return (indexes) =>
    indexes.some((index) => poison.has(index)) ? 'refused' : indexes.map(() => ({ kind: 'accepted' }));
}

function oneByOne(poison: ReadonlySet<number>): Destination {
  return (indexes) =>
    indexes.map((index) => (poison.has(index) ? { kind: 'rejected', reason: 'status 400' } : { kind: 'accepted' }));
}

/** Delivers a batch as the intake destination does. */
function deliver(count: number, destination: Destination): Delivered {
  const narrowing = new Narrowing(count, seededRandom(count));
  const accepted = Array.from({ length: count }, () => 0);
  let requests = 0;
  let failure: Error | undefined;
  try {
    for (let indexes = narrowing.next(); indexes !== undefined; indexes = narrowing.next()) {
      requests += 1;
      if (requests > 10_000) throw new Error('It does not end');
      if (indexes.length === 0) throw new Error('It sends an empty request');
      if (!isAscending(indexes)) throw new Error('It sends events out of order');
      const said = destination(indexes);
      if (said === 'refused') {
        narrowing.refuse(indexes, REFUSED);
        continue;
      }
      narrowing.record(indexes, said);
      indexes.forEach((index, n) => {
        if (said[n]?.kind === 'accepted') accepted[index]! += 1;
      });
    }
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    failure = error;
  }
  return { outcome: narrowing.outcome(failure), accepted, requests };
}

const rejected = ({ outcome }: Delivered): number[] =>
  outcome.rejections.map(({ index }) => index).toSorted((a, b) => a - b);
const sorted = (indexes: Iterable<number>): number[] => [...indexes].toSorted((a, b) => a - b);
const isAscending = (indexes: readonly number[]): boolean =>
  indexes.every((index, n) => n === 0 || index > indexes[n - 1]!);
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** A batch and which of its events nobody will ever take. */
function anyBatch(maxCount: number, maxPoison: number): fc.Arbitrary<{ count: number; poison: Set<number> }> {
  return fc
    .tuple(fc.integer({ min: 1, max: maxCount }), fc.array(fc.nat(), { maxLength: maxPoison, size: 'max' }))
    .map(([count, places]) => ({ count, poison: new Set(places.map((place) => place % count)) }));
}

describe('Narrowing', () => {
  it('sends everything at once where nothing is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), (count) => {
        const delivered = deliver(count, wholeOrNothing(new Set()));
        expect(delivered.requests).toBe(1);
        expect(delivered.outcome).toEqual({ rejections: [], unsettled: [] });
      }),
    );
  });

  it.each([
    ['of one request as a whole', wholeOrNothing],
    ['of each event by itself', oneByOne],
  ])('rejects exactly what is refused for what it is, and delivers each good event once, by the word %s', (_, make) => {
    fc.assert(
      fc.property(anyBatch(1000, 15), ({ count, poison }) => {
        fc.pre(poison.size < count);
        const delivered = deliver(count, make(poison));
        expect(rejected(delivered)).toEqual(sorted(poison));
        expect(delivered.outcome.unsettled).toEqual([]);
        expect(delivered.outcome.failure).toBeUndefined();
        expect(delivered.accepted).toEqual(range(count).map((index) => (poison.has(index) ? 0 : 1)));
        // Each refused event costs the halves on the way to it, and the probes once.
        const halvings = Math.ceil(Math.log2(Math.max(2, count)));
        expect(delivered.requests).toBeLessThanOrEqual(1 + poison.size * 2 * halvings + 17);
      }),
      { numRuns: 100 },
    );
  });

  it('in a small batch finds the one good event among nothing but refused ones', () => {
    for (let count = 2; count <= 16; count += 1) {
      for (let good = 0; good < count; good += 1) {
        const poison = new Set(range(count).filter((index) => index !== good));
        const delivered = deliver(count, wholeOrNothing(poison));
        expect(rejected(delivered)).toEqual(sorted(poison));
        expect(delivered.accepted[good]).toBe(1);
      }
    }
  });

  it('rejects nothing and settles nothing where every event is refused, and finds that out in few requests', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.constantFrom(wholeOrNothing, oneByOne), (count, make) => {
        const delivered = deliver(count, make(new Set(range(count))));
        expect(delivered.outcome.rejections).toEqual([]);
        expect(delivered.outcome.unsettled).toEqual(range(count));
        // One or two refused events may well be at fault themselves: that is no alarm yet.
        const code = count < 3 ? 'DESTINATION_REFUSES_EVENT' : 'DESTINATION_REFUSED';
        expect(delivered.outcome.failure).toMatchObject({ code, retryable: false });
        expect(delivered.requests).toBeLessThanOrEqual(1 + Math.ceil(Math.log2(Math.max(2, count))) + 17);
      }),
      { numRuns: 50 },
    );
  });

  it('never rejects a good event, never settles what nobody took, and never sends twice what was taken', () => {
    fc.assert(
      fc.property(anyBatch(120, 200), ({ count, poison }) => {
        const delivered = deliver(count, wholeOrNothing(poison));
        const { outcome, accepted } = delivered;
        expect(Math.max(...accepted)).toBeLessThanOrEqual(1);
        for (const index of rejected(delivered)) expect(poison.has(index)).toBe(true);
        const taken = range(count).filter((index) => accepted[index] === 1);
        expect(sorted([...taken, ...rejected(delivered), ...outcome.unsettled])).toEqual(range(count));
        if (taken.length > 0) expect(outcome.unsettled).toEqual([]);
        else expect(outcome.rejections).toEqual([]);
        expect(outcome.failure === undefined).toBe(outcome.unsettled.length === 0);
      }),
      { numRuns: 150 },
    );
  });

  it('convicts the only event of a batch of nothing, since nothing was accepted beside it', () => {
    const { outcome, requests } = deliver(1, wholeOrNothing(new Set([0])));
    expect(requests).toBe(1);
    expect(outcome).toMatchObject({ rejections: [], unsettled: [0], failure: { code: 'DESTINATION_REFUSES_EVENT' } });
    expect(outcome.failure?.message).toContain('the only event it was sent');
  });

  it("gives the destination's reason with each rejection", () => {
    expect(deliver(3, oneByOne(new Set([1]))).outcome.rejections).toEqual([{ index: 1, reason: 'status 400' }]);
    expect(deliver(3, wholeOrNothing(new Set([1]))).outcome.rejections).toEqual([
      { index: 1, reason: 'The intake answered 400' },
    ]);
  });

  it('offers the same events again until it was told what became of them', () => {
    const narrowing = new Narrowing(4, seededRandom());
    expect(narrowing.next()).toEqual([0, 1, 2, 3]);
    expect(narrowing.next()).toEqual([0, 1, 2, 3]);
    narrowing.refuse([0, 1, 2, 3], REFUSED);
    expect(narrowing.next()).toEqual([0, 1]);
    expect(narrowing.next()).toEqual([0, 1]);
  });

  it('keeps what was settled, and owes the rest, when a delivery ends in the middle', () => {
    const narrowing = new Narrowing(8, seededRandom());
    narrowing.refuse(narrowing.next()!, REFUSED);
    const first = narrowing.next()!;
    narrowing.record(
      first,
      first.map(() => ({ kind: 'accepted' })),
    );
    const failure = new Error('stopped');
    expect(narrowing.outcome(failure)).toEqual({ rejections: [], unsettled: [4, 5, 6, 7], failure });
  });

  it('convicts nobody when a delivery ends before any event was accepted', () => {
    const narrowing = new Narrowing(2, seededRandom());
    narrowing.refuse(narrowing.next()!, REFUSED);
    narrowing.refuse(narrowing.next()!, REFUSED);
    const failure = new Error('stopped');
    expect(narrowing.outcome(failure)).toEqual({ rejections: [], unsettled: [0, 1], failure });
  });

  it('sends events that were put off again, only when told to, and only those', () => {
    const narrowing = new Narrowing(3, seededRandom());
    narrowing.record(narrowing.next()!, [
      { kind: 'accepted' },
      { kind: 'later', reason: 'status 429' },
      { kind: 'rejected', reason: 'status 413' },
    ]);
    expect(narrowing.next()).toBeUndefined();
    expect(narrowing.postponed).toBe(1);
    expect(narrowing.outcome(new Error('busy'))).toMatchObject({ rejections: [{ index: 2 }], unsettled: [1] });
    narrowing.takeUpPostponed();
    expect(narrowing.postponed).toBe(0);
    expect(narrowing.next()).toEqual([1]);
    narrowing.record([1], [{ kind: 'accepted' }]);
    expect(narrowing.next()).toBeUndefined();
    expect(narrowing.outcome(undefined)).toEqual({ rejections: [{ index: 2, reason: 'status 413' }], unsettled: [] });
    narrowing.takeUpPostponed();
    expect(narrowing.next()).toBeUndefined();
  });

  it('does not despair of the destination while an event is only put off', () => {
    const narrowing = new Narrowing(2, seededRandom());
    narrowing.record(narrowing.next()!, [
      { kind: 'rejected', reason: 'status 400' },
      { kind: 'later', reason: 'status 503' },
    ]);
    expect(narrowing.next()).toBeUndefined();
    expect(narrowing.outcome(new Error('busy'))).toMatchObject({ rejections: [], unsettled: [0, 1] });
    narrowing.takeUpPostponed();
    narrowing.record(narrowing.next()!, [{ kind: 'accepted' }]);
    // What was refused before anything was accepted is tried once more.
    expect(narrowing.next()).toEqual([0]);
    narrowing.record([0], [{ kind: 'rejected', reason: 'status 400' }]);
    expect(narrowing.next()).toBeUndefined();
    expect(narrowing.outcome(undefined)).toEqual({ rejections: [{ index: 0, reason: 'status 400' }], unsettled: [] });
  });
});
