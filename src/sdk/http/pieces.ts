import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers';

import { abortError } from '../errors.js';
import { MOST_READ_BYTES } from './socket-reads.js';

/** So much an answer keeps while nobody asks for more; what has come by then is handed over together. */
const FULL_BYTES = 256 * 1024;
const MEMORY_BYTES = FULL_BYTES + MOST_READ_BYTES;
/** Memory that is kept for answers to come. */
const MOST_SPARE = 16;

const spare: Buffer[] = [];

/** What brings a body. */
export interface Flow {
  /** Nothing more is to come for now; a little may. */
  pause(): void;
  resume(): void;
  /** Nobody wants the rest: the connection is closed. After the end it does nothing. */
  destroy(): void;
}

/**
 * What a body brings, in pieces that hold all that has come since the last one: waking the reader for each read of a socket
 * costs as much as what it does then. Each piece is good until the next one is asked for.
 *
 * What comes is copied out of the buffer that it came in at once: buffers that have to wait grow old, and V8 collects what is
 * old seldom. Where the body breaks before its end, what came before is handed over first. After an abort the next piece rejects
 * with an AbortError, whatever broke. Pieces that are asked for at the same time come one after another.
 */
export class Pieces implements AsyncIterableIterator<Uint8Array> {
  /** All that has come since the last piece: the first bytes of a memory. */
  #filling: Buffer | undefined;
  #filledBytes = 0;
  /** The memory of the last piece. */
  #handedOver: Buffer | undefined;
  #isPaused = false;
  #isOver = false;
  #failure: Error | undefined;
  /** Wakes whoever waits. */
  #wake: (() => void) | undefined;
  /** Settles once nobody waits. */
  #lastAsked: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly flow: Flow,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Those of a stream. */
  static of(stream: Readable, signal: AbortSignal | undefined): Pieces {
    const pieces = new Pieces(stream, signal);
    // Whoever never reads the body must not bring the process down when the connection breaks meanwhile.
    stream.on('error', (error) => pieces.end(error));
    stream.on('end', () => pieces.end());
    stream.on('close', () => pieces.end(new Error('the body was closed before its end')));
    stream.on('data', (part: Uint8Array) => pieces.take(part));
    return pieces;
  }

  /** A part of the body has come. */
  take(part: Uint8Array): void {
    // What was told to stop may still bring what it had.
    if (this.#isOver) return;
    this.#filling = withRoom(this.#filling, this.#filledBytes, part.length);
    this.#filling.set(part, this.#filledBytes);
    this.#filledBytes += part.length;
    if (!this.#isPaused && this.#filledBytes >= FULL_BYTES) {
      this.#isPaused = true;
      this.flow.pause();
    }
    const wake = this.#wake;
    this.#wake = undefined;
    // Once everything was read that the socket has.
    if (wake !== undefined) setImmediate(wake);
  }

  /** The body is over, or broken. What comes behind it counts for nothing. */
  end(failure?: Error): void {
    if (!this.#isOver) this.#failure = failure;
    this.#isOver = true;
    this.#wake?.();
    this.#wake = undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const asked = this.#lastAsked.then(() => this.#next());
    this.#lastAsked = asked.catch(() => undefined);
    return asked;
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#filledBytes === 0 && !this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.signal?.aborted === true) throw abortError();
    if (this.#filledBytes > 0) return { done: false, value: this.#handOver() };
    this.#giveBack();
    if (this.#failure !== undefined) throw this.#failure;
    return { done: true, value: undefined };
  }

  /** Closes the connection, also of a body that was never begun. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.end();
    this.flow.destroy();
    this.#failure = undefined;
    this.#filledBytes = 0;
    // The last piece is still good: nobody asked for the next one.
    this.#handedOver = undefined;
    this.#giveBack();
    return Promise.resolve({ done: true, value: undefined });
  }

  #handOver(): Uint8Array {
    const piece = (this.#filling as Buffer).subarray(0, this.#filledBytes);
    [this.#filling, this.#handedOver] = [this.#handedOver, this.#filling];
    this.#filledBytes = 0;
    if (this.#isPaused) {
      this.#isPaused = false;
      this.flow.resume();
    }
    return piece;
  }

  /** Nobody reads any more. */
  #giveBack(): void {
    for (const memory of [this.#filling, this.#handedOver]) {
      if (memory?.length === MEMORY_BYTES && spare.length < MOST_SPARE) spare.push(memory);
    }
    this.#filling = this.#handedOver = undefined;
  }
}

/** The memory, or one that is larger, with what is in it. */
function withRoom(memory: Buffer | undefined, filledBytes: number, more: number): Buffer {
  const had = memory ?? spare.pop() ?? Buffer.allocUnsafeSlow(MEMORY_BYTES);
  if (filledBytes + more <= had.length) return had;
  const larger = Buffer.allocUnsafeSlow(filledBytes + more);
  had.copy(larger, 0, 0, filledBytes);
  return larger;
}
