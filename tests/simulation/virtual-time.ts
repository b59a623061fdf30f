/** Something that happens at an instant of virtual time, unless it is cancelled before. */
export interface Timer {
  cancel(): void;
}

interface Entry extends Timer {
  readonly atMs: number;
  /** Equal times happen in the order in which they were asked for. */
  readonly order: number;
  fire: (() => void) | undefined;
}

export interface VirtualTimeOptions {
  /**
   * Takes a turn of the real event loop before each step, which shows rejections that nobody handled in time. Without it
   * a step costs a fraction of a microsecond.
   */
  readonly wholeTurns?: boolean;
  /** No more steps than this: a program that goes round without getting anywhere. */
  readonly mostSteps?: number;
}

/**
 * Time that passes only when nothing is left to do at the present instant. A step fires the next timer and then lets
 * every promise that can go on without time passing do so, before the next one is looked at.
 */
export class VirtualTime {
  #nowMs = 0;
  #orders = 0;
  #steps = 0;
  #ended = false;
  readonly #heap: Entry[] = [];

  constructor(private readonly options: VirtualTimeOptions = {}) {}

  /** Milliseconds since the beginning; may have a fraction. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Fires after `delayMs`; with a delay of zero, once everybody else has had their turn. */
  after(delayMs: number, fire: () => void): Timer {
    return this.at(this.#nowMs + Math.max(0, delayMs), fire);
  }

  /** Fires at an instant, or at once where that has passed. */
  at(atMs: number, fire: () => void): Timer {
    const entry: Entry = {
      atMs: Math.max(atMs, this.#nowMs),
      order: (this.#orders += 1),
      fire,
      cancel: () => (entry.fire = undefined),
    };
    this.#push(entry);
    return entry;
  }

  /** Ends `run` after the step under way. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Lets time pass until `end` is called, or nothing is left that would happen.
   * @returns false where it was given up after too many steps
   */
  run(): Promise<boolean> {
    const { wholeTurns = false, mostSteps = Infinity } = this.options;
    return new Promise((resolve, reject) => {
      const settle = wholeTurns ? afterATurn : afterMicrotasks;
      const step = (): void => {
        try {
          const next = this.#ended ? undefined : this.#pop();
          if (next === undefined || this.#steps >= mostSteps) {
            resolve(next === undefined);
            return;
          }
          this.#steps += 1;
          this.#nowMs = next.atMs;
          next.fire?.();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        settle(step);
      };
      settle(step);
    });
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent]!;
      if (!isBefore(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  /** The earliest entry that was not cancelled. */
  #pop(): Entry | undefined {
    for (;;) {
      const first = this.#heap[0];
      const last = this.#heap.pop();
      if (first === undefined || last === undefined) return undefined;
      if (this.#heap.length > 0) this.#sink(last);
      if (first.fire !== undefined) return first;
    }
  }

  #sink(entry: Entry): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, entry)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/**
 * Node runs a tick that was asked for inside a microtask only when the queue of microtasks is empty: then every promise
 * has settled that could.
 */
function afterMicrotasks(then: () => void): void {
  queueMicrotask(() => process.nextTick(then));
}

function afterATurn(then: () => void): void {
  setImmediate(then);
}
