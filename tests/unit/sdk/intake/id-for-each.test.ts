import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { isIdForEach } from '../../../../src/sdk/intake/id-for-each.js';
import { readIntakeAnswer } from '../../../../src/sdk/intake/intake-answer.js';

const says = (text: string, count: number): boolean => isIdForEach(Buffer.from(text), count);

describe('isIdForEach', () => {
  it.each([
    ['{"event_ids":["a"]}', 1],
    ['{"event_ids":["a-1","b,2"]}', 2],
    [' {"event_ids" : [ "a" , "b" ] } ', 2],
  ])('sees an id for each in %j', (text, count) => {
    expect(says(text, count)).toBe(true);
  });

  it.each([
    ['too few', '{"event_ids":["a"]}', 2],
    ['too many', '{"event_ids":["a","b"]}', 1],
    ['none at all', '{"event_ids":[]}', 0],
    ['an empty id', '{"event_ids":["a",""]}', 2],
    ['a null', '{"event_ids":["a",null]}', 2],
    ['an escape, which might be anything', String.raw`{"event_ids":["a\u0062"]}`, 1],
    ['a quote that is escaped', String.raw`{"event_ids":["a\",\"b"]}`, 2],
    ['another member', '{"event_ids":["a"],"errors":[{"index":0}]}', 1],
    ['another name', '{"event_idz":["a"]}', 1],
    ['something behind it', '{"event_ids":["a"]}{', 1],
    ['a missing comma', '{"event_ids":["a""b"]}', 2],
    ['no end', '{"event_ids":["a"', 1],
    ['no end of an id', '{"event_ids":["a', 1],
    ['a line break in an id', '{"event_ids":["a\n"]}', 1],
    ['a control character in an id', '{"event_ids":["a\u0001"]}', 1],
    ['a zero in the last place', '{"event_ids":["a"]}\u0000', 1],
    ['what is no ASCII', '{"event_ids":["é"]}', 1],
    ['nothing', '', 1],
    ['a page of HTML', '<html></html>', 1],
  ])('leaves %s to others', (_, text, count) => {
    expect(says(text, count)).toBe(false);
  });

  it('looks at each byte, wherever in memory the answer is', () => {
    const answer = Buffer.from('{"event_ids": ["abcdefgh", "ijk"]}');
    const memory = new Uint8Array(answer.length + 8);
    for (let offset = 0; offset < 8; offset += 1) {
      const there = memory.subarray(offset, offset + answer.length);
      there.set(answer);
      expect(isIdForEach(there, 2)).toBe(true);
      for (const [at, byte] of answer.entries()) {
        for (const bad of [0x00, 0x0a, 0x1f, 0x80, 0xff]) {
          there[at] = bad;
          expect(isIdForEach(there, 2)).toBe(false);
        }
        there[at] = byte;
      }
    }
  });

  it('never sees one where the whole answer, read with care, is no plain yes', () => {
    const anyToken = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"event_ids"',
      '"a"',
      '"b1"',
      '""',
      'null',
      ' ',
      '\\',
      '1',
    );
    const likely = fc
      .array(fc.constantFrom('"a"', '"b1"', '""', 'null', '1'), { maxLength: 4 })
      .map((ids) => `{"event_ids":[${ids.join(',')}]}`);
    const anyText = fc.oneof(
      likely,
      fc.array(anyToken, { maxLength: 12 }).map((tokens) => tokens.join('')),
      fc.tuple(likely, fc.nat(), anyToken).map(([text, at, token]) => {
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + token + text.slice(cut + 1);
      }),
    );
    let seen = 0;
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0, max: 4 }), (text, count) => {
        if (!says(text, count)) return;
        seen += 1;
        expect(readIntakeAnswer(text, count)).toEqual({ kind: 'accepted' });
      }),
      { numRuns: 20_000 },
    );
    expect(seen).toBeGreaterThan(100);
  });
});
