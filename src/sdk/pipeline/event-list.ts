import { quotedText } from '../json/json-string.js';
import { Ledger, type LedgerEntry } from '../ledger/ledger.js';
import type { Events } from './events.js';
import type { RawEvent } from './raw-event.js';

/** Events that were made one by one. */
export class EventList implements Events {
  constructor(private readonly events: readonly RawEvent[]) {}

  /** Number of events. */
  get count(): number {
    return this.events.length;
  }

  at(index: number): RawEvent {
    const event = this.events[index];
    if (event === undefined) throw new RangeError(`There is no event ${index} among ${this.count}`);
    return event;
  }

  text(index: number): Uint8Array {
    return this.at(index).bytes;
  }

  size(index: number): number {
    return this.at(index).bytes.length;
  }

  timestampMs(index: number): number | undefined {
    return this.at(index).timestampMs;
  }

  key(index: number, seenMs: number): LedgerEntry {
    return Ledger.keyOf(this.at(index), seenMs);
  }

  quoted(index: number): Uint8Array {
    return quotedText(this.at(index).bytes);
  }
}
