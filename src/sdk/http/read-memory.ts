import { takePieceMemory } from '../json/kernel/memory.js';

/** Bytes that each holds. */
export const READ_MEMORY_BYTES = 128 * 1024;

const spare: ReadMemory[] = [];
/** By the buffer that they are parts of, and where in it they begin. */
const all = new Map<ArrayBufferLike, Map<number, ReadMemory>>();

/** Memory that a socket reads into, and that a kernel can split text in. It is used again once nobody holds it any more. */
export class ReadMemory {
  readonly bytes = takePieceMemory(READ_MEMORY_BYTES);
  #holders = 0;

  private constructor() {
    const { buffer, byteOffset } = this.bytes;
    const others = all.get(buffer) ?? new Map<number, ReadMemory>();
    all.set(buffer, others.set(byteOffset, this));
  }

  /** One that nobody else holds. */
  static take(): ReadMemory {
    const memory = spare.pop() ?? new ReadMemory();
    memory.hold();
    return memory;
  }

  /** The one that a part begins with, if any. */
  static of({ buffer, byteOffset }: Uint8Array): ReadMemory | undefined {
    return all.get(buffer)?.get(byteOffset);
  }

  hold(): void {
    this.#holders += 1;
  }

  /** To be called once by each who holds it. */
  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) spare.push(this);
  }
}
