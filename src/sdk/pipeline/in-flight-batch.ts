import { HashSet } from '../ledger/hash-set.js';
import type { LedgerEntry, LedgerKey } from '../ledger/ledger.js';
import type { DeliveryOutcome } from '../outcome.js';
import type { Batch } from './destination.js';

/** How far a page is: it is settled when all of it was read and no event of it is open. */
export interface PageProgress {
  open: number;
  read: boolean;
  /** What may be committed once this page and all before it are settled, epoch milliseconds. */
  readonly settledToMs: number | undefined;
}

/** An event of a batch, and the page that waits for it. */
interface Passenger {
  readonly key: LedgerEntry;
  readonly page: PageProgress;
  readonly id: string | undefined;
  /** Told once the event is delivered for the first time, where that is of interest. */
  readonly onDelivered: (() => void) | undefined;
}

/** A batch that is being filled or on its way, with what has to be remembered of each event in it. */
export class InFlightBatch<B extends Batch> {
  readonly #hashes = new HashSet();
  readonly #passengers: Passenger[] = [];
  /** Pages of other lanes that show an event of this batch. */
  readonly #followers: { readonly key: LedgerKey; readonly page: PageProgress }[] = [];
  readonly #end = new AbortController();

  /** @param onFollowed called when another lane begins to wait for an event in it */
  constructor(
    readonly batch: B,
    private readonly onFollowed: () => void = () => undefined,
  ) {}

  /** True where the event with this key is in the batch. Two minutes' events may share a hash as little as two ids. */
  has(key: LedgerKey): boolean {
    return this.#hashes.has(key);
  }

  remember(passenger: Passenger): void {
    this.#hashes.add(passenger.key);
    this.#passengers.push(passenger);
    passenger.page.open += 1;
  }

  /** The page of another lane is open until the event is durable; for ever, where the batch fails to deliver it. */
  follow(key: LedgerKey, page: PageProgress): void {
    page.open += 1;
    this.#followers.push({ key, page });
    this.onFollowed();
  }

  id(index: number): string | undefined {
    return this.#passengers[index]?.id;
  }

  /** Closes every event but the unsettled ones. @returns what is to be remembered of those closed */
  settle({ unsettled, rejections }: DeliveryOutcome): LedgerEntry[] {
    const open = new Set(unsettled);
    const rejected = new Set(rejections.map(({ index }) => index));
    const closed: LedgerEntry[] = [];
    for (const [index, { key, page, onDelivered }] of this.#passengers.entries()) {
      if (open.has(index)) continue;
      const isDeadLettered = rejected.has(index);
      page.open -= 1;
      if (!isDeadLettered) onDelivered?.();
      closed.push(isDeadLettered ? { ...key, isDeadLettered } : key);
    }
    return closed;
  }

  /** What was settled is durable: pages that follow need not wait for it any more. */
  release(entries: readonly LedgerEntry[]): void {
    if (this.#followers.length === 0) return;
    const durable = new HashSet();
    for (const entry of entries) durable.add(entry);
    for (const { key, page } of this.#followers) if (durable.has(key)) page.open -= 1;
  }

  /** The batch is out of the way, delivered or not. */
  end(): void {
    this.#end.abort();
  }

  /** Resolves at its end. */
  async ended(): Promise<void> {
    const { signal } = this.#end;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
}
