import { crc32 } from 'node:zlib';

import { ModuleError } from '../errors.js';
import { type Entries, EntryList } from './entry-list.js';
import type { LedgerEntry } from './ledger-entry.js';

/*
 * A segment is one immutable piece of the ledger on disk, little-endian:
 *
 *   'LDGR'  version: u32
 *   then groups            bucket: i32  delivered: u32  dead-lettered: u32
 *                          and that many times  high: i32  low: i32  place: u16, the delivered ones first
 *   at the end             crc32 of all before: u32
 *
 * What one commit adds has one group for each bucket; a later commit may add another one for the same bucket.
 * Version 1 had one count for each group and no places: it tells what was delivered, but not how many between two instants.
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
/** Of a segment that has just begun: of a quiet stream it stays small. */
const FEWEST_BYTES = 4096;

/**
 * A segment to which entries are added at its end: each commit encodes what is new, however much there is already. Of one
 * that entries were added to twice only the later result is good: both may be in the same memory.
 */
export class GrowingSegment {
  private constructor(
    /** How many entries. */
    readonly count: number,
    /** Another segment's, once nobody asks for this one. */
    readonly memory: Uint8Array,
    /** Bytes of the memory that are written, and their checksum. */
    private readonly length: number,
    private readonly checksum: number,
  ) {}

  /** @param memory to write to; it grows where it is too small */
  static begin(memory: Uint8Array = new Uint8Array(FEWEST_BYTES)): GrowingSegment {
    const view = new DataView(memory.buffer, memory.byteOffset, HEADER_BYTES);
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, VERSION, true);
    return new GrowingSegment(0, memory, HEADER_BYTES, crc32(memory.subarray(0, HEADER_BYTES)));
  }

  /** This one with entries behind those that it has. */
  with(entries: EntryList): GrowingSegment {
    const groups = countByBucket(entries);
    const length = this.length + groups.size * BUCKET_BYTES + entries.length * ENTRY_BYTES;
    const memory = withRoom(this.memory, this.length, length + CHECKSUM_BYTES);
    writeGroups(new DataView(memory.buffer, memory.byteOffset + this.length, length - this.length), groups, entries);
    const checksum = crc32(memory.subarray(this.length, length), this.checksum);
    return new GrowingSegment(this.count + entries.length, memory, length, checksum);
  }

  /** The same in other memory. */
  copy(): GrowingSegment {
    return new GrowingSegment(this.count, this.memory.slice(), this.length, this.checksum);
  }

  /** What is to be written: good until entries are added. */
  content(): Uint8Array {
    const end = this.length + CHECKSUM_BYTES;
    new DataView(this.memory.buffer, this.memory.byteOffset, end).setUint32(this.length, this.checksum, true);
    return this.memory.subarray(0, end);
  }
}

/** The segment that holds `entries`. */
export function encodeSegment(entries: Entries): Uint8Array {
  return GrowingSegment.begin().with(EntryList.from(entries)).content();
}

function withRoom(memory: Uint8Array, used: number, needed: number): Uint8Array {
  if (needed <= memory.length) return memory;
  const grown = new Uint8Array(Math.max(needed, memory.length * 2));
  grown.set(memory.subarray(0, used));
  return grown;
}

/** Writes groups one after the other, and each of the entries into its own. */
function writeGroups(view: DataView, groups: Map<number, Group>, entries: EntryList): void {
  let at = 0;
  groups.forEach((group, bucket) => {
    view.setInt32(at, bucket, true);
    view.setUint32(at + 4, group.delivered, true);
    view.setUint32(at + 8, group.deadLettered, true);
    group.deliveredAt = at + BUCKET_BYTES;
    group.deadLetteredAt = group.deliveredAt + group.delivered * ENTRY_BYTES;
    at = group.deadLetteredAt + group.deadLettered * ENTRY_BYTES;
  });
  let group = NO_GROUP;
  let bucketOfGroup = NaN;
  for (let index = 0; index < entries.length; index += 1) {
    const bucket = entries.bucket(index);
    const isDeadLettered = entries.isDeadLettered(index);
    if (bucket !== bucketOfGroup) {
      group = groups.get(bucket) ?? NO_GROUP;
      bucketOfGroup = bucket;
    }
    const to = isDeadLettered ? group.deadLetteredAt : group.deliveredAt;
    if (isDeadLettered) group.deadLetteredAt += ENTRY_BYTES;
    else group.deliveredAt += ENTRY_BYTES;
    view.setInt32(to, entries.high(index), true);
    view.setInt32(to + 4, entries.low(index), true);
    view.setUint16(to + 8, entries.place(index), true);
  }
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
  return [...entriesOf(segment, { version, end, name })];
}

interface Decoded {
  readonly version: number;
  /** Where the checksum begins. */
  readonly end: number;
  readonly name: string;
}

function* entriesOf(segment: Buffer, { version, end, name }: Decoded): Generator<LedgerEntry> {
  const { bucketBytes, entryBytes } = LAYOUTS[version] ?? { bucketBytes: BUCKET_BYTES, entryBytes: ENTRY_BYTES };
  let at = HEADER_BYTES;
  while (at < end) {
    if (at + bucketBytes > end) throw corrupt(name, 'it ends within a bucket');
    const bucket = segment.readInt32LE(at);
    const delivered = segment.readUInt32LE(at + 4);
    const deadLettered = version === VERSION ? segment.readUInt32LE(at + 8) : 0;
    at += bucketBytes;
    if (at + (delivered + deadLettered) * entryBytes > end) throw corrupt(name, 'it holds less than it says');
    for (let n = 0; n < delivered + deadLettered; n += 1, at += entryBytes) {
      const place = version === VERSION ? segment.readUInt16LE(at + 8) : 0;
      const [high, low] = [segment.readInt32LE(at), segment.readInt32LE(at + 4)];
      yield { bucket, high, low, place, isDeadLettered: n >= delivered };
    }
  }
}

/** The entries of a bucket: how many, and where the next of each kind is written. */
interface Group {
  delivered: number;
  deadLettered: number;
  deliveredAt: number;
  deadLetteredAt: number;
}

const NO_GROUP: Group = { delivered: 0, deadLettered: 0, deliveredAt: 0, deadLetteredAt: 0 };

function countByBucket(entries: EntryList): Map<number, Group> {
  const groups = new Map<number, Group>();
  let group: Group | undefined;
  let bucketOfGroup = NaN;
  for (let index = 0; index < entries.length; index += 1) {
    const bucket = entries.bucket(index);
    if (bucket !== bucketOfGroup) {
      group = groups.get(bucket);
      bucketOfGroup = bucket;
    }
    if (group === undefined) {
      group = { ...NO_GROUP };
      groups.set(bucket, group);
    }
    if (entries.isDeadLettered(index)) group.deadLettered += 1;
    else group.delivered += 1;
  }
  return groups;
}

function corrupt(name: string, what: string): ModuleError {
  return new ModuleError('STATE_CORRUPT', `The ledger segment ${name} is corrupt: ${what}.`, {
    advice:
      "Nothing was collected and nothing was changed. Restore the data path from a copy, or run 'sekoia-module state " +
      "repair': it keeps everything that can still be read and reads the rest again.",
  });
}
