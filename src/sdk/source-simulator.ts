/** What a simulated source is to hold. */
export interface SourceSimulatorOptions {
  /** Events that it holds from the start. */
  readonly events: number;
  /** Days before now over which they are spread. */
  readonly days: number;
  /** Events that happen each second from now on. */
  readonly liveEventsPerSecond: number;
  /** Equal seeds give equal events. */
  readonly seed: number;
  /** Port on 127.0.0.1; a free one when absent. */
  readonly port?: number;
}

/** A vendor's API, played on this machine. It should be written from the vendor's documents, not from the connector. */
export interface SourceSimulator {
  /** Base address, to be shown. */
  readonly url: string;
  /** A module configuration that works with it. */
  readonly account: Readonly<Record<string, unknown>>;
  /** Arguments that the connector needs for it, beside those of the intake. Default: none. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** The exact texts of all events that it has shown, or would show if it were asked now. */
  shown(): Iterable<string>;
  /** From now on no live events happen. */
  endLiveEvents(): void;
  /** Breaks all connections and frees the port. */
  close(): Promise<void>;
}
