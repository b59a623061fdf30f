import { BACKSLASH, QUOTE } from '../json/json-text.js';

const BLANK = 0x20;
const DELETE = 0x7f;
/** By byte: whether it may stand in an id. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= BLANK && byte < DELETE && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/**
 * Whether an answer is `{"event_ids": […]}` and nothing else, with an id for each of `count` events that needs no decoding. So
 * is nearly every one, and then no text has to be made of it, nor of each id. Where this says no, `readIntakeAnswer` tells more.
 */
export function isIdForEach(answer: Uint8Array, count: number): boolean {
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

  /** A string, not empty, of printable ASCII without escapes. */
  takeId(): boolean {
    this.#skipBlanks();
    const { text } = this;
    if (text[this.#at] !== QUOTE) return false;
    const first = this.#at + 1;
    let at = first;
    while (at < text.length && IS_PLAIN[text[at] as number] === 1) at += 1;
    if (at === first || text[at] !== QUOTE) return false;
    this.#at = at + 1;
    return true;
  }

  get isOver(): boolean {
    this.#skipBlanks();
    return this.#at === this.text.length;
  }

  #skipBlanks(): void {
    for (let byte = this.text[this.#at]; isBlank(byte); byte = this.text[this.#at]) this.#at += 1;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === BLANK || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
