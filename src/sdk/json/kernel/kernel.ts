import { compiledKernel } from './compile.js';
import { HEADROOM_BYTES, type KernelMemory, liesIn, takeMemory } from './memory.js';

/** Bytes that a kernel holds at once of text that does not lie where it can be split: an event that is longer is put together elsewhere. */
export const INPUT_BYTES = 320 * 1024;

// As in kernel.as.ts, from the beginning of a kernel's block.
const NAMES = 1024;
const NAME_BYTES = 128;
const RECORDS = 4096;
const RECORD_WORDS = 16;
const KEYS = 40_960;
const KEY_WORDS = 4;
const MOST_RECORDS = 512;
const INPUT = 131_072;
const OUTPUT = 524_288;
const BLOCK_BYTES = 1_048_576;
const UNCLEAR = 1;
const PLAIN = 2;
const KEYED = 16;

/** So many bytes are escaped to at most as many as there is room for. */
const ESCAPED_AT_ONCE = 64 * 1024;

/** Words of a record, and of what `split` says beside its result. */
export const RECORD = {
  start: 0,
  end: 1,
  members: 2,
  flags: 8,
} as const;
const QUOTED_START = 9;
const QUOTED_END = 10;
const LOOKED_AT = 0;
const ELEMENT_START = 1;
const PLACE = 2;
const ANY_INCOMPLETE = 3;

/** Where in the text a kernel is; of a text that is no array of values, the complement of where it was when that showed. */
export const PLACES = {
  start: 0,
  beforeFirst: 1,
  beforeNext: 2,
  element: 3,
  afterElement: 4,
  end: 5,
  tooDeep: 6,
} as const;

/** The names of the members that a kernel looks for at the top of each element: its id, its time, and where it comes from. */
export type MemberNames = readonly [id: string, timestamp: string, service: string];

/** Where a member's value is, offsets from the element's start; of a plain string its inside. */
export interface MemberPlace {
  readonly start: number;
  readonly end: number;
  /** A string of printable ASCII without escapes. */
  readonly isPlain: boolean;
}

/** The exports of kernel.as.ts. */
interface Exports {
  reset(isStored: boolean): void;
  resume(): void;
  split(address: number, from: number, to: number, carried: number): number;
  quote(first: number, count: number): number;
  escape(address: number, length: number): number;
}

declare const WebAssembly: {
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
  Global: new (type: { readonly value: 'i32' }, value: number) => object;
};

let compiled: object | undefined;
const spare: Kernel[] = [];

/**
 * The loops over every byte, in WebAssembly (kernel.as.ts): there brackets and quotes are found sixty-four bytes at a time, and
 * escapes are written sixteen at a time. Kernels share a memory, so that they split text where it lies.
 */
export class Kernel {
  readonly #exports: Exports;
  readonly #said: Int32Array;
  readonly #memory: KernelMemory;
  /** Its own part of the memory. */
  readonly #block: Buffer;
  readonly #ownInput: Buffer;
  /** What is split: text in memory of its own, or a piece where it lies. */
  input: Buffer;
  /** Of each element that ended, the words that RECORD names. */
  readonly records: Int32Array;
  /** Of each element its key, in the form of an EntryList: minute, hash and milliseconds, where the kernel found them. */
  readonly keys: Int32Array;
  /** Elements that stand in the output as JSON strings. */
  #quotedFrom = 0;
  #quotedTo = 0;

  private constructor() {
    compiled ??= compiledKernel();
    const { memory, at } = takeMemory(BLOCK_BYTES);
    const imports = { env: { memory }, 'kernel.as': { block: new WebAssembly.Global({ value: 'i32' }, at) } };
    this.#exports = new WebAssembly.Instance(compiled, imports).exports as Exports;
    this.#memory = memory;
    this.#block = Buffer.from(memory.buffer, at, BLOCK_BYTES);
    this.#said = new Int32Array(memory.buffer, at, 4);
    this.#ownInput = this.input = this.#block.subarray(INPUT, INPUT + INPUT_BYTES);
    this.records = new Int32Array(memory.buffer, at + RECORDS, MOST_RECORDS * RECORD_WORDS);
    this.keys = new Int32Array(memory.buffer, at + KEYS, MOST_RECORDS * KEY_WORDS);
  }

  /**
   * One that nobody else uses, at the beginning of a text. To be given back, where that is possible.
   * @param form what the text is: one array, or what may be stored: arrays and objects one after another, some of them broken
   */
  static borrow(names: MemberNames, form: 'array' | 'stored' = 'array'): Kernel {
    const kernel = spare.pop() ?? new Kernel();
    for (const [index, name] of names.entries()) kernel.#block.set(counted(name), NAMES + index * NAME_BYTES);
    kernel.#exports.reset(form === 'stored');
    kernel.input = kernel.#ownInput;
    return kernel;
  }

  /** Nothing that was asked of it is valid any more. */
  giveBack(): void {
    spare.push(this);
  }

  /**
   * Puts a piece behind the first `held` bytes of its own input, as much of it as there is room for: where it lies in the
   * kernel's memory, all of it, and it stays there.
   * @returns the bytes of the input now
   */
  fill(piece: Uint8Array, held: number): number {
    if (held <= HEADROOM_BYTES && liesIn(piece, this.#memory)) {
      this.input = Buffer.from(this.#memory.buffer, piece.byteOffset - held, held + piece.length);
      this.input.set(this.#ownInput.subarray(0, held));
      return this.input.length;
    }
    const part = piece.subarray(0, INPUT_BYTES - held);
    this.#ownInput.set(part, held);
    return held + part.length;
  }

  /** Moves what is at `from` up to `to` of the input to the beginning of its own. */
  keep(from: number, to: number): void {
    if (this.input !== this.#ownInput) this.#ownInput.set(this.input.subarray(from, to));
    else if (from > 0) this.#ownInput.copyWithin(0, from, to);
    this.input = this.#ownInput;
  }

  /**
   * Splits the input up to `to`, from `from` on, until there are no more records.
   * @param carried bytes of the element under way that came before the input
   * @returns the number of elements that ended, -1 where the text is no array of values; of what is stored, where it breaks
   *   behind the elements that were told of before
   */
  split(from: number, to: number, carried: number): number {
    this.#quotedTo = this.#quotedFrom = 0;
    return this.#exports.split(this.input.byteOffset, from, to, carried);
  }

  /** After a break: what is split next is looked at as what follows an element. */
  resume(): void {
    this.#exports.resume();
  }

  /** One of PLACES. */
  get place(): number {
    return this.#said[PLACE] ?? 0;
  }

  /** Whether an element is under way. */
  get isInElement(): boolean {
    return this.place === PLACES.element;
  }

  /** How much of the input was looked at, or where the byte is that cannot be. */
  get lookedAt(): number {
    return this.#said[LOOKED_AT] ?? 0;
  }

  /** Where in the input the element under way begins. */
  get elementStart(): number {
    return this.#said[ELEMENT_START] ?? 0;
  }

  word(index: number, word: number): number {
    return this.records[index * RECORD_WORDS + word] ?? 0;
  }

  /** The last of the element's members with a name. */
  member(index: number, which: 0 | 1 | 2): MemberPlace | undefined {
    const start = this.word(index, RECORD.members + which * 2);
    if (start < 0) return undefined;
    const isPlain = (this.word(index, RECORD.flags) & (PLAIN << which)) !== 0;
    return { start, end: this.word(index, RECORD.members + which * 2 + 1), isPlain };
  }

  /** True where the members may be others than `member` says: a key is escaped, or was cut in two. */
  isUnclear(index: number): boolean {
    return (this.word(index, RECORD.flags) & UNCLEAR) !== 0;
  }

  /** Whether all elements that ended have keys, and minutes of their own. */
  get isAllKeyed(): boolean {
    return this.#said[ANY_INCOMPLETE] === 0;
  }

  /** True where the kernel found the element's minute, milliseconds and hash. */
  isKeyed(index: number): boolean {
    return (this.word(index, RECORD.flags) & KEYED) !== 0;
  }

  /**
   * Writes elements as JSON strings, one after the other, from `index` on where it is not written yet.
   * @param count elements that there are
   * @returns the first element behind it that is not written; `index` itself, where it does not fit into the kernel
   */
  quote(index: number, count: number): number {
    if (index < this.#quotedFrom || index >= this.#quotedTo) {
      this.#quotedFrom = index;
      this.#quotedTo = this.#exports.quote(index, count);
    }
    return this.#quotedTo;
  }

  /** Bytes of an element as a JSON string, once it was written; also where others took its place since. */
  quotedSize(index: number): number {
    return this.word(index, QUOTED_END) - this.word(index, QUOTED_START);
  }

  /** Elements as they were written last, commas between them: a view that is good until others are. */
  quotedRun(from: number, to: number): Uint8Array {
    const start = this.word(from, QUOTED_START);
    return new Uint8Array(this.#memory.buffer, start, this.word(to - 1, QUOTED_END) - start);
  }

  /** Escapes a text of 64 KiB at the most. @returns a view that is good until the next call */
  escape(text: Uint8Array): Uint8Array {
    this.#ownInput.set(text);
    const length = this.#exports.escape(this.#ownInput.byteOffset, text.length);
    return this.#block.subarray(OUTPUT, OUTPUT + length);
  }
}

/** A text as the inside of a JSON string, in pieces of their own. */
export function escapedPieces(text: Uint8Array): Uint8Array[] {
  const kernel = Kernel.borrow(NO_NAMES);
  const pieces: Uint8Array[] = [];
  for (let from = 0; from < text.length; from += ESCAPED_AT_ONCE) {
    pieces.push(Uint8Array.from(kernel.escape(text.subarray(from, from + ESCAPED_AT_ONCE))));
  }
  kernel.giveBack();
  return pieces;
}

const NO_NAMES: MemberNames = ['', '', ''];

/** A name with its length before it. */
function counted(name: string): Uint8Array {
  const bytes = Buffer.from(name);
  if (bytes.length > NAME_BYTES - 4) throw new RangeError(`The name of a member is too long: ${name}`);
  const length = Buffer.alloc(4);
  length.writeInt32LE(bytes.length === 0 ? -1 : bytes.length);
  return Buffer.concat([length, bytes]);
}
