import { gunzip } from './gunzip.js';
import { unzstd } from './unzstd.js';

/** The longest of the marks that tell the compression. */
const MARK_BYTES = 4;

/**
 * What an object holds, decompressed where its first bytes say that it is compressed: gzip (RFC 1952) or zstd (RFC 8878),
 * also several of them one after another.
 * @throws BrokenContentError where the compressed data breaks, after what could be read before
 */
export async function* contentOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    const begin: Uint8Array[] = [];
    let length = 0;
    while (length < MARK_BYTES) {
      const next = await iterator.next();
      if (next.done === true) break;
      begin.push(Uint8Array.from(next.value));
      length += next.value.length;
    }
    const first = Buffer.concat(begin);
    const all = follow(first, iterator);
    if (first[0] === 0x1f && first[1] === 0x8b) yield* gunzip(all);
    else if (isZstd(first)) yield* unzstd(all);
    else yield* all;
  } finally {
    await iterator.return?.();
  }
}

/** A frame, or one to be skipped, as some programs write one first. */
function isZstd(first: Buffer): boolean {
  if (first.length < MARK_BYTES) return false;
  const magic = first.readUInt32LE(0);
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5;
}

async function* follow(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
