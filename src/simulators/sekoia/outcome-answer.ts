import { jsonAnswer, type SimulatedAnswer } from '../http/exchange.js';
import type { RejectionShape } from './options.js';

/** What became of one event. */
export type EventOutcome =
  | { readonly accepted: true; readonly eventId: string }
  | { readonly accepted: false; readonly status: number; readonly message: string };

/** The answer to a request with one event: its identifier, or the status of its refusal. */
export function answerSingle(outcome: EventOutcome): SimulatedAnswer {
  if (outcome.accepted) return jsonAnswer(200, { event_id: outcome.eventId });
  return jsonAnswer(outcome.status, { message: outcome.message });
}

/**
 * The answer to a batch. All accepted: the documented `event_ids`. All refused: the status of the refusal, 413 when
 * they were too long. A mixture: 200 in the configured shape.
 */
export function answerBatch(outcomes: readonly EventOutcome[], shape: RejectionShape): SimulatedAnswer {
  if (outcomes.every((outcome) => outcome.accepted)) {
    return jsonAnswer(200, { event_ids: outcomes.map(({ eventId }) => eventId) });
  }
  const [first] = outcomes;
  if (first !== undefined && !first.accepted && outcomes.every((outcome) => !outcome.accepted)) {
    return jsonAnswer(first.status, { message: first.message });
  }
  return jsonAnswer(200, SHAPES[shape](outcomes));
}

const SHAPES: Readonly<Record<RejectionShape, (outcomes: readonly EventOutcome[]) => object>> = {
  null_ids: (outcomes) => ({ event_ids: outcomes.map((one) => (one.accepted ? one.eventId : null)) }),
  fewer_ids: (outcomes) => ({ event_ids: acceptedIds(outcomes) }),
  status_codes: (outcomes) => ({
    event_ids: outcomes.map((one) => (one.accepted ? one.eventId : null)),
    statuses: outcomes.map((one) => (one.accepted ? 200 : one.status)),
  }),
  statuses: (outcomes) => ({
    event_ids: acceptedIds(outcomes),
    statuses: outcomes.map((one) =>
      one.accepted ? { status: 200, event_id: one.eventId } : { status: one.status, message: one.message },
    ),
  }),
  events: (outcomes) => ({
    events: outcomes.map((one) =>
      one.accepted
        ? { status: 'accepted', event_id: one.eventId }
        : { status: 'rejected', code: one.status, reason: one.message },
    ),
  }),
};

function acceptedIds(outcomes: readonly EventOutcome[]): string[] {
  return outcomes.flatMap((one) => (one.accepted ? [one.eventId] : []));
}
