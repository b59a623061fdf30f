import { isUtf8 } from 'node:buffer';

import type { Clock } from '../ports.js';
import type { Storage } from '../storage/storage.js';
import { formatTimestamp } from '../time/timestamp.js';

const FOLDER = 'dead-letter';

/** An event that could not be delivered, whole, and why. */
export interface DeadLetterEntry {
  readonly id: string | undefined;
  /** In the destination's words, or the limit that was exceeded. */
  readonly reason: string;
  /** The exact text of the event, UTF-8. */
  readonly event: Uint8Array;
}

/**
 * What the destination refused, kept for an operator: files of one JSON object a line, `{"time", "reason", "id",
 * "event_type", "bytes", "event"}`, where `event` is the event's exact text; `event_base64` takes its place where the
 * event is not valid UTF-8. A file is written once, as a whole.
 */
export class DeadLetter {
  #next: number | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly storage: Storage,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes the entries durable.
   * @throws ModuleError STATE_UNAVAILABLE; nothing was kept then, and the same call may be made again
   */
  async write(entries: readonly DeadLetterEntry[]): Promise<void> {
    if (entries.length === 0) return;
    // One after the other: two at once would take the same number, and the second would replace the first's file.
    const written = this.#turn.then(() => this.#writeFile(entries));
    this.#turn = written.catch(() => undefined);
    await written;
  }

  async #writeFile(entries: readonly DeadLetterEntry[]): Promise<void> {
    const number = (this.#next ??= await this.#firstFree());
    const lines = entries.map((entry) => `${JSON.stringify(this.#record(entry))}\n`);
    await this.storage.write(`${FOLDER}/${String(number).padStart(8, '0')}.ndjson`, Buffer.from(lines.join('')));
    this.#next = number + 1;
  }

  async #firstFree(): Promise<number> {
    const names = await this.storage.list(FOLDER);
    const numbers = names.map((name) => Number(/^(\d{8})\.ndjson$/.exec(name)?.[1] ?? 0));
    return numbers.reduce((highest, number) => Math.max(highest, number), 0) + 1;
  }

  #record({ id, reason, event }: DeadLetterEntry): Record<string, unknown> {
    const text = Buffer.from(event).toString('utf8');
    return {
      time: formatTimestamp(this.clock.now()),
      reason,
      id,
      event_type: eventType(text),
      bytes: event.length,
      ...(isUtf8(event) ? { event: text } : { event_base64: Buffer.from(event).toString('base64') }),
    };
  }
}

/** For the reader's convenience only: an event that cannot be parsed is kept all the same. */
function eventType(event: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(event);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { event_type: type } = parsed as { event_type?: unknown };
    return typeof type === 'string' ? type : undefined;
  } catch {
    return undefined;
  }
}
