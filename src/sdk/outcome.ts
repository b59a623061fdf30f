/** An event that the destination refused for what it is. */
export interface Rejection {
  /** Position in the batch. */
  readonly index: number;
  /** In the destination's words where it gave any. */
  readonly reason: string;
}

/**
 * What became of a batch. Every event of it is in exactly one of three states: acknowledged, rejected (so says
 * `rejections`), or unsettled (so says `unsettled`: the destination has not said yes, whatever the reason in `failure`).
 */
export interface DeliveryOutcome {
  readonly rejections: readonly Rejection[];
  /** Positions of the events that are still owed. Empty when the batch is done. */
  readonly unsettled: readonly number[];
  /** Why events are unsettled: a ModuleError, or an AbortError after a stop. Present when `unsettled` is not empty. */
  readonly failure?: Error;
}
