/** So many may be inside; the others wait in the order in which they came. */
export class Places {
  readonly #waiting = new Set<() => void>();

  constructor(private free: number) {}

  /**
   * Resolves when there is a place, or when the signal aborts.
   * @param onEnd called when the wait is over, at once where there is none
   * @returns to be called when the place is free again
   */
  enter(signal: AbortSignal, onEnd: () => void = () => undefined): Promise<() => void> {
    return new Promise((resolve) => {
      const end = (leave: () => void): void => {
        signal.removeEventListener('abort', giveUp);
        this.#waiting.delete(go);
        onEnd();
        resolve(leave);
      };
      const go = (): void => end(() => this.#leave());
      const giveUp = (): void => end(() => undefined);
      if (signal.aborted) {
        giveUp();
        return;
      }
      signal.addEventListener('abort', giveUp);
      this.#waiting.add(go);
      this.#fill();
    });
  }

  #leave(): void {
    this.free += 1;
    this.#fill();
  }

  #fill(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.free === 0) return;
    this.free -= 1;
    next();
  }
}
