import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { editDistance, nearest, suggestion } from '../../../../src/sdk/configuration/nearest.js';

const NAMES = ['radius', 'reports', 'sso', 'all', 'frequency', 'page_size'];

describe('nearest', () => {
  it.each([
    ['rdius', 'radius'],
    ['RADIUSS', 'radius'],
    ['frequncy', 'frequency'],
    ['pagesize', 'page_size'],
    ['rpoerts', 'reports'],
    ['ssoo', 'sso'],
  ])('takes %j for %j', (word, meant) => {
    expect(nearest(word, NAMES)).toBe(meant);
  });

  it.each(['', 'kubernetes', 'xyz', 'x'.repeat(100_000)])('guesses nothing for what is like nothing', (word) => {
    expect(nearest(word, NAMES)).toBeUndefined();
  });

  it('prefers the nearer of two', () => {
    expect(nearest('alertss', ['alert', 'alerts'])).toBe('alerts');
  });

  it('puts a question behind a problem, or nothing', () => {
    expect(suggestion('rdius', NAMES)).toBe(", did you mean 'radius'?");
    expect(suggestion('kubernetes', NAMES)).toBe('');
  });
});

describe('editDistance', () => {
  const word = fc.string({ maxLength: 12 });

  it('is a distance: zero for the same, the same both ways, never longer by a detour', () => {
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });

  it('counts one for a letter removed', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 12 }), fc.nat(), (text, position) => {
        const at = position % text.length;
        expect(editDistance(text, text.slice(0, at) + text.slice(at + 1))).toBe(1);
      }),
    );
  });
});
