import type { OnReadOpts, Socket } from 'node:net';

/** The most that one read of a socket brings. */
export const MOST_READ_BYTES = 128 * 1024;
/** As much as undici lets wait in a socket: then reading stops. What is less is copied. */
const LARGE_BYTES = 64 * 1024;

const readsOf = new WeakMap<Socket, Reads>();

/**
 * Makes a socket read twice as much at a time as Node.js does, into memory that is used again: what a read costs beside its
 * bytes, on their way through the socket's stream and undici's parser, is as much as all else that is done with them.
 *
 * What is taken out of the socket is good until the large read behind it was taken as well: whoever wants it for longer
 * copies it.
 */
export function largeReads(): OnReadOpts {
  let next: Uint8Array | undefined;
  return {
    buffer: () => {
      const memory = next ?? Buffer.allocUnsafeSlow(MOST_READ_BYTES);
      next = undefined;
      return memory;
    },
    // Node.js calls it as a method of the socket, and asks for the memory of the next read right after it.
    callback: function (this: Socket, length: number, memory: Uint8Array): boolean {
      const reads = readsOf.get(this) ?? new Reads();
      readsOf.set(this, reads);
      next = reads.add(memory, length, this.readableLength);
      const read = memory.subarray(0, length);
      return this.push(next === memory ? Buffer.from(read) : read);
    },
  };
}

/** What a socket has read. */
class Reads {
  #bytes = 0;
  /** Those that came in memory of their own, the oldest first. */
  readonly #large: { readonly memory: Uint8Array; readonly end: number }[] = [];

  /**
   * @param waiting bytes that were read before and not taken yet
   * @returns memory for the next read: the same, where this one is to be copied; undefined where it has to be made
   */
  add(memory: Uint8Array, length: number, waiting: number): Uint8Array | undefined {
    // What waits was read last.
    const taken = this.#bytes - waiting;
    this.#bytes += length;
    if (length < LARGE_BYTES) return memory;
    this.#large.push({ memory, end: this.#bytes });
    let free: Uint8Array | undefined;
    while ((this.#large[1]?.end ?? Infinity) <= taken) free = this.#large.shift()?.memory;
    return free;
  }
}
