import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { HEADROOM_BYTES, takePieceMemory } from '../../../../src/sdk/json/kernel/memory.js';
import { eventOf, EventSplitter, MalformedArrayError } from '../../../../src/sdk/json/event-splitter.js';
import { readQuotedText } from '../../../../src/sdk/json/json-string.js';
import { Ledger } from '../../../../src/sdk/ledger/ledger.js';
import type { Events } from '../../../../src/sdk/pipeline/events.js';
import type { RawEvent } from '../../../../src/sdk/pipeline/raw-event.js';
import type { Random } from '../../../../src/sdk/ports.js';
import { parseTimestamp } from '../../../../src/sdk/time/timestamp.js';
import { LyingPieces } from '../../../support/lying-pieces.js';
import { quotedRun } from '../../../support/quoted-run.js';
import { seededRandom } from '../../../support/seeded-random.js';

/** What an event says, with its bytes as text. */
interface Split {
  readonly text: string;
  readonly id: string | undefined;
  readonly timestampMs: number | undefined;
  readonly service: string | undefined;
}

/** A JSON value that has not been written down yet. Keys may repeat, numbers are texts. */
type Draft =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'array'; readonly items: readonly Draft[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Draft])[] };

const BLANKS = ['', '', '', ' ', '\n', '\r\n', '\t', '  \n '];
const SHORT_ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('', '"', '\\', '\\"', '{"id":"inner"}', '],[', '\ud800', '\udc00x', '日本語', '🙂', '\u2028', '\0'),
);
const anyKey = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('id', 'timestamp', 'service') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('ID', 'Id', 'ie', 'timestamps', 'timestanp', 'é', '', '__proto__', 'toString'),
  },
  { weight: 2, arbitrary: anyText },
);
const anyTimestamp = fc.constantFrom(
  '2030-01-02T03:04:05Z',
  '2030-01-02T03:04:05.678Z',
  '2030-01-02T03:04:05.678901234Z',
  '2030-01-02T05:04:05.9+02:00',
  '2030-02-30T00:00:00Z',
  '2030-01-02',
);
const anyNumber = fc.oneof(
  fc.constantFrom('0', '-0', '1.0', '1e3', '-12.50E-2', '12345678901234567890', '0.1'),
  fc.integer().map(String),
);

const { draft: anyDraft, object: anyObject } = fc.letrec<{ draft: Draft; object: Draft }>((tie) => ({
  draft: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(anyNumber, fc.constantFrom('true', 'false', 'null')).map((text): Draft => ({ kind: 'text', text })),
    fc.oneof(anyText, anyTimestamp).map((value): Draft => ({ kind: 'string', value })),
    fc.array(tie('draft'), { maxLength: 4 }).map((items): Draft => ({ kind: 'array', items })),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(anyKey, tie('draft')), { maxLength: 6 })
    .map((members): Draft => ({ kind: 'object', members })),
}));

function writeString(value: string, random: Random): string {
  let text = '"';
  for (const character of value) {
    const raw = character >= ' ' && character !== '"' && character !== '\\' && !/^\p{Surrogate}$/u.test(character);
    const short = SHORT_ESCAPES[character];
    if (raw && random() < 0.8) text += character;
    else if (short !== undefined && random() < 0.5) text += short;
    else for (const unit of character.split('')) text += unicodeEscape(unit, random);
  }
  return `${text}"`;
}

function unicodeEscape(unit: string, random: Random): string {
  const hex = unit.charCodeAt(0).toString(16).padStart(4, '0');
  return `\\u${random() < 0.5 ? hex : hex.toUpperCase()}`;
}

function write(draft: Draft, random: Random): string {
  const blank = (): string => BLANKS[Math.floor(random() * BLANKS.length)]!;
  switch (draft.kind) {
    case 'text':
      return draft.text;
    case 'string':
      return writeString(draft.value, random);
    case 'array':
      return `[${draft.items.map((item) => blank() + write(item, random) + blank()).join(',')}]`;
    case 'object': {
      const members = draft.members.map(
        ([key, value]) => `${blank()}${writeString(key, random)}${blank()}:${blank()}${write(value, random)}${blank()}`,
      );
      return `{${members.length === 0 ? blank() : members.join(',')}}`;
    }
  }
}

/** A written array with the texts of its elements. */
const anyArray = fc
  .record({
    drafts: fc.array(fc.oneof({ weight: 3, arbitrary: anyObject }, { weight: 1, arbitrary: anyDraft }), {
      maxLength: 6,
    }),
    seed: fc.integer(),
    mark: fc.boolean(),
  })
  .map(({ drafts, seed, mark }) => {
    const random = seededRandom(seed);
    const blank = (): string => BLANKS[Math.floor(random() * BLANKS.length)]!;
    const texts = drafts.map((draft) => write(draft, random));
    const inside = texts.map((text) => blank() + text + blank()).join(',');
    return { texts, array: `${mark ? '\ufeff' : ''}${blank()}[${inside === '' ? blank() : inside}]`, trailer: blank() };
  });

/** Places to cut at, as fractions of the length. */
const anyCuts = fc.oneof(
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
  fc.constant(undefined).map(() => 'every byte' as const),
);

function cut(bytes: Buffer, cuts: readonly number[] | 'every byte'): Buffer[] {
  const at =
    cuts === 'every byte'
      ? Array.from({ length: bytes.length }, (_, index) => index)
      : cuts.map((fraction) => Math.floor(fraction * bytes.length)).sort((a, b) => a - b);
  return [0, ...at].map((start, index) => Buffer.from(bytes.subarray(start, at[index] ?? bytes.length)));
}

/** The events that end in a piece, in bytes of their own. */
function eventsOf(splitter: EventSplitter, piece: Uint8Array): RawEvent[] {
  const all: RawEvent[] = [];
  for (const events of splitter.push(piece)) {
    for (let index = 0; index < events.count; index += 1) {
      const event = events.at(index);
      const text = Buffer.from(event.bytes);
      // What can be asked for in columns is what the event says.
      const key = Ledger.keyOf({ ...event, bytes: text }, SEEN_MS);
      expect(events.keys(SEEN_MS).at(index)).toEqual(key);
      expect([events.size(index), events.timestampMs(index)]).toEqual([text.length, event.timestampMs]);
      expect(text.equals(events.text(index))).toBe(true);
      expect(text.equals(readQuotedText(quotedRun(events, index, index + 1)))).toBe(true);
      all.push({ ...event, bytes: text });
    }
    expectRuns(events);
  }
  return all;
}

/** What is copied together is what each is by itself, whatever of it was copied before. */
function expectRuns(events: Events): void {
  const { count } = events;
  for (const [from, to] of [
    [0, count],
    [Math.floor(count / 2), count],
    [0, Math.ceil(count / 2)],
  ] as const) {
    if (from === to) continue;
    const indexes = Array.from({ length: to - from }, (_, n) => from + n);
    const each = indexes.map((index) => quotedRun(events, index, index + 1).toString('latin1'));
    expect(quotedRun(events, from, to).toString('latin1')).toBe(each.join(','));
    const run = events.run(from, to);
    if (run === undefined) continue;
    const texts = indexes.map((index) => Buffer.from(events.text(index)).toString('latin1'));
    expect(Buffer.from(run).toString('latin1')).toBe(texts.join(','));
  }
}

const SEEN_MS = 1_900_000_000_000;

/** Splits as the source does, and overwrites each piece once it has taken what came with it. */
function split(pieces: readonly Buffer[]): Split[] {
  const lying = splitEach(inKernelMemory(pieces));
  const events = splitEach(pieces);
  expect(lying).toEqual(events);
  return events;
}

const memories = new LyingPieces();

/** Every third piece lies elsewhere. */
function* inKernelMemory(pieces: readonly Buffer[]): Generator<Buffer> {
  for (const [index, piece] of pieces.entries()) {
    if (index % 3 === 2) yield Buffer.from(piece);
    else yield* memories.of(piece);
  }
}

function splitEach(pieces: Iterable<Buffer>): Split[] {
  const splitter = new EventSplitter();
  const events: Split[] = [];
  for (const piece of pieces) {
    for (const each of eventsOf(splitter, piece)) {
      const { bytes, id, timestampMs, service } = each;
      events.push({ text: Buffer.from(bytes).toString('utf8'), id, timestampMs, service });
    }
    piece.fill(0x22);
  }
  splitter.end();
  splitter.close();
  return events;
}

function splitText(text: string): Split[] {
  return split([Buffer.from(text)]);
}

/** By JSON.parse. A number identifies by its text, which the caller compares as a number. */
function expectedOf(text: string): { id: unknown; timestampMs: number | undefined; service: unknown } {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { id: undefined, timestampMs: undefined, service: undefined };
  const member = (key: string): unknown =>
    Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  const [id, timestamp, service] = [member('id'), member('timestamp'), member('service')];
  return {
    id: (typeof id === 'string' && id !== '') || typeof id === 'number' ? id : undefined,
    timestampMs: typeof timestamp === 'string' ? parseTimestamp(timestamp)?.ms : undefined,
    service: typeof service === 'string' ? service : undefined,
  };
}

describe('EventSplitter', () => {
  it('gives the exact text, id, timestamp and service of every element, however the array is written and cut', () => {
    fc.assert(
      fc.property(anyArray, anyCuts, ({ texts, array, trailer }, cuts) => {
        const events = split(cut(Buffer.from(array + trailer), cuts));
        expect(events.map(({ text }) => text)).toEqual(texts);
        for (const { text, id, timestampMs, service } of events) {
          const expected = expectedOf(text);
          // A number identifies by its text; what that is worth is the same number. What is no well-formed text
          // identifies by its bytes: decoded, different ones would be equal.
          const isText = typeof expected.id !== 'string' || !Buffer.from(expected.id).toString().includes('\ufffd');
          if (isText) expect(typeof expected.id === 'number' ? Number(id) : id).toBe(expected.id);
          else expect(id).toMatch(/^".*"$/s);
          expect(timestampMs).toBe(expected.timestampMs);
          expect(service).toBe(expected.service);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps ids apart that no text can tell apart: lone surrogates and broken UTF-8', () => {
    const array = Buffer.from(String.raw`[{"id":"x\ud800"},{"id":"x\ud801"},{"id":"y?"},{"id":"y?"}]`);
    const at = [array.indexOf('y?') + 1, array.lastIndexOf('y?') + 1];
    [array[at[0]!], array[at[1]!]] = [0xff, 0xfe];
    const ids = eventsOf(new EventSplitter(), array).map(({ id }) => id);
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(4);
  });

  it('gives from the beginning of an array only whole elements, and says that it is cut off', () => {
    fc.assert(
      fc.property(anyArray, fc.nat(), anyCuts, ({ texts, array }, at, cuts) => {
        const whole = Buffer.from(array);
        const beginning = whole.subarray(0, at % whole.length);
        const splitter = new EventSplitter();
        const seen = cut(beginning, cuts).flatMap((piece) =>
          eventsOf(splitter, piece).map(({ bytes }) => Buffer.from(bytes).toString('utf8')),
        );
        expect(seen).toEqual(texts.slice(0, seen.length));
        expect(() => splitter.end()).toThrow(MalformedArrayError);
      }),
      { numRuns: 150 },
    );
  });

  it('finds in an array of objects nothing to split in an empty one', () => {
    expect(splitText('[]')).toEqual([]);
    expect(splitText(' \r\n[ \t]\n')).toEqual([]);
  });

  it('takes the last of several members with the same key, as JSON.parse does', () => {
    const [event] = splitText(
      '[{"id":"first","timestamp":"2030-01-01T00:00:00Z","id":"last","timestamp":"2031-01-01T00:00:00Z"}]',
    );
    expect(event).toMatchObject({ id: 'last', timestampMs: Date.UTC(2031, 0, 1) });
  });

  it('is not led astray by an earlier readable value where the last one identifies nothing', () => {
    const [event] = splitText('[{"id":"first","timestamp":"2030-01-01T00:00:00Z","id":null,"timestamp":5}]');
    expect(event).toMatchObject({ id: undefined, timestampMs: undefined });
  });

  it('knows a key whose letters are written as escapes', () => {
    const [event] = splitText('[{"\\u0069d":"x","t\\u0069mestam\\u0070":"2030-01-02T03:04:05Z"}]');
    expect(event).toMatchObject({ id: 'x', timestampMs: Date.UTC(2030, 0, 2, 3, 4, 5) });
  });

  it.each([
    ['blanks', (shift: number) => ' '.repeat(shift)],
    ['a text', (shift: number) => `"x":"${'y'.repeat(shift)}",`],
  ])('knows such keys, and those with blanks behind them, wherever they stand behind %s', (_, before) => {
    // Each alone: one that has to be looked at by itself has all others looked at as well.
    const keys = ['"a/"\r\n', '"a/" ', '"\\u0061/"', '"a\\/"', '"a\\u002f"', '"\\u0061\\u002f"', '"\\u0061\\/" '];
    for (let shift = 0; shift < 130; shift += 1) {
      for (const key of keys) {
        const [event] = eventsOf(new EventSplitter({ id: 'a/', timestamp: '' }), of(`${before(shift)}${key}:"e"`));
        expect([shift, key, event?.id]).toEqual([shift, key, 'e']);
      }
      const [event] = eventsOf(new EventSplitter({ id: 'a\n', timestamp: '' }), of(`${before(shift)}"a\\n":"e"`));
      expect([shift, event?.id]).toEqual([shift, 'e']);
    }
    function of(members: string): Buffer {
      return Buffer.from(`[{${members}}]`);
    }
  });

  it('does not take an id from inside a member, from an array, or from a string that looks like JSON', () => {
    const texts = [
      '{"a":{"id":"x"}}',
      '{"a":[{"id":"x"}]}',
      '["id","x"]',
      '{"a":"{\\"id\\":\\"x\\"}"}',
      '{"a":"id","b":"x"}',
    ];
    for (const event of splitText(`[${texts.join(',')}]`)) expect(event.id).toBeUndefined();
  });

  it.each([
    ['{"id":7}', '7'],
    ['{"id":-1.50}', '-1.50'],
    ['{"id":12345678901234567890}', '12345678901234567890'],
    ['{"id":"a\\u00e9\\n"}', 'aé\n'],
    ['{"id":""}', undefined],
    ['{"id":true}', undefined],
    ['{"id":null}', undefined],
    ['{"id":{"id":"x"}}', undefined],
    ['{"id":["x"]}', undefined],
    ['{}', undefined],
    ['"id"', undefined],
    ['12', undefined],
  ])('reads the id of %s as %p', (text, id) => {
    expect(splitText(`[${text}]`)[0]).toMatchObject({ text, id });
  });

  it('lets an event with an escape that JSON does not know through as it is, unidentified', () => {
    expect(splitText('[{"id":"\\x"}]')).toEqual([
      { text: '{"id":"\\x"}', id: undefined, timestampMs: undefined, service: undefined },
    ]);
  });

  it('keeps bytes that are no UTF-8 as they are', () => {
    const element = Buffer.from([0x22, 0xff, 0xc3, 0x28, 0x80, 0x22]);
    const splitter = new EventSplitter();
    const events = eventsOf(splitter, Buffer.concat([Buffer.from('['), element, Buffer.from(']')]));
    expect(events.map(({ bytes }) => [...bytes])).toEqual([[...element]]);
  });

  it('splits a piece where it lies, with what of its first event came before', () => {
    const splitter = new EventSplitter();
    const places: (readonly [string, number])[] = [];
    for (const text of ['[{"id":"a"}, {"id"', ':"b"},{"id":"c"},', '{"id":"d"}]']) {
      for (const piece of new LyingPieces().of(Buffer.from(text))) {
        for (const events of splitter.push(piece)) {
          for (let index = 0; index < events.count; index += 1) {
            const bytes = events.text(index);
            places.push([Buffer.from(bytes).toString(), bytes.byteOffset - piece.byteOffset]);
          }
        }
      }
    }
    splitter.close();
    expect(places).toEqual([
      ['{"id":"a"}', 1],
      ['{"id":"b"}', -5],
      ['{"id":"c"}', 6],
      ['{"id":"d"}', 0],
    ]);
  });

  it('writes to nothing but the room before a piece', () => {
    const [others, memory] = [takePieceMemory(64 * 1024).fill(7), takePieceMemory(64 * 1024)];
    expect(memory.byteOffset - others.byteOffset).toBeLessThan(others.length + HEADROOM_BYTES + 128);
    for (const length of [HEADROOM_BYTES - 2, HEADROOM_BYTES - 1, HEADROOM_BYTES, 60_000]) {
      const splitter = new EventSplitter();
      const begin = `["${'x'.repeat(length)}`;
      expect([...splitter.push(Buffer.from(begin))]).toEqual([]);
      memory.write('y"]');
      const [texts] = Array.from(splitter.push(memory.subarray(0, 3)), (events) => events.text(0).toString());
      expect(texts).toBe(`${begin.slice(1)}y"`);
      expect(others.every((byte) => byte === 7)).toBe(true);
      splitter.close();
    }
  });

  it('puts an event together of which more came before than there is room for before a piece', () => {
    for (const length of [HEADROOM_BYTES - 10, HEADROOM_BYTES + 10, 300_000, 700_000]) {
      const event = JSON.stringify({ id: 'long', text: 'x'.repeat(length) });
      const array = Buffer.from(`[${event},{"id":"after"}]`);
      for (const at of [1, 2, length - 1, length, length + 20, length + 30]) {
        const events = split([array.subarray(0, at), array.subarray(at)].map((piece) => Buffer.from(piece)));
        expect(events.map(({ id }) => id)).toEqual(['long', 'after']);
        expect(events[0]?.text).toBe(event);
      }
    }
  });

  it('takes a plain Uint8Array that begins in the middle of its buffer', () => {
    const text = new TextEncoder().encode('xx[{"id":"a"},{"id":"b"}]');
    const splitter = new EventSplitter();
    const events = [...eventsOf(splitter, text.subarray(2, 9)), ...eventsOf(splitter, text.subarray(9))];
    expect(events.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(events.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['{"id":"a"}', '{"id":"b"}']);
  });

  it('waits for a number to be shown complete by what follows it', () => {
    const splitter = new EventSplitter();
    expect(eventsOf(splitter, Buffer.from('[12'))).toEqual([]);
    expect(eventsOf(splitter, Buffer.from('34'))).toEqual([]);
    expect(eventsOf(splitter, Buffer.from(']')).map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['1234']);
    expect(() => splitter.end()).not.toThrow();
  });

  it('gives nothing of an element that never ends, and says that it is cut off', () => {
    const splitter = new EventSplitter();
    eventsOf(splitter, Buffer.from('[{"id":"x","text":"'));
    for (let n = 0; n < 100; n += 1) expect(eventsOf(splitter, Buffer.alloc(1000, 'x'))).toEqual([]);
    expect(() => splitter.end()).toThrow('cut off');
  });

  it('splits deep nesting without recursion', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect(splitText(`[${deep}]`).map(({ text }) => text)).toEqual([deep]);
  });

  it.each([
    ['', 'empty'],
    [' \n', 'empty'],
    ['\ufeff', 'empty'],
    ['null', "begins with 'n'"],
    ['{"message":"no"}', "begins with '{'"],
    ['"[]"', "begins with '\"'"],
    ['<html><body>[1]</body></html>', "begins with '<'"],
    ['\0[1]', 'begins with'],
    ['[', 'cut off'],
    ['[1', 'cut off'],
    ['[1,', 'cut off'],
    ['[{"id":"x"}', 'cut off'],
    ['[{"id":"x"},', 'cut off'],
    ['["x', 'cut off'],
    ['["x\\"]', 'cut off'],
    ['[,]', "',' stands where an event"],
    ['[1,]', "']' stands where an event"],
    ['[1,,2]', "',' stands where an event"],
    ['[:]', "':' stands where an event"],
    ['[}', "'}' stands where an event"],
    ['[1 2]', "'2' stands where"],
    ['["a""b"]', 'stands where'],
    ['[{}{}]', "'{' stands where"],
    ['[1}', "'}' stands where"],
    ['[{"a":1]', "']' closes what '{' opened"],
    ['[[1}', "'}' closes what '[' opened"],
    ['[]x', "'x' follows the end"],
    ['[1] [2]', "'[' follows the end"],
    ['[1]]', "']' follows the end"],
    ['[1]<html>', "'<' follows the end"],
  ])('refuses %j', (text, reason) => {
    expect(() => splitText(text)).toThrow(MalformedArrayError);
    expect(() => splitText(text)).toThrow(reason);
    expect(() => split(cut(Buffer.from(text), 'every byte'))).toThrow(reason);
  });
});

describe('the event that a text is', () => {
  it('has the text, and what is found in it', () => {
    const text = Buffer.from('{"id":"x","timestamp":"2030-01-02T03:04:05Z"}');
    expect(eventOf(text)).toMatchObject({ bytes: text, id: 'x', timestampMs: Date.UTC(2030, 0, 2, 3, 4, 5) });
  });

  it.each(['', '1,2', '{"id":"a"},garbage', '{"id":"a"', '{"id":"a"}]', ']'])('is none for %j', (text) => {
    expect(eventOf(Buffer.from(text))).toBeUndefined();
  });
});

describe('what is copied as JSON strings', () => {
  const small = ['{"id":"a"}', '{"id":"b"}'];

  it.each([
    ['longer than the kernel holds', [`{"long":"${'x'.repeat(400_000)}"}`, ...small]],
    [
      'too long once escaped',
      ['\x01', '\x02'].flatMap((control) => [`{"odd":"${control.repeat(120_000)}"}`, ...small]),
    ],
  ])('is the same whenever it is asked for, also of an event that is %s', (_, texts) => {
    const splitter = new EventSplitter();
    // Each alone, then runs, then each again.
    expect(eventsOf(splitter, Buffer.from(`[${texts.join(',')}]`)).map(({ bytes }) => bytes.length)).toEqual(
      texts.map((text) => text.length),
    );
    splitter.close();
  });
});
