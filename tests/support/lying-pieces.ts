import { takePieceMemory } from '../../src/sdk/json/kernel/memory.js';

const PIECE_BYTES = 128 * 1024;
/** Before each memory so many bytes are overwritten as well: longer beginnings of events are seldom. */
const BEFORE_BYTES = 1024;
const QUOTE = 0x22;

/** A memory, and how much of it was written to. */
interface Place {
  readonly memory: Buffer;
  writtenBytes: number;
}

/** Puts pieces where a kernel can split them, by turns into two memories, in which nothing else is left of those before. */
export class LyingPieces {
  readonly #places: readonly [Place, Place] = [newPlace(), newPlace()];
  #count = 0;

  /** The piece as others, each good until the next one is asked for. */
  *of(piece: Uint8Array): Generator<Buffer> {
    for (let from = 0; from < piece.length || from === 0; from += PIECE_BYTES) {
      const part = piece.subarray(from, from + PIECE_BYTES);
      for (const place of this.#places) {
        const { buffer, byteOffset } = place.memory;
        Buffer.from(buffer, byteOffset - BEFORE_BYTES, BEFORE_BYTES + place.writtenBytes).fill(QUOTE);
        place.writtenBytes = 0;
      }
      const place = this.#places[this.#count++ % 2 === 0 ? 0 : 1];
      place.memory.set(part);
      place.writtenBytes = part.length;
      yield place.memory.subarray(0, part.length);
    }
  }
}

function newPlace(): Place {
  return { memory: takePieceMemory(PIECE_BYTES), writtenBytes: 0 };
}
