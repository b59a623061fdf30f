import { describe, expect, it } from '@jest/globals';
import { parseHeaderText } from '../../../../src/sdk/configuration/header-text.js';

describe('a text for a header', () => {
  it.each(['jca_abc', ' jca_abc\r\n', '\tjca_abc'])('is read from %j', (text) => {
    expect(parseHeaderText(text)).toEqual({ value: 'jca_abc' });
  });

  it.each([
    ['', 'must not be empty'],
    ['jca_abc\njca_def', 'a blank or line break at position 8 of 15'],
    ['jca_abc def', 'a blank or line break at position 8 of 11'],
    ['jca_\u0000', 'a character that no header can carry at position 5 of 5'],
    ['jcä', 'a character that no header can carry at position 3 of 3'],
    ['\u201cjca\u201d', 'a character that no header can carry at position 1 of 5'],
  ])('is not read from %j, of which nothing is shown', (text, problem) => {
    expect(parseHeaderText(text)).toEqual({ problem: expect.stringContaining(problem) });
    expect(JSON.stringify(parseHeaderText(text))).not.toContain('jc');
  });
});
