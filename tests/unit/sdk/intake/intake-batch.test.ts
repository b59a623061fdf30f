import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { BODY_FORMS } from '../../../../src/sdk/intake/body-form.js';
import { IntakeBatch } from '../../../../src/sdk/intake/intake-batch.js';
import { EventSplitter } from '../../../../src/sdk/json/event-splitter.js';
import { EventList } from '../../../../src/sdk/pipeline/event-list.js';
import { MAX_EVENT_BYTES, MAX_REQUEST_BYTES } from '../../../../src/sdk/intake/limits.js';
import type { RawEvent } from '../../../../src/sdk/pipeline/raw-event.js';
import { addTo, alone } from '../../../support/events.js';

const KEY = 'intake-key';

function event(text: string): RawEvent {
  return { bytes: Buffer.from(text), id: undefined, timestampMs: undefined };
}

interface Body {
  readonly intake_key: string;
  readonly jsons: readonly string[];
}

function parse(body: Uint8Array): Body {
  return JSON.parse(Buffer.from(body).toString('utf8')) as Body;
}

function all(batch: IntakeBatch): Uint8Array {
  return batch.body(Array.from({ length: batch.count }, (_, index) => index));
}

/** What the whole body takes, written by JSON.stringify. */
function sizeOf(texts: readonly string[]): number {
  return Buffer.byteLength(JSON.stringify({ intake_key: KEY, jsons: texts }));
}

const anyText = fc.oneof(
  fc.json({ noUnicodeString: false }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('""', '\\"', '日本語のログ', '🙂'.repeat(20), '\0\x01\x1f', '\u2028'),
);

describe('IntakeBatch', () => {
  it('makes a body of which each string is the exact text of an event', () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 20, size: 'max' }), anyText, (texts, intakeKey) => {
        const batch = new IntakeBatch(intakeKey);
        for (const text of texts) {
          expect(addTo(batch, event(text))).toBe('added');
          expect(batch.bytes).toBe(all(batch).length);
        }
        expect(batch.count).toBe(texts.length);
        expect(parse(all(batch))).toEqual({ intake_key: intakeKey, jsons: texts });
        texts.forEach((text, index) => expect(Buffer.from(batch.text(index)).toString()).toBe(text));
      }),
      { numRuns: 80 },
    );
  });

  it('makes a body of any choice of its events, in their order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText, fc.boolean()), { maxLength: 15 }), (events) => {
        const batch = new IntakeBatch(KEY);
        for (const [text] of events) addTo(batch, event(text));
        const indexes = events.flatMap(([, chosen], index) => (chosen ? [index] : []));
        expect(parse(batch.body(indexes))).toEqual({
          intake_key: KEY,
          jsons: indexes.map((index) => events[index]![0]),
        });
        // Asking for a part leaves the whole as it was.
        expect(parse(all(batch)).jsons).toEqual(events.map(([text]) => text));
      }),
      { numRuns: 100 },
    );
  });

  it('makes a body without events', () => {
    expect(parse(all(new IntakeBatch(KEY)))).toEqual({ intake_key: KEY, jsons: [] });
  });

  it('takes exactly as many bytes as the limit says, escapes and multi-byte characters counted', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\x01', 'a', 'é', '日', '🙂'), maxLength: 30 }), {
          minLength: 1,
          maxLength: 30,
        }),
        fc.integer({ min: 40, max: 1500 }),
        (texts, requestBytes) => {
          const batch = new IntakeBatch(KEY, { limits: { events: Infinity, requestBytes } });
          const taken: string[] = [];
          for (const text of texts) {
            const fits = taken.length === 0 || sizeOf([...taken, text]) <= requestBytes;
            const before = [batch.count, batch.bytes];
            expect(addTo(batch, event(text))).toBe(fits ? 'added' : 'full');
            if (fits) taken.push(text);
            else expect([batch.count, batch.bytes]).toEqual(before);
            expect(parse(all(batch)).jsons).toEqual(taken);
          }
          expect(batch.bytes).toBe(sizeOf(taken));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is full at its number of events', () => {
    const batch = new IntakeBatch(KEY, { limits: { events: 2, requestBytes: MAX_REQUEST_BYTES } });
    expect(['a', 'b', 'c'].map((text) => addTo(batch, event(text)))).toEqual(['added', 'added', 'full']);
    expect(parse(all(batch)).jsons).toEqual(['a', 'b']);
  });

  it('takes an event of the greatest size, and none of a byte more, whether there is room or not', () => {
    const batch = new IntakeBatch(KEY);
    expect(addTo(batch, event('é'.repeat(MAX_EVENT_BYTES / 2)))).toBe('added');
    expect(addTo(batch, event('x'.repeat(MAX_EVENT_BYTES + 1)))).toBe('oversized');
    expect(addTo(batch, event(`${'é'.repeat(MAX_EVENT_BYTES / 2)}x`))).toBe('oversized');
    expect(batch.count).toBe(1);
  });

  it('never makes a request larger than the intake takes', () => {
    const batch = new IntakeBatch(KEY);
    const large = event('"'.repeat(MAX_EVENT_BYTES));
    let added = 0;
    while (addTo(batch, large) === 'added') added += 1;
    expect(added).toBe(18);
    expect(batch.bytes).toBeLessThanOrEqual(MAX_REQUEST_BYTES);
    expect(all(batch)).toHaveLength(batch.bytes);
    const texts = parse(all(batch)).jsons;
    expect(texts.length).toBe(added);
    expect(texts.every((text) => Buffer.from(large.bytes).equals(Buffer.from(text)))).toBe(true);
    // A smaller one may still fit.
    expect(addTo(batch, event('x'))).toBe('added');
  });

  it('has room for an event of which every byte grows as much as a byte can', () => {
    const batch = new IntakeBatch(KEY);
    const text = '\x01'.repeat(MAX_EVENT_BYTES);
    addTo(batch, event(text));
    expect(parse(all(batch)).jsons[0] === text).toBe(true);
  });

  it('copies events in: their bytes may be overwritten afterwards', () => {
    const batch = new IntakeBatch(KEY);
    const bytes = Buffer.from('{"id":"x"}');
    addTo(batch, { bytes, id: 'x', timestampMs: undefined });
    bytes.fill(0);
    expect(Buffer.from(batch.text(0)).toString()).toBe('{"id":"x"}');
  });
});

describe('events of a page, some of which are known', () => {
  const form = fc.constantFrom(...(['json', 'lines'] as const));
  const between = fc.constantFrom(',', ', ', ',\n', '\n,');
  const pageOf = fc.array(
    fc.record({ value: fc.jsonValue(), indent: fc.constantFrom(0, 2), isNew: fc.boolean(), pause: fc.boolean() }),
    { minLength: 1, maxLength: 30, size: 'max' },
  );

  it('stand in the body byte for byte, in whatever runs they were added and copied', () => {
    fc.assert(
      fc.property(form, between, pageOf, (name, comma, page) => {
        const batch = new IntakeBatch(KEY, { form: BODY_FORMS[name] });
        const texts = page.map(({ value, indent }) => JSON.stringify(value, null, indent));
        const splitter = new EventSplitter();
        const added: string[] = [];
        let at = 0;
        for (const events of splitter.push(Buffer.from(`[${texts.join(comma)}]`))) {
          const first = at;
          at += events.count;
          for (let index = 0; index < events.count;) {
            const { isNew, pause } = page[first + index]!;
            // Those that are added together end where a known one comes, or at a pause.
            let end = index + 1;
            while (isNew && end < events.count && page[first + end]!.isNew && !page[first + end - 1]!.pause) end += 1;
            if (isNew) {
              expect(batch.add(events, index, end)).toBe(end - index);
              added.push(...texts.slice(first + index, first + end));
            }
            if (pause) batch.copyAdded();
            index = end;
          }
          batch.copyAdded();
        }
        splitter.close();
        const body = Buffer.from(all(batch)).toString();
        if (name === 'json') expect(parse(Buffer.from(body)).jsons).toEqual(added);
        else expect(body).toBe(added.map((text) => text.replaceAll('\n', ' ')).join('\n'));
      }),
      { numRuns: 300 },
    );
  });

  it('are taken as far as they fit, and what comes next begins the next batch', () => {
    const texts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40, size: 'max' });
    const limits = fc.record({
      events: fc.integer({ min: 1, max: 12 }),
      requestBytes: fc.integer({ min: 150, max: 400 }),
      eventBytes: fc.integer({ min: 20, max: 60 }),
    });
    fc.assert(
      fc.property(form, limits, texts, (name, most, lengths) => {
        const events = new EventList(lengths.map((length, n) => event(`${n % 10}`.repeat(length))));
        const sent: string[] = [];
        const batchOf = (): IntakeBatch => new IntakeBatch(KEY, { limits: most, form: BODY_FORMS[name] });
        let batch = batchOf();
        const end = (): void => {
          batch.copyAdded();
          if (batch.count > 0) expect(all(batch)).toHaveLength(batch.bytes);
          expect(batch.count).toBeLessThanOrEqual(most.events);
          expect(batch.count === 1 || batch.count === 0 || batch.bytes <= most.requestBytes).toBe(true);
          for (let n = 0; n < batch.count; n += 1) sent.push(Buffer.from(batch.text(n)).toString());
          batch = batchOf();
        };
        for (let index = 0; index < events.count;) {
          const added = batch.add(events, index, events.count);
          if (added === 'full') {
            expect(batch.count).toBeGreaterThan(0);
            end();
          } else if (added === 'oversized') {
            expect(events.size(index)).toBeGreaterThan(most.eventBytes);
            index += 1;
          } else {
            expect(added).toBeGreaterThan(0);
            index += added;
          }
        }
        end();
        const fitting = lengths.flatMap((length, n) => (length > most.eventBytes ? [] : [`${n % 10}`.repeat(length)]));
        expect(sent).toEqual(fitting);
      }),
      { numRuns: 300 },
    );
  });

  it('are never sent before they were copied', () => {
    const batch = new IntakeBatch(KEY);
    batch.add(...alone(event('{}')));
    expect(() => batch.body([0])).toThrow('not copied');
    expect(() => batch.text(0)).toThrow('not copied');
  });
});

describe('IntakeBatch of lines', () => {
  const form = BODY_FORMS.lines;

  it('has each event on a line of its own that says the same, whatever the blanks in it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'))), (values) => {
        const batch = new IntakeBatch(KEY, { form });
        for (const [value, indent] of values) addTo(batch, event(JSON.stringify(value, undefined, indent)));
        const lines = Buffer.from(all(batch)).toString('utf8').split('\n');
        expect(values.length === 0 ? [] : lines.map((line) => JSON.parse(line) as unknown)).toEqual(
          values.map(([value]) => JSON.parse(JSON.stringify(value)) as unknown),
        );
      }),
    );
  });

  it('gives back what it was given, and carries any choice of it', () => {
    const batch = new IntakeBatch(KEY, { form });
    for (const text of ['{"a":1}', '{"b":2}', '{"c":3}']) addTo(batch, event(text));
    expect(Buffer.from(batch.text(1)).toString()).toBe('{"b":2}');
    expect(Buffer.from(batch.body([0, 2])).toString()).toBe('{"a":1}\n{"c":3}');
    expect(batch.bytes).toBe(all(batch).length);
  });
});
