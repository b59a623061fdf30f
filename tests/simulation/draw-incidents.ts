import type { Dice } from './dice.js';
import type { Frame } from './draw-scenario.js';
import type { ApiEffect, CrashIncident, Incident, IntakeEffect, StorageEffect } from './scenario.js';

/** Longest trouble of the wire, so that a run's end is near. */
const LONGEST_TROUBLE_MS = 1_200_000;

const FIRST_START_MS = 10_000;

/** None to nine troubles, all over before the run's length is. */
export function drawIncidents(dice: Dice, frame: Frame): Incident[] {
  const count = dice.pick([0, 1, 2, 3, 4, 6, 9]);
  return Array.from({ length: count }, () => drawIncident(dice, frame));
}

function drawIncident(dice: Dice, frame: Frame): Incident {
  switch (dice.below(12)) {
    case 0:
    case 1:
    case 2:
      return { on: 'api', path: drawPath(dice, frame), ...drawSpan(dice, frame), effect: drawApiEffect(dice, frame) };
    case 3:
    case 4:
    case 5:
      return { on: 'intake', ...drawSpan(dice, frame), effect: drawIntakeEffect(dice) };
    case 6:
      return { on: 'storage', ...drawSpan(dice, frame), effect: drawStorageEffect(dice) };
    case 7:
    case 8:
    case 9:
      return drawCrash(dice, frame);
    case 10:
      return {
        on: 'stop',
        atMs: dice.quarters(frame.isStrict ? 0 : FIRST_START_MS, frame.lengthMs),
        graceMs: dice.pick([0, 5000, 30_000]),
        downMs: drawDownMs(dice, frame),
      };
    default:
      return drawStepOrDeletion(dice, frame);
  }
}

function drawSpan(dice: Dice, frame: Frame): { fromMs: number; untilMs: number; times?: number } {
  const { lengthMs } = frame;
  // A first start that cannot ask for the API's time goes by our clock, which must not be ahead then.
  const isClockAhead = frame.clockDifferenceMs > 0 && !frame.isStrict;
  const fromMs = dice.chance(0.1)
    ? isClockAhead
      ? FIRST_START_MS
      : 0
    : dice.quarters(isClockAhead ? FIRST_START_MS : 0, lengthMs);
  const longestMs = Math.min(LONGEST_TROUBLE_MS, Math.max(10_000, lengthMs / 4));
  const untilMs = Math.min(lengthMs, fromMs + dice.quarters(1000, longestMs));
  // Either for a while, or the next so many times.
  return dice.chance(0.5) ? { fromMs, untilMs } : { fromMs, untilMs: lengthMs, times: dice.pick([1, 1, 2, 5, 12]) };
}

function drawPath(dice: Dice, { reconciliation }: Frame): 'events' | 'count' | 'any' {
  return reconciliation ? dice.pick(['events', 'events', 'count', 'any']) : dice.pick(['events', 'events', 'any']);
}

function drawApiEffect(dice: Dice, { reconciliation, api }: Frame): ApiEffect {
  switch (dice.below(reconciliation ? 13 : 11)) {
    case 0:
    case 1:
      return { kind: 'status', status: dice.pick([429, 503]), ...drawRetryAfter(dice) };
    case 2:
      return { kind: 'status', status: dice.pick([500, 502, 503, 504, 400, 401, 403, 404]) };
    case 3:
      return { kind: 'html' };
    case 4:
      return { kind: 'reset' };
    case 5:
      return { kind: 'reset-in-body' };
    case 6:
      return { kind: dice.pick(['stall', 'stall-in-body'] as const) };
    case 7:
      // Where the announcement is lost as well, nothing could show it.
      return { kind: api.missingHeaders.includes('x-result-count') ? 'html' : 'fewer-than-announced' };
    case 8:
    case 9:
      return { kind: 'left-out' };
    case 10:
      return { kind: 'repeated-token' };
    default:
      return { kind: 'wrong-count', by: dice.pick([-3, -1, 1, 2, 40]) };
  }
}

function drawIntakeEffect(dice: Dice): IntakeEffect {
  switch (dice.below(10)) {
    case 0:
    case 1:
      return { kind: 'status', status: dice.pick([429, 503]), ...drawRetryAfter(dice) };
    case 2:
      return { kind: 'status', status: dice.pick([500, 502, 504, 408]) };
    case 3:
      return { kind: 'status', status: dice.pick([400, 401, 403, 404, 413, 422]) };
    case 4:
      return { kind: dice.pick(['reset', 'stall', 'html'] as const) };
    case 5:
      return { kind: 'refuse-each' };
    case 6:
      return { kind: 'taken-stall' };
    case 7:
      return { kind: 'taken-cut-off' };
    default:
      return { kind: 'taken-reset' };
  }
}

function drawRetryAfter(dice: Dice): { retryAfter?: number | 'date' } {
  const retryAfter = dice.pick([undefined, 1, 7, 60, 300, 'date' as const]);
  return retryAfter === undefined ? {} : { retryAfter };
}

function drawStorageEffect(dice: Dice): StorageEffect {
  const kind = dice.pick(['fails', 'fails', 'done-but-fails', 'reads-fail', 'slow'] as const);
  return kind === 'slow' ? { kind, delayMs: dice.pick([500, 5000, 30_000]) } : { kind };
}

function drawCrash(dice: Dice, frame: Frame): CrashIncident {
  return {
    on: 'crash',
    when: dice.pick([
      { atMs: dice.quarters(0, frame.lengthMs) },
      { operation: dice.between(1, dice.pick([30, 300, 1500])) },
      { write: dice.between(1, dice.pick([10, 100])), done: dice.chance(0.5) },
    ]),
    underWay: dice.pick(['arrives', 'lost'] as const),
    downMs: drawDownMs(dice, frame),
  };
}

function drawDownMs(dice: Dice, { settings, reconciliation }: Frame): number {
  const longMs = reconciliation ? settings.settlingHorizon * 100 : 6 * 3_600_000;
  return dice.pick([0.25, 1000, 1000, settings.frequency * 2000, settings.frequency * 10_000, longMs]);
}

function drawStepOrDeletion(dice: Dice, frame: Frame): Incident {
  // A first start works out its position in its first moments, by the clock that it has then.
  const atMs = dice.quarters(frame.isStrict ? 0 : FIRST_START_MS, frame.lengthMs);
  if (frame.isClockTrusted || dice.chance(0.3)) {
    const fromMs = dice.quarters(-frame.settings.startFrom * 1000, frame.lengthMs);
    return { on: 'retention', atMs, fromMs, toMs: fromMs + dice.quarters(1000, frame.lengthMs / 2) };
  }
  const size = dice.pick([dice.below(3000), dice.below(120_000), dice.below(5 * 3_600_000)]);
  return { on: 'clock', atMs, stepMs: size * dice.pick([-1, 1]) };
}
