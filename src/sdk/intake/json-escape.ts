const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** Bytes that a byte of text takes inside a JSON string at the most: `\u001f`. */
export const MAX_GROWTH = 6;

const SHORT_ESCAPES: Readonly<Record<number, number>> = { 8: 0x62, 9: 0x74, 10: 0x6e, 12: 0x66, 13: 0x72 };
const HEX = Buffer.from('0123456789abcdef');

/**
 * Writes UTF-8 text as the inside of a JSON string (RFC 8259, section 7): quotes, backslashes and control characters
 * escaped, everything else as it is.
 * @param target has room for `MAX_GROWTH` bytes for each byte of text, from `at` on
 * @returns where the next byte goes
 */
export function writeEscaped(text: Uint8Array, target: Uint8Array, at: number): number {
  let out = at;
  for (const byte of text) {
    if (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) {
      target[out] = byte;
      out += 1;
      continue;
    }
    target[out] = BACKSLASH;
    if (byte >= SPACE) {
      target[out + 1] = byte;
      out += 2;
      continue;
    }
    const short = SHORT_ESCAPES[byte];
    if (short !== undefined) {
      target[out + 1] = short;
      out += 2;
      continue;
    }
    target.set([0x75, 0x30, 0x30, HEX[byte >> 4] ?? 0, HEX[byte & 15] ?? 0], out + 1);
    out += MAX_GROWTH;
  }
  return out;
}
