import { crc32 } from 'node:zlib';

import { ModuleError } from '../errors.js';
import type { LedgerKey } from './ledger.js';

/*
 * A segment is one immutable piece of the ledger on disk, little-endian:
 *
 *   'LDGR'  version: u32
 *   then for each bucket   bucket: i32  count: u32  and count times  high: u32  low: u32
 *   at the end             crc32 of all before: u32
 */
const MAGIC = 0x5247444c;
const VERSION = 1;
const HEADER_BYTES = 8;
const BUCKET_BYTES = 8;
const HASH_BYTES = 8;
const CHECKSUM_BYTES = 4;

/** The segment that holds `keys`. */
export function encodeSegment(keys: readonly LedgerKey[]): Uint8Array {
  const buckets = groupByBucket(keys);
  const size = HEADER_BYTES + buckets.size * BUCKET_BYTES + keys.length * HASH_BYTES + CHECKSUM_BYTES;
  const segment = Buffer.alloc(size);
  let at = segment.writeUInt32LE(VERSION, segment.writeUInt32LE(MAGIC, 0));
  for (const [bucket, members] of buckets) {
    at = segment.writeUInt32LE(members.length, segment.writeInt32LE(bucket, at));
    for (const { high, low } of members) at = segment.writeUInt32LE(low, segment.writeUInt32LE(high, at));
  }
  segment.writeUInt32LE(crc32(segment.subarray(0, at)), at);
  return segment;
}

/**
 * The keys of a segment.
 * @param name what to call it in an error
 * @throws ModuleError STATE_CORRUPT where it is not a whole, unaltered segment of a known version
 */
export function decodeSegment(content: Uint8Array, name: string): LedgerKey[] {
  const segment = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const end = segment.length - CHECKSUM_BYTES;
  if (end < HEADER_BYTES || segment.readUInt32LE(0) !== MAGIC) throw corrupt(name, 'it is not a ledger segment');
  if (segment.readUInt32LE(4) !== VERSION) throw corrupt(name, `version ${segment.readUInt32LE(4)} is not known here`);
  if (crc32(segment.subarray(0, end)) !== segment.readUInt32LE(end)) throw corrupt(name, 'its checksum does not match');
  return [...keysBetween(segment, HEADER_BYTES, end)];
}

function* keysBetween(segment: Buffer, start: number, end: number): Generator<LedgerKey> {
  let at = start;
  while (at < end) {
    const bucket = segment.readInt32LE(at);
    const count = segment.readUInt32LE(at + 4);
    at += BUCKET_BYTES;
    for (let n = 0; n < count; n += 1, at += HASH_BYTES) {
      yield { bucket, high: segment.readUInt32LE(at), low: segment.readUInt32LE(at + 4) };
    }
  }
}

function groupByBucket(keys: readonly LedgerKey[]): Map<number, LedgerKey[]> {
  const buckets = new Map<number, LedgerKey[]>();
  for (const key of keys) {
    const members = buckets.get(key.bucket);
    if (members === undefined) buckets.set(key.bucket, [key]);
    else members.push(key);
  }
  return buckets;
}

function corrupt(name: string, what: string): ModuleError {
  return new ModuleError('STATE_CORRUPT', `The ledger segment ${name} is corrupt: ${what}.`, {
    advice:
      'Restore the data path from a copy. Without one, removing the whole ledger folder and the "delivery" member of ' +
      'context.json starts again at most_recent_date_seen: events near it may then be delivered twice, none is lost.',
  });
}
