import fc from 'fast-check';

/** A JSON text taken apart by the book, one character after the other: what a test holds the real scanner against. */
export type RawValue =
  | { readonly kind: 'scalar'; readonly raw: string }
  | { readonly kind: 'string'; readonly raw: string }
  | { readonly kind: 'list'; readonly items: readonly RawValue[] }
  | { readonly kind: 'object'; readonly members: readonly RawMember[] };

export interface RawMember {
  readonly key: string;
  readonly value: RawValue;
}

/** Reads valid JSON. Texts of keys, strings and numbers stay as they are written. */
export function readRaw(text: string): RawValue {
  let at = 0;
  const blanks = (): void => {
    while (/[ \n\r\t]/.test(text[at] ?? '')) at += 1;
  };
  const token = (pattern: RegExp): string => {
    const sticky = new RegExp(pattern, 'y');
    sticky.lastIndex = at;
    const [found] = sticky.exec(text) ?? [];
    if (found === undefined) throw new Error(`unexpected text at ${at}: ${text.slice(at, at + 20)}`);
    at += found.length;
    return found;
  };
  const sequence = <T>(close: string, next: () => T): T[] => {
    const all: T[] = [];
    at += 1;
    blanks();
    while (text[at] !== close) {
      all.push(next());
      blanks();
      if (text[at] === ',') at += 1;
      blanks();
    }
    at += 1;
    return all;
  };
  const value = (): RawValue => {
    blanks();
    if (text[at] === '[') return { kind: 'list', items: sequence(']', value) };
    if (text[at] === '{') {
      const member = (): RawMember => {
        const key = token(STRING);
        token(/\s*:/);
        return { key, value: value() };
      };
      return { kind: 'object', members: sequence('}', member) };
    }
    if (text[at] === '"') return { kind: 'string', raw: token(STRING) };
    return { kind: 'scalar', raw: token(/[-+.\w]+/) };
  };
  const read = value();
  blanks();
  if (at !== text.length) throw new Error(`text behind the value at ${at}`);
  return read;
}

const STRING = /"(?:[^"\\]|\\.)*"/s;

/** Characters as a string spells them: escapes, escaped pairs and halves of such, letters of one to four bytes. */
const spelling = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'B', '7', ' ', '/', '~') },
  fc.constantFrom('\\n', '\\"', '\\\\', '\\/', '\\u0041', '\\u0000', '\\ud83e\\udd8a', '\\ud800', '\\uDC00'),
  fc.constantFrom('é', '漢', '🦊', 'é', '\u2028'),
);

/** Strings as they are written, quotes included. */
export function rawStrings(maxLength: number): fc.Arbitrary<string> {
  return fc.array(spelling, { maxLength }).map((parts) => `"${parts.join('')}"`);
}

const scalars = fc.constantFrom('1e400', '9223372036854775808', '-0', '1.0', '1E+2', 'true', 'null', '0.1e-7');
const blank = fc.constantFrom('', '', '', ' ', '\n  ');

/** JSON texts that a program which parses them and writes them anew would alter. */
export const rawValues: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    scalars,
    rawStrings(60),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 12 }), blank)
      .map(([items, space]) => `[${space}${items.join(`,${space}`)}${space}]`),
    fc
      .tuple(fc.array(fc.tuple(rawStrings(6), tie('value')), { maxLength: 8 }), blank)
      .map(
        ([members, space]) =>
          `{${space}${members.map(([key, value]) => `${key}${space}:${space}${value}`).join(`,${space}`)}}`,
      ),
  ),
})).value;
