import type { OnReadOpts, Socket } from 'node:net';

/** The most that one read of a socket brings. */
export const MOST_READ_BYTES = 128 * 1024;
/** What is less is copied: several of them may wait in a socket. */
const LARGE_BYTES = 64 * 1024;

const readsOf = new WeakMap<Socket, Reads>();

/**
 * Makes a socket read twice as much at a time as Node.js does, into memory that is used again: what a read costs beside its
 * bytes, on their way through the socket's stream and undici's parser, is as much as all else that is done with them. Over TLS
 * a read is one record, of 16 KiB at the most, and copied.
 *
 * Of a body, what is taken out of the socket is good until the large read behind it was taken as well: whoever wants it for
 * longer copies it. All else is copied here: undici's parser keeps what it reads of headers until it has all of them.
 * @param isInBody whether all that a socket reads now is of a body
 */
export function largeReads(isInBody: (socket: Socket) => boolean): OnReadOpts {
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
      const mayBeLent = length >= LARGE_BYTES && isInBody(this);
      const read = memory.subarray(0, length);
      const other = reads.add(memory, length, this.readableLength, mayBeLent);
      const mayGoOn = this.push(mayBeLent ? read : Buffer.from(read));
      next = mayBeLent ? other : memory;
      return mayGoOn;
    },
  };
}

/** What a socket has read. */
class Reads {
  #bytes = 0;
  /** Those that were lent, the oldest first. */
  readonly #lent: { readonly memory: Uint8Array; readonly end: number }[] = [];

  /**
   * @param waiting bytes that were read before and not taken yet
   * @returns memory that nobody needs any more, if any
   */
  add(memory: Uint8Array, length: number, waiting: number, isLent: boolean): Uint8Array | undefined {
    // What waits was read last.
    const taken = this.#bytes - waiting;
    this.#bytes += length;
    if (isLent) this.#lent.push({ memory, end: this.#bytes });
    let free: Uint8Array | undefined;
    while ((this.#lent[1]?.end ?? Infinity) <= taken) free = this.#lent.shift()?.memory;
    return free;
  }
}
