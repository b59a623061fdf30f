import type { LogLevel } from '../observability/log.js';

/** A line of the log tab, as the platform takes it. */
export interface TabLine {
  /** UTC without a zone. */
  readonly date: string;
  readonly level: LogLevel;
  readonly message: string;
}

/** Who goes first where there is no room. */
const TIERS: readonly (readonly LogLevel[])[] = [['debug', 'info'], ['warning'], ['error'], ['critical']];

/** Lines that wait to be sent, in order. Where there are too many, the oldest of the least severe ones go, and are counted. */
export class LogBuffer {
  #lines: TabLine[] = [];
  #leftOut = 0;

  constructor(private readonly most: number) {}

  get size(): number {
    return this.#lines.length;
  }

  /** How many lines had to go and were not yet told of. */
  get leftOut(): number {
    return this.#leftOut;
  }

  add(line: TabLine): void {
    this.#lines.push(line);
    this.#makeRoom();
  }

  /** The oldest lines, which are the caller's from now on. */
  take(most: number): TabLine[] {
    return this.#lines.splice(0, most);
  }

  /** Lines that were taken and could not be sent: they are the oldest again. */
  putBack(lines: readonly TabLine[]): void {
    this.#lines.unshift(...lines);
    this.#makeRoom();
  }

  /** So many more lines are lost. */
  giveUp(lines: number): void {
    this.#leftOut += lines;
  }

  /** So many of those left out were told of. */
  forgetLeftOut(lines: number): void {
    this.#leftOut -= lines;
  }

  #makeRoom(): void {
    while (this.#lines.length > this.most) {
      const tier = TIERS.find((levels) => this.#lines.some(({ level }) => levels.includes(level))) ?? [];
      this.#lines.splice(
        this.#lines.findIndex(({ level }) => tier.includes(level)),
        1,
      );
      this.#leftOut += 1;
    }
  }
}
