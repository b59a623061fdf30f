import type { DeliveryState } from '../checkpoint/delivery-state.js';
import type { DeadLetter, DeadLetterEntry } from '../dead-letter/dead-letter.js';
import { abortError, isAbort, ModuleError } from '../errors.js';
import { retry } from '../http/retry.js';
import { HashSet } from '../ledger/hash-set.js';
import { Ledger, type LedgerKey } from '../ledger/ledger.js';
import type { DeliveryOutcome } from '../outcome.js';
import type { Clock, Random } from '../ports.js';
import type { Stop } from '../stop.js';
import type { Batch, Destination } from './destination.js';
import { InFlightBatch, type PageProgress } from './in-flight-batch.js';
import type { PipelineListener } from './pipeline-event.js';
import type { Page, RawEvent, Source, Window } from './source.js';

export interface PumpOptions<B extends Batch> {
  readonly source: Source;
  readonly destination: Destination<B>;
  readonly state: DeliveryState;
  readonly deadLetter: DeadLetter;
  readonly clock: Clock;
  readonly random: Random;
  readonly stop: Stop;
  readonly listener: PipelineListener;
  /** Batches under way at the most, from the first try until they are committed. */
  readonly parallelDeliveries: number;
}

/**
 * Moves one window from the source to the destination: takes pages, drops what the ledger has, fills batches, delivers
 * several at once, waits for every outcome, and commits, in the order of reading, what is settled.
 *
 * A batch gives its place to the next one only when its outcome is durable. So a crash repeats at most the batches that
 * were under way, and state that cannot be written stops delivery instead of being outrun by it.
 *
 * @returns how many events were delivered, once everything visible in the window was
 * @throws ModuleError the first failure of either side, after all else under way has settled; an AbortError after a stop
 */
export function pumpWindow<B extends Batch>(window: Window, options: PumpOptions<B>): Promise<number> {
  return new WindowRun(window, options).run();
}

class WindowRun<B extends Batch> {
  /** Aborts the reading when the delivery failed, or when a stop was requested. */
  readonly #reading = new AbortController();
  readonly #pages: PageProgress[] = [];
  readonly #inFlight = new Map<InFlightBatch<B>, Promise<void>>();
  #filling: InFlightBatch<B>;
  /** Settled, not yet handed to a commit. */
  #settledKeys: LedgerKey[] = [];
  /** Events too large for any batch that are in the dead letter already. */
  readonly #kept = new HashSet();
  #lastCommit: Promise<void> = Promise.resolve();
  #nextCommit: Promise<void> | undefined;
  #failure: Error | undefined;
  #deliveryFailed = false;
  #delivered = 0;

  constructor(
    private readonly window: Window,
    private readonly options: PumpOptions<B>,
  ) {
    this.#filling = new InFlightBatch(options.destination.createBatch());
  }

  async run(): Promise<number> {
    const { requested } = this.options.stop;
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
    }
    await Promise.all(this.#inFlight.values());
    await this.#finish();
    return this.#delivered;
  }

  /** @returns the instant up to which the source has shown everything, epoch milliseconds */
  async #readAll(): Promise<number> {
    const reader = this.options.source.read(this.window, this.#reading.signal);
    try {
      for (let next = await reader.next(); ; next = await reader.next()) {
        if (this.#reading.signal.aborted) throw abortError();
        if (next.done === true) return next.value;
        await this.#take(next.value);
      }
    } finally {
      // A no-op after its end; otherwise it lets go of the connection.
      await reader.return(this.window.fromMs);
    }
  }

  /** The source failed: what it gave before is good. After a stop, or a failed delivery, it is left owed. */
  async #deliverWhatWasRead(error: unknown): Promise<void> {
    this.#note(error);
    if (!isAbort(error)) await this.#dispatch().catch((abort: unknown) => this.#note(abort));
  }

  /** Commits the rest: of a window that failed, what was settled before. */
  async #finish(): Promise<void> {
    if (this.#failure === undefined || this.#settledKeys.length > 0) await this.#commit();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #take(page: Page): Promise<void> {
    const { state, source, listener } = this.options;
    const progress: PageProgress = { open: 0, read: false, settledToMs: page.settledToMs };
    this.#pages.push(progress);
    let [repeated, bytes] = [0, 0];
    for (const event of page.events) {
      const key = Ledger.keyOf(event, source.now());
      bytes += event.bytes.length;
      if (state.ledger.has(key) || this.#isUnderWay(key)) {
        repeated += 1;
        continue;
      }
      const added = this.#filling.batch.add(event);
      if (added === 'added') this.#filling.remember(key, event.id, progress);
      else if (added === 'full') await this.#addToNext(event, key, progress);
      else await this.#keepOversized(event, key, progress);
    }
    progress.read = true;
    listener({ kind: 'read', events: page.events.length, repeated, bytes });
  }

  #isUnderWay(key: LedgerKey): boolean {
    if (this.#filling.has(key) || this.#kept.has(key)) return true;
    for (const batch of this.#inFlight.keys()) if (batch.has(key)) return true;
    return false;
  }

  async #addToNext(event: RawEvent, key: LedgerKey, page: PageProgress): Promise<void> {
    await this.#dispatch();
    const added = this.#filling.batch.add(event);
    if (added === 'full') throw new Error('An empty batch is full: the destination breaks its contract');
    if (added === 'oversized') await this.#keepOversized(event, key, page);
    else this.#filling.remember(key, event.id, page);
  }

  /** The whole is kept first: never is a trimmed copy all that is left of an event. */
  async #keepOversized(event: RawEvent, key: LedgerKey, page: PageProgress): Promise<void> {
    const reduced = this.options.destination.reduce?.(event);
    const reason = `its ${event.bytes.length} bytes exceed what the destination takes`;
    const delivered = reduced === undefined ? {} : ({ delivered: 'trimmed' } as const);
    await this.#keep([{ kind: 'oversized', id: event.id, reason, event: event.bytes, ...delivered }]);
    if (reduced === undefined) {
      this.#settledKeys.push(key);
      this.#kept.add(key);
      return;
    }
    const copy = { ...event, bytes: reduced };
    let added = this.#filling.batch.add(copy);
    if (added === 'full') {
      await this.#dispatch();
      added = this.#filling.batch.add(copy);
    }
    if (added !== 'added') throw new Error('A reduced event does not fit: the destination breaks its contract');
    this.#filling.remember(key, event.id, page);
  }

  /** Sends the batch being filled on its way, as soon as there is a place, and begins a new one. */
  async #dispatch(): Promise<void> {
    if (this.#filling.batch.count === 0) return;
    while (this.#inFlight.size >= this.options.parallelDeliveries) await Promise.race(this.#inFlight.values());
    if (this.#deliveryFailed || this.options.stop.requested.aborted) throw abortError();
    const batch = this.#filling;
    this.#filling = new InFlightBatch(this.options.destination.createBatch());
    const delivery = this.#deliver(batch)
      .catch((error: unknown) => this.#failDelivery(error))
      .finally(() => this.#inFlight.delete(batch));
    this.#inFlight.set(batch, delivery);
  }

  async #deliver(batch: InFlightBatch<B>): Promise<void> {
    const { clock, destination, listener, stop } = this.options;
    const startedAt = clock.monotonic();
    const outcome = await this.#keepRejected(batch, await destination.deliver(batch.batch, stop));
    const keys = batch.settle(outcome.unsettled);
    const events = keys.length - outcome.rejections.length;
    this.#delivered += events;
    this.#settledKeys.push(...keys);
    if (events > 0) {
      listener({ kind: 'delivered', events, bytes: batch.batch.bytes, durationMs: clock.monotonic() - startedAt });
    }
    if (keys.length > 0) await this.#commit();
    if (outcome.failure !== undefined) this.#failDelivery(outcome.failure);
  }

  /**
   * Keeps what was refused. Where that cannot be done, only the refused are still owed: what was acknowledged must not be
   * sent again for their sake.
   */
  async #keepRejected(batch: InFlightBatch<B>, outcome: DeliveryOutcome): Promise<DeliveryOutcome> {
    const { rejections, unsettled } = outcome;
    if (rejections.length === 0) return outcome;
    const name = this.options.deadLetter.nameBatch();
    try {
      await this.#keep(
        rejections.map(({ index, reason }) => ({
          ...{ kind: 'refused', id: batch.id(index), reason, batch: name },
          event: batch.batch.text(index),
        })),
      );
      return outcome;
    } catch (error) {
      const failure = asError(error);
      return { rejections: [], unsettled: [...unsettled, ...rejections.map(({ index }) => index)], failure };
    }
  }

  async #keep(entries: readonly DeadLetterEntry[]): Promise<void> {
    let fresh: readonly DeadLetterEntry[] = [];
    await this.#persist(async () => {
      fresh = await this.options.deadLetter.write(entries);
    });
    for (const { id, reason, event, delivered } of fresh) {
      const how = delivered === undefined ? {} : { delivered };
      this.options.listener({ kind: 'dead-lettered', id, reason, bytes: event.length, ...how });
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
    const { state, listener } = this.options;
    let progress = { keys: this.#settledKeys, settled: this.#settledRange() };
    this.#settledKeys = [];
    const acknowledged = progress.keys.length;
    await this.#persist(async () => {
      const first = progress;
      // The state takes progress in before it writes: a second try has nothing to add.
      progress = { keys: [], settled: undefined };
      await state.commit(first);
    });
    listener({ kind: 'committed', owedFromMs: state.owed.fromMs ?? this.window.toMs, acknowledged });
  }

  /** Takes the settled pages from the front; the last instant that one of them names is where the range ends. */
  #settledRange(): Window | undefined {
    let toMs: number | undefined;
    for (let page = this.#pages[0]; page?.read === true && page.open === 0; page = this.#pages[0]) {
      this.#pages.shift();
      toMs = page.settledToMs ?? toMs;
    }
    return toMs === undefined ? undefined : { fromMs: this.window.fromMs, toMs: Math.min(toMs, this.window.toMs) };
  }

  /** Writes state, trying again until it can be written or a stop is requested: until then nothing moves on. */
  #persist(write: () => Promise<void>): Promise<void> {
    const { clock, random, stop, listener } = this.options;
    return retry(write, {
      policy: { firstDelayMs: 1000, longestDelayMs: 10_000, deadlineMs: Infinity },
      clock,
      random,
      requested: stop.requested,
      onRetry: (failure) => listener({ kind: 'retrying', side: 'state', ...failure }),
    });
  }

  #failDelivery(error: unknown): void {
    this.#note(error);
    this.#deliveryFailed = true;
    this.#reading.abort();
  }

  /** The first failure is the one that is told. A stop is told as such, whatever it broke on its way. */
  #note(error: unknown): void {
    this.#failure ??= this.options.stop.requested.aborted ? abortError() : asError(error);
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new ModuleError('SOURCE_ANSWER_INVALID', String(thrown));
}
