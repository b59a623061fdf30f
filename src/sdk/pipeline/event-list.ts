import { quotedText } from '../json/json-string.js';
import { EntryList } from '../ledger/entry-list.js';
import { Ledger } from '../ledger/ledger.js';
import type { Events } from './events.js';
import type { RawEvent } from './raw-event.js';

const COMMA = 0x2c;

/** Events that were made one by one. */
export class EventList implements Events {
  constructor(private readonly events: readonly RawEvent[]) {}

  /** Number of events. */
  get count(): number {
    return this.events.length;
  }

  get bytes(): number {
    return this.events.reduce((sum, { bytes }) => sum + bytes.length, 0);
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

  keys(seenMs: number): EntryList {
    return EntryList.from(this.events.map((event) => Ledger.keyOf(event, seenMs)));
  }

  quotedSize(index: number): number {
    return quotedText(this.text(index)).length;
  }

  copyQuoted(from: number, to: number, target: Uint8Array, at: number): void {
    for (let index = from; index < to; index += 1) {
      if (index > from) target[at++] = COMMA;
      const quoted = quotedText(this.text(index));
      target.set(quoted, at);
      at += quoted.length;
    }
  }

  run(from: number, to: number): Uint8Array | undefined {
    return to === from + 1 ? this.text(from) : undefined;
  }
}
