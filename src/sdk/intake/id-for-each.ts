import { isAscii } from 'node:buffer';

import { BACKSLASH, QUOTE } from '../json/json-text.js';

/**
 * Whether an answer is `{"event_ids": […]}` and nothing else, with an id for each of `count` events that needs no decoding. So
 * is nearly every one, and then no text has to be made of it, nor of each id. Where this says no, `readIntakeAnswer` tells more.
 *
 * Control characters in an id are not looked for: whoever gives an id to each event has taken each.
 */
export function isIdForEach(answer: Uint8Array, count: number): boolean {
  // So that each quote is one that begins or ends an id. Both are found by the machine's widest registers.
  if (answer.includes(BACKSLASH) || !isAscii(answer)) return false;
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
    for (let byte = this.text[this.#at]; isBlank(byte); byte = this.text[this.#at]) this.#at += 1;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
