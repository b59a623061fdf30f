import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers';

import { abortError } from '../errors.js';
import { ReadMemory } from './read-memory.js';

/** A read of so much is a piece by itself. */
const LARGE_READ_BYTES = 64 * 1024;
/** So much an answer keeps while nobody asks for more. */
const FULL_BYTES = 128 * 1024;

/** What brings a body. */
export interface Flow {
  /** Nothing more is to come for now; a little may. */
  pause(): void;
  resume(): void;
  /** Nobody wants the rest: the connection is closed. After the end it does nothing. */
  destroy(): void;
}

/** What has come, in memory that is held. */
interface Piece {
  readonly memory: ReadMemory;
  readonly isCopy: boolean;
  bytes: Uint8Array;
}

/** What waits in a body that nobody can ask any more: none of it was handed over. */
const forgotten = new FinalizationRegistry<Piece[]>(letGoOf);

function letGoOf(waiting: Piece[]): void {
  for (const { memory } of waiting.splice(0)) memory.release();
}

/**
 * What a body brings, in pieces: large reads of a socket as they are, in the memory that they came in, and all that is smaller put
 * together, because waking the reader for each costs as much as what it does then. Each piece is good until the next one is asked
 * for, or until reading ends. It lies where a kernel can split it.
 *
 * Where the body breaks before its end, what came before is handed over first. After an abort the next piece rejects with an
 * AbortError, whatever broke. Pieces that are asked for at the same time come one after another.
 */
export class Pieces implements AsyncIterableIterator<Uint8Array> {
  readonly #waiting: Piece[] = [];
  #waitingBytes = 0;
  /** The memory of the last piece. */
  #handedOver: ReadMemory | undefined;
  #isPaused = false;
  #isOver = false;
  #failure: Error | undefined;
  /** Wakes whoever waits. */
  #wake: (() => void) | undefined;
  /** How many were asked for and not given yet; and what settles when the last one is given. */
  #asked = 0;
  #lastAsked: Promise<void> = Promise.resolve();

  constructor(
    private readonly flow: Flow,
    private readonly signal: AbortSignal | undefined,
  ) {
    signal?.addEventListener('abort', this.#abort);
    forgotten.register(this, this.#waiting);
  }

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
    if (this.#isOver || this.signal?.aborted === true) return;
    const memory = part.length < LARGE_READ_BYTES ? undefined : ReadMemory.of(part);
    if (memory === undefined) {
      this.#copy(part);
    } else {
      memory.hold();
      this.#waiting.push({ memory, isCopy: false, bytes: part });
    }
    this.#waitingBytes += part.length;
    if (!this.#isPaused && this.#waitingBytes >= FULL_BYTES) {
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
    this.#wakeUp();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#asked += 1;
    const asked = this.#asked === 1 ? this.#next() : this.#lastAsked.then(() => this.#next());
    this.#lastAsked = asked.then(this.#given, this.#given);
    return asked;
  }

  readonly #given = (): void => {
    this.#asked -= 1;
  };

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const isStopped = this.#isOver || this.signal?.aborted === true;
    if (this.#waiting.length === 0 && !isStopped) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#letGoOfLast();
    if (this.signal?.aborted === true) throw abortError();
    const piece = this.#waiting.shift();
    if (piece !== undefined) return { done: false, value: this.#handOver(piece) };
    this.signal?.removeEventListener('abort', this.#abort);
    if (this.#failure !== undefined) throw this.#failure;
    return { done: true, value: undefined };
  }

  /** Closes the connection, also of a body that was never begun. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.end();
    this.flow.destroy();
    this.#failure = undefined;
    this.#letGoOfWaiting();
    this.#letGoOfLast();
    this.signal?.removeEventListener('abort', this.#abort);
    return Promise.resolve({ done: true, value: undefined });
  }

  /** What waits is not asked for any more, or answered with the abort. */
  readonly #abort = (): void => {
    this.#letGoOfWaiting();
    this.#wakeUp();
  };

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #letGoOfWaiting(): void {
    letGoOf(this.#waiting);
    this.#waitingBytes = 0;
  }

  #letGoOfLast(): void {
    this.#handedOver?.release();
    this.#handedOver = undefined;
  }

  #handOver({ memory, bytes }: Piece): Uint8Array {
    this.#handedOver = memory;
    this.#waitingBytes -= bytes.length;
    if (this.#isPaused && this.#waitingBytes < FULL_BYTES) {
      this.#isPaused = false;
      this.flow.resume();
    }
    return bytes;
  }

  /** Puts a part behind what was copied last. */
  #copy(part: Uint8Array): void {
    for (let from = 0; from < part.length;) {
      let last = this.#waiting.at(-1);
      if (last?.isCopy !== true || last.bytes.length === last.memory.bytes.length) {
        const memory = ReadMemory.take();
        last = { memory, isCopy: true, bytes: memory.bytes.subarray(0, 0) };
        this.#waiting.push(last);
      }
      const { memory, bytes } = last;
      const copied = part.subarray(from, from + memory.bytes.length - bytes.length);
      memory.bytes.set(copied, bytes.length);
      last.bytes = memory.bytes.subarray(0, bytes.length + copied.length);
      from += copied.length;
    }
  }
}
