import type { SeededRandom } from '../random.js';

/**
 * Members that no table documents and that a program which parses an event and writes it anew would alter: number
 * renderings, integers above 2^53, escapes, unpaired surrogates, a repeated key (jumpcloud-events, 19).
 */
const ODD_MEMBERS = [
  '"x_ratio":1.0',
  '"x_exponent":1E+2',
  '"x_beyond_double":1e400',
  '"x_negative_zero":-0',
  '"x_above_2_53":9007199254740993',
  '"x_2_64":18446744073709551616',
  '"x_needless_escape":"\\u0041dministrator \\/ \\u002f"',
  '"x_unpaired":"before \\ud800 after"',
  '"x_unpaired_low":"\\udc00"',
  '"x_quotes":"say \\"hello\\", then \\\\ and \\\\\\""',
  '"x_controls":"tab\\t nul\\u0000 bell\\u0007 newline\\n"',
  '"x_emoji":"\u{1f98a} caf\u00e9 \u6f22\u5b57 \u05e9\u05dc\u05d5\u05dd"',
  '"x_escaped_emoji":"\\ud83e\\udd8a"',
  '"x_separators":"\u2028\u2029"',
  '"x_twice":1,"x_twice":2',
  '"x_empty":{},"x_none":[],"x_null":null',
  '"x_nested":{"id":"decoy","timestamp":"1970-01-01T00:00:00Z","list":[[],[[{}]]]}',
  '"x key with \\"quotes\\"":true',
  '"x_braces":"}],[{\\"id\\":\\"decoy\\"}"',
] as const;

/** One or two of the odd members, each preceded by a comma. */
export function oddMembers(random: SeededRandom): string {
  const first = random.below(ODD_MEMBERS.length);
  const text = `,${ODD_MEMBERS[first] as string}`;
  if (random.chance(0.5)) return text;
  return `${text},${ODD_MEMBERS[(first + 1 + random.below(ODD_MEMBERS.length - 1)) % ODD_MEMBERS.length] as string}`;
}

/** All odd members at once, for an event that shows every one of them. Starts with a comma. */
export function everyOddMember(): string {
  return `,${ODD_MEMBERS.join(',')}`;
}

/** Where blanks may be put without changing what a JSON text means. */
export type Spacing = 'after-colons' | 'after-both' | 'lines';

/** Puts blanks outside the strings of a compact JSON text. */
export function respace(text: string, spacing: Spacing): string {
  const afterComma = spacing === 'lines' ? '\n  ' : spacing === 'after-both' ? ' ' : '';
  let inString = false;
  let spaced = '';
  let copied = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x5c) index++;
    else if (code === 0x22) inString = !inString;
    else if (!inString && (code === 0x3a || code === 0x2c)) {
      spaced += text.slice(copied, index + 1) + (code === 0x3a ? ' ' : afterComma);
      copied = index + 1;
    }
  }
  return spaced + text.slice(copied);
}
