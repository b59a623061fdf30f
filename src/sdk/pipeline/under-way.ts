import { HashSet } from '../ledger/hash-set.js';
import type { LedgerKey } from '../ledger/ledger.js';
import type { Batch } from './destination.js';
import { InFlightBatch, placed } from './in-flight-batch.js';

/** Events, and batches, that may have ended before the table of events is made anew without them. */
const MOST_ENDED_EVENTS = 65_536;
const MOST_ENDED_BATCHES = 1024;

/** A batch, until it ends, with the number that its events are marked with. */
interface Place<B extends Batch> {
  number: number;
  batch: InFlightBatch<B> | undefined;
}

/** The batches of all lanes that are being filled or on their way: what is in one of them is not sent in another. */
export class UnderWay<B extends Batch> {
  /** The events of all batches, each marked with its batch's number; some are of batches that have ended. */
  #events = new HashSet();
  /** By number. */
  #places: Place<B>[] = [];
  #endedEvents = 0;

  /** @param onFollowed called when another lane begins to wait for an event in the batch */
  begin(batch: B, onFollowed?: () => void): InFlightBatch<B> {
    const place: Place<B> = { number: this.#places.length, batch: undefined };
    place.batch = new InFlightBatch(batch, {
      onRemembered: (key) => this.#events.set(placed(key), place.number),
      onFollowed,
    });
    this.#places.push(place);
    return place.batch;
  }

  /** To be called when a batch has been delivered, or will not be. */
  end(batch: InFlightBatch<B>): void {
    const place = this.#places.find((each) => each.batch === batch);
    if (place === undefined) return;
    place.batch = undefined;
    this.#endedEvents += batch.entries.length;
    if (this.#endedEvents > MOST_ENDED_EVENTS || this.#places.length > MOST_ENDED_BATCHES) this.#forgetEnded();
    batch.end();
  }

  /** The batch that carries the event with this key. */
  carrierOf(key: LedgerKey): InFlightBatch<B> | undefined {
    const number = this.#events.mark(placed(key));
    return number === undefined ? undefined : this.#places[number]?.batch;
  }

  /** Takes many out at once: one by one takes several times as long. */
  #forgetEnded(): void {
    const before = this.#events;
    this.#events = before.emptied();
    this.#places = this.#places.filter(({ batch }) => batch !== undefined);
    for (const [number, place] of this.#places.entries()) {
      // An event may have moved to another batch meanwhile.
      for (const key of place.batch?.entries ?? []) {
        const event = placed(key);
        if (before.mark(event) === place.number) this.#events.set(event, number);
      }
      place.number = number;
    }
    this.#endedEvents = 0;
  }
}
