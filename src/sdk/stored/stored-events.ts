import type { Kernel, MemberNames } from '../json/kernel/kernel.js';
import { RECORD } from '../json/kernel/kernel.js';
import { SplitEvents } from '../json/split-events.js';
import { EventList } from '../pipeline/event-list.js';
import type { Events } from '../pipeline/events.js';
import type { RawEvent } from '../pipeline/raw-event.js';

/**
 * Events of a stored object, in the order in which they stand there, with their places. As all {@link Events} they are good
 * until the next are asked for.
 */
export interface StoredEvents extends Events {
  /** Where the event at `index` begins: bytes, in the content as it is without compression. */
  offset(index: number): number;
  /** Where it ends: one past its last byte. */
  end(index: number): number;
}

/** Events of a stored object as a kernel has them. */
export class StoredRun extends SplitEvents implements StoredEvents {
  readonly #kernel: Kernel;

  /**
   * @param names as for SplitEvents
   * @param first the first of them, where it is longer than what the kernel holds of it: its text, and the bytes of it that
   *   the kernel does not hold
   * @param origin where in the content the kernel's input begins
   */
  constructor(
    [kernel, count, names]: [kernel: Kernel, count: number, names: MemberNames],
    private readonly first: { readonly whole: Buffer | undefined; readonly carriedBytes: number },
    private readonly origin: number,
  ) {
    super(kernel, count, names, first.whole);
    this.#kernel = kernel;
  }

  offset(index: number): number {
    const { carriedBytes } = this.first;
    return this.origin + (index === 0 && carriedBytes > 0 ? -carriedBytes : this.#kernel.word(index, RECORD.start));
  }

  end(index: number): number {
    return this.origin + this.#kernel.word(index, RECORD.end);
  }
}

/** Some events of a run. */
export class StoredList extends EventList implements StoredEvents {
  /** @param places of each event, where it begins and where it ends */
  constructor(
    events: readonly RawEvent[],
    private readonly places: readonly (readonly [offset: number, end: number])[],
  ) {
    super(events);
  }

  offset(index: number): number {
    return this.#place(index)[0];
  }

  end(index: number): number {
    return this.#place(index)[1];
  }

  #place(index: number): readonly [number, number] {
    const place = this.places[index];
    if (place === undefined) throw new RangeError(`There is no event ${index} among ${this.count}`);
    return place;
  }
}
