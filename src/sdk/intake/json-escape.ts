import { INPUT_BYTES, kernel } from '../json/kernel/kernel.js';

const BACKSLASH = 0x5c;

/** Reads what `escaped` wrote, byte for byte. */
export function readEscaped(escaped: Uint8Array): Uint8Array {
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

/**
 * UTF-8 text as the inside of a JSON string (RFC 8259, section 7): quotes, backslashes and control characters escaped,
 * everything else as it is. In pieces, each good until the next one is asked for.
 */
export function* escaped(text: Uint8Array): Generator<Uint8Array> {
  if (text.length <= INPUT_BYTES) yield kernel().escape(text);
  else
    for (let from = 0; from < text.length; from += INPUT_BYTES) {
      yield kernel().escape(text.subarray(from, from + INPUT_BYTES));
    }
}
