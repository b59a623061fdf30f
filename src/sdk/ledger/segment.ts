import { crc32 } from 'node:zlib';

import { ModuleError } from '../errors.js';
import type { LedgerEntry } from './ledger.js';

/*
 * A segment is one immutable piece of the ledger on disk, little-endian:
 *
 *   'LDGR'  version: u32
 *   then for each bucket   bucket: i32  delivered: u32  dead-lettered: u32
 *                          and that many times  high: i32  low: i32  place: u16, the delivered ones first
 *   at the end             crc32 of all before: u32
 *
 * Version 1 had one count for each bucket and no places: it tells what was delivered, but not how many between two instants.
 */
const MAGIC = 0x5247444c;
const VERSION = 2;
const HEADER_BYTES = 8;
const CHECKSUM_BYTES = 4;
const LAYOUTS: Readonly<Record<number, { readonly bucketBytes: number; readonly entryBytes: number }>> = {
  1: { bucketBytes: 8, entryBytes: 8 },
  [VERSION]: { bucketBytes: 12, entryBytes: 10 },
};
const { bucketBytes: BUCKET_BYTES, entryBytes: ENTRY_BYTES } = LAYOUTS[VERSION] as { bucketBytes: 12; entryBytes: 10 };

/** The segment that holds `entries`. */
export function encodeSegment(entries: readonly LedgerEntry[]): Uint8Array {
  const buckets = groupByBucket(entries);
  const size = HEADER_BYTES + buckets.size * BUCKET_BYTES + entries.length * ENTRY_BYTES + CHECKSUM_BYTES;
  const segment = Buffer.alloc(size);
  let at = segment.writeUInt32LE(VERSION, segment.writeUInt32LE(MAGIC, 0));
  for (const [bucket, { delivered, deadLettered }] of buckets) {
    at = segment.writeInt32LE(bucket, at);
    at = segment.writeUInt32LE(deadLettered.length, segment.writeUInt32LE(delivered.length, at));
    for (const { high, low, place } of [...delivered, ...deadLettered]) {
      at = segment.writeUInt16LE(place, segment.writeInt32LE(low, segment.writeInt32LE(high, at)));
    }
  }
  segment.writeUInt32LE(crc32(segment.subarray(0, at)), at);
  return segment;
}

/**
 * The entries of a segment, of this version or the one before.
 * @param name what to call it in an error
 * @throws ModuleError STATE_CORRUPT where it is not a whole, unaltered segment of a known version
 */
export function decodeSegment(content: Uint8Array, name: string): LedgerEntry[] {
  const segment = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const end = segment.length - CHECKSUM_BYTES;
  if (end < HEADER_BYTES || segment.readUInt32LE(0) !== MAGIC) throw corrupt(name, 'it is not a ledger segment');
  const version = segment.readUInt32LE(4);
  if (LAYOUTS[version] === undefined) throw corrupt(name, `version ${version} is not known here`);
  if (crc32(segment.subarray(0, end)) !== segment.readUInt32LE(end)) throw corrupt(name, 'its checksum does not match');
  return [...entriesOf(segment, version, end)];
}

function* entriesOf(segment: Buffer, version: number, end: number): Generator<LedgerEntry> {
  let at = HEADER_BYTES;
  while (at < end) {
    const bucket = segment.readInt32LE(at);
    const delivered = segment.readUInt32LE(at + 4);
    const deadLettered = version === VERSION ? segment.readUInt32LE(at + 8) : 0;
    at += LAYOUTS[version]?.bucketBytes ?? 0;
    for (let n = 0; n < delivered + deadLettered; n += 1, at += LAYOUTS[version]?.entryBytes ?? 0) {
      const place = version === VERSION ? segment.readUInt16LE(at + 8) : 0;
      const [high, low] = [segment.readInt32LE(at), segment.readInt32LE(at + 4)];
      yield { bucket, high, low, place, isDeadLettered: n >= delivered };
    }
  }
}

interface Group {
  readonly delivered: LedgerEntry[];
  readonly deadLettered: LedgerEntry[];
}

function groupByBucket(entries: readonly LedgerEntry[]): Map<number, Group> {
  const buckets = new Map<number, Group>();
  for (const entry of entries) {
    const group = buckets.get(entry.bucket) ?? { delivered: [], deadLettered: [] };
    buckets.set(entry.bucket, group);
    group[entry.isDeadLettered ? 'deadLettered' : 'delivered'].push(entry);
  }
  return buckets;
}

function corrupt(name: string, what: string): ModuleError {
  return new ModuleError('STATE_CORRUPT', `The ledger segment ${name} is corrupt: ${what}.`, {
    advice:
      "Nothing was collected and nothing was changed. Restore the data path from a copy, or run 'sekoia-module state " +
      "repair': it keeps everything that can still be read and reads the rest again.",
  });
}
