import { createSeededRandom, hashText, type SeededRandom } from '../random.js';
import type { Now } from '../timing.js';
import type {
  Fault,
  FaultCondition,
  FaultEffect,
  FaultScenario,
  FaultSide,
  RefuseEventsEffect,
} from './fault-scenario.js';

/** What a request is judged by. */
interface FaultSubject {
  readonly path: string;
  /** The texts of the events that the request carries; asked for only when a condition needs them. */
  readonly eventTexts: () => readonly EventText[];
  /** The organizations that the request names. */
  readonly organizations?: readonly string[];
}

/** An event's text, or its UTF-8 bytes. */
type EventText = Pick<string, 'includes'> | Pick<Buffer, 'includes'>;

/** Tells a simulator how to misbehave. */
export interface FaultEvaluator {
  /** Effects on this request, in the scenario's order. Each call counts as one request. */
  forRequest(subject: FaultSubject): readonly FaultEffect[];
  /** The refusal of one event by the intake, if any. Each call counts as one event. */
  forEvent(text: EventText): RefuseEventsEffect | undefined;
  /** How much later than usual an event becomes visible, milliseconds. The same event always gets the same answer. */
  visibilityDelayMs(event: { readonly id: string; readonly text: string }): number;
}

interface ArmedFault<E extends FaultEffect = FaultEffect> {
  readonly fault: Fault;
  readonly effect: E;
  readonly random: SeededRandom;
  counted: number;
  fired: number;
}

/** Prepares the faults of one side. Time windows are counted from this call. */
export function createFaultEvaluator(options: {
  readonly scenario: FaultScenario;
  readonly side: FaultSide;
  readonly now: Now;
}): FaultEvaluator {
  const seed = options.scenario.seed ?? 1;
  const startedMs = options.now();
  const armed = options.scenario.faults
    // Each fault has its own dice, so that adding one does not change what the others do.
    .map((fault, index) => arm(fault, createSeededRandom(seed * 1009 + index)))
    .filter(({ fault }) => fault.side === options.side);
  const forEvents = armed.filter(isRefusal);
  const late = armed.filter(isLateness);
  const forRequests = armed.filter((one) => !isRefusal(one) && !isLateness(one));
  const elapsedSeconds = (): number => (options.now() - startedMs) / 1000;

  return {
    forRequest: ({ path, eventTexts, organizations }) =>
      forRequests
        .filter((one) => concernsPath(one.fault.when, path) && concernsOrganization(one.fault.when, organizations))
        .filter((one) => happens(one, elapsedSeconds(), eventTexts))
        .map(({ effect }) => effect),
    forEvent: (text) => forEvents.find((one) => happens(one, elapsedSeconds(), () => [text]))?.effect,
    visibilityDelayMs: ({ id, text }) => {
      for (const { fault, effect } of late) {
        const { probability = 1, event_text_contains: needle = '' } = fault.when ?? {};
        const dice = createSeededRandom(hashText(id + fault.name, seed));
        if (!text.includes(needle) || !dice.chance(probability)) continue;
        return (effect.min_seconds + dice.fraction() * (effect.max_seconds - effect.min_seconds)) * 1000;
      }
      return 0;
    },
  };
}

/** An evaluator that never does anything. */
export const NO_FAULTS: FaultEvaluator = {
  forRequest: () => [],
  forEvent: () => undefined,
  visibilityDelayMs: () => 0,
};

function arm(fault: Fault, random: SeededRandom): ArmedFault {
  return { fault, effect: fault.effect, random, counted: 0, fired: 0 };
}

function isRefusal(armed: ArmedFault): armed is ArmedFault<RefuseEventsEffect> {
  return armed.effect.kind === 'refuse_events';
}

function isLateness(armed: ArmedFault): armed is ArmedFault<Extract<FaultEffect, { kind: 'late_visibility' }>> {
  return armed.effect.kind === 'late_visibility';
}

function concernsPath(when: FaultCondition | undefined, path: string): boolean {
  return when?.endpoints?.some((end) => path.endsWith(end)) ?? true;
}

function concernsOrganization(when: FaultCondition | undefined, named: readonly string[] = []): boolean {
  return when?.organizations?.some((organization) => named.includes(organization)) ?? true;
}

/** Counts the request, and decides. */
function happens(armed: ArmedFault, elapsedSeconds: number, eventTexts: () => readonly EventText[]): boolean {
  const { fault, random } = armed;
  const when = fault.when ?? {};
  const number = ++armed.counted;
  const from = when.from_request ?? 1;
  // The dice roll for every request, so that a run does not depend on the other conditions.
  const rolled = random.chance(when.probability ?? 1);
  const text = when.event_text_contains;
  const agreed =
    rolled &&
    number >= from &&
    number <= (when.to_request ?? Infinity) &&
    (number - from) % (when.every_requests ?? 1) === 0 &&
    armed.fired < (when.times ?? Infinity) &&
    elapsedSeconds >= (when.from_seconds ?? -Infinity) &&
    elapsedSeconds < (when.to_seconds ?? Infinity) &&
    (text === undefined || eventTexts().some((event) => event.includes(text)));
  if (agreed) armed.fired++;
  return agreed;
}
