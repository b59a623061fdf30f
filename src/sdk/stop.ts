import { setMaxListeners } from 'node:events';

/**
 * A request to stop, in two stages. Soft: take nothing new, end every wait, let requests that carry events finish,
 * commit. Forced: abort those too; what they carried is still owed.
 */
export class Stop {
  readonly #soft = new AbortController();
  readonly #forced = new AbortController();

  constructor() {
    // Every request and wait listens, and there may be dozens.
    setMaxListeners(0, this.#soft.signal, this.#forced.signal);
  }

  /** A stop of its own for a part of the work: what stops `whole` stops it as well, and not the other way round. */
  static within(whole: Stop): { readonly stop: Stop; readonly release: () => void } {
    const stop = new Stop();
    const released = new AbortController();
    const options = { once: true, signal: released.signal };
    if (whole.requested.aborted) stop.request();
    if (whole.forced.aborted) stop.force();
    whole.requested.addEventListener('abort', () => stop.request(), options);
    whole.forced.addEventListener('abort', () => stop.force(), options);
    return { stop, release: () => released.abort() };
  }

  /** Aborts at the first request. Waits and reads take this one. */
  get requested(): AbortSignal {
    return this.#soft.signal;
  }

  /** Aborts when patience is over. Deliveries under way take this one. */
  get forced(): AbortSignal {
    return this.#forced.signal;
  }

  request(): void {
    this.#soft.abort();
  }

  force(): void {
    this.#soft.abort();
    this.#forced.abort();
  }
}
