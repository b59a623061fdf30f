import { BUCKET_MS, undatedBucketOf } from '../ledger/bucket.js';
import { EntryList } from '../ledger/entry-list.js';
import { Ledger } from '../ledger/ledger.js';
import type { Events } from '../pipeline/events.js';
import type { RawEvent } from '../pipeline/raw-event.js';
import { parseTimestamp } from '../time/timestamp.js';
import { findMembers, stringValue } from './find-members.js';
import { quotedText } from './json-string.js';
import { type Kernel, type MemberNames, type MemberPlace, RECORD } from './kernel/kernel.js';

const COMMA = 0x2c;

/** What a kernel's records say of the elements that ended, as events. */
export class SplitEvents implements Events {
  /** Of those before, the size as a JSON string is known. */
  #sizedTo = 0;
  /** Those that do not fit into the kernel. */
  readonly #alone = new Map<number, Uint8Array>();
  /** As the kernel found them. */
  readonly #keys: EntryList;

  /**
   * @param whole the first one, where it is longer than what the kernel holds of it
   */
  constructor(
    private readonly kernel: Kernel,
    readonly count: number,
    private readonly names: MemberNames,
    private readonly whole: Buffer | undefined,
  ) {
    this.#keys = EntryList.over(kernel.keys, count);
  }

  at(index: number): RawEvent {
    const { kernel } = this;
    const bytes = this.text(index);
    const [id, timestamp, service] = kernel.isUnclear(index)
      ? findMembers(bytes, this.names).map((place) => place && { ...place, isPlain: false })
      : [kernel.member(index, 0), kernel.member(index, 1), kernel.member(index, 2)];
    const time = timestamp && text(bytes, timestamp);
    return {
      bytes,
      id: id && idOf(bytes, id),
      service: service && text(bytes, service),
      timestampMs: time === undefined ? undefined : parseTimestamp(time)?.ms,
    };
  }

  text(index: number): Buffer {
    if (index === 0 && this.whole !== undefined) return this.whole;
    const { kernel } = this;
    return kernel.input.subarray(kernel.word(index, RECORD.start), kernel.word(index, RECORD.end));
  }

  get bytes(): number {
    let bytes = 0;
    for (let index = 0; index < this.count; index += 1) bytes += this.size(index);
    return bytes;
  }

  size(index: number): number {
    if (index === 0 && this.whole !== undefined) return this.whole.length;
    return this.kernel.word(index, RECORD.end) - this.kernel.word(index, RECORD.start);
  }

  timestampMs(index: number): number | undefined {
    if (!this.kernel.isAllKeyed && !this.kernel.isKeyed(index)) return this.at(index).timestampMs;
    const bucket = this.#keys.bucket(index);
    return bucket < 0 ? undefined : bucket * BUCKET_MS + this.#keys.place(index);
  }

  keys(seenMs: number): EntryList {
    const [kernel, keys] = [this.kernel, this.#keys];
    if (kernel.isAllKeyed) return keys;
    for (let index = 0; index < this.count; index += 1) {
      if (!kernel.isKeyed(index)) keys.put(index, Ledger.keyOf(this.at(index), seenMs));
      else if (keys.bucket(index) < 0) keys.put(index, { ...keys.at(index), bucket: undatedBucketOf(seenMs) });
    }
    return keys;
  }

  quotedSize(index: number): number {
    const alone = this.#alone.get(index);
    if (alone !== undefined) return alone.length;
    // Those before were asked for: a run that is copied later is not written again for the size of each.
    if (index >= this.#sizedTo) this.#sizedTo = this.#quote(index);
    return index < this.#sizedTo ? this.kernel.quotedSize(index) : this.#quotedAlone(index).length;
  }

  copyQuoted(from: number, to: number, target: Uint8Array, at: number): void {
    for (let index = from; index < to;) {
      const end = Math.min(this.#quote(index), to);
      const quoted = end > index ? this.kernel.quotedRun(index, end) : this.#quotedAlone(index);
      if (index > from) target[at++] = COMMA;
      target.set(quoted, at);
      at += quoted.length;
      index = Math.max(end, index + 1);
    }
  }

  run(from: number, to: number): Uint8Array | undefined {
    if (from === 0 && this.whole !== undefined) return to === 1 ? this.whole : undefined;
    const { kernel } = this;
    const [start, end] = [kernel.word(from, RECORD.start), kernel.word(to - 1, RECORD.end)];
    let bytes = to - from - 1;
    for (let index = from; index < to; index += 1) bytes += this.size(index);
    return end - start === bytes ? kernel.input.subarray(start, end) : undefined;
  }

  /** @returns the first from `index` on that the kernel has not written */
  #quote(index: number): number {
    return index === 0 && this.whole !== undefined ? index : this.kernel.quote(index, this.count);
  }

  /** Of one that does not fit into the kernel. */
  #quotedAlone(index: number): Uint8Array {
    const quoted = this.#alone.get(index) ?? quotedText(this.text(index));
    this.#alone.set(index, quoted);
    return quoted;
  }
}

/** What the string at a place says; undefined where there is something else. */
function text(bytes: Buffer, place: MemberPlace): string | undefined {
  return place.isPlain ? plainText(bytes, place) : stringValue(written(bytes, place));
}

/**
 * The text of a string or number; anything else identifies nothing. What is no well-formed text (a lone surrogate, broken
 * UTF-8) is known by its bytes as they are written: decoding would make different ids equal.
 */
function idOf(bytes: Buffer, place: MemberPlace): string | undefined {
  if (place.isPlain) return plainText(bytes, place) || undefined;
  const value = written(bytes, place);
  const id = stringValue(value) ?? (/^-?\d/.test(value) ? value : undefined);
  if (id === undefined || id === '') return undefined;
  const isText = !id.includes('\ufffd') && Buffer.from(id).toString('utf8') === id;
  return isText ? id : bytes.toString('latin1', place.start, place.end).trim();
}

function plainText(bytes: Buffer, { start, end }: MemberPlace): string {
  return bytes.toString('latin1', start, end);
}

function written(bytes: Buffer, { start, end }: MemberPlace): string {
  return bytes.toString('utf8', start, end).trim();
}
