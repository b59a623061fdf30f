import type { DeadLetter, DeadLetterEntry } from '../dead-letter/dead-letter.js';
import { abortError, ModuleError } from '../errors.js';
import { eventOf } from '../json/event-splitter.js';
import { type Entries, EntryList } from '../ledger/entry-list.js';
import type { LedgerEntry } from '../ledger/ledger.js';
import type { DeliveryOutcome } from '../outcome.js';
import type { Batch, Destination } from '../pipeline/destination.js';
import { EventList } from '../pipeline/event-list.js';
import type { InFlightBatch, PageProgress } from '../pipeline/in-flight-batch.js';
import { persist } from '../pipeline/persist.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { RawEvent } from '../pipeline/raw-event.js';
import { UnderWay } from '../pipeline/under-way.js';
import type { Clock, Random } from '../ports.js';
import type { Stop } from '../stop.js';
import { byDay } from './delivered-ids.js';
import type { OpenedObject } from './object-store.js';
import type { EventsOfOthers } from './other-stream.js';
import { readStoredEvents, type StoredEvents, type StoredFault } from './read-stored-events.js';
import type { Position, StoredState } from './stored-state.js';

const PARALLEL_DELIVERIES = 4;
/** Objects without a new event are made durable so many at a time. */
const FINISHED_AT_ONCE = 1_000;

/** What a pump for objects works from, to and with. */
export interface ObjectPipeline<B extends Batch> {
  readonly destination: Destination<B>;
  readonly state: StoredState;
  readonly deadLetter: DeadLetter;
  readonly clock: Clock;
  readonly random: Random;
  readonly stop: Stop;
  readonly listener: PipelineListener;
  /** Gives an event's text the form of the source's API, in place. */
  readonly restore?: (text: Uint8Array) => void;
  /** Events that another stream delivers. */
  readonly others?: EventsOfOthers;
  /** Told of what gave no event. */
  readonly onFault: (name: string, fault: StoredFault) => void;
}

/** A part of an object. */
interface Part extends PageProgress {
  /** Where it ends, bytes of the content without compression. */
  readonly end: number;
}

/** How far an object is. */
interface Reading {
  readonly name: string;
  readonly version: string;
  readonly parts: Part[];
  /** Every event before it is accounted for. */
  offset: number;
  isRead: boolean;
  leftSome: boolean;
}

/**
 * Moves objects to the destination, one after the other, in batches that span them: drops what was delivered and what others
 * deliver, sends several batches at once, and commits what is settled. The rules are those of `pumpWindow`: a batch gives its
 * place to the next one only when its outcome is durable; an object is finished, and its position moves, only over events that
 * were acknowledged or kept.
 */
export class ObjectPump<B extends Batch> {
  readonly #underWay = new UnderWay<B>();
  readonly #inFlight = new Map<InFlightBatch<B>, Promise<void>>();
  /** Read, or being read, and not finished. */
  readonly #readings = new Set<Reading>();
  readonly #reading = new AbortController();
  #filling: InFlightBatch<B>;
  #settled: Entries[] = [];
  #finished: Reading[] = [];
  #lastCommit: Promise<void> = Promise.resolve();
  #nextCommit: Promise<void> | undefined;
  #failure: Error | undefined;
  #firstSeenAt = 0;
  /** Aborts when nothing more is to be read. */
  readonly signal: AbortSignal;
  delivered = 0;

  /** @param completeToMs everything stored before this instant is delivered, epoch milliseconds: for whoever watches */
  constructor(
    private readonly pipeline: ObjectPipeline<B>,
    private readonly completeToMs: number,
  ) {
    this.signal = AbortSignal.any([this.#reading.signal, pipeline.stop.requested]);
    this.#filling = this.#nextBatch();
  }

  /**
   * Reads an object, from where it was left, and takes its events. Some of them may be under way when it returns.
   * @throws the failure of a delivery; ModuleError where the object cannot be read further: what was read of it is delivered
   */
  async read({ name, version, content }: OpenedObject): Promise<void> {
    const { offset: from = 0, leftSome = false } = this.pipeline.state.positionOf(name, version) ?? {};
    const reading: Reading = { name, version, parts: [], offset: from, isRead: false, leftSome };
    this.#readings.add(reading);
    const { restore, onFault } = this.pipeline;
    const events = readStoredEvents(content, {
      from,
      ...(restore && { restore }),
      onFault: (fault) => onFault(name, fault),
      signal: this.signal,
    });
    try {
      for await (const page of events) await this.#take(page, reading);
    } catch (error) {
      throw this.#failure ?? error;
    }
    reading.isRead = true;
    this.#advance(reading);
    if (this.#finished.length >= FINISHED_AT_ONCE) await this.#commit();
  }

  /** Sends what is left and waits for all of it. @throws the first failure of a delivery; an AbortError after a stop */
  async finish(): Promise<void> {
    try {
      await this.#dispatch();
    } catch (error) {
      this.#note(error);
    }
    await Promise.all(this.#inFlight.values());
    this.#underWay.end(this.#filling);
    await this.#commit();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #take(events: StoredEvents, reading: Reading): Promise<void> {
    const { listener, clock, others, state } = this.pipeline;
    await others?.refresh();
    const nowMs = clock.now();
    const entries = Array.from(events.keys(nowMs), byDay);
    await state.ids.load(new Set(entries.map(({ bucket }) => bucket)));
    const part: Part = { open: 0, read: false, settledToMs: undefined, end: events.end(events.count - 1) };
    reading.parts.push(part);
    const { count, bytes } = events;
    let repeated = 0;
    try {
      for (const [index, key] of entries.entries()) {
        if (others?.deliver(events, index) === true) reading.leftSome = true;
        else if (!this.#isKnown(key, part)) {
          await this.#add(events, index, key, part);
          continue;
        }
        repeated += 1;
      }
    } finally {
      this.#filling.batch.copyAdded();
    }
    part.read = true;
    listener({ kind: 'read', events: count, repeated, bytes });
    this.#advance(reading);
  }

  #isKnown(key: LedgerEntry, part: Part): boolean {
    if (this.pipeline.state.ids.has(key)) return true;
    const carrier = this.#underWay.carrierOf(key);
    // Another object of this run has it: that one may be gone before the event is delivered.
    carrier?.follow(key, part);
    return carrier !== undefined;
  }

  async #add(events: StoredEvents, index: number, key: LedgerEntry, part: Part): Promise<void> {
    let added = this.#filling.batch.add(events, index, index + 1);
    if (added === 'full') {
      await this.#dispatch();
      added = this.#filling.batch.add(events, index, index + 1);
    }
    if (added === 'full') throw new Error('An empty batch is full: the destination breaks its contract');
    if (added === 'oversized') await this.#keepOversized(events.at(index), key, part);
    else this.#remember(key, part);
  }

  #remember(key: LedgerEntry, part: Part): void {
    if (this.#filling.batch.count === 1) this.#firstSeenAt = this.pipeline.clock.monotonic();
    this.#underWay.give(this.#filling, key);
    this.#filling.remember(EntryList.from([key]), 0, 1, part);
  }

  /** The whole is kept first: never is a trimmed copy all that is left of an event. */
  async #keepOversized(event: RawEvent, key: LedgerEntry, part: Part): Promise<void> {
    const reduced = this.pipeline.destination.reduce?.(event);
    const reason = `its ${event.bytes.length} bytes exceed what the destination takes`;
    const delivered = reduced === undefined ? {} : ({ delivered: 'trimmed' } as const);
    part.open += 1;
    await this.#keep([{ kind: 'oversized', id: event.id, reason, event: event.bytes, ...delivered }]);
    part.open -= 1;
    if (reduced === undefined) {
      this.#settled.push([{ ...key, isDeadLettered: true }]);
      return;
    }
    const copy = new EventList([{ ...event, bytes: reduced }]);
    let added = this.#filling.batch.add(copy, 0, 1);
    if (added === 'full') {
      await this.#dispatch();
      added = this.#filling.batch.add(copy, 0, 1);
    }
    if (added !== 1) throw new Error('A reduced event does not fit: the destination breaks its contract');
    this.#remember(key, part);
  }

  /** Moves over what is settled at the beginning of what was read. */
  #advance(reading: Reading): void {
    const { parts } = reading;
    for (let part = parts[0]; part?.read === true && part.open === 0; part = parts[0]) {
      parts.shift();
      reading.offset = part.end;
    }
    if (!reading.isRead || parts.length > 0 || !this.#readings.delete(reading)) return;
    this.#finished.push(reading);
  }

  #nextBatch(): InFlightBatch<B> {
    return this.#underWay.begin(this.pipeline.destination.createBatch());
  }

  /** Sends the batch being filled on its way, as soon as there is a place, and begins a new one. */
  async #dispatch(): Promise<void> {
    if (this.#filling.batch.count === 0) return;
    while (this.#inFlight.size >= PARALLEL_DELIVERIES) await Promise.race(this.#inFlight.values());
    if (this.#failure !== undefined || this.pipeline.stop.requested.aborted) throw this.#failure ?? abortError();
    const batch = this.#filling;
    const seenAt = this.#firstSeenAt;
    batch.batch.copyAdded();
    this.#filling = this.#nextBatch();
    const delivery = this.#deliver(batch, seenAt)
      .catch((error: unknown) => this.#note(error))
      .finally(() => {
        this.#inFlight.delete(batch);
        this.#underWay.end(batch);
      });
    this.#inFlight.set(batch, delivery);
  }

  async #deliver(batch: InFlightBatch<B>, seenAt: number): Promise<void> {
    const { clock, destination, listener, stop } = this.pipeline;
    const startedAt = clock.monotonic();
    const outcome = await this.#keepRejected(batch, await destination.deliver(batch.batch, stop));
    const entries = batch.settle(outcome);
    const events = entries.length - outcome.rejections.length;
    this.delivered += events;
    if (events > 0) {
      const endedAt = clock.monotonic();
      const freshness = { lane: 'backfill', sinceSeenMs: endedAt - seenAt, sinceHappenedMs: undefined } as const;
      listener({ kind: 'delivered', events, bytes: batch.batch.bytes, durationMs: endedAt - startedAt, freshness });
    }
    if (entries.length > 0) {
      this.#settled.push(entries);
      // What follows this batch is durable with it, since it is written by the same commit or a later one.
      batch.release(entries);
      await this.#commit();
      // And what began to follow it while that was being written.
      batch.release(entries);
    }
    if (outcome.failure !== undefined) this.#note(outcome.failure);
  }

  /** Keeps what was refused. Where that cannot be done, only the refused are still owed. */
  async #keepRejected(batch: InFlightBatch<B>, outcome: DeliveryOutcome): Promise<DeliveryOutcome> {
    const { rejections, unsettled } = outcome;
    if (rejections.length === 0) return outcome;
    const name = this.pipeline.deadLetter.nameBatch();
    try {
      await this.#keep(
        rejections.map(({ index, reason }) => {
          const event = batch.batch.text(index);
          return { kind: 'refused', id: eventOf(event)?.id, reason, batch: name, event };
        }),
      );
      return outcome;
    } catch (error) {
      const failure = asError(error);
      return { rejections: [], unsettled: [...unsettled, ...rejections.map(({ index }) => index)], failure };
    }
  }

  async #keep(entries: readonly DeadLetterEntry[]): Promise<void> {
    let fresh: readonly DeadLetterEntry[] = [];
    await persist(this.pipeline, async () => {
      fresh = await this.pipeline.deadLetter.write(entries);
    });
    for (const { id, reason, event, delivered } of fresh) {
      const how = delivered === undefined ? {} : { delivered };
      this.pipeline.listener({ kind: 'dead-lettered', id, reason, bytes: event.length, ...how });
    }
  }

  /** One commit at a time; what settles while one is being written is taken by the next, together. */
  #commit(): Promise<void> {
    this.#nextCommit ??= this.#lastCommit.then(() => {
      this.#nextCommit = undefined;
      return this.#commitNow();
    });
    this.#lastCommit = this.#nextCommit.catch(() => undefined);
    return this.#nextCommit;
  }

  async #commitNow(): Promise<void> {
    for (const reading of this.#readings) this.#advance(reading);
    const { state, listener } = this.pipeline;
    const positions = [...this.#readings].filter(({ offset }) => offset > 0);
    let progress = {
      entries: this.#settled.flatMap((entries) => [...entries]),
      finished: this.#finished,
      positions: positions.map(positionOf),
    };
    [this.#settled, this.#finished] = [[], []];
    const accountedFor = progress.entries.length;
    await persist(this.pipeline, async () => {
      const first = progress;
      // The state takes progress in before it writes: a second try has nothing to add.
      progress = { ...progress, entries: [], finished: [] };
      await state.commit(first);
    });
    const owed = { owedFromMs: this.completeToMs, ledgerEvents: state.ids.size, provenToMs: undefined };
    listener({ kind: 'committed', accountedFor, ...owed });
  }

  /** The first failure is the one that is told. A stop is told as such, whatever it broke on its way. */
  #note(error: unknown): void {
    this.#failure ??= this.pipeline.stop.requested.aborted ? abortError() : asError(error);
    this.#reading.abort();
  }
}

function positionOf({ name, version, offset, leftSome }: Reading): Position {
  return { name, version, offset, leftSome };
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new ModuleError('SOURCE_ANSWER_INVALID', String(thrown));
}
