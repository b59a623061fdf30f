import type { DeliveryOutcome } from '../outcome.js';
import type { Events } from './events.js';
import type { RawEvent } from './raw-event.js';

/** What `add` made of events: how many it took, from the first one on. Where that is none: why. */
export type Added =
  | number
  /** The first one does not fit into what is left: deliver this batch and add it to a new one. */
  | 'full'
  /** It alone exceeds what the destination takes. */
  | 'oversized';

/** Events on their way out, already in the destination's form. */
export interface Batch {
  readonly count: number;
  /** Size as the destination will see it. */
  readonly bytes: number;
  /**
   * Takes in the events from `from` to before `to`, as many as fit, at least one of them where `from < to`, or says why not.
   * Their bytes may be read until `copyAdded` is called.
   */
  add(events: Events, from: number, to: number): Added;
  /** Copies what was added since: its bytes may be overwritten afterwards. */
  copyAdded(): void;
  /** The exact text of the event at `index`, UTF-8, for the dead letter. */
  text(index: number): Uint8Array;
}

/** What a delivery needs to stop well. */
export interface DeliverySignals {
  /** Ends waits between tries. */
  readonly requested: AbortSignal;
  /** Aborts a try under way. */
  readonly forced: AbortSignal;
}

/** Where events go. */
export interface Destination<B extends Batch = Batch> {
  createBatch(): B;
  /**
   * Delivers a batch, retrying what may succeed. An expected failure is a value, not an exception. An event counts as
   * acknowledged only when the destination said so.
   */
  deliver(batch: B, signals: DeliverySignals): Promise<DeliveryOutcome>;
  /**
   * A copy of an oversized event that is small enough to be delivered in its place. Undefined, or no such member, where
   * there is none: then the event goes to the dead letter alone.
   */
  reduce?(event: RawEvent): Uint8Array | undefined;
}
