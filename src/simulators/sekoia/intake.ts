import { answerWithFaults } from '../faults/apply-faults.js';
import { createFaultEvaluator, type FaultEvaluator, NO_FAULTS } from '../faults/fault-evaluator.js';
import { refusal, type SimulatedAnswer, type SimulatedRequest } from '../http/exchange.js';
import { createRequestLog, type SimulatorStats } from '../http/request-log.js';
import { decodeBody, FORMS, type Submission } from './forms.js';
import { type IntakeOptions, SYNTHETIC_INTAKE_KEY } from './options.js';
import { answerBatch, answerSingle, type EventOutcome } from './outcome-answer.js';
import { createEventRecorder, type ReceivedEvents } from './received-events.js';
import { IntakeRefused } from './request-refused.js';

/** The simulated intake, without a socket. */
export interface Intake {
  /** What was accepted so far. */
  readonly received: ReceivedEvents;
  readonly stats: SimulatorStats;
  /** Replaces the keys that work. */
  replaceKeys(keys: readonly string[]): void;
  /** Answers one request. Never throws. */
  handle(request: SimulatedRequest): SimulatedAnswer;
}

/** The longest request that the intake takes, bytes (runtime page, C). */
export const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
const MAX_EVENT_BYTES = 256_000;

/** Creates an intake that has received nothing. */
export function createIntake(options: IntakeOptions = {}): Intake {
  const { basePath = '', maxRequestBytes = MAX_REQUEST_BYTES, maxEventBytes = MAX_EVENT_BYTES } = options;
  const now = options.now ?? Date.now;
  const log = createRequestLog(now);
  const recorder = createEventRecorder(options.keepText);
  const { scenario } = options;
  const faults: FaultEvaluator =
    scenario === undefined ? NO_FAULTS : createFaultEvaluator({ scenario, side: 'sekoia', now });
  let keys = new Set(options.intakeKeys ?? [SYNTHETIC_INTAKE_KEY]);
  let lastEventId = 0;

  const read = (request: SimulatedRequest): Submission => {
    const path = request.path.replace(/\/$/, '');
    const form = path.startsWith(basePath) ? FORMS[path.slice(basePath.length)] : undefined;
    if (form === undefined) throw new IntakeRefused(404, 'not found');
    if (request.method !== 'POST') throw new IntakeRefused(405, 'method not allowed');
    return form(request, decodeBody(request, maxRequestBytes));
  };

  /** Judges without recording: a request that is refused as a whole leaves no trace. */
  const judge = (event: Buffer): EventOutcome => {
    const injected = faults.forEvent(event);
    if (injected?.as === 'request') throw new IntakeRefused(injected.status, injected.message ?? 'request refused');
    if (injected !== undefined) {
      return { accepted: false, status: injected.status, message: injected.message ?? 'refused' };
    }
    if (event.byteLength > maxEventBytes) return { accepted: false, status: 413, message: 'event too large' };
    return { accepted: true, eventId: eventId(++lastEventId) };
  };

  const take = (submission: Submission): SimulatedAnswer => {
    const { events, single } = submission;
    if (submission.keys.some((key) => key === undefined)) throw new IntakeRefused(401, 'intake key is missing');
    if (submission.keys.some((key) => key !== undefined && !keys.has(key))) {
      throw new IntakeRefused(options.wrongKeyStatus ?? 403, 'intake key is not valid');
    }
    if (events.length === 0) throw new IntakeRefused(400, 'no event in the request');
    const outcomes = events.map(judge);
    events.forEach((event, index) => {
      if (outcomes[index]?.accepted === true) recorder.accept(event);
      else recorder.refuse();
    });
    return single
      ? answerSingle(outcomes[0] as EventOutcome)
      : answerBatch(outcomes, options.rejectionShape ?? 'null_ids');
  };

  const answer = (request: SimulatedRequest): SimulatedAnswer => {
    try {
      return take(read(request));
    } catch (error) {
      if (error instanceof IntakeRefused) return refusal(error.status, error.message);
      return refusal(500, `simulator failed: ${String(error)}`);
    }
  };

  const eventTexts = (request: SimulatedRequest): readonly Buffer[] => {
    try {
      return read(request).events;
    } catch {
      return [];
    }
  };

  return {
    received: recorder.received,
    stats: log.stats,
    replaceKeys: (next) => {
      keys = new Set(next);
    },
    handle(request) {
      const effects = faults.forRequest({ path: request.path, eventTexts: () => eventTexts(request) });
      const final = answerWithFaults(effects, () => answer(request), [['Date', new Date(now()).toUTCString()]]);
      log.add(request, final);
      return final;
    },
  };
}

/** A UUID out of a counter: unique, and much cheaper than a random one. */
function eventId(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}
