import { EntryList } from '../ledger/entry-list.js';
import { HashSet } from '../ledger/hash-set.js';
import type { LedgerKey } from '../ledger/ledger.js';
import { Claims } from './claims.js';
import type { Batch } from './destination.js';
import { InFlightBatch, placedHigh } from './in-flight-batch.js';

/** Batches of events of nearly the same size differ by so few. */
const MORE_THAN_USUAL = 64;
/** Room is made at once for no more. */
const MOST_EXPECTED = 2048;
/** Of an event without a time: when it is seen says nothing of it. */
const UNDATED = -1;
const NONE: readonly Claims[] = [];

/**
 * The batches of all lanes that are being filled or on their way: what is in one of them is not sent in another. Each has a
 * small table of its events, and others are asked only for minutes that it reaches: a large one of all events would be out of
 * the processor's cache each time.
 */
export class UnderWay<B extends Batch> {
  /** Of batches that have not ended. */
  readonly #claims = new Map<InFlightBatch<B>, Claims>();
  /** Memory of batches that have. */
  readonly #spare: HashSet[] = [];
  readonly #spareEntries: EntryList[] = [];
  /** About as many as the next batches are likely to have. */
  #usualEvents: number | undefined;

  /** @param onFollowed called when another lane begins to wait for an event in the batch */
  begin(batch: B, onFollowed?: () => void): InFlightBatch<B> {
    const inFlight = new InFlightBatch(batch, onFollowed, this.newEntries());
    this.#claims.set(inFlight, new Claims(this.#spare.pop() ?? new HashSet()));
    return inFlight;
  }

  /**
   * A batch is about to take events, from `from` to before `to`: nobody else takes them until it ends.
   * @returns the first that a batch carries already, this one too; `to` where there is none
   */
  claim(batch: InFlightBatch<B>, keys: EntryList, from: number, to: number): number {
    const own = this.#claimsOf(batch);
    let others = NONE;
    let minute = NaN;
    for (let index = from; index < to; index += 1) {
      const bucket = keys.bucket(index);
      // Most events are of the same minute as the one before.
      if (bucket !== minute) {
        minute = bucket;
        others = this.#othersOf(minuteOf(bucket), own);
        own.reachOut(minuteOf(bucket));
      }
      const high = placedHigh(bucket, keys.high(index));
      const low = keys.low(index);
      for (const other of others) if (other.has(high, low)) return index;
      if (!own.add(high, low)) return index;
    }
    return to;
  }

  /** It did not take some of them. */
  disclaim(batch: InFlightBatch<B>, keys: EntryList, from: number, to: number): void {
    const own = this.#claimsOf(batch);
    for (let index = from; index < to; index += 1) {
      own.giveUp(placedHigh(keys.bucket(index), keys.high(index)), keys.low(index));
    }
  }

  /** A batch has taken an event over from the one that carried it. */
  give(batch: InFlightBatch<B>, { bucket, high, low }: LedgerKey): void {
    const own = this.#claimsOf(batch);
    const minute = minuteOf(bucket);
    for (const other of this.#othersOf(minute, own)) other.giveUp(placedHigh(bucket, high), low);
    own.reachOut(minute);
    own.add(placedHigh(bucket, high), low);
  }

  /** To be called when a batch has been delivered, or will not be. */
  end(batch: InFlightBatch<B>): void {
    const claims = this.#claims.get(batch);
    if (claims === undefined) return;
    this.#claims.delete(batch);
    claims.hashes.clear();
    this.#spare.push(claims.hashes);
    // What carries an event alone says nothing of others.
    const { count } = batch.batch;
    if (count > 1) this.#usualEvents = Math.min(count + MORE_THAN_USUAL, MOST_EXPECTED);
    // The last one of each window is as a rule not filled.
    if (count === 0 && batch.entries.length === 0) this.recycle(batch.entries);
    batch.end();
  }

  /** An empty list, in memory that is used again where there is some. */
  newEntries(): EntryList {
    const entries = this.#spareEntries.pop() ?? new EntryList(this.#usualEvents);
    entries.truncate(0);
    return entries;
  }

  /** A list that nobody asks for any more: its memory serves another one. */
  recycle(entries: EntryList): void {
    this.#spareEntries.push(entries);
  }

  /** The batch that carries the event with this key. */
  carrierOf({ bucket, high, low }: LedgerKey): InFlightBatch<B> | undefined {
    for (const [batch, claims] of this.#claims) {
      if (claims.reach(minuteOf(bucket)) && claims.has(placedHigh(bucket, high), low)) return batch;
    }
    return undefined;
  }

  /** Those that may have events of a minute. */
  #othersOf(minute: number, own: Claims): readonly Claims[] {
    let others: Claims[] | undefined;
    for (const claims of this.#claims.values()) {
      if (claims !== own && claims.reach(minute)) (others ??= []).push(claims);
    }
    return others ?? NONE;
  }

  #claimsOf(batch: InFlightBatch<B>): Claims {
    const claims = this.#claims.get(batch);
    if (claims === undefined) throw new Error('A batch that has ended takes no events');
    return claims;
  }
}

function minuteOf(bucket: number): number {
  return bucket < 0 ? UNDATED : bucket;
}
