import { BODY_FORMS } from '../intake/body-form.js';
import { IntakeBatch } from '../intake/intake-batch.js';
import type { Added, Batch } from '../pipeline/destination.js';
import type { Events } from '../pipeline/events.js';
import { folderOf } from './object-name.js';

/** One event a line, each line ended: with the intake's lines only the last one is not. */
const FORM = { ...BODY_FORMS.lines, suffix: Buffer.from('\n') };

/**
 * A batch is closed at this size: an object of it is some hundred kilobytes when compressed. Each one that is under way
 * takes as much memory, and is written again after a crash.
 */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Events of one batch that belong together, by their places in it, ascending. */
export interface LineGroup {
  readonly indexes: readonly number[];
  /** The earliest of their times, epoch milliseconds; undefined where they have none. */
  readonly firstMs: number | undefined;
}

interface LineBatchOptions {
  /** Events at the most. */
  readonly maxEvents: number;
  /** Gives memory to fill, instead of new one. */
  readonly memory?: () => Buffer | undefined;
}

/**
 * Events as lines of NDJSON. The text of each is as the source sent it, except that a line break between its tokens is a
 * blank. No event is too large.
 */
export class LineBatch implements Batch {
  readonly #lines: IntakeBatch;
  readonly #times: (number | undefined)[] = [];

  constructor({ maxEvents, memory }: LineBatchOptions) {
    const limits = { events: maxEvents, requestBytes: BATCH_BYTES, eventBytes: Infinity };
    this.#lines = new IntakeBatch('', { limits, form: FORM, ...(memory && { memory }) });
  }

  get count(): number {
    return this.#lines.count;
  }

  get bytes(): number {
    return this.#lines.bytes;
  }

  /** To be taken only when nothing will be asked of the batch any more but how large it was. */
  get memory(): Buffer {
    return this.#lines.memory;
  }

  add(events: Events, from: number, to: number): Added {
    const added = this.#lines.add(events, from, to);
    if (typeof added !== 'number') return added;
    for (let index = from; index < from + added; index += 1) this.#times.push(events.timestampMs(index));
    return added;
  }

  copyAdded(): void {
    this.#lines.copyAdded();
  }

  text(index: number): Uint8Array {
    return this.#lines.text(index);
  }

  /** The lines of some events, each with its end; those of all of them without a copy. */
  lines(indexes: readonly number[]): Uint8Array {
    return this.#lines.body(indexes);
  }

  /** Its events by the hour of their time. */
  byHour(): LineGroup[] {
    const groups = new Map<string, { indexes: number[]; firstMs: number | undefined }>();
    // Most events are of the same hour as the one before.
    let [current, fromMs, toMs] = [undefined as { indexes: number[]; firstMs: number | undefined } | undefined, 0, 0];
    this.#times.forEach((ms, index) => {
      if (current === undefined || ms === undefined || !(ms >= fromMs && ms < toMs)) {
        const folder = folderOf(ms);
        current = groups.get(folder) ?? { indexes: [], firstMs: ms };
        groups.set(folder, current);
        fromMs = Math.floor((ms ?? 0) / HOUR_MS) * HOUR_MS;
        toMs = ms === undefined ? fromMs : fromMs + HOUR_MS;
      }
      current.indexes.push(index);
      if (ms !== undefined && current.firstMs !== undefined && ms < current.firstMs) current.firstMs = ms;
    });
    return [...groups.values()];
  }
}

const HOUR_MS = 3_600_000;
