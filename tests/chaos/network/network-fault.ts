import { setTimeout } from 'node:timers/promises';

/** What a network does to the connections of one side while it lasts. */
export type NetworkFault =
  /** Nobody listens: connections are refused, those that exist are reset. */
  | { readonly kind: 'refuse' }
  /** Connections are reset, new ones as soon as they are made. */
  | { readonly kind: 'reset' }
  /** Bytes stand still, and go on afterwards. */
  | { readonly kind: 'stall' }
  /** Bytes vanish, and connections that were made meanwhile or used in it never come to life again. */
  | { readonly kind: 'vanish' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Each connection is reset after so many bytes of an answer, or of a request. */
  | { readonly kind: 'cut'; readonly way: Way; readonly afterBytes: number }
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number };

export type Way = 'request' | 'answer';

/** The fault that lasts now, for all connections of a side. */
export class Weather {
  #fault: NetworkFault | undefined;
  #changed = new AbortController();

  get fault(): NetworkFault | undefined {
    return this.#fault;
  }

  set fault(fault: NetworkFault | undefined) {
    this.#fault = fault;
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  /** Resolves after `delayMs`, or when the fault ends or another begins. */
  async wait(delayMs: number): Promise<void> {
    await setTimeout(delayMs, undefined, { signal: this.#changed.signal }).catch(() => undefined);
  }
}
