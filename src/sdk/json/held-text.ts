import { INPUT_BYTES, type Kernel } from './kernel/kernel.js';

/** An event is put together outside of the kernel where less room than this is left in it. */
const LEAST_ROOM = 64 * 1024;
/** What a kernel is told at the most of what was taken out of it: it counts in 32 bits. */
const MOST_TOLD = 2 ** 30;

/** What a kernel has of a text that comes in pieces, and what was taken out of it of a long element under way. */
export class HeldText {
  /** Bytes that are in the kernel, all of them looked at: of an element under way, if there is one. */
  held = 0;
  /** Bytes of the element under way that were taken out of the kernel. */
  carriedBytes = 0;
  #carried: Buffer[] = [];

  /** @param longest bytes of an element; of one that is longer nothing is kept, it is only looked at */
  constructor(
    private readonly kernel: Kernel,
    private readonly longest: number,
  ) {}

  /** Whether the element under way, or the one that ended first, is longer than what is kept of one. */
  get isTooLong(): boolean {
    return this.carriedBytes > this.longest;
  }

  /** `carriedBytes` as the kernel is told them. */
  get told(): number {
    return Math.min(this.carriedBytes, MOST_TOLD);
  }

  /** Puts a piece into the kernel, as much of it as there is room for. @returns the bytes that are in it then */
  fill(piece: Uint8Array): number {
    const part = piece.subarray(0, INPUT_BYTES - this.held);
    this.kernel.input.set(part, this.held);
    return this.held + part.length;
  }

  /** Keeps what there is of the element under way, once all that is in the kernel was looked at. */
  keep(filled: number): void {
    const { kernel } = this;
    if (!kernel.isInElement) {
      this.held = 0;
      return;
    }
    const start = kernel.elementStart;
    this.held = filled - start;
    if (this.held <= INPUT_BYTES - LEAST_ROOM) {
      if (start > 0) kernel.input.copyWithin(0, start, filled);
      return;
    }
    this.carriedBytes += this.held;
    if (this.isTooLong) this.#carried = [];
    else this.#carried.push(Buffer.from(kernel.input.subarray(start, filled)));
    this.held = 0;
  }

  /**
   * The whole of the element of which parts were taken out; undefined where none were, or where it is too long.
   * @param end where in the kernel it ends, or breaks off
   */
  takeWhole(end: number): Buffer | undefined {
    const isWhole = this.carriedBytes > 0 && !this.isTooLong;
    const whole = isWhole ? Buffer.concat([...this.#carried, this.kernel.input.subarray(0, end)]) : undefined;
    this.#carried = [];
    this.carriedBytes = 0;
    return whole;
  }
}
