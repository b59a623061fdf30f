import { seededRandom } from '../../support/seeded-random.js';

/** A text for the splitter, and where it is cut into pieces. */
export interface FuzzCase {
  readonly bytes: Buffer;
  /** Ascending. */
  readonly cuts: readonly number[];
  /** How many events it has, where it must be taken; undefined where only JSON.parse tells. */
  readonly events: number | undefined;
}

/** So many characters of a case are drawn before it comes to its end. */
const USUAL_CHARACTERS = 300;
/** More than the splitter takes at once, so that a part of the event is carried away before it ends. */
const LONG_CHARACTERS = 300_000;
/** A key may be longer than what is looked at of one. */
const LONG_KEY_CHARACTERS = 200;
const MANY_EVENTS = 5_000;

const BLANKS = [' ', '\n', '\t', '\r', '\r\n', '  \n '];
const KEYS = [
  'id',
  'timestamp',
  'service',
  'id',
  'timestamp',
  'service',
  'ID',
  'ie',
  'timestamps',
  '',
  'é',
  '__proto__',
];
const TIMES = [
  '2030-01-02T03:04:05Z',
  '2030-01-02T03:04:05.678901234Z',
  '2030-01-02T05:04:05.9+02:00',
  '2030-02-30',
  'x',
];
const NUMBERS = ['0', '-0', '1.0', '1e3', '-12.50E-2', '12345678901234567890', '0.1', '7', '1e999'];
const WORDS = ['true', 'false', 'null'];
const LETTERS = ['a', 'b', '7', ' ', '/', '{', '}', '[', ']', ',', ':', 'é', '漢', '🦊', '\u2028', '\u007f', '\ufffd'];
const ESCAPES = [
  '\\n',
  '\\"',
  '\\\\',
  '\\/',
  '\\b',
  '\\u0041',
  '\\u0000',
  '\\ud83e\\udd8a',
  '\\ud800',
  '\\uDC00',
  '\\\\\\"',
];
/** What JSON does not know inside a value, and the splitter lets through. */
const SLOPPY_STRINGS = ['"\\x"', '"\\u12g4"', '"a\tb"', '"\n"', '"\\ud8"'];
const SLOPPY_VALUES = ['tru', '01', '-', '1.', 'nulll', '+1', ...SLOPPY_STRINGS];
/** What a mutation puts in: mostly what means something. */
const MEANT = Buffer.from('"\\{}[],:  \n0u9e-tnf\0\x1f\x7f\x80\xbf\xc3\xe2\xf0\xff', 'latin1');

/** The same case for the same seed. */
export function drawCase(seed: number): FuzzCase {
  return new Draw(seed).draw();
}

class Draw {
  readonly #random: () => number;
  #parts: string[] = [];
  /** Characters that are left. */
  #room = 0;
  #isSloppy = false;
  #blanks = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    // The first number of neighbouring seeds is alike.
    this.#random();
  }

  draw(): FuzzCase {
    const kind = this.#below(100);
    this.#isSloppy = kind < 8;
    this.#room = 1 + this.#below(USUAL_CHARACTERS);
    this.#blanks = this.#below(3) === 0 ? 0.3 : 0;
    const events = this.#array();
    const whole = Buffer.from(this.#parts.join(''));
    const bytes = kind >= 60 ? this.#broken(whole) : whole;
    return { bytes, cuts: this.#cuts(bytes.length), events: bytes === whole ? events : undefined };
  }

  /** @returns the number of its items */
  #array(): number {
    if (this.#below(30) === 0) this.#put('\ufeff');
    const rarity = this.#below(20_000);
    this.#blank();
    this.#put('[');
    let count = this.#below(12) === 0 ? 0 : 1 + this.#below(6);
    if (rarity === 0) count = this.#room = MANY_EVENTS;
    for (let n = 0; n < count; n += 1) {
      if (n > 0) this.#put(',');
      this.#blank();
      if (rarity === 1 && n === 0)
        this.#put(`{"id":"${'long '.repeat(LONG_CHARACTERS / 5)}","timestamp":"${TIMES[0]}"}`);
      else if (this.#isSloppy || this.#below(4) === 0) this.#value(0);
      else this.#object(0);
      this.#blank();
    }
    if (count === 0) this.#blank();
    this.#put(']');
    this.#blank();
    return count;
  }

  #value(depth: number): void {
    const kind = this.#below(depth > 6 || this.#room < 0 ? 4 : 8);
    if (this.#isSloppy && this.#below(3) === 0) this.#put(this.#pick(SLOPPY_VALUES));
    else if (kind === 0) this.#put(this.#pick(NUMBERS));
    else if (kind === 1) this.#put(this.#pick(WORDS));
    else if (kind === 2) this.#put(`"${this.#pick(TIMES)}"`);
    else if (kind === 3 || kind === 4) this.#string();
    else if (kind === 5) this.#list(depth);
    else this.#object(depth);
  }

  #list(depth: number): void {
    this.#put('[');
    const count = this.#below(4);
    for (let n = 0; n < count; n += 1) {
      if (n > 0) this.#put(',');
      this.#blank();
      this.#value(depth + 1);
      this.#blank();
    }
    if (count === 0) this.#blank();
    this.#put(']');
  }

  #object(depth: number): void {
    this.#put('{');
    const count = this.#room < 0 ? 1 : this.#below(6);
    for (let n = 0; n < count; n += 1) {
      if (n > 0) this.#put(',');
      this.#blank();
      this.#key();
      this.#blank();
      this.#put(':');
      this.#blank();
      if (this.#below(3) === 0) this.#put(`"${this.#pick(TIMES)}"`);
      else this.#value(depth + 1);
      this.#blank();
    }
    if (count === 0) this.#blank();
    this.#put('}');
  }

  #key(): void {
    if (this.#below(6) === 0) {
      this.#string();
      return;
    }
    const key = this.#pick(KEYS);
    if (this.#below(40) === 0) {
      const many = this.#below(LONG_KEY_CHARACTERS);
      // In front of a name, and of a name behind an escape.
      this.#put(`"${'x'.repeat(many)}${this.#pick(['', '\\\\', '\\"'])}${key}"${' '.repeat(this.#below(80))}`);
      return;
    }
    const at = this.#below(12);
    const code = key.charCodeAt(at);
    if (Number.isNaN(code)) this.#put(`"${key}"`);
    else this.#put(`"${key.slice(0, at)}\\u${code.toString(16).padStart(4, '0')}${key.slice(at + 1)}"`);
  }

  #string(): void {
    this.#put('"');
    const plain = this.#below(3) === 0;
    for (let left = this.#below(this.#below(4) === 0 ? 40 : 6); left > 0; left -= 1) {
      if (plain || this.#below(4) > 0) this.#put(this.#pick(LETTERS));
      else this.#put(this.#pick(ESCAPES));
    }
    this.#put('"');
  }

  #broken(whole: Buffer): Buffer {
    if (this.#below(4) === 0) return whole.subarray(0, this.#below(whole.length));
    const bytes = [...whole];
    for (let left = 1 + this.#below(3); left > 0; left -= 1) {
      const at = this.#below(bytes.length + 1);
      const byte = this.#below(8) === 0 ? this.#below(256) : (MEANT[this.#below(MEANT.length)] ?? 0);
      const removed = this.#below(3);
      if (this.#below(3) === 0) bytes.splice(at, 1 + removed);
      else bytes.splice(at, Math.min(1, removed), byte);
    }
    return Buffer.from(bytes);
  }

  #cuts(length: number): number[] {
    const kind = this.#below(10);
    if (kind < 3 || length === 0) return [];
    if (kind === 3 && length < 400) return Array.from({ length: length - 1 }, (_, at) => at + 1);
    return Array.from({ length: 1 + this.#below(5) }, () => this.#below(length + 1)).sort((a, b) => a - b);
  }

  #blank(): void {
    if (this.#blanks > 0 && this.#random() < this.#blanks) this.#put(this.#pick(BLANKS));
  }

  #put(text: string): void {
    this.#parts.push(text);
    this.#room -= text.length;
  }

  #below(most: number): number {
    return Math.floor(this.#random() * most);
  }

  #pick(from: readonly string[]): string {
    return from[this.#below(from.length)] ?? '';
  }
}
