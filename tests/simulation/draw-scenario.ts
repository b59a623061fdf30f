import { createDice, type Dice } from './dice.js';
import { drawEvents } from './draw-events.js';
import { drawIncidents } from './draw-incidents.js';
import { type ApiBehaviour, REJECTION_SHAPES, type Scenario, type ScenarioSettings } from './scenario.js';

/** Which scenarios are drawn. */
export interface DrawOptions {
  /**
   * True: events may be as late as the settling horizon, and pages and counts may lie. False: what only comparing counts
   * would find does not happen. Default: one or the other, by the seed.
   */
  readonly reconciliation?: boolean;
  /** True: also what the connector is known not to cope with yet (docs/simulation.md, 'Known weaknesses'). */
  readonly strict?: boolean;
}

/** What the drawing of events and incidents has to know. */
export interface Frame {
  readonly isStrict: boolean;
  readonly reconciliation: boolean;
  readonly settings: ScenarioSettings;
  readonly api: ApiBehaviour;
  readonly beginsAtMs: number;
  readonly lengthMs: number;
  readonly clockDifferenceMs: number;
  /** True where no answer tells the API's time: then our clock must be right. */
  readonly isClockTrusted: boolean;
}

const DAY_S = 86_400;
/** Requests for pages that a run may cost, so that a seed stays a matter of milliseconds. */
const MOST_PAGES = 700;

/** Draws a scenario; the same one for the same seed. */
export function drawScenario(seed: number, options: DrawOptions = {}): Scenario {
  const dice = createDice(seed);
  const { strict = false } = options;
  const missingHeaders = drawMissingHeaders(dice);
  // Without tokens a range is read in several queries that repeat some rows, and their number proves nothing.
  const canProve = strict || !missingHeaders.includes('x-search_after');
  const reconciliation = (options.reconciliation ?? seed % 2 === 0) && canProve;
  const beginsAtMs = Date.UTC(2030, 0, 2, 3, 0, 0) + dice.pick([0, dice.below(3_600_000), dice.below(86_400_000)]);
  const pace = reconciliation ? drawSlowPace(dice) : drawPace(dice);
  const cycles = dice.between(25, 80);
  const lengthMs = pace.frequency * cycles * 1000;
  const isClockTrusted = missingHeaders.includes('date');
  const settings = drawSettings(dice, pace, lengthMs);
  const api: ApiBehaviour = {
    startInclusive: dice.chance(0.6),
    endInclusive: dice.chance(0.6),
    // Rounded, the index is out of the order of the events' own times, which are all that leads on without a token.
    sortPrecision: dice.pick(['ms', 'ms', missingHeaders.includes('x-search_after') ? 'ms' : 'rounded', 'ns'] as const),
    mostRows: missingHeaders.length === 0 && dice.chance(0.25) ? dice.between(1, 20) : 10_000,
    missingHeaders,
  };
  const clockDifferenceMs = isClockTrusted ? 0 : drawClockDifference(dice);
  const frame: Frame = {
    ...{ reconciliation, settings, api, beginsAtMs, lengthMs, clockDifferenceMs, isClockTrusted },
    isStrict: strict,
  };
  const wire = drawWire(dice, settings.frequency);
  const incidents = drawIncidents(dice, frame);
  const events = drawEvents(dice, frame, { incidents, wire });
  return {
    version: 1,
    seed,
    ...{ beginsAtMs, lengthMs, reconciliation, strict, clockDifferenceMs },
    settings: affordable(settings, api, { events: events.length, cycles }),
    api: { ...api, mostRows: Math.max(api.mostRows, leastPageSize(settings, events.length)) },
    intake: { rejectionShape: dice.pick(REJECTION_SHAPES) },
    wire,
    events,
    incidents,
  };
}

interface Pace {
  readonly frequency: number;
  readonly overlap: number;
  readonly settlingHorizon: number;
  readonly reconcileEvery: number;
}

function drawPace(dice: Dice): Pace {
  const frequency = dice.pick([1, 2, 5, 10, 10, 30, 60, 60, 300]);
  const overlap = dice.pick([0, 2, 5, frequency, frequency * 3, frequency * 8, frequency * 15]);
  // Counts that are seldom compared leave late events to the look-back alone.
  return { frequency, overlap, settlingHorizon: DAY_S, reconcileEvery: dice.pick([300, DAY_S]) };
}

/** A day's horizon is played with a slow connector: what matters is how many cycles it has. */
function drawSlowPace(dice: Dice): Pace {
  const settlingHorizon = dice.pick([600, 1800, 3600, 6 * 3600, DAY_S]);
  const frequency = Math.max(5, Math.round(settlingHorizon / dice.between(20, 60)));
  const overlap = dice.pick([0, 2, frequency, frequency * 3]);
  const reconcileEvery = Math.max(10, frequency * dice.pick([1, 1, 2, 5]));
  return { frequency, overlap, settlingHorizon, reconcileEvery };
}

function drawSettings(dice: Dice, pace: Pace, lengthMs: number): ScenarioSettings {
  const length = Math.ceil(lengthMs / 1000);
  return {
    ...pace,
    startFrom: dice.pick([0, 1, pace.frequency, Math.ceil(length / 2), length, dice.pick([DAY_S, 3 * DAY_S])]),
    pageSize: dice.pick([1, 2, 3, 5, 10, 50, 1000, 10_000]),
    chunkSize: dice.pick([1, 2, 3, 7, 20, 100, 10_000]),
    requestsPerSecond: dice.pick([0.5, 1, 2, 5, 10, 10, 50]),
    retryFor: dice.pick([0, 20, 300, 3600]),
    oversizedEvents: dice.pick(['trim', 'dead_letter'] as const),
  };
}

/** Makes pages and the rate large enough for what the look-back repeats in every cycle. */
function affordable(
  settings: ScenarioSettings,
  api: ApiBehaviour,
  size: { readonly events: number; readonly cycles: number },
): ScenarioSettings {
  const pageSize = Math.max(settings.pageSize, leastPageSize(settings, size.events));
  const rows = Math.min(pageSize, Math.max(api.mostRows, leastPageSize(settings, size.events)));
  const rowsInLookBack = (size.events * (lookBack(settings) + 1)) / size.cycles;
  const requestsInCycle = 3 + (rowsInLookBack * 3) / rows;
  // Without a token each page begins a new query where the last one ended: it must hold more than one instant's events.
  const withoutToken = api.missingHeaders.includes('x-search_after') ? 60 : 0;
  return {
    ...settings,
    pageSize: Math.max(pageSize, withoutToken),
    requestsPerSecond: Math.max(
      settings.requestsPerSecond,
      Math.ceil((requestsInCycle / settings.frequency) * 20) / 10,
    ),
  };
}

function leastPageSize(settings: ScenarioSettings, events: number): number {
  return Math.ceil((events * (lookBack(settings) + 1)) / MOST_PAGES);
}

/** In cycles. */
function lookBack({ overlap, frequency }: ScenarioSettings): number {
  return Math.max(overlap, 2) / frequency;
}

function drawMissingHeaders(dice: Dice): string[] {
  if (dice.chance(0.7)) return [];
  return dice.pick([
    ['x-search_after'],
    ['x-limit'],
    ['x-result-count'],
    ['x-sort'],
    ['date'],
    ['x-search_after', 'x-limit', 'x-result-count', 'x-sort'],
    ['x-search_after', 'x-limit', 'x-result-count', 'x-sort', 'x-request-id', 'date'],
  ]);
}

function drawClockDifference(dice: Dice): number {
  if (dice.chance(0.5)) return 0;
  const sign = dice.pick([-1, 1]);
  return sign * dice.pick([dice.below(1000), dice.below(5000), dice.below(120_000), dice.below(4 * 3_600_000)]);
}

function drawWire(dice: Dice, frequency: number): Scenario['wire'] {
  const mostDelayMs = dice.pick([0.5, 10, 80, 300, Math.min(5000, frequency * 200)]);
  return {
    leastDelayMs: dice.pick([0.25, 0.25, mostDelayMs / 2]),
    mostDelayMs,
    pieces: dice.pick([1, 1, 2, 5]),
    storageDelayMs: dice.pick([0.25, 2, 30, 400]),
  };
}
