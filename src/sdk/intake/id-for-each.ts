import { BACKSLASH, QUOTE } from '../json/json-text.js';

const BLANK = 0x20;

/**
 * Whether an answer is `{"event_ids": […]}` and nothing else, on one line, with an id for each of `count` events that needs no
 * decoding. So is nearly every one, and then no text has to be made of it, nor of each id. Where this says no,
 * `readIntakeAnswer` tells more.
 */
export function isIdForEach(answer: Uint8Array, count: number): boolean {
  // Then each quote is one that begins or ends an id, and whatever stands between two of them is fit for a string.
  if (answer.includes(BACKSLASH) || !isPrintable(answer)) return false;
  const tokens = new Tokens(answer);
  if (!tokens.take('{') || !tokens.take('"event_ids"') || !tokens.take(':') || !tokens.take('[')) return false;
  for (let n = 0; n < count; n += 1) if ((n > 0 && !tokens.take(',')) || !tokens.takeId()) return false;
  return count > 0 && tokens.take(']') && tokens.take('}') && tokens.isOver;
}

class Tokens {
  #at = 0;

  constructor(private readonly text: Uint8Array) {}

  take(token: string): boolean {
    this.#skipBlanks();
    for (let n = 0; n < token.length; n += 1) if (this.text[this.#at + n] !== token.charCodeAt(n)) return false;
    this.#at += token.length;
    return true;
  }

  /** A string that is not empty. */
  takeId(): boolean {
    this.#skipBlanks();
    const first = this.#at + 1;
    if (this.text[this.#at] !== QUOTE) return false;
    const end = this.text.indexOf(QUOTE, first);
    this.#at = end + 1;
    return end > first;
  }

  get isOver(): boolean {
    this.#skipBlanks();
    return this.#at === this.text.length;
  }

  #skipBlanks(): void {
    while (this.text[this.#at] === BLANK) this.#at += 1;
  }
}

/** Whether all is ASCII without control characters; looks at four bytes at a time. */
function isPrintable(text: Uint8Array): boolean {
  const unaligned = Math.min(-text.byteOffset & 3, text.length);
  const words = new Int32Array(text.buffer, text.byteOffset + unaligned, (text.length - unaligned) >> 2);
  if (!arePrintable(words)) return false;
  const rest = text.subarray(unaligned + words.length * 4);
  return text.subarray(0, unaligned).every(isPrintableByte) && rest.every(isPrintableByte);
}

// A function of its own, and an index: V8 optimises a loop before it has seen what comes behind it, and does so again then.
function arePrintable(words: Int32Array): boolean {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? 0;
    // Of a byte below 32 the difference is negative, and one above 127 is.
    if ((((word - 0x20202020) | word) & 0x80808080) !== 0) return false;
  }
  return true;
}

function isPrintableByte(byte: number): boolean {
  return byte >= BLANK && byte < 0x80;
}
