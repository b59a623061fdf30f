/** Bodies that are kept for the batches to come: new memory costs more time than what is written into it. */
const MOST_SPARE_BODIES = 24;

/** Memory of batches that were delivered. */
export class SpareBodies {
  readonly #bodies: Buffer[] = [];

  take(): Buffer | undefined {
    return this.#bodies.pop();
  }

  give(body: Buffer): void {
    if (this.#bodies.length < MOST_SPARE_BODIES) this.#bodies.push(body);
  }
}
