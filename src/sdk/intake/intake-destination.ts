import { abortError, ModuleError } from '../errors.js';
import { answerExcerpt, readText } from '../http/body.js';
import { brokenOff, exchange } from '../http/exchange.js';
import { retry } from '../http/retry.js';
import { redactor, type Redactor } from '../observability/redactor.js';
import type { DeliveryOutcome } from '../outcome.js';
import type { DeliverySignals, Destination } from '../pipeline/destination.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { Clock, HttpRequest, HttpResponse, HttpTransport, Random } from '../ports.js';
import { readIntakeAnswer, type Verdict } from './intake-answer.js';
import { IntakeBatch } from './intake-batch.js';
import { MAX_REQUEST_BYTES } from './limits.js';
import { Narrowing } from './narrowing.js';

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 10_000;
const TIMEOUT_MS = 30_000;

export interface IntakeOptions {
  /** Base URL of the intake, without `/batch`. */
  readonly url: string;
  readonly intakeKey: string;
  /** Events in a batch at the most; bytes usually decide before. */
  readonly maxEvents: number;
  /** How long a failing push is tried again before it is reported, milliseconds. */
  readonly retryForMs: number;
  readonly userAgent: string;
  readonly transport: HttpTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener?: PipelineListener;
}

/** What one request did to the events it carried. */
type Posted =
  | { readonly kind: 'verdicts'; readonly verdicts: readonly Verdict[] }
  /** Refused as a whole, perhaps because of one event in it. */
  | { readonly kind: 'refused'; readonly error: ModuleError };

/**
 * The Sekoia intake, `POST <url>/batch`: `{"intake_key", "jsons": [text of an event, …]}`, answered by
 * `{"event_ids": […]}` (Sekoia.io documentation of the HTTP intake, and the platform's Python SDK).
 */
export class IntakeDestination implements Destination<IntakeBatch> {
  readonly #endpoint: string;
  /** A refusal may quote the request, which holds the key. */
  readonly #redact: Redactor;

  constructor(private readonly options: IntakeOptions) {
    this.#endpoint = `${options.url.replace(/\/+$/, '')}/batch`;
    this.#redact = redactor([options.intakeKey]);
  }

  createBatch(): IntakeBatch {
    return new IntakeBatch(this.options.intakeKey, { events: this.options.maxEvents, requestBytes: MAX_REQUEST_BYTES });
  }

  /**
   * A request that the intake refuses because of an event in it is narrowed down by halves to that event. Only where
   * other events of the batch were accepted is the event itself at fault; where every single one is refused, nothing is
   * rejected and the failure is the destination's.
   */
  async deliver(batch: IntakeBatch, signals: DeliverySignals): Promise<DeliveryOutcome> {
    const { clock, random, retryForMs, listener } = this.options;
    const narrowing = new Narrowing(batch.count);
    try {
      await retry(() => this.#settle(batch, narrowing, signals), {
        policy: { firstDelayMs: FIRST_DELAY_MS, longestDelayMs: LONGEST_DELAY_MS, deadlineMs: retryForMs },
        clock,
        random,
        requested: signals.requested,
        onRetry: (failure) => listener?.({ kind: 'retrying', side: 'destination', ...failure }),
      });
      return narrowing.outcome(undefined);
    } catch (error) {
      // What was acknowledged before stays acknowledged: a failure is part of the outcome, not instead of it.
      return narrowing.outcome(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Works through what is not settled yet. Rejects where a request failed; called again, it goes on from there. */
  async #settle(batch: IntakeBatch, narrowing: Narrowing, signals: DeliverySignals): Promise<void> {
    narrowing.takeUpPostponed();
    for (let indexes = narrowing.next(); indexes !== undefined; indexes = narrowing.next()) {
      const posted = await this.#post(batch, indexes, signals.forced);
      if (posted.kind === 'verdicts') narrowing.record(indexes, posted.verdicts);
      else narrowing.refuse(indexes, posted.error);
      if (posted.kind === 'refused' && signals.requested.aborted) throw abortError();
    }
    if (narrowing.postponed > 0) {
      throw new ModuleError('DESTINATION_UNAVAILABLE', `The intake put off ${narrowing.postponed} events`);
    }
  }

  async #post(batch: IntakeBatch, indexes: readonly number[], signal: AbortSignal): Promise<Posted> {
    const request: HttpRequest = {
      method: 'POST',
      url: this.#endpoint,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'user-agent': this.options.userAgent,
      },
      body: batch.body(indexes),
      headersTimeoutMs: TIMEOUT_MS,
      bodyTimeoutMs: TIMEOUT_MS,
      signal,
    };
    const { transport, clock } = this.options;
    const response = await exchange(transport, request, {
      side: 'destination',
      nowMs: clock.now(),
      redact: this.#redact,
    });
    const text = await readText(response).catch((cause: unknown) => {
      // Whether the events were taken is not known; at least once means they are sent again.
      throw signal.aborted ? cause : brokenOff(request, response, 'destination', cause);
    });
    return interpret(response, this.#redact(text), indexes.length);
  }
}

/**
 * What an answer that is not worth a blind retry says.
 * @throws ModuleError DESTINATION_REFUSED where no event could be delivered now, DESTINATION_ANSWER_INVALID where the
 *   intake says yes without acknowledging
 */
function interpret({ status }: HttpResponse, text: string, count: number): Posted {
  if (status >= 200 && status < 300) return interpretSuccess(status, text, count);
  const error = refusal(status, text);
  if (status === 400 || status === 413 || status === 422) return { kind: 'refused', error };
  throw error;
}

function interpretSuccess(status: number, text: string, count: number): Posted {
  const answer = readIntakeAnswer(text, count);
  if (answer.kind === 'verdicts') return answer;
  const what = answer.kind === 'ambiguous' ? `${answer.acknowledged} event ids for ${count} events` : answer.reason;
  const error = new ModuleError('DESTINATION_ANSWER_INVALID', `The intake answered ${status} with ${what}`, {
    status,
    advice: 'Check that the intake server is a Sekoia.io intake, and that no proxy answers in its place.',
  });
  if (answer.kind === 'invalid') throw error;
  // Which ones it took is not said. Smaller requests will tell; sending some twice is better than losing one.
  return { kind: 'refused', error };
}

const ADVICE: Readonly<Record<number, string>> = {
  401: 'Check the intake key: the intake does not know it.',
  403: 'Check the intake key: it may have been revoked, or belong to another region.',
  404: 'Check the intake server: its address has no /batch.',
};

function refusal(status: number, text: string): ModuleError {
  const excerpt = answerExcerpt(text);
  return new ModuleError(
    'DESTINATION_REFUSED',
    `The intake answered ${status}${excerpt === '' ? '' : `: ${excerpt}`}`,
    { status, advice: ADVICE[status] ?? 'Check the intake server and the intake key.' },
  );
}
