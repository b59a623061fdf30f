import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { childrenOf, isJson, keyOf, memberText } from '../../../../src/sdk/json/json-text.js';
import { rawStrings, rawValues } from '../../../support/raw-json.js';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('isJson', () => {
  it.each([
    ...[
      '{}',
      '[]',
      ' [ ] ',
      '{"a":1}',
      '[1,2]',
      '"x"',
      '7',
      'true',
      'false',
      'null',
      '-0.5e+7',
      '[[],{}]',
      '"\\u00e9"',
    ],
    ...[
      '',
      ' ',
      '{',
      '[1,]',
      '[,1]',
      '{"a"}',
      '{"a":}',
      '{"a":1,}',
      '{a:1}',
      '{1:1}',
      '[1 2]',
      '[1]]',
      '[1',
      '[}',
      '{]',
    ],
    ...['01', '-', '1.', '.5', '1e', '1e+', '+1', 'tru', 'nul', 'True', '"', '"\\x"', '"\\u12g4"', '"\t"', '"a', '1 1'],
    ...['{"a":1 "b":2}', '{"a" 1}', '[1,[2,{"a":[3]}]]', '[1,[2,{"a":[3}]]]', '\ufeff{}', '"\\', '[-]', '[00]', '1e5x'],
  ])('says of %j what the language says', (text) => {
    expect(isJson(Buffer.from(text))).toBe(parses(text));
  });

  it('agrees with the language on texts with a character less, more or other', () => {
    const change = fc.record({ at: fc.nat(), with: fc.constantFrom('', '"', ',', '}', ']', '\\', '0', ':', '[', ' ') });
    fc.assert(
      fc.property(rawValues, change, fc.boolean(), (text, { at, with: other }, replaces) => {
        const place = at % (text.length + 1);
        const changed = text.slice(0, place) + other + text.slice(replaces ? place + 1 : place);
        expect(isJson(Buffer.from(text))).toBe(true);
        // A half of a pair is no UTF-8, and so no text for either.
        if (!/\p{Cs}/u.test(changed)) expect(isJson(Buffer.from(changed))).toBe(parses(changed));
      }),
    );
  });

  it('goes as deep as a text is long', () => {
    const depth = 1_000_000;
    const deep = Buffer.from(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    expect(isJson(deep)).toBe(true);
    expect(isJson(deep.subarray(1))).toBe(false);
  });
});

describe('childrenOf', () => {
  it('finds the exact texts of keys and values, whatever blanks are around them', () => {
    const object = fc.array(fc.tuple(rawStrings(5), rawValues), { maxLength: 6 });
    fc.assert(
      fc.property(object, fc.constantFrom('', ' ', '\n\t'), (members, space) => {
        const inside = members.map(([key, value]) => `${space}${key}${space}:${space}${value}${space}`);
        const text = Buffer.from(`{${inside.join(',')}}`);
        const found = [...childrenOf(text, 0)].map((child) => [
          keyOf(text, child),
          text.toString('utf8', child.valueStart, child.end),
        ]);
        expect(found).toEqual(members.map(([key, value]) => [JSON.parse(key) as string, value]));
      }),
    );
  });
});

describe('memberText', () => {
  it.each([
    ['{"a":"x"}', 'x'],
    ['{"a":"x","a":"y"}', 'y'],
    ['{"a":"x","a":1}', undefined],
    ['{"\\u0061":"\\u00e9"}', 'é'],
    ['{"b":{"a":"x"}}', undefined],
    ['["a"]', undefined],
    ['{"a":"x"', undefined],
    ['', undefined],
  ])('of %j is %j', (text, expected) => {
    expect(memberText(Buffer.from(text), 'a')).toBe(expected);
  });
});
