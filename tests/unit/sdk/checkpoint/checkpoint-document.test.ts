import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  type Checkpoint,
  type CheckpointContent,
  decodeCheckpoint,
  encodeCheckpoint,
} from '../../../../src/sdk/checkpoint/checkpoint-document.js';
import { seal } from '../../../../src/sdk/checkpoint/sealed-document.js';

const T = Date.UTC(2030, 0, 2, 3, 4, 5);

const CHECKPOINT: Checkpoint = {
  owed: [
    { fromMs: T + 123, toMs: T + 60_000 },
    { fromMs: T + 90_000, toMs: undefined },
  ],
  collectedFromMs: T - 86_400_000,
  ledgerFromMs: T - 180_000,
  countedFromMs: T - 170_000,
  segments: ['00000001.bin', '00000002.bin'],
  explained: [
    { atMs: T - 100_000, difference: 2 },
    { atMs: T - 90_001, difference: -13 },
  ],
  agreed: {
    fromMs: T - 160_000,
    toMs: T - 2,
    atMs: T + 5,
    disputed: [{ fromMs: T - 50_000, toMs: T - 40_000 }],
  },
  unproven: [{ fromMs: T - 7_200_000, toMs: T - 3_600_000 }],
  backfill: [{ fromMs: T - 9_000_000, toMs: T - 7_300_000 }],
  unreachable: [{ fromMs: T - 1000, toMs: T }],
  lateness: { sso: [1, 0, 2, 0, 0, 3, 0, 0, 0, 0, 1, 9], all: Array.from({ length: 12 }, () => 0) },
  stream: 'services all of organization 65a1b2c3',
};

const anyMs = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) });
const anyInterval = fc.record({ fromMs: anyMs, toMs: fc.option(anyMs, { nil: undefined }) });
const anyClosed = fc.record({ fromMs: anyMs, toMs: anyMs });
const anyHistogram = fc.array(fc.nat(), { minLength: 12, maxLength: 12 });
const anyCheckpoint: fc.Arbitrary<Checkpoint> = fc.record({
  owed: fc.array(anyInterval, { maxLength: 4 }),
  collectedFromMs: anyMs,
  ledgerFromMs: anyMs,
  countedFromMs: anyMs,
  segments: fc.array(fc.stringMatching(/^\d{8}\.bin$/), { maxLength: 3 }),
  explained: fc.array(fc.record({ atMs: anyMs, difference: fc.integer() }), { maxLength: 3 }),
  agreed: fc.option(
    fc.record({ fromMs: anyMs, toMs: anyMs, atMs: anyMs, disputed: fc.array(anyClosed, { maxLength: 2 }) }),
    { nil: undefined },
  ),
  unproven: fc.array(anyClosed, { maxLength: 2 }),
  backfill: fc.array(anyClosed, { maxLength: 2 }),
  earlier: fc.array(fc.record({ fromMs: anyMs, toMs: anyMs, streams: fc.array(fc.string(), { maxLength: 2 }) }), {
    maxLength: 2,
  }),
  unreachable: fc.array(anyInterval, { maxLength: 2 }),
  // Any name of a service, the odd ones too.
  lateness: fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('7', '10', 'constructor')), anyHistogram, {
    maxKeys: 3,
    noNullPrototype: true,
  }),
  stream: fc.string({ unit: 'binary' }),
});
/** Members of the document, with values that none of them may have. */
const MEMBERS: Readonly<Record<string, readonly unknown[]>> = {
  most_recent_date_seen: [],
  owed: [{}, [{}], [7], [{ from: 'x' }], [{ from: '2030-01-02T03:04:05Z', to: 7 }]],
  looked_back_to: [{}, 7, 'x'],
  collected_from: [{}, 7, '2030-01-02T03:04:05'],
  ledger: [[], {}, { from: '2030-01-02T03:04:05Z', counted_from: '2030-01-02T03:04:05Z', segments: [7] }],
  explained: [{}, [7], [{ at: '2030-01-02T03:04:05Z', difference: 1.5 }], [{ at: 7, difference: 1 }]],
  agreed: [[], {}, { from: '2030-01-02T03:04:05Z', to: '2030-01-02T03:04:05Z', at: '2030-01-02T03:04:05Z' }],
  unproven: [{}, [{ to: '2030-01-02T03:04:05Z' }]],
  backfill: [{}, [{ to: '2030-01-02T03:04:05Z' }]],
  earlier: [{}, [7], [{ from: '2030-01-02T03:04:05Z', to: '2030-01-02T03:04:05Z', streams: [7] }]],
  unreachable: [{}, [7]],
  lateness: [[], { sso: {} }, { sso: ['x'] }],
};
const OURS = ['most_recent_date_seen', 'delivery'];
const anyOthers = fc
  .dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 })
  .filter((others) => OURS.every((key) => !Object.hasOwn(others, key)))
  .map((others) => JSON.parse(JSON.stringify(others)) as Record<string, unknown>);

function decode(text: string | Uint8Array): CheckpointContent {
  return decodeCheckpoint(Buffer.from(text as string), '/data');
}

function own(content: CheckpointContent): Extract<CheckpointContent, { kind: 'own' }> {
  if (content.kind !== 'own') throw new Error(`It is of kind ${content.kind}`);
  return content;
}

function document(content: Uint8Array): Record<string, unknown> {
  return JSON.parse(Buffer.from(content).toString()) as Record<string, unknown>;
}

/** Our member of the document, without its checksum. */
function ownMember(): Record<string, unknown> {
  const member = document(encodeCheckpoint(CHECKPOINT, {}))['delivery'] as Record<string, unknown>;
  return Object.fromEntries(Object.entries(member).filter(([key]) => key !== 'checksum'));
}

describe('the checkpoint document', () => {
  it('gives back what was written, with the keys of other programs', () => {
    fc.assert(
      fc.property(anyCheckpoint, anyOthers, (checkpoint, others) => {
        expect(decodeCheckpoint(encodeCheckpoint(checkpoint, others), '/data')).toEqual({
          kind: 'own',
          checkpoint,
          movedToMs: undefined,
          others,
        });
      }),
      { numRuns: 300 },
    );
  });

  it('says where the last look-back began only where the edge of the tail has gone on since', () => {
    const owed = [{ fromMs: T, toMs: undefined }];
    const lookedBackTo = (lookedBackToMs: number): unknown => {
      const content = encodeCheckpoint({ ...CHECKPOINT, owed, lookedBackToMs }, {});
      return own(decode(content)).checkpoint.lookedBackToMs;
    };
    expect(lookedBackTo(T - 1)).toBe(T - 1);
    expect(lookedBackTo(T)).toBeUndefined();
    expect(lookedBackTo(Infinity)).toBeUndefined();
  });

  it('is the same text again after it was read', () => {
    const content = encodeCheckpoint(CHECKPOINT, { cursor: 'x' });
    const read = own(decode(content));
    expect(Buffer.from(encodeCheckpoint(read.checkpoint, read.others))).toEqual(Buffer.from(content));
  });

  it('tells the Python connector the left edge of what is owed, a minute earlier, as Python writes it', () => {
    const positionOf = (owed: Checkpoint['owed']): unknown =>
      document(encodeCheckpoint({ ...CHECKPOINT, owed }, {}))['most_recent_date_seen'];
    expect(positionOf([{ fromMs: T, toMs: undefined }])).toBe('2030-01-02T03:03:05+00:00');
    expect(positionOf([{ fromMs: T + 7, toMs: undefined }])).toBe('2030-01-02T03:03:05.007000+00:00');
    // Never from before anything was to be collected.
    expect(positionOf([{ fromMs: CHECKPOINT.collectedFromMs + 7, toMs: undefined }])).toBe('2030-01-01T03:04:05+00:00');
    // Nothing owed at all: the Python connector may only repeat, so it begins at the beginning.
    expect(positionOf([])).toBe('2030-01-01T03:04:05+00:00');
  });

  it.each([
    ['2030-01-02T03:04:05+00:00', T],
    ['2030-01-02T03:04:05.678901+00:00', T + 678],
    ['2030-01-02T03:04:05Z', T],
    ['2030-01-02T03:04:05.678Z', T + 678],
    ['2030-01-02T03:04:05.678999999Z', T + 678],
    ['2030-01-02T05:04:05+02:00', T],
    ['2030-01-01T21:34:05-05:30', T],
  ])("takes over the Python connector's position %s", (text, positionMs) => {
    expect(decode(JSON.stringify({ most_recent_date_seen: text }))).toEqual({
      kind: 'position',
      positionMs,
      others: {},
    });
  });

  it('keeps what else the Python connector left, whatever it means', () => {
    const content = decode(
      '{"cursor":[1,"x"],"most_recent_date_seen":"2030-01-02T03:04:05+00:00","__proto__":{"a":1}}',
    );
    expect(content.kind).toBe('position');
    const again = Buffer.from(encodeCheckpoint(CHECKPOINT, content.others)).toString();
    expect(again).toContain('"__proto__"');
    expect(document(Buffer.from(again))['cursor']).toEqual([1, 'x']);
  });

  it('refuses one that is nested so deeply that it could not be written again', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const planted = `{"most_recent_date_seen":"2030-01-02T03:04:05+00:00","x":${deep}}`;
    expect(() => decode(planted)).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }));
    expect(() => decode(planted)).toThrow('nested too deeply');
  });

  it('sees that somebody else moved the position, and where to', () => {
    for (const [text, movedToMs] of [
      ['2030-01-02T03:00:00+00:00', Date.UTC(2030, 0, 2, 3)],
      ['2030-06-01T00:00:00Z', Date.UTC(2030, 5, 1)],
    ] as const) {
      const moved = { ...document(encodeCheckpoint(CHECKPOINT, {})), most_recent_date_seen: text };
      expect(own(decode(JSON.stringify(moved)))).toMatchObject({ movedToMs, checkpoint: CHECKPOINT });
    }
  });

  it('does not take another spelling of the same instant for a move', () => {
    const same = { ...document(encodeCheckpoint(CHECKPOINT, {})), most_recent_date_seen: '2030-01-02T03:03:05.123Z' };
    expect(own(decode(JSON.stringify(same))).movedToMs).toBeUndefined();
  });

  it('survives that another program takes the position away, or writes the document in its own layout', () => {
    const rest = { ...document(encodeCheckpoint(CHECKPOINT, { other: 1 })), most_recent_date_seen: undefined };
    expect(decode(JSON.stringify(rest))).toEqual({
      kind: 'own',
      checkpoint: CHECKPOINT,
      movedToMs: undefined,
      others: { other: 1 },
    });
  });

  it('is nothing yet where there is no file, or one of other programs only', () => {
    expect(decodeCheckpoint(undefined, '/data')).toEqual({ kind: 'none', others: {} });
    expect(decode('{}')).toEqual({ kind: 'none', others: {} });
    expect(decode('{"cursor":"x"}')).toEqual({ kind: 'none', others: { cursor: 'x' } });
  });

  it('notices every changed digit in what it remembers', () => {
    const text = Buffer.from(encodeCheckpoint(CHECKPOINT, {})).toString();
    const start = text.indexOf('"delivery"');
    let tried = 0;
    for (let at = start; at < text.length; at += 1) {
      const digit = text.charAt(at);
      if (!/\d/.test(digit)) continue;
      for (const other of '0123456789'.replace(digit, '')) {
        tried += 1;
        expect(() => decode(text.slice(0, at) + other + text.slice(at + 1))).toThrow(
          expect.objectContaining({ code: 'STATE_CORRUPT' }),
        );
      }
    }
    expect(tried).toBeGreaterThan(500);
  });

  it('takes a negative zero for none', () => {
    const text = Buffer.from(encodeCheckpoint(CHECKPOINT, {})).toString();
    const changed = text.replace(/\s0(?=,)/, '-0');
    expect(changed).toContain('-0');
    expect(decode(changed)).toEqual(decode(text));
  });

  it('is never read as something else where one byte of it is different, or its end is missing', () => {
    const content = Buffer.from(encodeCheckpoint(CHECKPOINT, {}));
    const memberAt = content.indexOf('"delivery": {') + '"delivery": {'.length;
    fc.assert(
      fc.property(
        fc.integer({ min: memberAt, max: content.length - 2 }),
        fc.integer({ min: 1, max: 255 }),
        (at, difference) => {
          const changed = Buffer.from(content);
          changed[at]! ^= difference;
          let read: CheckpointContent | undefined;
          try {
            read = decode(changed);
          } catch (error) {
            expect(error).toMatchObject({ code: 'STATE_CORRUPT' });
          }
          // Only the layout may change without being noticed.
          if (read !== undefined) expect(read).toEqual(decode(content));
          expect(() => decode(content.subarray(0, at))).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['an empty file', '', 'it is empty'],
    ['blanks', ' \n', 'it is not JSON'],
    ['zeros', '\0\0\0\0', 'it is not JSON'],
    ['half a document', '{"most_recent_date_seen": "2030-01-02T03', 'it is not JSON'],
    ['a list', '[]', 'it is not a JSON object'],
    ['null', 'null', 'it is not a JSON object'],
    ['a text', '"2030-01-02T03:04:05Z"', 'it is not a JSON object'],
    ['a position without a zone', '{"most_recent_date_seen":"2030-01-02T03:04:05"}', 'most_recent_date_seen'],
    ['a position that does not exist', '{"most_recent_date_seen":"2030-02-30T03:04:05Z"}', 'most_recent_date_seen'],
    ['a position that is a number', '{"most_recent_date_seen":1893553445}', 'most_recent_date_seen'],
    ['a position that is null', '{"most_recent_date_seen":null}', 'most_recent_date_seen'],
    ['a state that is no object', '{"delivery":7}', '"delivery" is not an object'],
    ['a state that is a list', '{"delivery":[]}', '"delivery" is not an object'],
    ['a state that is null', '{"delivery":null}', '"delivery" is not an object'],
    ['a state of a later release', '{"delivery":{"version":3}}', 'version 3 is not known'],
    ['a state without a version', '{"delivery":{}}', 'version undefined is not known'],
    ['a state without a checksum', '{"delivery":{"version":2}}', 'checksum'],
    ['an old state without a checksum', '{"delivery":{"version":1}}', 'checksum'],
  ])('calls %s corrupt, says where and why, and what to do', (_, text, why) => {
    expect(() => decode(text)).toThrow(
      expect.objectContaining({
        code: 'STATE_CORRUPT',
        message: expect.stringMatching(/\/data\/context\.json/),
        advice: expect.stringContaining('Nothing was collected and nothing was changed'),
      }),
    );
    expect(() => decode(text)).toThrow(why);
  });

  it.each(Object.entries(MEMBERS))('is refused where "%s" is not what it should be, checksum or not', (key, values) => {
    const own = ownMember();
    for (const value of [...values, null, 7.5, 'x']) {
      const changed = seal({ ...own, [key]: value });
      const text = JSON.stringify({ most_recent_date_seen: '2030-01-02T03:04:05Z', delivery: changed });
      expect(() => decode(text)).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }));
    }
  });

  it.each([
    ['owed', [{ from: '0000-01-01T00:00:00+23:59' }], 'not a time of this age'],
    ['owed', [{ from: '1969-12-31T23:59:59Z' }], 'not a time of this age'],
    ['unproven', [{ from: '2030-01-01T00:00:00Z', to: '9999-12-31T23:59:59-23:59' }], 'not a time of this age'],
    ['ledger', { ...(ownMember()['ledger'] as object), segments: ['../context.json'] }, 'not a list of names'],
    ['ledger', { ...(ownMember()['ledger'] as object), segments: ['a/b'] }, 'not a list of names'],
  ])('refuses what cannot be written again or would lead elsewhere: %s %j', (key, value, why) => {
    const changed = seal({ ...ownMember(), [key]: value });
    const text = JSON.stringify({ most_recent_date_seen: '2030-01-02T03:04:05Z', delivery: changed });
    expect(() => decode(text)).toThrow(why);
  });

  describe('of version 1', () => {
    /** As the release before wrote it. */
    function versionOne(owed: { from: string; to?: string }[]): string {
      const own = {
        version: 1,
        most_recent_date_seen: '2030-01-02T03:04:05+00:00',
        owed,
        collected_from: '2030-01-01T03:04:05Z',
        ledger: { from: '2030-01-02T02:00:00Z', segments: ['00000001.bin'] },
        unreachable: [{ from: '2029-01-01T00:00:00Z', to: '2029-02-01T00:00:00Z' }],
        stream: 'services all',
      };
      return JSON.stringify({ most_recent_date_seen: '2030-01-02T03:04:05+00:00', delivery: seal(own) });
    }

    it('is read as it was, with counting to begin at the edge', () => {
      const owed = [{ from: '2030-01-02T03:04:05Z', to: '2030-01-02T03:05:00Z' }, { from: '2030-01-02T03:06:00Z' }];
      expect(own(decode(versionOne(owed)))).toEqual({
        kind: 'own',
        movedToMs: undefined,
        others: {},
        checkpoint: {
          owed: [
            { fromMs: T, toMs: T + 55_000 },
            { fromMs: T + 115_000, toMs: undefined },
          ],
          collectedFromMs: Date.UTC(2030, 0, 1, 3, 4, 5),
          ledgerFromMs: Date.UTC(2030, 0, 2, 2),
          countedFromMs: T + 115_000,
          segments: ['00000001.bin'],
          explained: [],
          agreed: undefined,
          unproven: [],
          backfill: [],
          unreachable: [{ fromMs: Date.UTC(2029, 0, 1), toMs: Date.UTC(2029, 1, 1) }],
          lateness: {},
          stream: 'services all',
        },
      });
    });

    it('counts from where its ledger begins where nothing was owed', () => {
      expect(own(decode(versionOne([]))).checkpoint.countedFromMs).toBe(Date.UTC(2030, 0, 2, 2));
    });

    it('is refused where a digit of it is different', () => {
      const text = versionOne([{ from: '2030-01-02T03:04:05Z' }]);
      expect(() => decode(text.replace('02:00:00Z', '02:00:01Z'))).toThrow('checksum');
    });
  });

  it('reads histograms of fewer steps as if nothing had been so late', () => {
    const text = JSON.stringify({ delivery: seal({ ...ownMember(), lateness: { sso: [4, 5] } }) });
    expect(own(decode(text)).checkpoint.lateness).toEqual({ sso: [4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] });
  });
});
