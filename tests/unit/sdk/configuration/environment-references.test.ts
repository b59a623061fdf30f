import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { expandReferences } from '../../../../src/sdk/configuration/environment-references.js';

const ENVIRONMENT = { KEY: 'k$1${HOST}', HOST: 'h', EMPTY: '', _a1: 'x' };
const expand = (value: unknown) => expandReferences(value, ENVIRONMENT);

describe('a reference to the environment', () => {
  it.each([
    ['${HOST}', 'h', ['HOST']],
    ['https://${HOST}:1/${HOST}', 'https://h:1/h', ['HOST']],
    ['${EMPTY}', '', ['EMPTY']],
    ['${_a1}', 'x', ['_a1']],
    ['no reference, $HOST, $ {HOST}', 'no reference, $HOST, $ {HOST}', []],
  ])('in %j becomes %j', (text, value, variables) => {
    expect(expand(text)).toEqual({ value, variables, problems: [] });
  });

  it('is not looked for in what a variable holds', () => {
    expect(expand('${KEY}').value).toBe('k$1${HOST}');
  });

  it('is escaped by a second dollar sign', () => {
    expect(expand('$${HOST} ${HOST}')).toEqual({ value: '${HOST} h', variables: ['HOST'], problems: [] });
  });

  it('works inside lists and objects, and leaves what is no text', () => {
    expect(expand({ a: ['${HOST}', 3], b: { c: true, d: null } }).value).toEqual({
      a: ['h', 3],
      b: { c: true, d: null },
    });
  });

  it('to a variable that is not set is a problem, said once', () => {
    expect(expand(['${NOPE}', '${NOPE}', '${ALSO}']).problems).toEqual([
      'environment variable NOPE is not set',
      'environment variable ALSO is not set',
    ]);
  });

  it.each(['constructor', '__proto__', 'toString'])('to %s finds nothing that nobody set', (name) => {
    expect(expand(`\${${name}}`).problems).toEqual([`environment variable ${name} is not set`]);
  });

  it.each(['${HOST', '${}', '${A-B}', '${HOST:-x}', '${1A}', 'x ${'])('malformed, as in %j, is a problem', (text) => {
    expect(expand(text).problems).toEqual([
      'holds ${ without a variable name and } behind it: write ${NAME}, or $${ for ${ itself',
    ]);
  });

  it('leaves every other text as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('${'));
        expect(expand(text)).toEqual({ value: text, variables: [], problems: [] });
      }),
    );
  });
});
