import type { Decompress } from 'fzstd';

import { BrokenContentError } from './broken-content-error.js';
import { ByteReader } from './byte-reader.js';

/**
 * So much of what was decompressed may be referred to, and is held. The decoder reads at least 25 bits of a distance, not
 * always more: beyond this it would take other bytes for the content, in silence.
 */
const LARGEST_WINDOW_BYTES = 64 * 1024 * 1024;
/** RFC 8878, 3.1.1.2.4. */
const LARGEST_BLOCK_BYTES = 128 * 1024;
const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a5;
/** Block types, RFC 8878, 3.1.1.2.2. */
const RLE = 1;
const RESERVED = 3;

/**
 * Decompresses zstd (RFC 8878), also several frames one after another. The frames are walked here, so that the decoder gets a
 * block at a time, and never more memory than is allowed. Checksums are not compared.
 * @throws BrokenContentError where it is corrupt, cut off, or needs a dictionary or a larger window, after what could be read
 *   before
 */
export async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const { Decompress: Decoder } = await import('fzstd');
  const reader = new ByteReader(chunks, () => broken('it is cut off'));
  while (!(await reader.isOver())) {
    const magic = (await reader.take(4)).readUInt32LE(0);
    if (magic >>> 4 === SKIPPABLE) await reader.skip((await reader.take(4)).readUInt32LE(0));
    else if (magic === MAGIC) yield* frame(reader, Decoder);
    else throw broken('something else follows it');
  }
}

async function* frame(reader: ByteReader, Decoder: typeof Decompress): AsyncGenerator<Uint8Array, void, undefined> {
  const { bytes: head, hasChecksum, contentBytes } = await readHead(reader);
  let pieces: Uint8Array[] = [];
  const decoder = new Decoder((piece) => pieces.push(piece));
  const decode = (bytes: Uint8Array, isLast: boolean): Uint8Array[] => {
    pieces = [];
    try {
      decoder.push(bytes, isLast);
    } catch (error) {
      throw broken(error instanceof Error ? error.message : String(error));
    }
    return pieces;
  };
  decode(head, false);
  let got = 0;
  for (let isLast = false; !isLast;) {
    const blockHead = await reader.take(3);
    const word = blockHead.readUIntLE(0, 3);
    const [type, size] = [(word >> 1) & 3, word >> 3];
    isLast = (word & 1) === 1;
    if (type === RESERVED || size > LARGEST_BLOCK_BYTES) throw broken('a block is invalid');
    const block = await reader.take(type === RLE ? 1 : size);
    const checksum = isLast && hasChecksum ? await reader.take(4) : NOTHING;
    for (const piece of decode(Buffer.concat([blockHead, block, checksum]), isLast)) {
      got += piece.length;
      yield piece;
    }
  }
  if (contentBytes !== undefined && got !== contentBytes) throw broken(`it holds ${got} bytes, not ${contentBytes}`);
}

interface FrameHead {
  readonly bytes: Uint8Array;
  readonly hasChecksum: boolean;
  /** What the frame says that it holds, where it does. */
  readonly contentBytes: number | undefined;
}

/** RFC 8878, 3.1.1.1. */
async function readHead(reader: ByteReader): Promise<FrameHead> {
  const descriptor = (await reader.take(1)).readUInt8(0);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
  const windowBytes = isSingleSegment ? 0 : 1;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const rest = await reader.take(windowBytes + dictionaryBytes + sizeBytes);
  const dictionary = rest.subarray(windowBytes, windowBytes + dictionaryBytes);
  if (dictionary.some((byte) => byte !== 0)) throw broken('it needs a dictionary');
  const contentBytes = sizeBytes === 0 ? undefined : contentSize(rest.subarray(windowBytes + dictionaryBytes));
  const window = isSingleSegment ? (contentBytes ?? 0) : windowSize(rest.readUInt8(0));
  if (window > LARGEST_WINDOW_BYTES) {
    const most = `more than ${LARGEST_WINDOW_BYTES} are not given: compress it without --long and --ultra`;
    throw broken(`it needs ${window} bytes of memory, ${most}`);
  }
  const bytes = Buffer.concat([MAGIC_BYTES, Buffer.of(descriptor), rest]);
  return { bytes, hasChecksum: (descriptor & 4) !== 0, contentBytes };
}

function contentSize(field: Buffer): number {
  if (field.length === 8) return Number(field.readBigUInt64LE(0));
  return field.readUIntLE(0, field.length) + (field.length === 2 ? 256 : 0);
}

function windowSize(byte: number): number {
  const base = 2 ** (10 + (byte >> 3));
  return base + (base / 8) * (byte & 7);
}

const MAGIC_BYTES = Buffer.of(0x28, 0xb5, 0x2f, 0xfd);
const NOTHING = Buffer.alloc(0);

function broken(how: string): BrokenContentError {
  return new BrokenContentError(`its zstd data is broken: ${how}`);
}
