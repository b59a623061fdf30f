import { KERNEL } from './kernel.generated.js';

/** Bytes that the kernel takes at once. */
export const INPUT_BYTES = 64 * 1024;

// As in kernel.as.ts.
const STATE_WORDS = 32;
const RECORDS = 4096;
const RECORD_WORDS = 9;
const MOST_RECORDS = 1024;
const INPUT = 65_536;
const OUTPUT = 196_608;
const BRACKETS = 655_360;
const NOT_WANTED = -2;
const PLACE = 0;
const DEPTH = 4;
const LOOKED_AT = 17;
const ELEMENT_START = 18;

/** What a record says of a member: where its value is, offsets from the element's start; of a plain string its inside. */
export interface MemberPlace {
  readonly start: number;
  readonly end: number;
  /** A string of printable ASCII without escapes. */
  readonly isPlain: boolean;
}

/** The exports of kernel.as.ts. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  split(length: number, from: number, carried: number): number;
  escape(length: number): number;
}

declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
};

/**
 * The loops over every byte, in WebAssembly (kernel.as.ts): there a string is skipped, or copied with escapes, sixteen
 * bytes at a time. One instance serves everybody, since no call leaves anything behind that is not taken out at once.
 */
class Kernel {
  readonly #exports: Exports;
  readonly #memory: Uint8Array;
  readonly #input: Uint8Array;
  readonly #state: Int32Array;
  readonly #records: Int32Array;

  constructor() {
    const module = new WebAssembly.Module(Buffer.from(KERNEL, 'base64'));
    this.#exports = new WebAssembly.Instance(module).exports as Exports;
    const { buffer } = this.#exports.memory;
    this.#memory = new Uint8Array(buffer);
    this.#input = new Uint8Array(buffer, INPUT, INPUT_BYTES);
    this.#state = new Int32Array(buffer, 0, STATE_WORDS);
    this.#records = new Int32Array(buffer, RECORDS, MOST_RECORDS * RECORD_WORDS);
  }

  /** Takes in at most INPUT_BYTES. */
  take(piece: Uint8Array): void {
    this.#input.set(piece);
  }

  /**
   * Splits what was taken, from `from` on, going on from `state`, which it changes.
   * @param carried bytes of the element under way that came in earlier inputs
   * @returns the number of elements that ended, -1 where the text is no array of values
   */
  split(state: SplitState, length: number, { from, carried }: { from: number; carried: number }): number {
    this.#state.set(state.words);
    this.#memory.set(state.brackets, BRACKETS);
    const ended = this.#exports.split(length, from, carried);
    state.words.set(this.#state);
    const bracketBytes = (state.depth + 7) >> 3;
    state.brackets = bracketBytes === 0 ? NO_BRACKETS : this.#memory.slice(BRACKETS, BRACKETS + bracketBytes);
    return ended;
  }

  /** Where the `index`-th element that ended begins in what was taken; 0 where it began before. */
  start(index: number): number {
    return this.#records[index * RECORD_WORDS] ?? 0;
  }

  end(index: number): number {
    return this.#records[index * RECORD_WORDS + 1] ?? 0;
  }

  /** The last of the element's members named `id` (0), `timestamp` (1) or `service` (2). */
  member(index: number, which: 0 | 1 | 2): MemberPlace | undefined {
    const at = index * RECORD_WORDS + 2 + which * 2;
    const start = this.#records[at] ?? -1;
    if (start < 0) return undefined;
    return { start, end: this.#records[at + 1] ?? 0, isPlain: (this.#flags(index) & (2 << which)) !== 0 };
  }

  /** True where the members may be others than `member` says: a key is escaped, or was cut in two. */
  isUnclear(index: number): boolean {
    return (this.#flags(index) & 1) !== 0;
  }

  #flags(index: number): number {
    return this.#records[index * RECORD_WORDS + 8] ?? 0;
  }

  /**
   * Escapes at most INPUT_BYTES as the inside of a JSON string (RFC 8259, section 7): quotes, backslashes and control
   * characters, and nothing else.
   * @returns a view that is good until the next call
   */
  escape(piece: Uint8Array): Uint8Array {
    this.take(piece);
    return this.#memory.subarray(OUTPUT, OUTPUT + this.#exports.escape(piece.length));
  }
}

const NO_BRACKETS = new Uint8Array(0);

/** What the kernel has to know of a text between two pieces of it. */
export class SplitState {
  readonly words = new Int32Array(STATE_WORDS).fill(NOT_WANTED, 8, 9).fill(-1, 11, 17);
  /** A bit for each open bracket, set for a brace. */
  brackets: Uint8Array = NO_BRACKETS;

  /** One of PLACES; of a text that is no array, the complement of where it was when that showed. */
  get place(): number {
    return this.words[PLACE] ?? 0;
  }

  get depth(): number {
    return this.words[DEPTH] ?? 0;
  }

  /** How much of what was taken was looked at, or where the byte is that cannot be. */
  get lookedAt(): number {
    return this.words[LOOKED_AT] ?? 0;
  }

  /** Where in what was taken the element under way begins, where it began there. */
  get elementStart(): number {
    return this.words[ELEMENT_START] ?? 0;
  }
}

/** Where in the text we are. */
export const PLACES = { start: 0, beforeFirst: 1, beforeNext: 2, element: 3, afterElement: 4, end: 5 } as const;

let loaded: Kernel | undefined;

/** Made when it is needed first. */
export function kernel(): Kernel {
  return (loaded ??= new Kernel());
}
