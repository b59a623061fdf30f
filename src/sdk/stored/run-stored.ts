import { DeadLetter } from '../dead-letter/dead-letter.js';
import { abortError, isAbort, ModuleError } from '../errors.js';
import { backoffMs } from '../http/backoff.js';
import { FailureReport } from '../lanes/failure-report.js';
import type { Batch, Destination } from '../pipeline/destination.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { TriggerContext } from '../trigger.js';
import { type ObjectPipeline, ObjectPump } from './object-pump.js';
import { type NoticedObject, type NoticeScope, type ObjectNotice, readNotice } from './object-notice.js';
import type { ObjectStore, StoredObject } from './object-store.js';
import { OtherStream, type OtherStreamOptions } from './other-stream.js';
import { type NextObject, readAhead } from './read-ahead.js';
import type { StoredFault } from './read-stored-events.js';
import type { HeldMessages, MessageQueue, QueueMessage } from './sqs-queue.js';
import { StoredState } from './stored-state.js';

const CYCLE_BACKOFF = { firstDelayMs: 1000, longestDelayMs: 60_000, deadlineMs: Infinity };
/** After a refusal that only an operator can mend. */
const REFUSAL_PAUSE_MS = 120_000;
/** Things that pass by themselves are not an error before they have failed so many cycles in a row. */
const ERROR_AFTER_FAILURES = 3;
/** How long a run that is to end by itself goes on trying. */
const ONCE_PATIENCE_MS = 300_000;
/** An id takes 10 bytes. */
const BYTES_AN_ID = 10;
/** The failures of so many objects in a row are those of the storage. */
const REFUSED_IN_A_ROW = 10;

/** Where an object could not be read, the next listing is no later than so long after the start of this one. */
const UNREAD_AGAIN_MS = 600_000;

/** Why a message is left is told again so often, and of so many reasons it is remembered when. */
const LEFT_AGAIN_MS = 3_600_000;
const MOST_REASONS = 100;

/** Messages that tell of objects, and how to fetch one of them. */
export interface ObjectMessages extends NoticeScope {
  readonly queue: MessageQueue;
  object(noticed: NoticedObject): StoredObject;
}

/** What a trigger for stored objects is made of. */
export interface StoredParts<B extends Batch> {
  readonly store: ObjectStore;
  readonly messages?: ObjectMessages;
  readonly destination: Destination<B>;
  readonly listener: PipelineListener;
  /** From the start of one listing to the start of the next. */
  readonly listEveryMs: number;
  readonly deadLetterLimitBytes: number;
  readonly idLimitBytes: number;
  readonly restore?: (text: Uint8Array) => void;
  /** A stream beside this one, whose events are left to it. */
  readonly other?: Pick<OtherStreamOptions, 'storage' | 'filterOf'>;
}

/**
 * Reads objects of events until stopped: all that a listing shows and that are not finished, again and again, and those that
 * messages name. With `once`, and where nothing can be listed again, until everything that is there was read.
 * @throws ModuleError STATE_CORRUPT or STATE_UNAVAILABLE at the start; STATE_LOCKED; where it is to end, the failure of a cycle
 */
export async function runStored<B extends Batch>(parts: StoredParts<B>, context: TriggerContext): Promise<void> {
  const { log, storage, clock } = context;
  const { store, idLimitBytes, deadLetterLimitBytes: limitBytes, listener, other } = parts;
  const state = await StoredState.open({
    ...{ storage, mostIds: Math.floor(idLimitBytes / BYTES_AN_ID) },
    onForgotten: () =>
      log.warning('The ids of the events that were read first are forgotten, for id_limit is reached', {
        advice: 'Nothing, unless objects that were read long ago are written anew: their events would be sent twice.',
      }),
  });
  if (other === undefined && state.beside !== undefined) {
    log.info('Nothing is left to another connector any more: objects of which events were left to it are read again');
    await state.knowBeside(undefined, true);
  }
  log.info(`Reading ${store.location}`, { finishedObjects: state.objects.size, deliveredIds: state.ids.size });
  const pipeline: ObjectPipeline<B> = {
    ...{ destination: parts.destination, listener, state, ...context },
    deadLetter: new DeadLetter(storage, clock, { limitBytes, listener }),
    ...(parts.restore && { restore: parts.restore }),
    ...(other && { others: new OtherStream({ ...other, clock, state, log }) }),
    onFault: (name, fault) => tellFault(context, name, fault),
  };
  try {
    await new StoredRun(parts, pipeline, context).run();
  } finally {
    store.close();
    parts.messages?.queue.close();
  }
}

class StoredRun<B extends Batch> {
  readonly #report: FailureReport;
  readonly #refusals: FailureReport;
  /** Received, and not done with: a failure that is not theirs is no reason to give them back. */
  #held: HeldMessages | undefined;
  /** Why messages were left, and when that was told last, on the stopwatch. */
  readonly #toldLeft = new Map<string, number>();
  #toldOutside = false;
  #failures = 0;
  #failingSince = 0;
  /** When the last listing began of which everything was delivered: by our clock, and on the stopwatch. */
  #completeToMs: number;
  #listedAt = -Infinity;
  /** So many listings in a row have left objects unread. */
  #unreadListings = 0;
  readonly #ends: boolean;

  constructor(
    private readonly parts: StoredParts<B>,
    private readonly pipeline: ObjectPipeline<B>,
    private readonly context: TriggerContext,
  ) {
    this.#report = new FailureReport(context.log, context.clock);
    this.#refusals = new FailureReport(context.log, context.clock);
    this.#completeToMs = context.clock.now();
    this.#ends = context.once || parts.store.isReadOnce;
  }

  async run(): Promise<void> {
    const { stop, clock } = this.context;
    while (!stop.requested.aborted) {
      const pauseMs = await this.#cycle();
      if (pauseMs === undefined) return;
      await clock.sleep(pauseMs, stop.requested);
    }
  }

  /** @returns how long to pause, milliseconds; undefined at the end */
  async #cycle(): Promise<number | undefined> {
    const { clock, stop, log } = this.context;
    const { listEveryMs, listener } = this.parts;
    const startedAt = clock.monotonic();
    try {
      await this.pipeline.deadLetter.ensureRoom();
      await this.pipeline.others?.begin();
      const isDue = startedAt - this.#listedAt >= listEveryMs;
      if (isDue) await this.#readListing(startedAt);
      const hadMessages = await this.#readMessages();
      this.#failures = 0;
      if (this.#report.clear()) log.info('Collecting again');
      if (this.#ends && !hadMessages) return undefined;
      if (this.parts.messages !== undefined) return 0;
      const delayMs = Math.max(0, this.#listedAt + listEveryMs - clock.monotonic());
      listener({ kind: 'waiting', delayMs });
      return delayMs;
    } catch (error) {
      if (isAbort(error) && stop.requested.aborted) return 0;
      if (!(error instanceof ModuleError)) throw error;
      if (this.#failures === 0) this.#failingSince = startedAt;
      this.#failures += 1;
      if (this.#mustGiveUp(error)) throw error;
      return this.#pauseAfter(error);
    }
  }

  #mustGiveUp(error: ModuleError): boolean {
    const { isReadOnce } = this.parts.store;
    if (error.code === 'STATE_LOCKED' || isReadOnce) return true;
    const failingForMs = this.context.clock.monotonic() - this.#failingSince;
    return this.#ends && (!error.retryable || failingForMs > ONCE_PATIENCE_MS);
  }

  async #readListing(startedAt: number): Promise<void> {
    const { store } = this.parts;
    const { objects } = this.pipeline.state;
    const nowMs = this.context.clock.now();
    const pump = new ObjectPump(this.pipeline, this.#completeToMs);
    const listed = async function* (): AsyncGenerator<StoredObject, void, undefined> {
      if (!store.isReadOnce) objects.beginListing();
      for await (const page of store.list(pump.signal)) {
        if (pump.signal.aborted) throw abortError();
        for (const object of page) if (!objects.see(object.name, object.version)) yield object;
      }
      objects.endListing();
    };
    const { unread } = await this.#read(pump, listed(), 'the next listing');
    this.#unreadListings = unread.size === 0 ? 0 : this.#unreadListings + 1;
    this.#listedAt = startedAt;
    if (unread.size === 0) {
      this.#refusals.clear();
      this.#completeToMs = nowMs;
    } else this.#listedAt -= Math.max(0, this.parts.listEveryMs - UNREAD_AGAIN_MS);
  }

  /** @returns whether there were any */
  async #readMessages(): Promise<boolean> {
    const { messages, listener } = this.parts;
    if (messages === undefined) return false;
    const { clock, stop } = this.context;
    const [nowMs, startedAt] = [clock.now(), clock.monotonic()];
    const held = (this.#held ??= await messages.queue.receive(stop.requested, this.#ends ? 1 : undefined));
    try {
      if (held.messages.length === 0) {
        // For whoever watches: of a queue without messages nothing is owed, and everything that it told of is durable.
        // But for objects that the last listing could not read.
        if (this.#unreadListings === 0) this.#completeToMs = nowMs;
        const owedFromMs = this.#completeToMs;
        const { size: ledgerEvents } = this.pipeline.state.ids;
        listener({ kind: 'committed', owedFromMs, accountedFor: 0, ledgerEvents, provenToMs: undefined });
        listener({ kind: 'caught-up', toMs: owedFromMs, events: 0, durationMs: clock.monotonic() - startedAt });
      } else await this.#readHeld(held, messages);
    } catch (error) {
      if (!this.#isWorthHolding(error)) this.#letGo();
      throw error;
    }
    this.#letGo();
    return held.messages.length > 0;
  }

  async #readHeld(held: HeldMessages, scope: ObjectMessages): Promise<void> {
    const read = held.messages.map((message) => ({ message, notice: readNotice(message.body, scope) }));
    for (const { message, notice } of read) this.#tellLeft(message, notice);
    const { objects } = this.pipeline.state;
    const noticed = async function* (): AsyncGenerator<StoredObject, void, undefined> {
      for (const { notice } of read) {
        if (notice.kind !== 'objects') continue;
        // What is finished in the version of which the message tells is not even opened.
        for (const object of notice.objects) if (!objects.see(object.name, object.version)) yield scope.object(object);
      }
      return Promise.resolve();
    };
    const pump = new ObjectPump(this.pipeline, this.#completeToMs);
    const { unread, gone } = await this.#read(pump, noticed(), 'its next message');
    if (gone.size > 0) {
      this.context.log.warning(`Messages tell of objects that are not there any more: ${[...gone].join(', ')}`, {
        advice: 'Nothing of them was delivered. Let nobody remove or rename objects before they are read.',
      });
    }
    const done = read.filter(({ notice }) => isDone(notice, unread)).map(({ message }) => message);
    await held.remove(done, this.context.stop.forced);
  }

  /**
   * Whether messages are read again with the next try. Where what they tell of cannot be read, others are received meanwhile,
   * unless the run is to end with them.
   */
  #isWorthHolding(error: unknown): boolean {
    return this.#ends || !(error instanceof ModuleError && error.code.startsWith('SOURCE_'));
  }

  #letGo(): void {
    this.#held?.letGo();
    this.#held = undefined;
  }

  /** Reads objects and delivers all of them. @returns the names of those that could not be read, and that are not there */
  async #read(
    pump: ObjectPump<B>,
    objects: AsyncIterable<StoredObject>,
    leftFor: string,
  ): Promise<{ readonly unread: ReadonlySet<string>; readonly gone: ReadonlySet<string> }> {
    const { clock } = this.context;
    const startedAt = clock.monotonic();
    const nowMs = clock.now();
    const [unread, gone] = [new Set<string>(), new Set<string>()];
    let failure: unknown;
    try {
      let inARow = 0;
      for await (const next of readAhead(objects, pump.signal)) {
        const refused = await this.#readObject(pump, next);
        if (refused === 'gone') gone.add(next.object.name);
        inARow = refused instanceof ModuleError ? inARow + 1 : 0;
        if (!(refused instanceof ModuleError)) continue;
        unread.add(next.object.name);
        this.#tellRefused(refused, leftFor);
        if (inARow === REFUSED_IN_A_ROW) throw refused;
        failure ??= this.#ends ? refused : undefined;
      }
    } catch (error) {
      failure = error;
    }
    await pump.finish();
    if (failure !== undefined) throw failure as Error;
    this.parts.listener({
      kind: 'caught-up',
      toMs: unread.size === 0 && this.#unreadListings === 0 ? nowMs : this.#completeToMs,
      events: pump.delivered,
      durationMs: clock.monotonic() - startedAt,
    });
    return { unread, gone };
  }

  /** @returns why the object cannot be read, where it is at fault itself and others may be read */
  async #readObject(pump: ObjectPump<B>, next: NextObject): Promise<ModuleError | 'gone' | undefined> {
    try {
      const object = await next.opened();
      if (object === undefined) return 'gone';
      if (this.pipeline.state.objects.see(object.name, object.version)) object.close();
      else await pump.read(object);
      return undefined;
    } catch (error) {
      if (error instanceof ModuleError && OF_ONE_OBJECT.includes(error.code)) return error;
      throw error;
    }
  }

  #tellRefused(error: ModuleError, leftFor: string): void {
    const { code, advice = '' } = error;
    const line = `${error.message}: left for ${leftFor}, as are others that cannot be read. ${advice}`.trim();
    const level = this.#unreadListings < ERROR_AFTER_FAILURES - 1 ? 'warning' : 'error';
    this.#refusals.tell(error, line, { level, fields: { code } });
  }

  /** Each reason once, and again only after an hour: what is left comes again and again. */
  #tellLeft({ id }: QueueMessage, notice: ObjectNotice): void {
    const { log, clock } = this.context;
    if (notice.kind === 'outside' && !this.#toldOutside) {
      this.#toldOutside = true;
      log.warning(`Messages about objects outside of prefix are removed, such as one about ${notice.name}`, {
        advice: 'Give the notification of the bucket the same prefix. Nobody else may need the messages of this queue.',
      });
    }
    if (notice.kind !== 'unknown') return;
    const { reason } = notice;
    const now = clock.monotonic();
    const isNews = now - (this.#toldLeft.get(reason) ?? -Infinity) >= LEFT_AGAIN_MS;
    if (isNews && this.#toldLeft.size >= MOST_REASONS) this.#toldLeft.clear();
    if (isNews) this.#toldLeft.set(reason, now);
    const advice = 'It is left in the queue, whose redrive policy decides what becomes of it.';
    log[isNews ? 'warning' : 'debug'](`A message of the queue is not understood: ${reason}. ${advice}`, {
      ...{ code: 'SOURCE_ANSWER_INVALID', messageId: id },
    });
  }

  #pauseAfter(error: ModuleError): number {
    const { random } = this.context;
    const mayPass = error.retryable || error.code === 'DESTINATION_REFUSES_EVENT';
    const delayMs = mayPass
      ? Math.max(backoffMs(CYCLE_BACKOFF, this.#failures, random), error.retryAfterMs ?? 0)
      : REFUSAL_PAUSE_MS;
    const text = [error.message.replace(/\.?$/, '.'), error.advice ?? ''].join(' ').trim();
    const level = !mayPass ? 'critical' : this.#failures < ERROR_AFTER_FAILURES ? 'warning' : 'error';
    this.#report.tell(error, `${text} Next try in ${Math.round(delayMs / 1000)} s`, {
      level,
      fields: { code: error.code },
    });
    this.parts.listener({ kind: 'cycle-failed', error, delayMs });
    return delayMs;
  }
}

/** Failures of one object: the others may be read. */
const OF_ONE_OBJECT: readonly string[] = [
  ...['SOURCE_ROLE_REFUSED', 'SOURCE_ANSWER_INVALID', 'SOURCE_REQUEST_REFUSED', 'SOURCE_UNAVAILABLE'],
];

/** A message may go once every object that it names is finished, or gone. */
function isDone(notice: ObjectNotice, unread: ReadonlySet<string>): boolean {
  if (notice.kind === 'objects') return notice.objects.every(({ name }) => !unread.has(name));
  return notice.kind !== 'unknown';
}

function tellFault({ log }: TriggerContext, name: string, { offset, end, reason, rest }: StoredFault): void {
  const what = rest === 'end' ? 'nothing behind it can be read' : `${end - offset} bytes are left out`;
  log.warning(`${name} is damaged at byte ${offset} of its content: ${reason}; ${what}`, {
    advice: 'Everything else of it is delivered. Write the object anew, and what is missing is delivered.',
  });
}
