/** What a server has done since it was last asked to begin again. */
export interface ServerStats {
  readonly requests: number;
  /** Requests above the rate. */
  readonly refused: number;
  readonly events: number;
  readonly bytes: number;
  /** Milliseconds from visible in the API to acknowledged by the intake, for the live events. */
  readonly freshnessMs: readonly number[];
}

/** What a server tells the process that started it. */
export type Report =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'first request'; readonly atMs: number }
  /** The intake has acknowledged as many events as it waits for. */
  | { readonly kind: 'complete'; readonly atMs: number }
  | { readonly kind: 'stats'; readonly stats: ServerStats };

/** What the process that started it asks of a server. */
export type Order = { readonly ask: 'stats' } | { readonly ask: 'begin again'; readonly expected: number };

export function report(message: Report): void {
  process.send?.(message);
}

/** Epoch milliseconds with their fraction, the same clock in every process of this machine. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}
