import { HashSet } from '../ledger/hash-set.js';
import type { LedgerEntry, LedgerKey } from '../ledger/ledger.js';
import { HashFiles, type HashFilesMark } from './hash-files.js';

export const IDS_FOLDER = 'ids';
const MINUTES_A_DAY = 1440;
/** Events without a time of their own are remembered together. */
const UNDATED = -1;
/** Ids held in memory beyond those of the page in hand: some 20 bytes each. */
const IN_MEMORY = 2_000_000;
/** What a day takes at the least, in ids. */
const LEAST_A_DAY = 64;

/** The day of an event, as what its id is remembered by. */
export function dayOf({ bucket }: Pick<LedgerKey, 'bucket'>): number {
  return bucket < 0 ? UNDATED : Math.floor(bucket / MINUTES_A_DAY);
}

/** An event as it is remembered here: by the day on which it happened. */
export function byDay(entry: LedgerEntry): LedgerEntry {
  return { ...entry, bucket: dayOf(entry), place: 0 };
}

/**
 * Ids of delivered events, by the day of the event: all of them in files, and in memory those of the days that are being
 * read. So memory is bounded however much was delivered.
 */
export class DeliveredIds {
  /** In the order in which they were used. */
  readonly #days = new Map<number, HashSet>();
  #unwritten: LedgerEntry[] = [];

  private constructor(
    private readonly files: HashFiles,
    private readonly most: number,
    private readonly inMemory: number,
  ) {}

  /** @param most ids in the files; the oldest files are forgotten beyond it */
  static async open(
    storage: Parameters<typeof HashFiles.open>[0],
    mark: HashFilesMark,
    { most, inMemory = IN_MEMORY }: { readonly most: number; readonly inMemory?: number },
  ): Promise<DeliveredIds> {
    return new DeliveredIds(await HashFiles.open(storage, IDS_FOLDER, mark), most, inMemory);
  }

  get mark(): HashFilesMark {
    return this.files.mark;
  }

  get size(): number {
    return this.files.size + this.#unwritten.length;
  }

  /** To be called before `has` is asked about events of these days. */
  async load(days: ReadonlySet<number>): Promise<void> {
    for (const day of days) {
      const known = this.#days.get(day);
      const ids = known ?? new HashSet();
      this.#days.delete(day);
      this.#days.set(day, ids);
      if (known !== undefined) continue;
      try {
        for (const entry of this.#unwritten) if (entry.bucket === day) ids.add(entry.high, entry.low);
        for await (const entry of this.files.entriesOf(day)) ids.add(entry.high, entry.low);
      } catch (error) {
        this.#days.delete(day);
        throw error;
      }
    }
    this.#evict(days);
  }

  /** @param key as `byDay` makes it */
  has({ bucket, high, low }: LedgerKey): boolean {
    return this.#days.get(bucket)?.has(high, low) ?? false;
  }

  /** In memory at once; durable with the next `write`. */
  add(entries: readonly LedgerEntry[]): void {
    this.#unwritten = this.#unwritten.concat(entries);
    for (const { bucket, high, low } of entries) this.#days.get(bucket)?.add(high, low);
  }

  /**
   * Makes what was added durable.
   * @returns whether the oldest had to be forgotten for it
   */
  async write(): Promise<boolean> {
    const entries = this.#unwritten;
    await this.files.append(entries);
    this.#unwritten = this.#unwritten.slice(entries.length);
    return this.files.forgetBeyond(this.most);
  }

  removeLeft(): Promise<void> {
    return this.files.removeLeft();
  }

  #evict(used: ReadonlySet<number>): void {
    let held = 0;
    for (const ids of this.#days.values()) held += Math.max(LEAST_A_DAY, ids.size);
    for (const [day, ids] of this.#days) {
      if (held <= this.inMemory) return;
      if (used.has(day)) continue;
      this.#days.delete(day);
      held -= Math.max(LEAST_A_DAY, ids.size);
    }
  }
}
