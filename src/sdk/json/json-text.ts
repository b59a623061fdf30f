/**
 * JSON text read in place: where its values begin and end, not what they are. So numbers, escapes, repeated keys and the
 * order of keys survive whatever is done with the spans. Nothing here recurses: a text may be nested as deep as it is long.
 */

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
const LETTER_U = 0x75;
const LETTER_D = 0x64;
const LETTER_A = 0x61;

/** A member of an object, or an item of a list: offsets into the text. */
export interface Child {
  /** Where the member's key begins; of an item, where its value does. */
  readonly start: number;
  readonly valueStart: number;
  /** Behind the value. */
  readonly end: number;
}

/** Hears of the values of a text while it is checked. */
export interface ValueListener {
  /** A list or object begins. */
  opened(start: number): void;
  /** The one that was opened last has ended. */
  closed(end: number): void;
  /** A string, number or word. */
  scalar(start: number, end: number): void;
}

/** Whether the bytes are one JSON value by the letter of RFC 8259, whatever its depth. UTF-8 is not looked at. */
export function isJson(text: Uint8Array, listener?: ValueListener): boolean {
  let [open, depth, last] = [new Uint8Array(64), 0, 0];
  let at = skipBlanks(text, 0);
  for (;;) {
    const byte = text[at] ?? 0;
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      listener?.opened(at);
      if (depth === open.length) open = grown(open);
      open[depth] = last = byte;
      depth += 1;
      at = skipBlanks(text, at + 1);
      if (text[at] !== closerOf(byte)) {
        if (byte === OPEN_OBJECT) at = validKeyEnd(text, at);
        if (at < 0) return false;
        continue;
      }
    } else {
      const start = at;
      at = byte === QUOTE ? validStringEnd(text, at) : validScalarEnd(text, at);
      if (at < 0) return false;
      listener?.scalar(start, at);
    }
    // Behind a value, or before the bracket that closes an empty one: whatever closes here, up to the next value.
    for (;;) {
      at = skipBlanks(text, at);
      if (depth === 0) return at === text.length;
      if (text[at] === COMMA) break;
      if (text[at] !== closerOf(last)) return false;
      depth -= 1;
      last = open[depth - 1] ?? 0;
      at += 1;
      listener?.closed(at);
    }
    at = skipBlanks(text, at + 1);
    if (last === OPEN_OBJECT) at = validKeyEnd(text, at);
    if (at < 0) return false;
  }
}

/**
 * The members of the object, or items of the list, that opens at `open`. The text is valid JSON.
 * @param endOf where the value that begins there ends, if that is known
 */
export function* childrenOf(
  text: Uint8Array,
  open: number,
  endOf?: (start: number) => number | undefined,
): Generator<Child, void, undefined> {
  const isObject = text[open] === OPEN_OBJECT;
  let start = skipBlanks(text, open + 1);
  while (start < text.length && text[start] !== CLOSE_OBJECT && text[start] !== CLOSE_ARRAY) {
    const valueStart = isObject ? skipBlanks(text, skipBlanks(text, stringEnd(text, start)) + 1) : start;
    const end = (canBeLong(text[valueStart]) ? endOf?.(valueStart) : undefined) ?? valueEnd(text, valueStart);
    yield { start, valueStart, end };
    start = skipBlanks(text, end);
    if (text[start] === COMMA) start = skipBlanks(text, start + 1);
  }
}

/** What the key of a member says. */
export function keyOf(text: Uint8Array, { start }: Child): string {
  return stringAt(text, start, stringEnd(text, start));
}

/** Tells of members whether their key says one of some names, without decoding more keys than necessary. */
export function isKeyAmong(text: Uint8Array, names: readonly string[]): (member: Child) => boolean {
  const lengths = new Set(names.map((name) => Buffer.byteLength(name)));
  return ({ start }) => {
    const end = stringEnd(text, start);
    const isPlain = text.subarray(start, end).indexOf(BACKSLASH) < 0;
    if (isPlain && !lengths.has(end - start - '""'.length)) return false;
    return names.includes(stringAt(text, start, end));
  };
}

/** The text of a top-level member that is a string; of several with the same key the last. Total: any bytes will do. */
export function memberText(text: Uint8Array, key: string): string | undefined {
  const open = skipBlanks(text, 0);
  if (text[open] !== OPEN_OBJECT || !isJson(text)) return undefined;
  let found: string | undefined;
  for (const child of childrenOf(text, open)) {
    if (keyOf(text, child) !== key) continue;
    found = text[child.valueStart] === QUOTE ? stringAt(text, child.valueStart, child.end) : undefined;
  }
  return found;
}

export function skipBlanks(text: Uint8Array, from: number): number {
  let at = from;
  while (text[at] === 0x20 || text[at] === 0x0a || text[at] === 0x0d || text[at] === 0x09) at += 1;
  return at;
}

/** The place behind the character that begins at `at`, inside a string: an escape is one, and so is an escaped pair. */
export function characterEnd(text: Uint8Array, at: number): number {
  const byte = text[at] ?? 0;
  if (byte === BACKSLASH) {
    if (text[at + 1] !== LETTER_U) return at + 2;
    const isPair = isSurrogate(text, at, '89ab') && isSurrogate(text, at + 6, 'cdef');
    return at + (isPair ? 12 : 6);
  }
  if (byte < 0x80) return at + 1;
  if (byte < 0xe0) return at + 2;
  return byte < 0xf0 ? at + 3 : at + 4;
}

/** `\ud8..` to `\udbff` is the first half of a pair, `\udc..` to `\udfff` the second: the second digit tells. */
function isSurrogate(text: Uint8Array, at: number, secondDigits: string): boolean {
  if (text[at] !== BACKSLASH || text[at + 1] !== LETTER_U || ((text[at + 2] ?? 0) | 0x20) !== LETTER_D) return false;
  return secondDigits.includes(String.fromCharCode((text[at + 3] ?? 0) | 0x20));
}

function stringAt(text: Uint8Array, start: number, end: number): string {
  return String(JSON.parse(bufferOf(text).toString('utf8', start, end)));
}

/** Behind the closing quote of the string that begins at `start`. */
function stringEnd(text: Uint8Array, start: number): number {
  let at = plainEnd(text, start + 1);
  // A control character does not end it.
  while (at < text.length && text[at] !== QUOTE) at = plainEnd(text, at + (text[at] === BACKSLASH ? 2 : 1));
  return at + 1;
}

function valueEnd(text: Uint8Array, start: number): number {
  const first = text[start];
  if (first === QUOTE) return stringEnd(text, start);
  let [at, depth] = [start, 0];
  while (at < text.length) {
    const byte = text[at];
    if (byte === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      // Of a number or a word it is the end that shows; of a list or an object, the end itself.
      if (depth <= 1) return depth === 1 ? at + 1 : at;
      depth -= 1;
    } else if (depth === 0 && (byte === COMMA || isBlank(byte))) return at;
    at += 1;
  }
  return at;
}

/** Numbers and words are read as quickly as they are looked up. */
function canBeLong(first: number | undefined): boolean {
  return first === QUOTE || first === OPEN_ARRAY || first === OPEN_OBJECT;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function grown(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}

function closerOf(opener: number): number {
  return opener === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
}

/** Behind a key, its colon and blanks; -1 where there is no key. */
function validKeyEnd(text: Uint8Array, start: number): number {
  const end = text[start] === QUOTE ? validStringEnd(text, start) : -1;
  if (end < 0) return -1;
  const colon = skipBlanks(text, end);
  return text[colon] === COLON ? skipBlanks(text, colon + 1) : -1;
}

const WORDS = new Map(['true', 'false', 'null'].map((word) => [word.charCodeAt(0), Buffer.from(word)]));

function validScalarEnd(text: Uint8Array, start: number): number {
  const first = text[start] ?? 0;
  // Words begin with a letter, numbers do not.
  const word = first < LETTER_A ? undefined : WORDS.get(first);
  if (word === undefined) return validNumberEnd(text, start);
  for (let index = 1; index < word.length; index += 1) if (text[start + index] !== word[index]) return -1;
  return start + word.length;
}

const SHORT_ESCAPES = new Set(Buffer.from('"\\/bfnrt'));

function validStringEnd(text: Uint8Array, start: number): number {
  for (let at = plainEnd(text, start + 1); ; at = plainEnd(text, at)) {
    const byte = text[at];
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) return -1;
    const letter = text[at + 1] ?? 0;
    if (letter === LETTER_U) {
      for (let digit = at + 2; digit < at + 6; digit += 1) if (!isHex(text[digit])) return -1;
      at += 6;
    } else if (SHORT_ESCAPES.has(letter)) at += 2;
    else return -1;
  }
}

/** 1 for the bytes that a string says by themselves: no quote, no backslash, no control character. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH),
);

function plainEnd(text: Uint8Array, from: number): number {
  let at = from;
  while (PLAIN[text[at] ?? 0] === 1) at += 1;
  return at;
}

function bufferOf(text: Uint8Array): Buffer {
  return Buffer.isBuffer(text) ? text : Buffer.from(text.buffer, text.byteOffset, text.length);
}

function validNumberEnd(text: Uint8Array, start: number): number {
  let at = text[start] === 0x2d ? start + 1 : start;
  const whole = at;
  at = skipDigits(text, at);
  if (at === whole || (text[whole] === 0x30 && at > whole + 1)) return -1;
  if (text[at] === 0x2e) {
    const fraction = at + 1;
    at = skipDigits(text, fraction);
    if (at === fraction) return -1;
  }
  if (text[at] === 0x65 || text[at] === 0x45) {
    const isSigned = text[at + 1] === 0x2b || text[at + 1] === 0x2d;
    const exponent = at + (isSigned ? 2 : 1);
    at = skipDigits(text, exponent);
    if (at === exponent) return -1;
  }
  return at;
}

function skipDigits(text: Uint8Array, from: number): number {
  let at = from;
  for (let byte = text[at] ?? 0; byte >= 0x30 && byte <= 0x39; byte = text[at] ?? 0) at += 1;
  return at;
}

function isHex(byte = 0): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
