/** One invented Directory Insights event, kept as the exact text that the API shall send. */
export interface SyntheticEvent {
  /** Identifier: 24 hexadecimal digits, or an upper-case UUID for radius. */
  readonly id: string;
  /** The event's JSON text, byte for byte. */
  readonly text: string;
  /** The service that the event belongs to. */
  readonly service: string;
  /** The organization, or null for an event of the multi-tenant portal. */
  readonly organization: string | null;
  /** The `timestamp` member, whole epoch milliseconds. */
  readonly timestampMs: number;
  /** The nanoseconds of `timestamp` beyond `timestampMs`, 0 to 999,999. */
  readonly timestampNs: number;
  /** When the API first shows the event, epoch milliseconds. */
  readonly visibleAtMs: number;
}
