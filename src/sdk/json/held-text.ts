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

  /** Gives a piece to the kernel, as much of it as there is room for. @returns the bytes that it has then */
  fill(piece: Uint8Array): number {
    return this.kernel.fill(piece, this.held);
  }

  /** Keeps what there is of the element under way, once all that is in the kernel was looked at. */
  keep(filled: number): void {
    const { kernel } = this;
    const start = kernel.isInElement ? kernel.elementStart : filled;
    this.held = filled - start;
    if (this.held > INPUT_BYTES - LEAST_ROOM) {
      this.carriedBytes += this.held;
      if (this.isTooLong) this.#carried = [];
      else this.#carried.push(Buffer.from(kernel.input.subarray(start, filled)));
      this.held = 0;
    }
    kernel.keep(start, start + this.held);
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
