import type { Clock } from '../../src/sdk/ports.js';

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

export interface ManualClockOptions {
  /** Wall clock at the beginning, epoch milliseconds. */
  readonly nowMs?: number;
  /** Time goes on by itself, to the next one due, whenever everybody sleeps. */
  readonly autoAdvance?: boolean;
}

/** 2030-01-02T03:04:05Z. */
export const MANUAL_CLOCK_START_MS = Date.UTC(2030, 0, 2, 3, 4, 5);

/**
 * Time that passes when it is told to, or with `autoAdvance` whenever nothing else is left to do. Sleepers wake in the
 * order of their times. No real time is waited for.
 */
export class ManualClock implements Clock {
  /** The delays asked for, in order. */
  readonly sleeps: number[] = [];
  #nowMs: number;
  #monotonicMs = 0;
  #sleepers: Sleeper[] = [];
  #advancing = false;
  readonly #autoAdvance: boolean;

  constructor({ nowMs = MANUAL_CLOCK_START_MS, autoAdvance = false }: ManualClockOptions = {}) {
    this.#nowMs = nowMs;
    this.#autoAdvance = autoAdvance;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  /** How many are asleep. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Like the real one: at least one turn of the event loop, unless the signal has aborted already. */
  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    this.sleeps.push(delayMs);
    if (signal?.aborted === true) return;
    if (!(delayMs > 0)) {
      await everybodyHadTheirTurn();
      return;
    }
    await this.#wakened(this.#monotonicMs + delayMs, signal);
  }

  /** Lets time pass, waking on the way whoever is due, and lets them act before it goes on. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#monotonicMs + ms;
    await everybodyHadTheirTurn();
    for (let next = this.#earliest(); next !== undefined && next.wakeAtMs <= targetMs; next = this.#earliest()) {
      this.#wake(next);
      await everybodyHadTheirTurn();
    }
    this.#passTo(targetMs);
  }

  /** Sets the wall clock forward or back; sleeps and the monotonic time do not notice. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  #wakened(wakeAtMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const sleeper: Sleeper = {
        wakeAtMs,
        wake: () => {
          signal?.removeEventListener('abort', sleeper.wake);
          this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
          resolve();
        },
      };
      signal?.addEventListener('abort', sleeper.wake, { once: true });
      this.#sleepers.push(sleeper);
      if (this.#autoAdvance && !this.#advancing) void this.#advanceWhileSleeping();
    });
  }

  async #advanceWhileSleeping(): Promise<void> {
    this.#advancing = true;
    for (;;) {
      await everybodyHadTheirTurn();
      const next = this.#earliest();
      if (next === undefined || next.wakeAtMs === Infinity) break;
      this.#wake(next);
    }
    this.#advancing = false;
  }

  #earliest(): Sleeper | undefined {
    // The first of equals, so that those who fell asleep first wake first.
    return this.#sleepers.reduce<Sleeper | undefined>(
      (first, next) => (first === undefined || next.wakeAtMs < first.wakeAtMs ? next : first),
      undefined,
    );
  }

  #wake(sleeper: Sleeper): void {
    this.#passTo(sleeper.wakeAtMs);
    sleeper.wake();
  }

  #passTo(monotonicMs: number): void {
    const passedMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs += passedMs;
    this.#nowMs += passedMs;
  }
}

/** Resolves when every promise that could go on without time passing has done so. */
export function everybodyHadTheirTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
