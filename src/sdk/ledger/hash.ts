/** A 64-bit hash as two signed 32-bit halves: those are never boxed. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/**
 * Hashes bytes to 64 bits: two lanes of 32-bit multiply-and-mix with different constants, each with a full avalanche at
 * the end. Within one minute's bucket of 20,000 ids the odds that two share a hash are one in 10^11.
 * The kernel of the event path (kernel.as.ts) does the same. Not for secrets, and part of the on-disk format: changing it needs a new segment version.
 */
export function hash64(bytes: Uint8Array): Hash64 {
  let a = 0x9e3779b9 ^ bytes.length;
  let b = 0x85ebca6b;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ byte, 0x5bd1e995);
    b = (b << 17) | (b >>> 15);
  }
  return { high: avalanche(a + Math.imul(b, 0xcc9e2d51)), low: avalanche(b ^ Math.imul(a, 0x1b873593)) };
}

/** The hash of a text's UTF-8, without making it where each character is one byte. */
export function hashText(text: string): Hash64 {
  let a = 0x9e3779b9 ^ text.length;
  let b = 0x85ebca6b;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return hash64(Buffer.from(text));
    a = Math.imul(a ^ code, 0x01000193);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ code, 0x5bd1e995);
    b = (b << 17) | (b >>> 15);
  }
  return { high: avalanche(a + Math.imul(b, 0xcc9e2d51)), low: avalanche(b ^ Math.imul(a, 0x1b873593)) };
}

function avalanche(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}
