import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { KnownSecrets, redactor } from '../../../../src/sdk/observability/redactor.js';

describe('a redactor', () => {
  it('leaves a text without secrets as it is', () => {
    expect(redactor(['sesame'])('open the door')).toBe('open the door');
  });

  it('blots out every occurrence of every secret', () => {
    expect(redactor(['sesame', 'abracadabra'])('sesame abracadabra, sesame!')).toBe(
      '[redacted] [redacted], [redacted]!',
    );
  });

  it('takes secrets as texts, not as patterns, and the replacement too', () => {
    expect(redactor(['a.c+'])('abcc a.c+')).toBe('abcc [redacted]');
    expect(redactor(['$&$&'])('x $&$& x')).toBe('x [redacted] x');
  });

  it('blots out the longer of two secrets where one contains the other', () => {
    expect(redactor(['open', 'open sesame'])('say open sesame')).toBe('say [redacted]');
  });

  it('finds a secret as JSON and as a URL write it', () => {
    const secret = 'a"b\\c d/é';
    const redact = redactor([secret]);
    expect(redact(JSON.stringify({ key: secret }))).toBe('{"key":"[redacted]"}');
    expect(redact(`https://host/?key=${encodeURIComponent(secret)}`)).toBe('https://host/?key=[redacted]');
  });

  it('finds a secret without the blanks around it, as whoever uses it quotes it', () => {
    const redact = redactor([' sesame\n']);
    expect(redact('the key sesame, as " sesame\n"')).toBe('the key [redacted], as "[redacted]"');
  });

  it('leaves texts of fewer than four characters, which would hide the message instead', () => {
    expect(redactor(['', 'a', 'abc', 'abcd'])('a abc abcd')).toBe('a abc [redacted]');
  });

  it('takes a secret that no URL can carry', () => {
    expect(redactor(['key\ud800'])('the key\ud800.')).toBe('the [redacted].');
  });

  it('never lets a secret through, whatever surrounds it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 12 }), fc.string(), (before, secret, after) => {
        expect(redactor([secret])(before + secret + after).includes(secret)).toBe(false);
      }),
    );
  });
});

describe('known secrets', () => {
  it('may become more, with what was destructured before', () => {
    const { hide, redact } = new KnownSecrets(['first-secret']);
    expect(redact('first-secret second-secret')).toBe('[redacted] second-secret');
    hide('second-secret');
    expect(redact('first-secret second-secret')).toBe('[redacted] [redacted]');
  });

  it('keep those of the start and the latest hundred', () => {
    const { hide, redact } = new KnownSecrets(['first-secret']);
    for (let n = 0; n < 101; n += 1) hide(`token-${n}-of-this-test`);
    expect(redact('first-secret token-1-of-this-test token-100-of-this-test')).toBe('[redacted] [redacted] [redacted]');
    expect(redact('token-0-of-this-test')).toBe('token-0-of-this-test');
  });

  it('keep those of the configuration in use, however many they are and however many tokens come later', () => {
    const { hide, use, redact } = new KnownSecrets(['first-secret']);
    const keys = Array.from({ length: 150 }, (_, n) => `intake-key-${n}-of-this-test`);
    use(keys);
    for (let n = 0; n < 101; n += 1) hide(`token-${n}-of-this-test`);
    for (const key of keys) expect(redact(key)).not.toContain('-of-this-test');
    use(['the-next-key']);
    expect(redact(`first-secret the-next-key ${keys[149]!}`)).toBe('[redacted] [redacted] [redacted]');
  });
});
