import type { OnReadOpts, Socket } from 'node:net';

import { READ_MEMORY_BYTES, ReadMemory } from './read-memory.js';

/** The most that one read of a socket brings. */
export const MOST_READ_BYTES = READ_MEMORY_BYTES;
/** What is less is copied: several of them may wait in a socket. */
const LEAST_LENT_BYTES = 32 * 1024;
const VERSION = Buffer.from('HTTP/');
const HEAD_END = Buffer.from('\r\n\r\n');
/** Where the status of an answer begins, and the first digit of one that another answer follows. */
const STATUS_AT = 'HTTP/1.1 '.length;
const INTERIM = 0x31;

const readsOf = new WeakMap<Socket, Reads>();

/**
 * Makes a socket read twice as much at a time as Node.js does, into memory that is used again: what a read costs beside its
 * bytes, on their way through the socket's stream and undici's parser, is as much as all else that is done with them. Over TLS
 * a read is one record, of 16 KiB at the most, and copied.
 *
 * Of a body, what is taken out of the socket is good until the large read behind it was taken as well: whoever wants it for
 * longer copies it, or holds its `ReadMemory`. So it is with what has all headers of an answer in it. All else is copied here:
 * undici's parser keeps what it reads of headers until it has all of them.
 * @param isInBody whether all that a socket reads now is of a body
 */
export function largeReads(isInBody: (socket: Socket) => boolean): OnReadOpts {
  let next: Uint8Array | undefined;
  return {
    buffer: () => {
      // Of a connection of which nothing is known yet, also not when it closes.
      const memory = next ?? Buffer.allocUnsafeSlow(MOST_READ_BYTES);
      next = undefined;
      return memory;
    },
    // Node.js calls it as a method of the socket, and asks for the memory of the next read right after it.
    callback: function (this: Socket, length: number, memory: Uint8Array): boolean {
      const read = memory.subarray(0, length);
      const isLent = length >= LEAST_LENT_BYTES && (isInBody(this) || hasWholeHead(read));
      const reads = readsOf.get(this) ?? new Reads(this);
      const other = reads.add(length, this.readableLength, isLent);
      const mayGoOn = this.push(isLent ? read : Buffer.from(read));
      // Only now: whoever takes the bytes at once may open another connection, which asks for memory as well.
      next = other ?? memory;
      return mayGoOn;
    },
  };
}

/** Whether an answer begins here, no interim one, whose body begins here as well. */
function hasWholeHead(read: Uint8Array): boolean {
  const bytes = Buffer.from(read.buffer, read.byteOffset, read.length);
  const beginsAnswer = bytes.subarray(0, VERSION.length).equals(VERSION) && bytes[STATUS_AT] !== INTERIM;
  return beginsAnswer && bytes.includes(HEAD_END);
}

/** What a socket has read. */
class Reads {
  #bytes = 0;
  /** What it reads into next; not one of ours before its first large read. */
  #next: ReadMemory | undefined;
  /** Those that were lent, the oldest first. */
  readonly #lent: { readonly memory: ReadMemory | undefined; readonly end: number }[] = [];

  constructor(socket: Socket) {
    readsOf.set(socket, this);
    socket.once('close', () => this.#letGo());
  }

  /**
   * @param waiting bytes that were read before and not taken yet
   * @returns memory for the next read, where it is to be another one
   */
  add(length: number, waiting: number, isLent: boolean): Uint8Array | undefined {
    // What waits was read last.
    const taken = this.#bytes - waiting;
    this.#bytes += length;
    if (isLent) this.#lent.push({ memory: this.#next, end: this.#bytes });
    while ((this.#lent[1]?.end ?? Infinity) <= taken) this.#lent.shift()?.memory?.release();
    if (!isLent) return undefined;
    this.#next = ReadMemory.take();
    return this.#next.bytes;
  }

  /** Its connection is closed. */
  #letGo(): void {
    for (const { memory } of this.#lent.splice(0)) memory?.release();
    this.#next?.release();
    this.#next = undefined;
  }
}
