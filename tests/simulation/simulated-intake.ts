import { type Answer, htmlAnswer, jsonAnswer, statusAnswer } from './answer.js';
import type { IntakeEffect, RejectionShape } from './scenario.js';
import type { WorldEvent } from './world-event.js';

export const INTAKE_KEY = 'SyntheticIntakeKey1';

/** The intake takes an event up to here, bytes. */
const MAXIMUM_EVENT_BYTES = 256_000;

/** Who wants to know what the intake took. */
export interface IntakeListener {
  /** The events of one request were accepted; the return value is told whether the sender learned of it plainly. */
  onAccepted(events: readonly WorldEvent[]): (acknowledged: boolean) => void;
  /** An event was refused by itself: alone in its request, or by a status of its own. */
  onRefused(event: WorldEvent): void;
  /** An accepted text that no event has. */
  onUnknown(text: string): void;
}

type Outcome = { readonly status: number; readonly event: WorldEvent | undefined };

/** A Sekoia intake, by its documents, that knows every event of the world by its text. */
export class SimulatedIntake {
  readonly #byText = new Map<string, WorldEvent>();
  readonly #putOff = new Map<WorldEvent, number>();
  #ids = 0;

  constructor(
    events: readonly WorldEvent[],
    private readonly shape: RejectionShape,
    private readonly listener: IntakeListener,
  ) {
    // Of two with the same text the first stands for both.
    for (const event of events) if (!this.#byText.has(event.text)) this.#byText.set(event.text, event);
  }

  /** The events that a request carries, as far as they are known. */
  eventsOf(body: string): WorldEvent[] {
    const { jsons } = JSON.parse(body) as { jsons: string[] };
    return jsons.flatMap((text) => this.#byText.get(text) ?? []);
  }

  answer(body: string, nowMs: number, effect: IntakeEffect | undefined): Answer {
    const answer = this.#answer(body, nowMs, effect);
    const [only, ...others] = answer.status >= 400 ? this.eventsOf(body) : [];
    if (only !== undefined && others.length === 0) this.listener.onRefused(only);
    return answer;
  }

  #answer(body: string, nowMs: number, effect: IntakeEffect | undefined): Answer {
    switch (effect?.kind) {
      case 'status':
        return statusAnswer(effect.status, effect.retryAfter, nowMs);
      case 'html':
        return htmlAnswer();
      case 'reset':
        return { ...statusAnswer(503, undefined, nowMs), wire: 'reset' };
      case 'stall':
        return { ...statusAnswer(503, undefined, nowMs), wire: 'stall' };
      case 'taken-reset':
        return { ...this.#take(body, false), wire: 'reset' };
      case 'taken-stall':
        return { ...this.#take(body, false), wire: 'stall' };
      case 'taken-cut-off':
        return { ...this.#take(body, false), wire: 'reset-in-body' };
      default:
        return this.#take(body, effect?.kind === 'refuse-each');
    }
  }

  #take(body: string, refuseEach: boolean): Answer {
    const { intake_key: key, jsons } = JSON.parse(body) as { intake_key: string; jsons: string[] };
    if (key !== INTAKE_KEY) return jsonAnswer(403, { message: 'intake key is not valid' });
    const known = jsons.map((text) => this.#byText.get(text));
    if (known.some((event) => event?.spec.refusal === 'request'))
      return jsonAnswer(400, { message: 'a bad event in it' });
    if (known.some((event) => event?.spec.refusal === 'poison')) return jsonAnswer(500, { message: 'out of luck' });
    const outcomes = jsons.map((text, n): Outcome => {
      const event = known[n];
      return { event, status: refuseEach ? 400 : this.#statusOf(text, event) };
    });
    const accepted = outcomes.filter(({ status }) => status === 200);
    outcomes.forEach(({ event, status }, n) => {
      if (event === undefined && status === 200) this.listener.onUnknown(jsons[n] ?? '');
    });
    for (const { event, status } of outcomes) if (event !== undefined && status !== 200) this.listener.onRefused(event);
    const settled = this.listener.onAccepted(accepted.flatMap(({ event }) => event ?? []));
    const { answer, isPlain } = this.#render(outcomes, accepted.length);
    return { ...answer, onArrival: (arrived) => settled(arrived && isPlain) };
  }

  #statusOf(text: string, event: WorldEvent | undefined): number {
    if (Buffer.byteLength(text) > MAXIMUM_EVENT_BYTES) return 413;
    if (event?.spec.refusal === 'event') return 400;
    if (event?.spec.refusal !== 'later') return 200;
    const times = (this.#putOff.get(event) ?? 0) + 1;
    this.#putOff.set(event, times);
    // Told in another way than by a status of its own, it would be a refusal for good.
    return times <= 3 && TELLS_STATUS.has(this.shape) ? 503 : 200;
  }

  #render(outcomes: readonly Outcome[], accepted: number): { answer: Answer; isPlain: boolean } {
    const ids = outcomes.map(({ status }) => (status === 200 ? `i${(this.#ids += 1)}` : null));
    if (accepted === outcomes.length) return { answer: jsonAnswer(200, { event_ids: ids }), isPlain: true };
    const statuses = outcomes.map(({ status }) => status);
    if (accepted === 0) return { answer: jsonAnswer(statuses[0] ?? 400, { message: 'refused' }), isPlain: true };
    return { answer: jsonAnswer(200, SHAPES[this.shape](ids, statuses)), isPlain: this.shape !== 'fewer_ids' };
  }
}

const TELLS_STATUS: ReadonlySet<RejectionShape> = new Set(['status_codes', 'statuses', 'events', 'indexed']);

const SHAPES: Readonly<
  Record<RejectionShape, (ids: readonly (string | null)[], statuses: readonly number[]) => object>
> = {
  null_ids: (ids) => ({ event_ids: ids }),
  fewer_ids: (ids) => ({ event_ids: present(ids) }),
  status_codes: (ids, statuses) => ({ event_ids: ids, statuses }),
  statuses: (ids, statuses) => ({ event_ids: present(ids), statuses: statuses.map((status) => ({ status })) }),
  events: (_, statuses) => ({
    events: statuses.map((status) =>
      status === 200 ? { status: 'accepted' } : { status: 'rejected', code: status, reason: 'bad' },
    ),
  }),
  indexed: (ids, statuses) => ({
    event_ids: present(ids),
    errors: statuses.flatMap((status, index) => (status === 200 ? [] : [{ index, status, message: 'bad' }])),
  }),
};

function present(ids: readonly (string | null)[]): string[] {
  return ids.filter((id) => id !== null);
}
