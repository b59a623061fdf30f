import { createGunzip } from 'node:zlib';

import { BrokenContentError } from './broken-content-error.js';

const PIECE_BYTES = 64 * 1024;
/** Given to zlib at once. It grows to a thousand times as much at the most, all of which is held. */
const STEP_BYTES = 8 * 1024;
/** Compressed bytes that are kept from the beginning, to be decompressed once more where they break. */
const LONGEST_KEPT_BYTES = 8 * 1024 * 1024;

/**
 * Decompresses gzip, also several members one after another; zeros behind them are padding.
 *
 * Where data is corrupt, zlib keeps back what it had decompressed of the step in which that showed. Of an object's first
 * 8 MiB nothing is lost thereby: they are then decompressed again, in the last step byte by byte.
 * @throws BrokenContentError where it is corrupt or cut off, after what could be read before
 */
export async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = new Gunzip();
  const kept: Buffer[] = [];
  let given = 0;
  let got = 0;
  try {
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.length; from += STEP_BYTES) {
        const step = Buffer.from(chunk.subarray(from, from + STEP_BYTES));
        given += step.length;
        if (given <= LONGEST_KEPT_BYTES) kept.push(step);
        else kept.length = 0;
        for (const piece of await decoder.take(step)) {
          got += piece.length;
          yield piece;
        }
        if (decoder.failure !== undefined) break;
      }
      if (decoder.failure !== undefined) break;
    }
    for (const piece of await decoder.end()) {
      got += piece.length;
      yield piece;
    }
    if (decoder.failure === undefined) return;
    if (decoder.isCorrupt) yield* afresh(kept, got);
    throw new BrokenContentError(`its gzip data is broken: ${decoder.failure}`);
  } finally {
    decoder.close();
  }
}

/** Decompresses again what broke in its last step. @param got bytes that came out of it before */
async function* afresh(steps: readonly Buffer[], got: number): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = new Gunzip();
  let passed = 0;
  try {
    for (const [index, step] of steps.entries()) {
      const stride = index === steps.length - 1 ? 1 : step.length;
      for (let from = 0; from < step.length && decoder.failure === undefined; from += stride) {
        for (const piece of await decoder.take(step.subarray(from, from + stride))) {
          passed += piece.length;
          if (passed > got) yield piece.subarray(Math.max(0, piece.length - (passed - got)));
        }
      }
    }
  } finally {
    decoder.close();
  }
}

/** zlib's decoder, a step at a time: what it gave before it failed is not lost with it. */
class Gunzip {
  readonly #stream = createGunzip({ chunkSize: PIECE_BYTES });
  #pieces: Buffer[] = [];
  #given = 0;
  #isOver = false;
  #settle: () => void = () => undefined;
  /** In zlib's words. */
  failure: string | undefined;
  /** False where it is cut off. */
  isCorrupt = false;

  constructor() {
    this.#stream.on('data', (piece: Buffer) => this.#pieces.push(piece));
    this.#stream.on('error', (error: NodeJS.ErrnoException) => {
      this.failure ??= error.message;
      this.isCorrupt = error.code !== 'Z_BUF_ERROR';
      this.#settle();
    });
    this.#stream.on('end', () => {
      this.#isOver = true;
      this.#settle();
    });
  }

  /** @returns what comes of it */
  async take(step: Buffer): Promise<Buffer[]> {
    this.#given += step.length;
    if (!this.#isOver) await this.#until((settled) => this.#stream.write(step, settled));
    // zlib is at an end where zeros follow.
    if (this.#isOver)
      this.#checkPadding(step.subarray(Math.max(0, step.length - this.#given + this.#stream.bytesWritten)));
    return this.#taken();
  }

  /** @returns what was left */
  async end(): Promise<Buffer[]> {
    if (!this.#isOver && this.failure === undefined) await this.#until(() => this.#stream.end());
    return this.#taken();
  }

  close(): void {
    this.#stream.destroy();
  }

  #until(start: (settled: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      start(resolve);
    });
  }

  #checkPadding(rest: Uint8Array): void {
    if (rest.some((byte) => byte !== 0)) this.failure ??= 'something else follows it';
  }

  #taken(): Buffer[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}
