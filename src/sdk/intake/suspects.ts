import { createHash } from 'node:crypto';

/** More at once than this are no longer a few events at fault. */
const MOST_SUSPECTS = 1024;

/**
 * Events refused alone while it was not known whether they or the intake were at fault, and which request refused each
 * first: remembered from delivery to delivery, since the proof may come between two of them.
 */
export class Suspects {
  readonly #refusedBy = new Map<string, number>();

  /** @param request number of the request that refused the event */
  note(text: Uint8Array, request: number): void {
    const name = nameOf(text);
    if (this.#refusedBy.has(name)) return;
    const [oldest] = this.#refusedBy.keys();
    if (this.#refusedBy.size >= MOST_SUSPECTS && oldest !== undefined) this.#refusedBy.delete(oldest);
    this.#refusedBy.set(name, request);
  }

  /** Number of the request that refused the event first. */
  refusedBy(text: Uint8Array): number | undefined {
    return this.#refusedBy.get(nameOf(text));
  }

  /** It is known now what is at fault. */
  clear(text: Uint8Array): void {
    if (this.#refusedBy.size > 0) this.#refusedBy.delete(nameOf(text));
  }
}

function nameOf(text: Uint8Array): string {
  return createHash('sha256').update(text).digest('base64');
}
