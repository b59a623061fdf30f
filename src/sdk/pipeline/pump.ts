import type { DeliveryState, Progress, Settled } from '../checkpoint/delivery-state.js';
import type { DeadLetter, DeadLetterEntry } from '../dead-letter/dead-letter.js';
import { abortError, isAbort, ModuleError } from '../errors.js';
import { eventOf } from '../json/event-splitter.js';
import { BUCKET_MS } from '../ledger/bucket.js';
import type { EntryList } from '../ledger/entry-list.js';
import type { LedgerEntry } from '../ledger/ledger.js';
import type { DeliveryOutcome } from '../outcome.js';
import type { Clock, Random } from '../ports.js';
import type { Stop } from '../stop.js';
import { committedEvent } from './committed-event.js';
import type { Batch, Destination } from './destination.js';
import { EventList } from './event-list.js';
import type { Events } from './events.js';
import type { InFlightBatch, PageProgress } from './in-flight-batch.js';
import { persist } from './persist.js';
import { Places } from './places.js';
import type { PipelineListener } from './pipeline-event.js';
import type { RawEvent } from './raw-event.js';
import type { Page, Source, Window } from './source.js';
import type { UnderWay } from './under-way.js';
import type { WindowPlaces } from './window-places.js';

/** What all lanes pump from, to and with. */
export interface Pipeline<B extends Batch> {
  readonly source: Source;
  readonly destination: Destination<B>;
  readonly state: DeliveryState;
  readonly deadLetter: DeadLetter;
  readonly underWay: UnderWay<B>;
  readonly clock: Clock;
  readonly random: Random;
  readonly stop: Stop;
  readonly listener: PipelineListener;
  /** Where several streams share the memory of a run. */
  readonly places?: WindowPlaces;
}

/** A window and on whose behalf it is read. */
export interface Errand {
  readonly window: Window;
  /** What a settled beginning of the window settles: of the tail, or of the gap that the window is. */
  readonly lane: Settled['lane'];
  /** Where streams share a process: among whose places it is read. Default: those of its lane. */
  readonly place?: Settled['lane'];
  /**
   * What of the window may be settled, or an empty range where nothing is to be. Default: all of it; what else it shows was asked
   * for to be sure of the borders, or for late events.
   */
  readonly claim?: Window;
  /**
   * What of event time is this errand's own, where nobody else's ledger is known here. An event within two milliseconds
   * before or after it is left to whoever has those: the window shows it to be sure of the borders. Default: all from the
   * instant on from which this data path collects.
   */
  readonly share?: Window;
  /** Batches of this lane under way at the most, from the first try until they are committed. */
  readonly parallelDeliveries: number;
  /** Where windows share them: the places of all their batches, instead of so many for each. */
  readonly sharedDeliveries?: Places;
  /** New events with a time before this were not visible when they should have been; epoch milliseconds. */
  readonly lateBeforeMs: number;
  /** True where the window begins with all that the tail has to look back to. */
  readonly looksBack?: boolean;
  /** True where the tail is up to date: then every new event tells how fast the source shows them. */
  readonly isLive?: boolean;
}

/** Of events that follow each other: the first, and the one behind the last. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** What came of a window. */
export interface Pumped {
  /** Events delivered. */
  readonly events: number;
  /** Events that went to the dead letter instead. */
  readonly deadLettered: number;
  /** Events that the source showed, repeats included. */
  readonly rows: number;
  /** False where an event is left to another lane that failed to deliver it: it is still owed. */
  readonly isComplete: boolean;
}

/**
 * Moves one window from the source to the destination: takes pages, drops what the ledger has, fills batches, delivers
 * several at once, waits for every outcome, and commits, in the order of reading, what is settled.
 *
 * A batch gives its place to the next one only when its outcome is durable. So a crash repeats at most the batches that
 * were under way, and state that cannot be written stops delivery instead of being outrun by it.
 *
 * @returns once everything visible in the window was delivered, or is under way in another lane
 * @throws ModuleError the first failure of either side, after all else under way has settled; an AbortError after a stop
 */
export async function pumpWindow<B extends Batch>(errand: Errand, pipeline: Pipeline<B>): Promise<Pumped> {
  const { places, stop } = pipeline;
  if (places === undefined) return pumpAtOnce(errand, pipeline);
  const leave = await places.enter(errand.place ?? errand.lane, stop.requested);
  try {
    const parallelDeliveries = Math.min(errand.parallelDeliveries, places.parallelDeliveries);
    return await pumpAtOnce({ ...errand, parallelDeliveries }, pipeline);
  } finally {
    leave();
  }
}

function pumpAtOnce<B extends Batch>(errand: Errand, pipeline: Pipeline<B>): Promise<Pumped> {
  const run = new WindowRun(errand, pipeline);
  // What a gap shows is known, most of it: its ids are needed until it is read, however far the tail gets meanwhile.
  return errand.lane === 'gap' ? pipeline.state.remembering(errand.window.fromMs, () => run.run()) : run.run();
}

class WindowRun<B extends Batch> {
  /** Aborts the reading when the delivery failed, or when a stop was requested. */
  readonly #reading = new AbortController();
  readonly #pages: PageProgress[] = [];
  readonly #inFlight = new Map<InFlightBatch<B>, Promise<void>>();
  /** Of this window, or of all that share them. */
  readonly #places: Places;
  /** Batches of other lanes that carry an event of this window. */
  readonly #followed = new Set<InFlightBatch<B>>();
  #filling: InFlightBatch<B>;
  /** Settled, not yet handed to a commit. */
  #settledEntries: EntryList[] = [];
  /** The window up to here is settled, epoch milliseconds. */
  #settledToMs: number | undefined;
  #lastCommit: Promise<void> = Promise.resolve();
  #nextCommit: Promise<void> | undefined;
  #failure: Error | undefined;
  #deliveryFailed = false;
  #dispatching: Promise<void> | undefined;
  #delivered = 0;
  #deadLettered = 0;
  #rows = 0;
  /** When the page in hand was received; and the first event of the batch being filled. */
  #pageAtMs = 0;
  #first = { seenAtMs: 0, happenedAtMs: undefined as number | undefined };

  constructor(
    private readonly errand: Errand,
    private readonly pipeline: Pipeline<B>,
  ) {
    this.#places = errand.sharedDeliveries ?? new Places(errand.parallelDeliveries);
    this.#filling = this.#nextBatch();
  }

  async run(): Promise<Pumped> {
    const { requested } = this.pipeline.stop;
    const stopReading = (): void => this.#reading.abort();
    requested.addEventListener('abort', stopReading);
    try {
      if (requested.aborted) throw abortError();
      const readToMs = await this.#readAll();
      await this.#dispatch();
      this.#pages.push({ open: 0, read: true, settledToMs: readToMs });
    } catch (error) {
      await this.#deliverWhatWasRead(error);
    } finally {
      requested.removeEventListener('abort', stopReading);
      this.pipeline.underWay.end(this.#filling);
    }
    await Promise.all(this.#inFlight.values());
    for (const batch of this.#followed) await batch.ended();
    await this.#finish();
    const [events, deadLettered, rows] = [this.#delivered, this.#deadLettered, this.#rows];
    return { events, deadLettered, rows, isComplete: this.#pages.length === 0 };
  }

  /** @returns the instant up to which the source has shown everything, epoch milliseconds */
  async #readAll(): Promise<number> {
    const reader = this.pipeline.source.read(this.errand.window, this.#reading.signal);
    try {
      for (let next = await reader.next(); ; next = await reader.next()) {
        if (this.#reading.signal.aborted) throw abortError();
        if (next.done === true) return next.value;
        await this.#take(next.value);
      }
    } finally {
      // A no-op after its end; otherwise it lets go of the connection.
      await reader.return(this.errand.window.fromMs);
    }
  }

  /** The source failed: what it gave before is good. After a stop, or a failed delivery, it is left owed. */
  async #deliverWhatWasRead(error: unknown): Promise<void> {
    this.#note(error);
    if (!isAbort(error)) await this.#dispatch().catch((abort: unknown) => this.#note(abort));
  }

  /** Commits the rest: of a window that failed, what was settled before. */
  async #finish(): Promise<void> {
    if (this.#failure === undefined || this.#settledEntries.length > 0) await this.#commit();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #take(page: Page): Promise<void> {
    const { listener, clock } = this.pipeline;
    const progress: PageProgress = { open: 0, read: false, settledToMs: page.settledToMs };
    this.#pages.push(progress);
    this.#pageAtMs = clock.monotonic();
    try {
      const { count, bytes } = page.events;
      const repeated = await this.#takeEvents(page.events, progress);
      listener({ kind: 'read', events: count, repeated, bytes });
    } finally {
      this.#filling.batch.copyAdded();
    }
    progress.read = true;
    this.#rows += page.events.count;
  }

  /** @returns how many of them somebody has delivered, or is to deliver */
  async #takeEvents(events: Events, progress: PageProgress): Promise<number> {
    const { underWay } = this.pipeline;
    const keys = events.keys(this.pipeline.source.now());
    let repeated = 0;
    // Up to here nothing is known: it is not asked anew for each event that somebody else carries.
    let unknownTo = 0;
    for (let index = 0; index < events.count;) {
      if (index >= unknownTo) unknownTo = this.#firstKnown(keys, index);
      const end = underWay.claim(this.#filling, keys, index, unknownTo);
      if (end === index) {
        this.#follow(keys.at(index), progress);
        repeated += 1;
        index += 1;
        continue;
      }
      const added = this.#filling.batch.add(events, index, end);
      const next = index + (typeof added === 'number' ? added : 0);
      underWay.disclaim(this.#filling, keys, next, end);
      if (next > index) this.#remember(events, keys, { from: index, to: next }, progress);
      else if (added === 'oversized')
        await this.#keepOversized(events.at(index), keys.slice(index, index + 1), progress);
      else await this.#makeRoom();
      // While this one waited, another lane may have delivered some.
      if (next === index) unknownTo = 0;
      index = added === 'oversized' ? index + 1 : next;
    }
    return repeated;
  }

  /** The first from `from` on that is delivered, or not for this window to deliver. */
  #firstKnown(keys: EntryList, from: number): number {
    return firstBeside(keys, from, this.pipeline.state.ledger.firstKnown(keys, from), this.#share());
  }

  /** What the window shows beyond it, so as to be sure of the borders, is for others to deliver, or for nobody. */
  #share(): Window {
    const { collectedFromMs } = this.pipeline.state.checkpoint;
    return this.errand.share ?? { fromMs: Math.floor(collectedFromMs), toMs: Infinity };
  }

  /** Of an event that is not taken: if another lane has it under way, it keeps the page open; one of this lane keeps an earlier one open. */
  #follow(key: LedgerEntry, page: PageProgress): void {
    const carrier = this.pipeline.underWay.carrierOf(key);
    if (carrier === undefined || carrier === this.#filling || this.#inFlight.has(carrier)) return;
    // What it carried before may be delivered by now.
    if (this.pipeline.state.ledger.has(key)) return;
    carrier.follow(key, page);
    this.#followed.add(carrier);
  }

  /** Events from `from` to before `to` are in the batch being filled. */
  #remember(events: Events, keys: EntryList, { from, to }: Span, page: PageProgress): void {
    const filling = this.#filling;
    if (filling.entries.length === 0) {
      this.#first = { seenAtMs: this.#pageAtMs, happenedAtMs: this.#timeOfLive(events.timestampMs(from)) };
    }
    filling.remember(keys, from, to, page);
    const { lateBeforeMs, isLive } = this.errand;
    // Of a backlog nothing can be late.
    if (lateBeforeMs === -Infinity && isLive !== true) return;
    for (let index = from; index < to; index += 1) {
      const tell = this.#lateness(events, index);
      if (tell !== undefined) filling.onDelivered(filling.entries.length - to + index, tell);
    }
  }

  #timeOfLive(timestampMs = -Infinity): number | undefined {
    return this.errand.isLive === true && timestampMs >= this.errand.lateBeforeMs ? timestampMs : undefined;
  }

  /** Takes down how late an event is, once it is delivered, where that says something about the source. */
  #lateness(events: Events, index: number): (() => void) | undefined {
    const { lateBeforeMs, isLive } = this.errand;
    const timestampMs = events.timestampMs(index);
    if (timestampMs === undefined) return undefined;
    const { source, state, listener } = this.pipeline;
    const isLate = timestampMs < lateBeforeMs;
    if (!isLate && isLive !== true) return undefined;
    const { service = 'unknown' } = events.at(index);
    const latenessMs = Math.max(0, source.now() - timestampMs);
    return () => {
      const recorded = state.lateness.record(service, latenessMs);
      listener({ kind: 'first-seen', service: recorded, latenessMs, isLate });
    };
  }

  async #makeRoom(): Promise<void> {
    if (this.#filling.batch.count === 0) throw new Error('An empty batch is full: the destination breaks its contract');
    await this.#dispatch();
  }

  /**
   * The whole is kept first: never is a trimmed copy all that is left of an event. It is under way alone until that is
   * durable, so that no other page or lane keeps it again.
   */
  async #keepOversized(event: RawEvent, key: EntryList, page: PageProgress): Promise<void> {
    const reduced = this.pipeline.destination.reduce?.(event);
    const reason = `its ${event.bytes.length} bytes exceed what the destination takes`;
    const delivered = reduced === undefined ? {} : ({ delivered: 'trimmed' } as const);
    const carrier = this.#nextBatch();
    this.pipeline.underWay.claim(carrier, key, 0, 1);
    carrier.remember(key, 0, 1, page);
    try {
      await this.#keep([{ kind: 'oversized', id: event.id, reason, event: event.bytes, ...delivered }]);
      const rejections = reduced === undefined ? [{ index: 0, reason }] : [];
      const entries = carrier.settle({ rejections, unsettled: [] });
      if (reduced === undefined) {
        this.#settledEntries.push(entries);
        await this.#commit();
        carrier.release(entries);
      } else {
        await this.#addReduced({ ...event, bytes: reduced }, key, page);
      }
    } finally {
      this.pipeline.underWay.end(carrier);
    }
  }

  async #addReduced(copy: RawEvent, key: EntryList, page: PageProgress): Promise<void> {
    const events = new EventList([copy]);
    let added = this.#filling.batch.add(events, 0, 1);
    if (added === 'full') {
      await this.#dispatch();
      added = this.#filling.batch.add(events, 0, 1);
    }
    if (added !== 1) throw new Error('A reduced event does not fit: the destination breaks its contract');
    this.pipeline.underWay.give(this.#filling, key.at(0));
    this.#remember(events, key, { from: 0, to: 1 }, page);
  }

  #nextBatch(): InFlightBatch<B> {
    const { destination, underWay } = this.pipeline;
    const batch: InFlightBatch<B> = underWay.begin(destination.createBatch(), () => {
      // The other lane must not wait for as long as it may take to fill this one.
      if (batch === this.#filling) void this.#dispatch().catch((error: unknown) => this.#note(error));
    });
    return batch;
  }

  /** Sends the batch being filled on its way, as soon as there is a place, and begins a new one. */
  #dispatch(): Promise<void> {
    if (this.#filling.batch.count === 0) return Promise.resolve();
    // It takes what is filled when there is a place: for all who wait for that.
    return (this.#dispatching ??= this.#dispatchFilled());
  }

  async #dispatchFilled(): Promise<void> {
    // After a failure it is aborted as well: who waits then must not wait for others.
    const leave = await this.#places.enter(this.#reading.signal);
    this.#dispatching = undefined;
    if (this.#deliveryFailed || this.pipeline.stop.requested.aborted) {
      leave();
      throw abortError();
    }
    const batch = this.#filling;
    batch.batch.copyAdded();
    this.#filling = this.#nextBatch();
    const delivery = this.#deliver(batch)
      .catch((error: unknown) => this.#failDelivery(error))
      .finally(() => {
        this.#inFlight.delete(batch);
        leave();
        this.pipeline.underWay.end(batch);
      });
    this.#inFlight.set(batch, delivery);
  }

  async #deliver(batch: InFlightBatch<B>): Promise<void> {
    const { clock, destination, listener, source, stop } = this.pipeline;
    const startedAt = clock.monotonic();
    const { seenAtMs, happenedAtMs } = this.#first;
    const outcome = await this.#keepRejected(batch, await destination.deliver(batch.batch, stop));
    const entries = batch.settle(outcome);
    const events = entries.length - outcome.rejections.length;
    this.#delivered += events;
    if (entries.length > 0) this.#settledEntries.push(entries);
    if (events > 0) {
      const [endedAt, { lane }] = [clock.monotonic(), this.errand];
      const durationMs = endedAt - startedAt;
      const sinceHappenedMs = happenedAtMs === undefined ? undefined : Math.max(0, source.now() - happenedAtMs);
      const freshness = { lane, sinceSeenMs: endedAt - seenAtMs, sinceHappenedMs };
      listener({ kind: 'delivered', events, bytes: batch.batch.bytes, durationMs, freshness });
    }
    if (entries.length > 0) await this.#commit();
    batch.release(entries);
    this.pipeline.underWay.recycle(entries);
    if (outcome.failure !== undefined) this.#failDelivery(outcome.failure);
  }

  /**
   * Keeps what was refused. Where that cannot be done, only the refused are still owed: what was acknowledged must not be
   * sent again for their sake.
   */
  async #keepRejected(batch: InFlightBatch<B>, outcome: DeliveryOutcome): Promise<DeliveryOutcome> {
    const { rejections, unsettled } = outcome;
    if (rejections.length === 0) return outcome;
    const name = this.pipeline.deadLetter.nameBatch();
    try {
      await this.#keep(
        rejections.map(({ index, reason }) => {
          const event = batch.batch.text(index);
          const { id } = eventOf(event, this.pipeline.source.identity) ?? {};
          return { kind: 'refused', id, reason, batch: name, event };
        }),
      );
      return outcome;
    } catch (error) {
      const failure = asError(error);
      return { rejections: [], unsettled: [...unsettled, ...rejections.map(({ index }) => index)], failure };
    }
  }

  async #keep(entries: readonly DeadLetterEntry[]): Promise<void> {
    if (entries.length === 0) return;
    let fresh: readonly DeadLetterEntry[] = [];
    await persist(this.pipeline, async () => {
      fresh = await this.pipeline.deadLetter.write(entries);
    });
    this.#deadLettered += entries.filter(({ delivered }) => delivered === undefined).length;
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
    const { state, listener } = this.pipeline;
    const entries = this.pipeline.underWay.newEntries();
    for (const settled of this.#settledEntries) entries.append(settled);
    this.#settledEntries = [];
    let progress: Progress = { entries, settled: this.#settledRange() };
    const accountedFor = entries.length;
    await persist(this.pipeline, async () => {
      const first = progress;
      // The state takes progress in before it writes: a second try has nothing to add.
      progress = { entries: [], settled: undefined };
      await state.commit(first);
    });
    this.pipeline.underWay.recycle(entries);
    listener(committedEvent(state, { accountedFor, nothingOwedFromMs: this.errand.window.toMs }));
  }

  /**
   * Takes the settled pages from the front; the last instant that one of them names is where the range ends. It begins where
   * the one before ended: what was put back among the owed since lies there, and is for another reading.
   */
  #settledRange(): Settled | undefined {
    let toMs: number | undefined;
    for (let page = this.#pages[0]; page?.read === true && page.open === 0; page = this.#pages[0]) {
      this.#pages.shift();
      toMs = page.settledToMs ?? toMs;
    }
    if (toMs === undefined) return undefined;
    const { lane, window, claim = window, looksBack } = this.errand;
    const fromMs = this.#settledToMs ?? claim.fromMs;
    // Less where the window begins before what may be settled, or a new query a little before the end of the last one.
    this.#settledToMs = Math.max(fromMs, Math.min(toMs, claim.toMs));
    return { lane, fromMs, toMs: this.#settledToMs, ...(looksBack === true && { looksBack }) };
  }

  #failDelivery(error: unknown): void {
    this.#note(error);
    this.#deliveryFailed = true;
    this.#reading.abort();
  }

  /** The first failure is the one that is told. A stop is told as such, whatever it broke on its way. */
  #note(error: unknown): void {
    this.#failure ??= this.pipeline.stop.requested.aborted ? abortError() : asError(error);
  }
}

/** The first event that lies beside a range, no further from it than a window asks more than the range; `to` where none does. */
function firstBeside(keys: EntryList, from: number, to: number, { fromMs, toMs }: Window): number {
  for (let index = from; index < to; index += 1) {
    // That of an event without a time is negative, and far from any range.
    const ms = keys.bucket(index) * BUCKET_MS + keys.place(index);
    if ((ms >= fromMs - 2 && ms < fromMs) || (ms >= toMs && ms < toMs + 2)) return index;
  }
  return to;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new ModuleError('SOURCE_ANSWER_INVALID', String(thrown));
}
