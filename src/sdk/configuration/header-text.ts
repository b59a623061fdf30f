import type { Parsed } from './parsed.js';

/**
 * Reads a text that is sent as a header's value or stands for a credential: visible ASCII without blanks. Blanks and
 * newlines around it, which pasting and mounted files add, are forgiven. Nothing of it is quoted.
 */
export function parseHeaderText(text: string): Parsed<string> {
  const value = text.trim();
  if (value === '') return { problem: 'must not be empty' };
  const position = value.search(/[^\x21-\x7e]/);
  if (position < 0) return { value };
  const what = /\s/.test(value.charAt(position)) ? 'a blank or line break' : 'a character that no header can carry';
  return {
    problem: `contains ${what} at position ${position + 1} of ${value.length}: was it pasted whole, and alone?`,
  };
}
