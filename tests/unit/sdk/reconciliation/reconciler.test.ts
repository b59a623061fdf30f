import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { DeliveryState } from '../../../../src/sdk/checkpoint/delivery-state.js';
import { isAbort, ModuleError } from '../../../../src/sdk/errors.js';
import { Ledger } from '../../../../src/sdk/ledger/ledger.js';
import { type Pipeline, pumpWindow } from '../../../../src/sdk/pipeline/pump.js';
import { HOUR_MS, type HourRecord } from '../../../../src/sdk/reconciliation/hour-store.js';
import { CountRefused, Reconciler } from '../../../../src/sdk/reconciliation/reconciler.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import { rawEvent, testEvent } from '../../../support/events.js';
import { type HeldEvent, IndexedSource, type Reading } from '../../../support/indexed-source.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { pipelineOf } from '../../../support/pump-rig.js';
import { RecordingDestination, type TextBatch } from '../../../support/recording-destination.js';
import { RecordingLog } from '../../../support/recording-log.js';

const START_MS = Date.UTC(2030, 0, 2, 3);
const MINUTE_MS = 60_000;
const EVERY_MS = 300_000;
const NEVER = new AbortController().signal;

const READINGS: Reading[] = [true, false].flatMap((startInclusive) =>
  [true, false].flatMap((endInclusive) =>
    (['exact', 'cut', 'rounded'] as const).map((index) => ({ startInclusive, endInclusive, index })),
  ),
);

/** The event at so many milliseconds after the start. */
function held(id: string, afterMs: number, fraction = 0): HeldEvent {
  const atMs = START_MS + afterMs;
  return { event: testEvent(id, atMs), atMs, fraction };
}

/** `count` events at equal distances from a minute after the start on. */
function many(count: number, stepMs: number): HeldEvent[] {
  return Array.from({ length: count }, (_, n) => held(`e${n}`, MINUTE_MS + n * stepMs));
}

interface Given {
  readonly reading?: Reading;
  readonly keepMs?: number;
}

/** A state, a source that counts, and a reconciler between them. */
class Rig {
  readonly clock = new ManualClock({ nowMs: START_MS + 30 * 24 * HOUR_MS });
  readonly source: IndexedSource;
  readonly destination = new RecordingDestination({ batchEvents: () => 1000 });
  readonly log = new RecordingLog();
  readonly storage = createMemoryStorage();
  readonly pipeline: Pipeline<TextBatch>;
  readonly reconciler: Reconciler;

  private constructor(
    given: Given,
    readonly state: DeliveryState,
  ) {
    this.source = new IndexedSource(() => this.clock.now(), given.reading);
    const { source, destination, storage, clock } = this;
    this.pipeline = pipelineOf({ source, destination, storage, clock }, state);
    this.reconciler = new Reconciler({
      source: this.source,
      state,
      clock: this.clock,
      log: this.log.log,
      reconcileEveryMs: EVERY_MS,
      readGap: (window) =>
        pumpWindow({ window, lane: 'gap', parallelDeliveries: 1, lateBeforeMs: Infinity }, this.pipeline),
    });
  }

  static async open(given: Given = {}): Promise<Rig> {
    const { keepMs = 24 * HOUR_MS } = given;
    const storage = createMemoryStorage();
    const state = await DeliveryState.open({ storage, startFromMs: START_MS, keepMs, stream: 'tests' });
    return new Rig(given, state);
  }

  /** Delivers what the source shows up to so many milliseconds after the start. */
  async readTail(toMs: number): Promise<void> {
    const window = { fromMs: this.state.owed.tailFromMs ?? START_MS, toMs: START_MS + toMs };
    await pumpWindow({ window, lane: 'tail', parallelDeliveries: 4, lateBeforeMs: 0, looksBack: true }, this.pipeline);
  }

  /** A pass, as the repair lane makes it. @returns how often the source was asked, and what was found */
  async pass() {
    const [counts, reads] = [this.source.counts.length, this.source.reads.length];
    const findings = await this.reconciler.pass(NEVER);
    await this.state.commit({ entries: [], settled: undefined });
    return { ...findings, counts: this.source.counts.length - counts, reads: this.source.reads.length - reads };
  }

  /** Ids in the order of their delivery, repeats included. */
  get delivered(): string[] {
    return this.destination.acknowledged.map((text) => (JSON.parse(text) as { id: string }).id);
  }

  knows({ event }: HeldEvent): boolean {
    return this.state.ledger.has(Ledger.keyOf(rawEvent(event), 0));
  }

  /** Fails where the state notes an agreement about a time of which something is missing. */
  refuseWrongAgreements(): void {
    const agree = this.state.agree.bind(this.state);
    this.state.agree = (agreement) => {
      const { fromMs, toMs, disputed } = agreement;
      const missing = this.source.held.filter(
        (each) =>
          each.atMs >= fromMs &&
          each.atMs < toMs &&
          !isIn(disputed, each.atMs) &&
          each.event.timestampMs !== undefined &&
          !this.knows(each),
      );
      expect(missing.map(({ event }) => event.id)).toEqual([]);
      agree(agreement);
    };
  }
}

function isIn(ranges: readonly { fromMs: number; toMs: number }[], atMs: number): boolean {
  return ranges.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
}

const ONE_QUESTION = { mended: 0, delivered: 0, agreed: true, reachesTail: true, counts: 1, reads: 0 };

describe('a pass over what the ledger remembers', () => {
  it('says that events are too dense to be compared where no instant of an hour is free of them, once', async () => {
    const rig = await Rig.open();
    await rig.readTail(2 * HOUR_MS);
    for (let atMs = START_MS; atMs < START_MS + 2 * HOUR_MS; atMs += 4) {
      const [bucket, place] = [Math.floor(atMs / MINUTE_MS), atMs % MINUTE_MS];
      rig.state.ledger.add({ bucket, place, high: atMs % 1_000_003, low: atMs, isDeadLettered: false });
    }
    for (let pass = 0; pass < 2; pass += 1) expect(await rig.pass()).toMatchObject({ counts: 0 });
    expect(rig.log.at('warning')).toEqual([expect.stringContaining('Events are so dense')]);
  });

  it('does not say so where all but the last minutes is still to be backfilled', async () => {
    const rig = await Rig.open();
    rig.state.leaveToBackfill(START_MS + 5 * HOUR_MS, 0);
    expect(await rig.pass()).toMatchObject({ counts: 0 });
    expect(rig.log.at('warning')).toEqual([]);
  });

  it('costs one request where the counts are equal, and notes what they prove', async () => {
    const rig = await Rig.open();
    rig.source.hold(...many(50, 10_000));
    await rig.readTail(20 * MINUTE_MS);
    const reads = rig.source.reads.length;
    await expect(rig.pass()).resolves.toEqual(ONE_QUESTION);
    expect(rig.source.reads).toHaveLength(reads);
    const edgeMs = START_MS + 20 * MINUTE_MS;
    expect(rig.source.counts).toEqual([{ fromMs: START_MS - 1, toMs: edgeMs - 1 }]);
    expect(rig.state.checkpoint.agreed).toEqual({
      fromMs: START_MS,
      toMs: edgeMs - 2,
      atMs: rig.clock.now(),
      disputed: [],
    });
    expect(rig.log.lines).toEqual([]);
  });

  it('asks nothing where there is nothing to compare yet', async () => {
    const rig = await Rig.open();
    await expect(rig.pass()).resolves.toEqual({ ...ONE_QUESTION, agreed: false, reachesTail: false, counts: 0 });
    await rig.readTail(2);
    await expect(rig.pass()).resolves.toMatchObject({ counts: 0 });
  });

  it.each([
    ['the very beginning', [0, 1]],
    ['the middle of a minute', [90_001]],
    ['a full hour', [HOUR_MS - 1, HOUR_MS, HOUR_MS + 1]],
    ['just before the edge', [3 * HOUR_MS - 10]],
    ['many places', [5, 600_003, 1_200_007, 3_600_011, 5_000_000, 9_000_001]],
  ])('finds what is missing at %s, delivers it once, and agrees then', async (_, places) => {
    const rig = await Rig.open();
    rig.source.hold(...many(3000, 3500));
    await rig.readTail(3 * HOUR_MS);
    const missing = places.map((afterMs) => held(`missing-${afterMs}`, afterMs));
    rig.source.hold(...missing);
    rig.refuseWrongAgreements();
    await expect(rig.pass()).resolves.toMatchObject({ delivered: places.length, agreed: true });
    expect(rig.delivered.slice(3000).sort()).toEqual(missing.map(({ event }) => event.id).sort());
    await expect(rig.pass()).resolves.toEqual(ONE_QUESTION);
    expect(rig.state.owed.gaps).toEqual([]);
    expect(rig.state.checkpoint.explained).toEqual([]);
  });

  it.each(READINGS)('is exact where the source reads bounds as %j', async (reading) => {
    // On each millisecond around full minutes, where ranges are cut; to a fraction of a millisecond.
    const anyEvent = fc.record({
      minute: fc.constantFrom(10, 45, 46, 90),
      ms: fc.integer({ min: -12, max: 12 }),
      fraction: fc.constantFrom(0, 0, 0.3, 0.5, 0.999),
      isMissing: fc.boolean(),
    });
    const filler = Array.from({ length: 1100 }, (_, n) => held(`e${n}`, MINUTE_MS + 1000 + n * 5000));
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 40, size: 'max' }), async (given) => {
        const rig = await Rig.open({ reading });
        const events = given.map(({ minute, ms, fraction, isMissing }, n) => ({
          ...held(`x${n}`, minute * MINUTE_MS + ms, fraction),
          isMissing,
        }));
        rig.source.hold(...filler, ...events.filter(({ isMissing }) => !isMissing));
        await rig.readTail(95 * MINUTE_MS);
        rig.source.hold(...events.filter(({ isMissing }) => isMissing));
        rig.refuseWrongAgreements();
        for (let round = 0, agreed = false; !agreed; round += 1) {
          ({ agreed } = await rig.pass());
          expect(round).toBeLessThan(3);
        }
        expect([...rig.source.held].filter((each) => !rig.knows(each))).toEqual([]);
        expect(new Set(rig.delivered).size).toBe(rig.delivered.length);
        await expect(rig.pass()).resolves.toEqual(ONE_QUESTION);
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });

  it('costs few requests for each event that is missing', async () => {
    const rig = await Rig.open();
    // A day, in which a range of a thousand events is small: five halvings.
    rig.source.hold(...many(16_000, 5000));
    await rig.readTail(24 * HOUR_MS);
    for (const k of [1, 2, 4]) {
      rig.source.hold(
        ...Array.from({ length: k }, (_, n) => held(`m${k}-${n}`, ((n * 21 + k) * HOUR_MS) / k / 2 + 90_007)),
      );
      const { delivered, agreed, counts, reads } = await rig.pass();
      expect({ delivered, agreed }).toEqual({ delivered: k, agreed: true });
      expect(counts).toBeLessThanOrEqual(2 + 2 * 5 * k);
      expect(reads).toBeLessThanOrEqual(k);
    }
  });

  it('compares what lies before and between ranges that are still to be backfilled too: they may stay so', async () => {
    const rig = await Rig.open();
    await rig.readTail(HOUR_MS);
    rig.state.leaveToBackfill(START_MS + 2 * HOUR_MS, 0);
    await rig.readTail(3 * HOUR_MS);
    rig.state.leaveToBackfill(START_MS + 4 * HOUR_MS, 0);
    await rig.readTail(5 * HOUR_MS);
    rig.source.hold(...[0.5, 1.5, 2.5, 3.5, 4.5].map((hours) => held(`after-${hours}`, hours * HOUR_MS)));
    await expect(rig.pass()).resolves.toMatchObject({ delivered: 3, agreed: true });
    expect(rig.delivered.sort()).toEqual(['after-0.5', 'after-2.5', 'after-4.5']);
    await expect(rig.pass()).resolves.toEqual({ ...ONE_QUESTION, counts: 3 });
    expect(rig.state.checkpoint.agreed).toMatchObject({ fromMs: START_MS + 4 * HOUR_MS + 2, disputed: [] });
    expect(rig.state.backfillGaps).toHaveLength(2);
  });

  it('shows nothing of what was collected last where such a range joins the tail', async () => {
    const rig = await Rig.open();
    await rig.readTail(HOUR_MS);
    rig.state.leaveToBackfill(START_MS + 2 * HOUR_MS, 0);
    await expect(rig.pass()).resolves.toEqual({ ...ONE_QUESTION, reachesTail: false });
    expect(rig.state.checkpoint.agreed).toBeUndefined();
  });

  it('notes no agreement of what lies after such a range where what lies before it differs', async () => {
    const rig = await Rig.open();
    await rig.readTail(HOUR_MS);
    rig.state.leaveToBackfill(START_MS + 2 * HOUR_MS, 0);
    await rig.readTail(3 * HOUR_MS);
    rig.source.onCount = (counted, { fromMs }, n) => (fromMs < START_MS + HOUR_MS ? counted + n : counted);
    await expect(rig.pass()).resolves.toMatchObject({ delivered: 0, agreed: false });
    expect(rig.state.checkpoint.agreed).toBeUndefined();
  });

  it('reads a range as a whole, of which most is missing', async () => {
    const rig = await Rig.open();
    await rig.readTail(4 * HOUR_MS);
    rig.source.hold(...many(3000, 4000));
    await expect(rig.pass()).resolves.toMatchObject({ delivered: 3000, agreed: true, counts: 2, reads: 1 });
  });
});

describe('a difference that is no loss', () => {
  it.each([
    ['events that have vanished', -2, (rig: Rig) => void rig.source.held.splice(100, 2)],
    [
      'an id that the source holds twice',
      1,
      (rig: Rig) => rig.source.hold({ ...rig.source.held[100]!, event: { ...rig.source.held[100]!.event } }),
    ],
    [
      'events whose own time cannot be read',
      2,
      (rig: Rig) =>
        rig.source.hold(
          ...[1, 2].map((n) => ({ event: testEvent(`undated-${n}`, undefined), atMs: START_MS + 40 * MINUTE_MS })),
        ),
    ],
  ])('is explained: %s', async (_, difference, change) => {
    const rig = await Rig.open();
    rig.source.hold(...many(1500, 3000));
    await rig.readTail(80 * MINUTE_MS);
    change(rig);
    for (let round = 0; round < 3; round += 1) await rig.pass();
    expect(rig.state.checkpoint.explained.map((each) => each.difference)).toEqual([difference]);
    await expect(rig.pass()).resolves.toEqual(ONE_QUESTION);
    expect(new Set(rig.delivered).size).toBe(rig.delivered.length);
    expect(rig.log.at('warning')).toEqual([]);
    // It is not taken for something that is missing later, nor does it hide that.
    rig.source.hold(held('missing', 41 * MINUTE_MS + 3));
    rig.refuseWrongAgreements();
    await rig.pass();
    expect(rig.delivered.at(-1)).toBe('missing');
    await rig.pass();
    await expect(rig.pass()).resolves.toEqual(ONE_QUESTION);
  });

  it('is not made of an event that was missing at a border, and so does not hide the next one', async () => {
    const rig = await Rig.open();
    rig.source.hold(...many(10, 60_000));
    await rig.readTail(20 * MINUTE_MS);
    rig.refuseWrongAgreements();
    // It is counted by the question about the whole, which reaches a millisecond over its end, but lies behind the end.
    const edge = 20 * MINUTE_MS;
    rig.source.hold(held('at the border', edge - 2));
    rig.source.onCount = (counted, window, n) => {
      // Becomes visible right after the first was mended.
      if (n === 2) rig.source.hold(held('late', 5 * MINUTE_MS + 7));
      return n === 2 ? rig.source.inside(window).length : counted;
    };
    await rig.pass();
    await rig.pass();
    await rig.pass();
    expect(rig.delivered.slice(10).sort()).toEqual(['at the border', 'late']);
  });

  it('that a wrong count made once costs questions, but neither an event nor a repeat', async () => {
    for (const wrong of [-3, 1, 1000]) {
      const rig = await Rig.open();
      rig.source.hold(...many(3000, 3000));
      await rig.readTail(3 * HOUR_MS);
      rig.refuseWrongAgreements();
      rig.source.onCount = (counted, _, n) => (n === 1 ? counted + wrong : counted);
      await rig.pass();
      await expect(rig.pass()).resolves.toEqual(ONE_QUESTION);
      expect(rig.delivered).toHaveLength(3000);
    }
  });
});

describe('a source that contradicts itself', () => {
  const AT_MS = START_MS + 30 * MINUTE_MS + 7;

  /** Counts one more event at a certain time than it ever shows. */
  async function contradictory(given: Given = {}): Promise<Rig> {
    const rig = await Rig.open(given);
    rig.source.hold(...many(3000, 3000));
    await rig.readTail(3 * HOUR_MS);
    rig.source.onCount = (counted, { fromMs, toMs }) => (AT_MS > fromMs && AT_MS < toMs ? counted + 1 : counted);
    return rig;
  }

  it('is told once, and compared elsewhere meanwhile; the range is not proven', async () => {
    const rig = await contradictory();
    const first = await rig.pass();
    expect(first).toMatchObject({ mended: 1, delivered: 0, agreed: true });
    expect(rig.log.at('warning')).toEqual([
      expect.stringMatching(/^The source counts \d+ events from .* and shows \d+/),
    ]);
    const { agreed } = rig.state.checkpoint;
    expect(agreed?.disputed).toHaveLength(1);
    expect(isIn(agreed?.disputed ?? [], AT_MS)).toBe(true);
    await expect(rig.pass()).resolves.toEqual(ONE_QUESTION);
    // What is missing elsewhere is found, and what is missing in the disputed range is read.
    rig.source.hold(held('elsewhere', 2 * HOUR_MS + 7), held('there', 30 * MINUTE_MS + 77));
    await rig.pass();
    expect(rig.delivered.slice(3000).sort()).toEqual(['elsewhere', 'there']);
    expect(rig.log.at('warning')).toHaveLength(1);
  });

  it('is asked again with growing pauses, and is believed when it agrees', async () => {
    const rig = await contradictory();
    await rig.pass();
    const asked: number[] = [];
    for (let minute = 0; minute < 60; minute += 5) {
      await rig.clock.advance(EVERY_MS);
      if ((await rig.pass()).reads > 0) asked.push(minute + 5);
    }
    expect(asked).toEqual([5, 15, 35]);
    expect(rig.log.at('warning')).toHaveLength(1);
    rig.source.onCount = (counted) => counted;
    await rig.clock.advance(6 * HOUR_MS);
    await expect(rig.pass()).resolves.toMatchObject({ reads: 0, agreed: true });
    expect(rig.state.checkpoint.agreed?.disputed).toEqual([]);
  });

  it('proves no hour in which it does', async () => {
    const rig = await contradictory({ keepMs: 10 * MINUTE_MS });
    await rig.pass();
    const hours = await rig.state.hours.read(START_MS, START_MS + 24 * HOUR_MS);
    expect(hours.map(({ proof }) => proof)).toEqual(['unknown', 'proven']);
  });

  it('is not explained by its rows where it shows what it counts only by chance of a second count', async () => {
    const rig = await contradictory();
    rig.source.onCount = (counted, { fromMs, toMs }, n) =>
      AT_MS > fromMs && AT_MS < toMs ? counted + (n % 2 === 0 ? 1 : 2) : counted;
    await rig.pass();
    expect(rig.state.checkpoint.explained).toEqual([]);
  });
});

describe('a ledger that changes while the source is asked', () => {
  it('is not compared with an answer to another question', async () => {
    const rig = await Rig.open();
    rig.source.hold(...many(20, 10_000));
    await rig.readTail(20 * MINUTE_MS);
    rig.source.hold(held('missing', 90_003));
    rig.refuseWrongAgreements();
    // The count is right, and an event is added behind the edge in the meantime: the sums would agree by chance.
    let n = 0;
    rig.source.onCount = async (counted) => {
      n += 1;
      if (n !== 1) return counted;
      const other = held('other', 100_003);
      await rig.state.commit({
        entries: [{ ...Ledger.keyOf(rawEvent(other.event), 0), isDeadLettered: false }],
        settled: undefined,
      });
      rig.source.hold(other);
      return counted;
    };
    await rig.pass();
    expect(rig.delivered.at(-1)).toBe('missing');
  });

  it('is looked at more closely where it does not hold still', async () => {
    const rig = await Rig.open();
    rig.source.hold(...many(3000, 3000));
    await rig.readTail(3 * HOUR_MS);
    const whole = START_MS - 1;
    let n = 0;
    rig.source.onCount = async (counted, { fromMs, toMs }) => {
      if (fromMs !== whole || toMs - fromMs < 2.9 * HOUR_MS || n >= 3) return counted;
      n += 1;
      const other = held(`other-${n}`, 2 * HOUR_MS + n * 10_003);
      rig.source.hold(other);
      await rig.state.commit({
        entries: [{ ...Ledger.keyOf(rawEvent(other.event), 0), isDeadLettered: false }],
        settled: undefined,
      });
      return counted + 1;
    };
    await expect(rig.pass()).resolves.toMatchObject({ delivered: 0, agreed: true });
    expect(n).toBe(3);
  });

  it('is read again nowhere where it has forgotten its ids meanwhile, as while a backlog is read', async () => {
    const rig = await Rig.open({ keepMs: 10 * MINUTE_MS });
    rig.source.hold(...many(1200, 30_000));
    await rig.readTail(3 * HOUR_MS);
    let asked = 0;
    rig.source.onCount = async (counted) => {
      asked += 1;
      // The tail goes on by an hour or more with each answer, and hours leave the ledger unproven.
      if (asked < 8) await rig.readTail((3 + asked) * HOUR_MS);
      return counted;
    };
    for (let round = 0; round < 6; round += 1) await rig.pass();
    expect(rig.delivered.length).toBe(new Set(rig.delivered).size);
    expect(rig.state.owed.gaps).toEqual([]);
  });

  it('repeats nothing where it forgets one range while another is read', async () => {
    const rig = await Rig.open({ keepMs: 10 * MINUTE_MS });
    rig.source.hold(...many(7000, 2000));
    await rig.readTail(3 * HOUR_MS);
    rig.source.hold(held('first', 5 * MINUTE_MS + 7), held('second', 40 * MINUTE_MS + 7));
    rig.source.onRead = async ({ fromMs, toMs }) => {
      if (toMs - fromMs > 2 * HOUR_MS) return;
      rig.source.onRead = () => undefined;
      await rig.readTail(3 * HOUR_MS + 40 * MINUTE_MS);
    };
    for (let round = 0; round < 4; round += 1) await rig.pass();
    expect(rig.delivered.length).toBe(new Set(rig.delivered).size);
    expect(rig.delivered).toContain('first');
  });

  it('repeats nothing where it forgets one range after another was read', async () => {
    const rig = await Rig.open({ keepMs: 10 * MINUTE_MS });
    rig.source.hold(...many(7000, 2000));
    await rig.readTail(3 * HOUR_MS);
    const [first, second] = [held('first', 5 * MINUTE_MS + 7), held('second', 40 * MINUTE_MS + 7)];
    rig.source.hold(first, second);
    const reads = rig.source.reads.length;
    rig.source.onCount = async (counted, { fromMs, toMs }) => {
      // The first range contradicts itself and is counted once more after it was read; the tail goes on meanwhile.
      if (rig.source.reads.length === reads + 1) await rig.readTail(3 * HOUR_MS + 40 * MINUTE_MS);
      return first.atMs > fromMs && first.atMs < toMs ? counted + 1 : counted;
    };
    for (let round = 0; round < 3; round += 1) await rig.pass();
    expect(rig.state.countableFromMs).toBeGreaterThan(second.atMs);
    expect(rig.delivered.length).toBe(new Set(rig.delivered).size);
  });
});

describe('a source that does not count', () => {
  it('is told apart from one that fails otherwise, with what it said', async () => {
    const rig = await Rig.open();
    await rig.readTail(20 * MINUTE_MS);
    rig.source.onCount = () => {
      throw new ModuleError('SOURCE_RATE_LIMITED', 'slow down', { advice: 'Wait.', retryAfterMs: 7000 });
    };
    const error: unknown = await rig.pass().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CountRefused);
    expect(error).toMatchObject({ code: 'SOURCE_RATE_LIMITED', advice: 'Wait.', retryAfterMs: 7000, retryable: true });
  });

  it('is not blamed for a stop or a defect', async () => {
    const rig = await Rig.open();
    await rig.readTail(20 * MINUTE_MS);
    const stopped: unknown = await rig.reconciler.pass(AbortSignal.abort()).catch((thrown: unknown) => thrown);
    expect(isAbort(stopped)).toBe(true);
    rig.source.onCount = () => {
      throw new TypeError('a bug');
    };
    await expect(rig.pass()).rejects.toThrow(TypeError);
  });
});

describe('hours that were forgotten before they were compared', () => {
  /** Ten hours of an event a minute, of which eight have left the ledger unproven. */
  async function forgotten(): Promise<Rig> {
    const rig = await Rig.open({ keepMs: 10 * MINUTE_MS });
    rig.source.hold(...Array.from({ length: 600 }, (_, n) => held(`e${n}`, n * MINUTE_MS + 30_000)));
    await rig.readTail(10 * HOUR_MS + 10 * MINUTE_MS);
    expect(rig.state.checkpoint.unproven).toEqual([{ fromMs: START_MS, toMs: START_MS + 8 * HOUR_MS }]);
    return rig;
  }
  const proofs = async ({ state }: Rig): Promise<string> =>
    (await state.hours.read(START_MS, START_MS + 48 * HOUR_MS)).map(({ proof }) => proof.slice(0, 1)).join('');

  it('are proven by one count where that agrees', async () => {
    const rig = await forgotten();
    await expect(rig.pass()).resolves.toMatchObject({ agreed: true, counts: 2, reads: 0 });
    expect(await proofs(rig)).toBe('ppppppppp');
    expect(rig.state.checkpoint.unproven).toEqual([]);
    await expect(rig.pass()).resolves.toEqual(ONE_QUESTION);
    expect(rig.log.lines).toEqual([]);
  });

  it('are judged by halves where it does not: short where the source has more, unknown where it has less', async () => {
    const rig = await forgotten();
    rig.source.hold(held('missing', 2.5 * HOUR_MS + 1), held('another', 2.5 * HOUR_MS + 2));
    rig.source.held.splice(5 * 60 + 10, 1);
    await rig.pass();
    expect(await proofs(rig)).toBe('ppsppuppp');
    expect(rig.log.at('warning')).toEqual([
      expect.stringMatching(
        /^The source holds 62 events from .*05:00:00Z to .*06:00:00Z, of which 60 are accounted for/,
      ),
    ]);
    // Read again they would be delivered twice: the ids are forgotten.
    expect(rig.delivered).toHaveLength(600);
    await rig.pass();
    expect(rig.log.at('warning')).toHaveLength(1);
  });

  it('wait while something of their time is still owed', async () => {
    const rig = await forgotten();
    const gap = { fromMs: START_MS + HOUR_MS, toMs: START_MS + HOUR_MS + 1000 };
    rig.state.owe(gap);
    await rig.pass();
    expect(await proofs(rig)).toBe('uuuuuuuu');
    await rig.state.commit({ entries: [], settled: { ...gap, lane: 'gap' } });
    await rig.pass();
    expect(await proofs(rig)).toBe('ppppppppp');
  });

  it('stay to be compared where the source does not count them', async () => {
    const rig = await forgotten();
    rig.source.onCount = (counted, { toMs }) => {
      if (toMs < START_MS + 9 * HOUR_MS) throw new ModuleError('SOURCE_REQUEST_REFUSED', 'too old');
      return counted;
    };
    await expect(rig.pass()).rejects.toThrow(CountRefused);
    expect(rig.state.checkpoint.unproven).toHaveLength(1);
    const hours: HourRecord[] = await rig.state.hours.read(START_MS, START_MS + HOUR_MS);
    expect(hours).toMatchObject([{ proof: 'unknown' }]);
  });
});
