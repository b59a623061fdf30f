declare const WebAssembly: {
  Memory: new (size: { readonly initial: number; readonly maximum: number }) => { readonly buffer: ArrayBuffer };
};

/** As `npm run generate` compiles kernel.as.ts: 32 MiB, of which what nothing was written to takes no memory. */
const WASM_PAGES = 512;
const ALIGNMENT = 64;
/** Of a text that is split where it lies, the beginning of its first event is put before it, where that is no longer. */
export const HEADROOM_BYTES = 32 * 1024;
/** The kernel looks at sixty-four bytes at a time, also where fewer are left. */
const LOOKED_BEYOND_BYTES = 64;

/** What kernels can look at. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer;
}

let memory: KernelMemory | undefined;
let takenBytes = 0;
/** Where memory for pieces begins, behind its headroom. */
const pieces = new WeakMap<ArrayBuffer, Set<number>>();

/** A part of a memory, for good: whoever does not need it any more keeps it for the next one. */
export function takeMemory(bytes: number): { readonly memory: KernelMemory; readonly at: number } {
  const length = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  if (memory === undefined || takenBytes + length > memory.buffer.byteLength) {
    memory = new WebAssembly.Memory({ initial: WASM_PAGES, maximum: WASM_PAGES });
    takenBytes = 0;
  }
  const at = takenBytes;
  takenBytes += length;
  return { memory, at };
}

/** Memory for text: where it is filled from its beginning, a kernel can split it where it lies. For good, as all of it. */
export function takePieceMemory(bytes: number): Buffer {
  const { memory: taken, at } = takeMemory(HEADROOM_BYTES + bytes + LOOKED_BEYOND_BYTES);
  const begins = pieces.get(taken.buffer) ?? new Set();
  pieces.set(taken.buffer, begins.add(at + HEADROOM_BYTES));
  return Buffer.from(taken.buffer, at + HEADROOM_BYTES, bytes);
}

/** Whether a piece begins where memory for pieces does, in a memory that a kernel looks at. */
export function liesIn(piece: Uint8Array, { buffer }: KernelMemory): boolean {
  return piece.buffer === buffer && pieces.get(buffer)?.has(piece.byteOffset) === true;
}
