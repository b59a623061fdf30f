import { escapedPieces } from './kernel/kernel.js';

const BACKSLASH = 0x5c;
const QUOTE = Buffer.from('"');

/**
 * UTF-8 text as a JSON string (RFC 8259, section 7): quotes, backslashes and control characters escaped, everything else as it
 * is.
 */
export function quotedText(text: Uint8Array): Uint8Array {
  return Buffer.concat([QUOTE, ...escapedPieces(text), QUOTE]);
}

/** Reads what `quotedText` wrote, byte for byte. */
export function readQuotedText(quoted: Uint8Array): Uint8Array {
  const escaped = quoted.subarray(1, -1);
  const text = Buffer.alloc(escaped.length);
  let length = 0;
  for (let at = 0; at < escaped.length; at += 1, length += 1) {
    const byte = escaped[at] ?? 0;
    if (byte !== BACKSLASH) {
      text[length] = byte;
      continue;
    }
    at += 1;
    const letter = escaped[at] ?? 0;
    if (letter === 0x75) {
      text[length] = Number.parseInt(Buffer.from(escaped.subarray(at + 1, at + 5)).toString('latin1'), 16);
      at += 4;
    } else {
      const control = Object.entries(SHORT_ESCAPES).find(([, short]) => short === letter)?.[0];
      text[length] = control === undefined ? letter : Number(control);
    }
  }
  return text.subarray(0, length);
}

const SHORT_ESCAPES: Readonly<Record<number, number>> = { 8: 0x62, 9: 0x74, 10: 0x6e, 12: 0x66, 13: 0x72 };
