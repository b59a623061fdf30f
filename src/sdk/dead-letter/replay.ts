import { isAbort, ModuleError } from '../errors.js';
import type { DeliveryOutcome } from '../outcome.js';
import type { Batch, Destination } from '../pipeline/destination.js';
import { EventList } from '../pipeline/event-list.js';
import type { RawEvent } from '../pipeline/raw-event.js';
import type { Clock } from '../ports.js';
import type { Stop } from '../stop.js';
import { formatTimestamp } from '../time/timestamp.js';
import type { ArchivedEntry, DeadLetterArchive, Revision } from './dead-letter-archive.js';
import type { DeadLetterRecord } from './dead-letter-record.js';

export interface ReplayOptions<B extends Batch> {
  readonly archive: DeadLetterArchive;
  readonly destination: Destination<B>;
  readonly clock: Clock;
  readonly stop: Stop;
  /** Which entries are meant. */
  readonly isMeant: (record: DeadLetterRecord) => boolean;
  /** True: an event whose trimmed copy was sent is sent as well. */
  readonly oversized: boolean;
  /** Told of the entries that were delivered, before they leave the dead letter. */
  readonly onDelivered: (entries: readonly DeadLetterRecord[]) => Promise<void>;
  /** Told after each batch. */
  readonly onProgress: (replay: Replay) => void;
}

/** How far a replay has come, in numbers of entries. */
export interface Replay {
  /** Acknowledged and removed. */
  readonly delivered: number;
  /** A trimmed copy was acknowledged; the whole stays in the dead letter, marked as such. */
  readonly trimmed: number;
  /** Refused again: they stay, with the new reason. */
  readonly refused: number;
  /** Too large, and not to be trimmed: they stay. */
  readonly tooLarge: number;
  /**
   * Of batches in which every event that was tried alone was refused: they stay as they were. Nothing tells them from a
   * destination that refuses everything.
   */
  readonly stillRefused: number;
  /** Neither acknowledged nor refused: they stay as they were. */
  readonly unsettled: number;
  /** Left alone, because a trimmed copy was sent before. */
  readonly skipped: number;
  /** Why entries are unsettled, or how they are still refused. */
  readonly failure: Error | undefined;
}

/**
 * Sends what is in the dead letter to the destination, batch by batch. What is acknowledged leaves the dead letter before
 * the next batch begins: a crash repeats one batch at the most.
 * @throws ModuleError STATE_UNAVAILABLE
 */
export function replayDeadLetter<B extends Batch>(options: ReplayOptions<B>): Promise<Replay> {
  return new ReplayRun(options).run();
}

/** An entry in a batch. */
interface Sent {
  readonly entry: ArchivedEntry;
  readonly isTrimmed: boolean;
}

class ReplayRun<B extends Batch> {
  #replay: Replay = {
    ...{ delivered: 0, trimmed: 0, refused: 0, tooLarge: 0, stillRefused: 0, unsettled: 0, skipped: 0 },
    failure: undefined,
  };
  #batch: B;
  #sent: Sent[] = [];
  #isOver = false;

  constructor(private readonly options: ReplayOptions<B>) {
    this.#batch = options.destination.createBatch();
  }

  async run(): Promise<Replay> {
    const { archive, isMeant, stop } = this.options;
    await archive.removeRepeats();
    for await (const entry of archive.read()) {
      if (stop.requested.aborted) this.#isOver = true;
      if (this.#isOver) break;
      if (entry.kind === 'entry' && isMeant(entry.record)) await this.#take(entry);
    }
    if (!this.#isOver) await this.#deliver();
    return this.#replay;
  }

  async #take(entry: ArchivedEntry): Promise<void> {
    const { record } = entry;
    if (record.delivered === 'trimmed' && !this.options.oversized) {
      this.#count({ skipped: 1 });
      return;
    }
    const event: RawEvent = { bytes: record.event, id: record.id, timestampMs: undefined };
    if (await this.#add(event, { entry, isTrimmed: false })) return;
    const reduced = this.options.destination.reduce?.(event);
    if (reduced === undefined) this.#count({ tooLarge: 1 });
    else await this.#add({ ...event, bytes: reduced }, { entry, isTrimmed: true });
  }

  /** @returns false where the event is too large for any batch */
  async #add(event: RawEvent, sent: Sent): Promise<boolean> {
    const events = new EventList([event]);
    let added = this.#batch.add(events, 0, 1);
    if (added === 'full') {
      await this.#deliver();
      added = this.#batch.add(events, 0, 1);
    }
    if (added === 1) this.#sent.push(sent);
    return added === 1;
  }

  async #deliver(): Promise<void> {
    const { destination, stop, onProgress } = this.options;
    const [batch, sent] = [this.#batch, this.#sent];
    [this.#batch, this.#sent] = [destination.createBatch(), []];
    if (sent.length === 0 || this.#isOver) return;
    batch.copyAdded();
    const outcome = await destination.deliver(batch, stop);
    await this.#settle(sent, outcome);
    onProgress(this.#replay);
    if (outcome.failure === undefined) return;
    this.#replay = { ...this.#replay, failure: this.#replay.failure ?? outcome.failure };
    if (!isAboutEvents(outcome.failure)) this.#isOver = true;
  }

  async #settle(sent: readonly Sent[], { rejections, unsettled, failure }: DeliveryOutcome): Promise<void> {
    const reasons = new Map(rejections.map(({ index, reason }) => [index, reason]));
    const open = new Set(unsettled);
    const time = formatTimestamp(this.options.clock.now());
    const delivered: DeadLetterRecord[] = [];
    const revisions = new Map<string, Map<string, Revision>>();
    for (const [index, { entry, isTrimmed }] of sent.entries()) {
      if (open.has(index)) continue;
      const reason = reasons.get(index);
      if (reason === undefined) delivered.push(entry.record);
      const inFile = revisions.get(entry.file) ?? new Map<string, Revision>();
      revisions.set(entry.file, inFile.set(entry.digest, revisionOf(entry.record, { reason, isTrimmed, time })));
    }
    if (delivered.length > 0) await this.options.onDelivered(delivered);
    for (const [file, inFile] of revisions) await this.options.archive.revise(file, inFile);
    const trimmed = sent.filter(({ isTrimmed }, index) => isTrimmed && !open.has(index) && !reasons.has(index)).length;
    this.#count({ delivered: delivered.length - trimmed, trimmed, refused: rejections.length });
    this.#count(isAboutEvents(failure) ? { stillRefused: unsettled.length } : { unsettled: unsettled.length });
  }

  #count(more: Partial<Omit<Replay, 'failure'>>): void {
    const entries = Object.entries(more) as [keyof Omit<Replay, 'failure'>, number][];
    for (const [name, number] of entries) this.#replay = { ...this.#replay, [name]: this.#replay[name] + number };
  }
}

function revisionOf(
  record: DeadLetterRecord,
  { reason, isTrimmed, time }: { reason: string | undefined; isTrimmed: boolean; time: string },
): Revision {
  if (reason !== undefined) return { ...record, reason, time };
  return isTrimmed ? { ...record, delivered: 'trimmed' } : 'remove';
}

/**
 * The destination refused every event of a batch, one by one, and nothing said whose fault that is: another batch may fare
 * better. A failure that was answered for the request itself (a key, an address) or a stop goes for all batches.
 */
export function isAboutEvents(failure: Error | undefined): boolean {
  if (isAbort(failure) || !(failure instanceof ModuleError) || failure.status !== undefined) return false;
  return failure.code === 'DESTINATION_REFUSES_EVENT' || failure.code === 'DESTINATION_REFUSED';
}
