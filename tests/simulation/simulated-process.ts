import type { Clock, Random } from '../../src/sdk/ports.js';
import { Stop } from '../../src/sdk/stop.js';
import { createDice } from './dice.js';
import type { VirtualTime } from './virtual-time.js';

/** Asked more often in one life, a process goes round without getting anywhere. */
const MOST_OPERATIONS = 300_000;

export interface ProcessWorld {
  readonly time: VirtualTime;
  /** The wall clock of the machine, epoch milliseconds with a fraction. */
  wallMs(): number;
  readonly seed: number;
  /** Told of everything that is asked of a port, before it happens: the process may die here. */
  onOperation(process: SimulatedProcess): void;
  onRunaway(process: SimulatedProcess): void;
}

/** What a process has begun and not finished. */
export interface UnderWay {
  /** The process is gone. @param arrives whether what it sent still has its effect */
  abandon(arrives: boolean): void;
}

/** One life of the connector: its ports work until it dies, and never answer afterwards. */
export class SimulatedProcess {
  isAlive = true;
  readonly stop = new Stop();
  readonly underWay = new Set<UnderWay>();
  readonly clock: Clock;
  readonly random: Random;
  readonly bornAtMs: number;
  #operations = 0;

  constructor(
    private readonly world: ProcessWorld,
    readonly number: number,
  ) {
    this.bornAtMs = world.time.nowMs;
    const dice = createDice(world.seed * 97 + number);
    this.random = () => dice.fraction();
    this.clock = {
      now: () => Math.floor(world.wallMs()),
      monotonic: () => world.time.nowMs,
      sleep: (delayMs, signal) => this.#sleep(delayMs, signal),
    };
  }

  /** To be called at the beginning of every port's operation. @returns false where it will never be answered */
  operation(): boolean {
    if (!this.isAlive) return false;
    this.#operations += 1;
    if (this.#operations > MOST_OPERATIONS) this.world.onRunaway(this);
    else this.world.onOperation(this);
    // A listener may have killed it.
    return this.#stillAlive();
  }

  /** Resolves later, or when the signal aborts, if it is alive then. */
  pause(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', wake);
        if (this.isAlive) resolve();
      };
      const timer = this.world.time.after(delayMs, wake);
      signal?.addEventListener('abort', wake);
    });
  }

  die(arrives: boolean): void {
    this.isAlive = false;
    for (const one of this.underWay) one.abandon(arrives);
    this.underWay.clear();
  }

  #stillAlive(): boolean {
    return this.isAlive;
  }

  #sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    return this.operation() ? this.pause(delayMs > 0 ? delayMs : 0, signal) : never();
  }
}

/** What a dead process gets for an answer. */
export function never<Result>(): Promise<Result> {
  return new Promise(() => undefined);
}
