import { ModuleError } from '../errors.js';
import type { Storage } from '../storage/storage.js';
import { bucketEndMs } from './bucket.js';
import { Ledger, type LedgerEntry } from './ledger.js';
import { decodeSegment, encodeSegment } from './segment.js';

/** The folder of the segments. */
export const LEDGER_FOLDER = 'ledger';
/** Entries in a full segment: about 160 KiB, which is what one commit rewrites at the most. */
const SEGMENT_ENTRIES = 16_384;
const SEGMENT_NAME = /^\d{8}\.bin$/;

interface Segment {
  readonly name: string;
  /** End of the newest minute in it, epoch milliseconds: when that is forgotten, so is the segment. */
  readonly newestEndMs: number;
}

/**
 * The ledger on disk: a row of segments, of which only the last still grows. Segments are read as a union, so a segment
 * may be written again, or be there although the checkpoint does not name it yet, without harm.
 */
export class LedgerStore {
  #segments: Segment[] = [];
  #tail: LedgerEntry[] = [];
  #tailNumber = 1;

  private constructor(
    private readonly storage: Storage,
    readonly ledger: Ledger,
  ) {}

  /**
   * Reads the ledger back.
   * @param named segments that the checkpoint says exist
   * @throws ModuleError STATE_CORRUPT where one of them is missing, or any segment is damaged
   */
  static async open(storage: Storage, named: readonly string[]): Promise<LedgerStore> {
    const store = new LedgerStore(storage, new Ledger());
    const present = (await storage.list(LEDGER_FOLDER)).filter((name) => SEGMENT_NAME.test(name));
    for (const name of named) if (!present.includes(name)) throw missing(name, storage.location);
    for (const name of present) await store.#load(name, name === present.at(-1));
    return store;
  }

  /** Names of the segments that hold the ledger now, for the checkpoint. */
  get names(): string[] {
    const names = this.#segments.map(({ name }) => name);
    return this.#tail.length === 0 ? names : [...names, segmentName(this.#tailNumber)];
  }

  /** Makes entries durable. They are in `ledger` already. */
  async append(entries: readonly LedgerEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const pending = [...this.#tail, ...entries];
    const sealed: Segment[] = [];
    let number = this.#tailNumber;
    // Nothing of this object changes before every write succeeded, so that a failed append can be tried again.
    while (pending.length >= SEGMENT_ENTRIES) {
      const full = pending.splice(0, SEGMENT_ENTRIES);
      await this.#write(number, full);
      sealed.push({ name: segmentName(number), newestEndMs: newestEnd(full) });
      number += 1;
    }
    if (pending.length > 0) await this.#write(number, pending);
    this.#segments.push(...sealed);
    this.#tail = pending;
    this.#tailNumber = number;
  }

  /**
   * Forgets entries older than `beforeMs`, epoch milliseconds.
   * @returns segments that hold nothing else and may be removed once the checkpoint no longer names them
   */
  prune(beforeMs: number): string[] {
    this.ledger.prune(beforeMs);
    const old = this.#segments.filter(({ newestEndMs }) => newestEndMs <= beforeMs);
    this.#segments = this.#segments.filter(({ newestEndMs }) => newestEndMs > beforeMs);
    return old.map(({ name }) => name);
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) await this.storage.remove(`${LEDGER_FOLDER}/${name}`);
  }

  /** The newest segment goes on growing where it is not full: else each start would leave a small one behind. */
  async #load(name: string, isNewest: boolean): Promise<void> {
    const content = await this.storage.read(`${LEDGER_FOLDER}/${name}`);
    if (content === undefined) throw missing(name, this.storage.location);
    const entries = decodeSegment(content, name);
    for (const entry of entries) this.ledger.add(entry);
    const number = Number(name.slice(0, 8));
    const grows = isNewest && entries.length < SEGMENT_ENTRIES;
    if (grows) this.#tail = entries;
    else this.#segments.push({ name, newestEndMs: newestEnd(entries) });
    this.#tailNumber = grows ? number : number + 1;
  }

  async #write(number: number, entries: readonly LedgerEntry[]): Promise<void> {
    await this.storage.write(`${LEDGER_FOLDER}/${segmentName(number)}`, encodeSegment(entries));
  }
}

/** The name that comes after all of these. */
export function nextSegmentName(names: readonly string[]): string {
  const numbers = names.filter((name) => SEGMENT_NAME.test(name)).map((name) => Number(name.slice(0, 8)));
  return segmentName(Math.max(0, ...numbers) + 1);
}

function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.bin`;
}

function newestEnd(entries: readonly LedgerEntry[]): number {
  return entries.reduce((newest, { bucket }) => Math.max(newest, bucketEndMs(bucket)), 0);
}

function missing(name: string, location: string): ModuleError {
  return new ModuleError('STATE_CORRUPT', `The ledger segment ${name} is missing from ${location}.`, {
    advice:
      "Nothing was collected and nothing was changed. Restore the data path from a copy, or run 'sekoia-module state " +
      "repair': it keeps everything that can still be read and reads the rest again.",
  });
}
