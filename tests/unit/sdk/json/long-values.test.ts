import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { childrenOf, OPEN_ARRAY, OPEN_OBJECT } from '../../../../src/sdk/json/json-text.js';
import { LongValues } from '../../../../src/sdk/json/long-values.js';
import { rawStrings, rawValues } from '../../../support/raw-json.js';

const long = fc.array(fc.oneof(rawValues, rawStrings(120)), { maxLength: 40 }).map((items) => `[${items.join(', ')}]`);
const texts = fc.array(fc.tuple(rawStrings(5), fc.oneof(rawValues, long)), { minLength: 1, maxLength: 6 });

describe('LongValues', () => {
  it('knows of every long value, down to a depth, where it ends and how many children it has', () => {
    let seen = 0;
    fc.assert(
      fc.property(texts, fc.nat(4), (members, deepest) => {
        const text = Buffer.from(`{${members.map(([key, value]) => `${key} : ${value}`).join(',')}}`);
        const values = LongValues.of(text, deepest)!;
        const check = (start: number, end: number, depth: number): void => {
          const children =
            text[start] === OPEN_OBJECT || text[start] === OPEN_ARRAY ? [...childrenOf(text, start)] : [];
          const isKnown = end - start >= 64 && depth <= deepest;
          expect([values.endOf(start), values.childrenAt(start)]).toEqual(
            isKnown ? [end, children.length] : [undefined, undefined],
          );
          if (isKnown) seen += 1;
          for (const child of children) check(child.valueStart, child.end, depth + 1);
        };
        check(0, text.length, 0);
      }),
    );
    expect(seen).toBeGreaterThan(100);
  });

  it('knows nothing of what is no JSON', () => {
    expect(LongValues.of(Buffer.from('{"a":[1,}'), 3)).toBeUndefined();
  });
});
