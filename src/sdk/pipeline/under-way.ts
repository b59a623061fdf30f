import { HashSet } from '../ledger/hash-set.js';
import type { EntryList } from '../ledger/entry-list.js';
import type { LedgerKey } from '../ledger/ledger.js';
import type { Batch } from './destination.js';
import { InFlightBatch, placedHigh } from './in-flight-batch.js';

/** Events, and batches, that may have ended before the table of events is made anew without them. */
const MOST_ENDED_EVENTS = 65_536;
const MOST_ENDED_BATCHES = 1024;
/** Batches of events of nearly the same size differ by so few. */
const MORE_THAN_USUAL = 64;
/** Room is made at once for no more. */
const MOST_EXPECTED = 2048;
/** The mark of an event that no batch carries any more. */
const NOBODY = 65_535;

/** The batches of all lanes that are being filled or on their way: what is in one of them is not sent in another. */
export class UnderWay<B extends Batch> {
  /** The events of all batches, each marked with its batch's number; some are of batches that have ended. */
  #events = new HashSet();
  /** The table before, to be filled anew: each time another one would be a megabyte or two of garbage. */
  #otherTable = new HashSet();
  /** By number; what has ended is let go of at once, with its body. */
  #batches: (InFlightBatch<B> | undefined)[] = [];
  /** Of batches that have not ended. */
  readonly #numbers = new Map<InFlightBatch<B>, number>();
  #endedEvents = 0;
  /** About as many as the next batches are likely to have. */
  #usualEvents: number | undefined;

  /** @param onFollowed called when another lane begins to wait for an event in the batch */
  begin(batch: B, onFollowed?: () => void): InFlightBatch<B> {
    const inFlight = new InFlightBatch(batch, onFollowed, this.#usualEvents);
    this.#numbers.set(inFlight, this.#batches.length);
    this.#batches.push(inFlight);
    return inFlight;
  }

  /**
   * A batch is about to take events, from `from` to before `to`: nobody else takes them until it ends.
   * @returns the first that a batch carries already, this one too; `to` where there is none
   */
  claim(batch: InFlightBatch<B>, keys: EntryList, from: number, to: number): number {
    const number = this.#numberOf(batch);
    for (let index = from; index < to; index += 1) {
      const high = placedHigh(keys.bucket(index), keys.high(index));
      const low = keys.low(index);
      const before = this.#events.set(high, low, number);
      if (before !== undefined && this.#batches[before] !== undefined) {
        this.#events.set(high, low, before);
        return index;
      }
    }
    return to;
  }

  /** It did not take some of them. */
  disclaim(keys: EntryList, from: number, to: number): void {
    for (let index = from; index < to; index += 1) {
      this.#events.set(placedHigh(keys.bucket(index), keys.high(index)), keys.low(index), NOBODY);
    }
  }

  /** A batch has taken an event over from the one that carried it. */
  give(batch: InFlightBatch<B>, { bucket, high, low }: LedgerKey): void {
    this.#events.set(placedHigh(bucket, high), low, this.#numberOf(batch));
  }

  /** To be called when a batch has been delivered, or will not be. */
  end(batch: InFlightBatch<B>): void {
    const number = this.#numbers.get(batch);
    if (number === undefined) return;
    this.#batches[number] = undefined;
    this.#numbers.delete(batch);
    this.#endedEvents += batch.entries.length;
    // What carries an event alone says nothing of others.
    if (batch.entries.length > 1) this.#usualEvents = Math.min(batch.entries.length + MORE_THAN_USUAL, MOST_EXPECTED);
    if (this.#endedEvents > MOST_ENDED_EVENTS || this.#batches.length > MOST_ENDED_BATCHES) this.#forgetEnded();
    batch.end();
  }

  /** The batch that carries the event with this key. */
  carrierOf({ bucket, high, low }: LedgerKey): InFlightBatch<B> | undefined {
    const number = this.#events.mark(placedHigh(bucket, high), low);
    return number === undefined ? undefined : this.#batches[number];
  }

  #numberOf(batch: InFlightBatch<B>): number {
    const number = this.#numbers.get(batch);
    if (number === undefined) throw new Error('A batch that has ended takes no events');
    return number;
  }

  /** Takes many out at once: one by one takes several times as long. */
  #forgetEnded(): void {
    const before = this.#events;
    this.#events = this.#otherTable;
    this.#otherTable = before;
    this.#events.clear();
    this.#batches = [];
    for (const [batch, number] of this.#numbers) {
      carryOver(batch.entries, { before, events: this.#events }, { from: number, to: this.#batches.length });
      this.#numbers.set(batch, this.#batches.length);
      this.#batches.push(batch);
    }
    this.#endedEvents = 0;
  }
}

/** Marks those anew that were marked with a number: an event may have moved to another batch meanwhile. */
function carryOver(
  entries: EntryList,
  { before, events }: { readonly before: HashSet; readonly events: HashSet },
  { from, to }: { readonly from: number; readonly to: number },
): void {
  for (let index = 0; index < entries.length; index += 1) {
    const high = placedHigh(entries.bucket(index), entries.high(index));
    const low = entries.low(index);
    if (before.mark(high, low) === from) events.set(high, low, to);
  }
}
