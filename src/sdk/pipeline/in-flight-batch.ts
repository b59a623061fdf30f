import { HashSet } from '../ledger/hash-set.js';
import { type Entries, EntryList } from '../ledger/entry-list.js';
import type { LedgerKey } from '../ledger/ledger.js';
import type { DeliveryOutcome } from '../outcome.js';
import type { Batch } from './destination.js';

/** How far a page is: it is settled when all of it was read and no event of it is open. */
export interface PageProgress {
  open: number;
  read: boolean;
  /** What may be committed once this page and all before it are settled, epoch milliseconds. */
  readonly settledToMs: number | undefined;
}

/** A batch that is being filled or on its way, with what has to be remembered of each event in it. */
export class InFlightBatch<B extends Batch> {
  /** The pages that wait for the events, with the number of events up to each one's last. */
  readonly #pages: { readonly page: PageProgress; endsAt: number }[] = [];
  /** What is to be told once an event is delivered for the first time, by its place. */
  readonly #onDelivered = new Map<number, () => void>();
  /** Pages of other lanes that show an event of this batch. */
  readonly #followers: { readonly key: LedgerKey; readonly page: PageProgress }[] = [];
  #hasEnded = false;
  readonly #onEnd: (() => void)[] = [];

  /**
   * @param onFollowed called when another lane begins to wait for an event in the batch
   * @param entries memory for what is to be remembered of its events, with none in it
   */
  constructor(
    readonly batch: B,
    private readonly onFollowed?: () => void,
    readonly entries = new EntryList(),
  ) {}

  /** Events of a page were added, those with the keys from `from` to before `to`. */
  remember(keys: EntryList, from: number, to: number, page: PageProgress): void {
    this.entries.appendRun(keys, from, to);
    const last = this.#pages.at(-1);
    if (last?.page === page) last.endsAt = this.entries.length;
    else this.#pages.push({ page, endsAt: this.entries.length });
    page.open += to - from;
  }

  /** Tells of the event at `index`, once it is delivered. */
  onDelivered(index: number, tell: () => void): void {
    this.#onDelivered.set(index, tell);
  }

  /** The page of another lane is open until the event is durable; for ever, where the batch fails to deliver it. */
  follow(key: LedgerKey, page: PageProgress): void {
    page.open += 1;
    this.#followers.push({ key, page });
    this.onFollowed?.();
  }

  /** Closes every event but the unsettled ones. @returns what is to be remembered of those closed */
  settle({ unsettled, rejections }: DeliveryOutcome): EntryList {
    if (unsettled.length === 0 && rejections.length === 0) return this.#settleAll();
    const open = new Set(unsettled);
    const rejected = new Set(rejections.map(({ index }) => index));
    const closed = new EntryList();
    let index = 0;
    for (const { page, endsAt } of this.#pages) {
      for (; index < endsAt; index += 1) {
        if (open.has(index)) continue;
        const entry = this.entries.at(index);
        const isDeadLettered = rejected.has(index);
        page.open -= 1;
        if (!isDeadLettered) this.#onDelivered.get(index)?.();
        closed.push(isDeadLettered ? { ...entry, isDeadLettered } : entry);
      }
    }
    return closed;
  }

  #settleAll(): EntryList {
    let settled = 0;
    for (const { page, endsAt } of this.#pages) {
      page.open -= endsAt - settled;
      settled = endsAt;
    }
    for (const tell of this.#onDelivered.values()) tell();
    return this.entries;
  }

  /** What was settled is durable: pages that follow need not wait for it any more. */
  release(entries: Entries): void {
    if (this.#followers.length === 0) return;
    const durable = new HashSet();
    for (const { bucket, high, low } of entries) durable.add(placedHigh(bucket, high), low);
    // Each is released once: others may begin to follow later.
    for (const { key, page } of this.#followers.splice(0)) {
      if (durable.has(placedHigh(key.bucket, key.high), key.low)) page.open -= 1;
      else this.#followers.push({ key, page });
    }
  }

  /** The batch is out of the way, delivered or not. */
  end(): void {
    this.#hasEnded = true;
    for (const tell of this.#onEnd.splice(0)) tell();
  }

  /** Resolves at its end. */
  async ended(): Promise<void> {
    if (!this.#hasEnded) await new Promise<void>((resolve) => this.#onEnd.push(resolve));
  }
}

/**
 * The upper half of the hash that an event is known by while it is under way: events of one id at different times are
 * different events; when one without a time of its own is seen says nothing of it.
 */
export function placedHigh(bucket: number, high: number): number {
  return bucket < 0 ? high : high ^ Math.imul(bucket, 0x9e3779b1);
}
