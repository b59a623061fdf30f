import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hideSecret, maskSecrets, redact, showValue } from '../../../../src/sdk/configuration/redact.js';
import type { SettingsSchema } from '../../../../src/sdk/configuration/schema.js';

const SCHEMA: SettingsSchema = {
  type: 'object',
  properties: {
    apikey: { type: 'string' },
    intake_key: { type: 'string', 'x-secret': true },
    password: { type: 'string', format: 'password' },
    frequency: { type: 'integer' },
  },
  secrets: ['apikey'],
};

describe('redact', () => {
  it('hides what the schema calls secret, in each of the three ways, and shows the rest', () => {
    const configuration = { apikey: 'k'.repeat(40), intake_key: 'x', password: 12, frequency: 60, unknown: 'u' };
    expect(redact(configuration, SCHEMA)).toEqual({
      apikey: '(secret, 40 characters)',
      intake_key: '(secret, 1 character)',
      password: '(secret)',
      frequency: 60,
      unknown: 'u',
    });
    expect(configuration.apikey).toHaveLength(40);
  });
});

describe('showValue', () => {
  it.each([
    ['text', '"text"'],
    ['two\nlines', '"two\\nlines"'],
    ['x'.repeat(300), `"${'x'.repeat(200)}..."`],
    [1.5, '1.5'],
    [false, 'false'],
    [null, 'null'],
    [[1], 'a list'],
    [{ a: 1 }, 'an object'],
  ])('shows %j readably', (value, shown) => {
    expect(showValue(value, false)).toBe(shown);
  });

  it('shows nothing of a secret but its length', () => {
    expect(showValue('abc', true)).toBe(hideSecret('abc'));
    expect(showValue({ a: 'abc' }, true)).toBe('(secret)');
  });
});

describe('maskSecrets', () => {
  it('replaces a secret that holds another as a whole', () => {
    expect(maskSecrets('abcdefgh-ijklmnop', ['abcdefgh', 'abcdefgh-ijklmnop'])).toBe('(secret, 17 characters)');
  });

  it('leaves a secret too short to be one, lest the text be garbled', () => {
    expect(maskSecrets('a plain text', ['a'])).toBe('a plain text');
  });

  it('takes a secret with a dollar sign literally', () => {
    expect(maskSecrets('<$&$&$&$&$&>', ['$&$&$&$&$&'])).toBe('<(secret, 10 characters)>');
  });

  it('leaves no secret in any text', () => {
    const secret = fc.stringMatching(/^[!-~]{8,40}$/);
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (hidden, before, after) => {
        expect(maskSecrets(`${before}${hidden}${after}`, [hidden]).replaceAll(hideSecret(hidden), '')).not.toContain(
          hidden,
        );
      }),
    );
  });
});
