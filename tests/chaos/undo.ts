/**
 * What has to be undone however this process ends, also by Ctrl-C: processes to be ended, file systems to be unmounted,
 * folders to be removed. The last thing done is the first one undone.
 */
export class Undo {
  readonly #steps: (() => void)[] = [];

  /** @param leave ends this process; by default `process.exit`, which runs the steps */
  static untilExit(leave: (code: number) => void = (code) => process.exit(code)): Undo {
    const undo = new Undo();
    process.on('exit', () => undo.all());
    process.on('SIGINT', () => leave(130));
    process.on('SIGTERM', () => leave(143));
    process.on('SIGHUP', () => leave(129));
    return undo;
  }

  /** @param step must be synchronous: it may run while the process ends */
  add(step: () => void): void {
    this.#steps.push(step);
  }

  all(): void {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        step();
      } catch (thrown) {
        process.stderr.write(`Could not be undone: ${String(thrown)}\n`);
      }
    }
  }
}
