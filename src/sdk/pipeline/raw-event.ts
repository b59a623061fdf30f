/** An event as the source sent it. It is never parsed into an object on its way through. */
export interface RawEvent {
  /** The exact JSON text, UTF-8. Valid until the next page is asked for: copy what must live longer. */
  readonly bytes: Uint8Array;
  /** What identifies it; undefined where nothing does: then its text does. */
  readonly id: string | undefined;
  /** Which of the source's services it comes from, where it says so. */
  readonly service?: string | undefined;
  /** The event's own time, epoch milliseconds rounded down; undefined where it has none that can be read. */
  readonly timestampMs: number | undefined;
}
