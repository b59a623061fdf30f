import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { abortError, ModuleError } from '../errors.js';
import { answerExcerpt, readBytes } from '../http/body.js';
import { brokenOff, exchange } from '../http/exchange.js';
import { type HeldSettings, unchanging } from '../held-settings.js';
import { Hold } from '../http/hold.js';
import { retry } from '../http/retry.js';
import { trimEvent } from '../json/trim-event.js';
import { type Redactor, redactor } from '../observability/redactor.js';
import type { DeliveryOutcome } from '../outcome.js';
import type { DeliverySignals, Destination } from '../pipeline/destination.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { RawEvent } from '../pipeline/raw-event.js';
import type { Clock, HttpRequest, HttpResponse, HttpTransport, Random } from '../ports.js';
import { BODY_FORMS, type BodyForm } from './body-form.js';
import { isIdForEach } from './id-for-each.js';
import { readIntakeAnswer, type Verdict } from './intake-answer.js';
import { IntakeBatch } from './intake-batch.js';
import { BODY_BYTES, MAX_EVENT_BYTES } from './limits.js';
import { Narrowing } from './narrowing.js';
import { SpareBodies } from './spare-bodies.js';
import { Suspects } from './suspects.js';

const compress = promisify(gzip);

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 10_000;
const TIMEOUT_MS = 30_000;
/** Memory of longer answers is not kept for those to come: an id for each event takes some 40 bytes. */
const LONGEST_SPARE_ANSWER_BYTES = 256 * 1024;
/** How long a batch of which every event was refused waits for another one to be accepted. */
const EVIDENCE_WAIT_MS = 5_000;
/**
 * So many server errors in a row for the same events: they may be what breaks the intake. Smaller requests will tell, and
 * cost nothing more than trying the same again.
 */
const ERRORS_BEFORE_NARROWING = 5;
/** An answer that acknowledges too few may mean any of them: in few, small parts, so that little is sent twice. */
const PARTS_OF_AMBIGUOUS = 16;

export interface IntakeOptions {
  /** Base URL of the intake, without the path of a form. */
  readonly url: string;
  readonly intakeKey: string;
  /** The key of now, where it may be replaced. Default: always the same. */
  readonly key?: HeldSettings<string>;
  /** How several events stand in a request. Default: json. */
  readonly form?: keyof typeof BODY_FORMS;
  /** Requests are compressed with gzip. */
  readonly isCompressed?: boolean;
  /** Events in a batch at the most; bytes usually decide before. */
  readonly maxEvents: number;
  /** Bytes of one event at the most; what the intake is known to take where it is not given. */
  readonly maxEventBytes?: number;
  /**
   * Where it is given, a trimmed copy is sent of an event that is too large, these members of its top level kept whole.
   */
  readonly protectedMembers?: readonly string[];
  /** How long a failing push is tried again before it is reported, milliseconds. */
  readonly retryForMs: number;
  readonly userAgent: string;
  readonly transport: HttpTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener?: PipelineListener;
  /** Memory of delivered batches, shared with other destinations. Default: of its own. */
  readonly spareBodies?: SpareBodies;
}

/** What one request did to the events it carried. */
type Posted =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'verdicts'; readonly verdicts: readonly Verdict[] }
  /** Refused as a whole, perhaps because of one event in it. */
  | { readonly kind: 'refused'; readonly error: ModuleError; readonly parts: number };

/**
 * The Sekoia intake, `POST <url>/batch` or `POST <url>/plain/batch`, answered by `{"event_ids": […]}` (Sekoia.io documentation of the HTTP intake, and the platform's Python SDK).
 */
export class IntakeDestination implements Destination<IntakeBatch> {
  readonly #form: BodyForm;
  readonly #endpoint: string;
  readonly #key: HeldSettings<string>;
  readonly #hold: Hold;
  /** Requests sent so far; each is known by its number. */
  #requests = 0;
  /** The latest request of which an event was accepted. */
  #lastAccepted = 0;
  readonly #onAccepted = new Set<() => void>();
  readonly #suspects = new Suspects();
  readonly #spareBodies: SpareBodies;
  /** Memory that answers were read into. */
  readonly #spareAnswers: Buffer[] = [];

  constructor(private readonly options: IntakeOptions) {
    this.#hold = new Hold(options.clock);
    this.#form = BODY_FORMS[options.form ?? 'json'];
    this.#endpoint = `${options.url.replace(/\/+$/, '')}${this.#form.path}`;
    this.#key = options.key ?? unchanging(options.intakeKey);
    this.#spareBodies = options.spareBodies ?? new SpareBodies();
  }

  createBatch(): IntakeBatch {
    const { intakeKey, maxEvents, maxEventBytes } = this.options;
    const eventBytes = maxEventBytes ?? MAX_EVENT_BYTES;
    const limits = { events: maxEvents, requestBytes: BODY_BYTES, eventBytes };
    return new IntakeBatch(intakeKey, { limits, form: this.#form, memory: () => this.#spareBodies.take() });
  }

  reduce({ bytes }: RawEvent): Uint8Array | undefined {
    const { protectedMembers, maxEventBytes: limitBytes = MAX_EVENT_BYTES } = this.options;
    return protectedMembers && trimEvent(bytes, { limitBytes, protectedMembers });
  }

  /**
   * A request that the intake refuses because of an event in it is narrowed down by halves to that event. Only where
   * others were accepted, of this batch or of another one sent after it, is the event itself at fault; where every
   * single one is refused, nothing is rejected and the failure is the destination's.
   */
  async deliver(batch: IntakeBatch, signals: DeliverySignals): Promise<DeliveryOutcome> {
    const { clock, random, retryForMs, listener } = this.options;
    const narrowing = new Narrowing(batch.count, random);
    try {
      await retry(() => this.#settleOrJudge(batch, narrowing, signals), {
        policy: { firstDelayMs: FIRST_DELAY_MS, longestDelayMs: LONGEST_DELAY_MS, deadlineMs: retryForMs },
        clock,
        random,
        requested: signals.requested,
        onRetry: (failure) => listener?.({ kind: 'retrying', side: 'destination', ...failure }),
      });
      const outcome = narrowing.outcome(undefined);
      // After a request that failed, a connection may still be sending from the body.
      if (narrowing.requests === 1 && outcome.rejections.length === 0) this.#spareBodies.give(batch.memory);
      return outcome;
    } catch (error) {
      // What was acknowledged before stays acknowledged: a failure is part of the outcome, not instead of it.
      return narrowing.outcome(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /**
   * Where every event was refused, the destination may be at fault. It is not where it accepted another event after it had
   * refused one of these first, in an earlier delivery; or where another batch shows so within a moment.
   */
  async #settleOrJudge(batch: IntakeBatch, narrowing: Narrowing, signals: DeliverySignals): Promise<void> {
    try {
      await this.#settle(batch, narrowing, signals);
    } catch (error) {
      if (!narrowing.refusesEverything) throw error;
      const suspects = narrowing.suspects.map((index) => batch.text(index));
      const worksSince = suspects.some((text) => this.#lastAccepted > (this.#suspects.refusedBy(text) ?? Infinity));
      for (const text of suspects) this.#suspects.note(text, this.#requests);
      if (!worksSince && !(await this.#acceptsAfter(this.#requests, signals.requested))) throw error;
      narrowing.trustDestination();
      await this.#settle(batch, narrowing, signals);
      for (const text of suspects) this.#suspects.clear(text);
    }
  }

  /** Whether, within a few seconds, an event is accepted in a request sent after the `request`-th. */
  async #acceptsAfter(request: number, signal: AbortSignal): Promise<boolean> {
    const waiting = new AbortController();
    const look = (): void => {
      if (this.#lastAccepted > request || signal.aborted) waiting.abort();
    };
    this.#onAccepted.add(look);
    signal.addEventListener('abort', look);
    look();
    await this.options.clock.sleep(EVIDENCE_WAIT_MS, waiting.signal);
    this.#onAccepted.delete(look);
    signal.removeEventListener('abort', look);
    return this.#lastAccepted > request;
  }

  /** Works through what is not settled yet. Rejects where a request failed; called again, it goes on from there. */
  async #settle(batch: IntakeBatch, narrowing: Narrowing, signals: DeliverySignals): Promise<void> {
    narrowing.takeUpPostponed();
    for (let indexes = narrowing.next(); indexes !== undefined; indexes = narrowing.next()) {
      await this.#hold.over(signals.requested);
      if (this.#hold.leftMs > 0) throw abortError();
      narrowing.requests += 1;
      const posted = await this.#postOrNarrow(batch, narrowing, indexes, signals.forced);
      if (posted.kind === 'accepted') narrowing.accept(indexes);
      else if (posted.kind === 'verdicts') narrowing.record(indexes, posted.verdicts);
      else narrowing.refuse(indexes, posted.error, posted.parts);
      if (posted.kind === 'refused' && signals.requested.aborted) throw abortError();
    }
    if (narrowing.postponed > 0) {
      throw new ModuleError('DESTINATION_UNAVAILABLE', `The intake put off ${narrowing.postponed} events`);
    }
  }

  /**
   * A request that keeps being answered by a server error is refused in the end, so that one event cannot block all the
   * others: a larger one at any rate, a single event only where others were accepted after its trouble began. An outage
   * is nobody's fault.
   */
  async #postOrNarrow(
    batch: IntakeBatch,
    narrowing: Narrowing,
    indexes: readonly number[],
    signal: AbortSignal,
  ): Promise<Posted> {
    try {
      const posted = await this.#postWithKey(batch, narrowing, indexes, signal);
      narrowing.serverErrors = 0;
      return posted;
    } catch (error) {
      if (!(error instanceof ModuleError) || error.status === undefined || error.status < 500) throw error;
      const [first = 0] = indexes;
      const since = indexes.length === 1 ? narrowing.troubledSince(first, this.#requests) : Infinity;
      narrowing.serverErrors += 1;
      if (narrowing.serverErrors >= ERRORS_BEFORE_NARROWING) {
        narrowing.serverErrors = 0;
        if (this.#lastAccepted > since) narrowing.trustDestination();
        if (indexes.length > 1 || this.#lastAccepted > since) narrowing.refuse(indexes, error);
        else narrowing.moveLast();
      }
      throw error;
    }
  }

  /** Where the key is refused and there is another one by then, the request is sent once more with that. */
  async #postWithKey(
    batch: IntakeBatch,
    narrowing: Narrowing,
    indexes: readonly number[],
    signal: AbortSignal,
  ): Promise<Posted> {
    const key = await this.#key.latest();
    try {
      return await this.#post(batch, indexes, { key, signal });
    } catch (error) {
      if (!(error instanceof ModuleError) || (error.status !== 401 && error.status !== 403)) throw error;
      await this.#key.refresh();
      const another = await this.#key.latest();
      if (another === key) throw error;
      narrowing.requests += 1;
      return this.#post(batch, indexes, { key: another, signal });
    }
  }

  async #post(
    batch: IntakeBatch,
    indexes: readonly number[],
    { key, signal }: { readonly key: string; readonly signal: AbortSignal },
  ): Promise<Posted> {
    const { isCompressed = false, userAgent } = this.options;
    // A refusal may quote the request, which holds the key.
    const redact: Redactor = (text) => redactor([key])(text);
    const body = batch.body(indexes, key);
    const request: HttpRequest = {
      method: 'POST',
      url: this.#endpoint,
      headers: {
        'content-type': this.#form.contentType,
        ...(isCompressed && { 'content-encoding': 'gzip' }),
        accept: 'application/json',
        'user-agent': userAgent,
        ...this.#form.headers(key),
      },
      body: isCompressed ? await compress(body) : body,
      headersTimeoutMs: TIMEOUT_MS,
      bodyTimeoutMs: TIMEOUT_MS,
      signal,
    };
    const { transport, clock } = this.options;
    const number = (this.#requests += 1);
    const response = await exchange(transport, request, {
      side: 'destination',
      nowMs: clock.now(),
      redact,
    }).catch((error: unknown) => {
      // What the intake asks of one request it asks of all.
      if (error instanceof ModuleError && error.retryAfterMs !== undefined) this.#hold.extend(error.retryAfterMs);
      throw error;
    });
    const answer = await readBytes(response, this.#spareAnswers.pop()).catch((cause: unknown) => {
      // Whether the events were taken is not known; at least once means they are sent again.
      throw signal.aborted ? cause : brokenOff(request, response, 'destination', cause);
    });
    const posted = interpret(response, answer, { count: indexes.length, redact });
    if (answer.buffer.byteLength <= LONGEST_SPARE_ANSWER_BYTES) this.#spareAnswers.push(Buffer.from(answer.buffer));
    if (acceptsAny(posted)) this.#noteAccepted(number);
    return posted;
  }

  #noteAccepted(request: number): void {
    this.#lastAccepted = Math.max(this.#lastAccepted, request);
    for (const look of this.#onAccepted) look();
  }
}

function acceptsAny(posted: Posted): boolean {
  if (posted.kind === 'verdicts') return posted.verdicts.some(({ kind }) => kind === 'accepted');
  return posted.kind === 'accepted';
}

/**
 * What an answer that is not worth a blind retry says.
 * @throws ModuleError DESTINATION_REFUSED where no event could be delivered now, DESTINATION_ANSWER_INVALID where the
 *   intake says yes without acknowledging
 */
function interpret(
  { status }: HttpResponse,
  answer: Buffer,
  { count, redact }: { readonly count: number; readonly redact: Redactor },
): Posted {
  const isSuccess = status >= 200 && status < 300;
  if (isSuccess && isIdForEach(answer, count)) return { kind: 'accepted' };
  const text = redact(answer.toString('utf8'));
  if (isSuccess) return interpretSuccess(status, text, count);
  const error = refusal(status, text);
  if (status === 400 || status === 413 || status === 422) return { kind: 'refused', error, parts: 2 };
  throw error;
}

function interpretSuccess(status: number, text: string, count: number): Posted {
  const answer = readIntakeAnswer(text, count);
  if (answer.kind === 'accepted' || answer.kind === 'verdicts') return answer;
  const what = answer.kind === 'ambiguous' ? `${answer.acknowledged} event ids for ${count} events` : answer.reason;
  const error = new ModuleError('DESTINATION_ANSWER_INVALID', `The intake answered ${status} with ${what}`, {
    status,
    advice: 'Check that the intake server is a Sekoia.io intake, and that no proxy answers in its place.',
  });
  if (answer.kind === 'invalid') throw error;
  // Which ones it took is not said. Smaller requests will tell; sending some twice is better than losing one.
  return { kind: 'refused', error, parts: PARTS_OF_AMBIGUOUS };
}

const ADVICE: Readonly<Record<number, string>> = {
  401: 'Check the intake key: the intake does not know it.',
  403: 'Check the intake key: it may have been revoked, or belong to another region.',
  404: 'Check the intake server: its address has no /batch, or no /plain/batch.',
};

function refusal(status: number, text: string): ModuleError {
  const excerpt = answerExcerpt(text);
  return new ModuleError(
    'DESTINATION_REFUSED',
    `The intake answered ${status}${excerpt === '' ? '' : `: ${excerpt}`}`,
    { status, advice: ADVICE[status] ?? 'Check the intake server and the intake key.' },
  );
}
