import type { Dice } from './dice.js';
import type { Frame } from './draw-scenario.js';
import { longestLateness } from './promise.js';
import type { Incident, Refusal, Scenario, ScenarioEvent } from './scenario.js';

/** The intake takes events up to here. */
const LARGEST_EVENT_BYTES = 250_000;
const LONG_RETRY_S = 3600;
const ROOMY_CHUNK = 20;
const LONGEST_WINDOW_S = 86_400;
/** At doubling distances, over three days. */
const SPARE_EVENTS = 13;

interface EventsFrame extends Frame {
  readonly longestLateMs: number;
  readonly hasRefusingOutage: boolean;
}

/**
 * Events of the whole run: one by one, in clusters, on borders, late, odd.
 * @param incidents what else happens: it bounds how late they may be, and how odd
 */
export function drawEvents(
  dice: Dice,
  outerFrame: Frame,
  { incidents, wire }: Pick<Scenario, 'incidents' | 'wire'>,
): ScenarioEvent[] {
  const { reconciliation } = outerFrame;
  const longestLateMs = longestLateness({ settings: outerFrame.settings, incidents, reconciliation, wire });
  const frame = { ...outerFrame, longestLateMs, hasRefusingOutage: incidents.some(refusesEverything) };
  const { settings, lengthMs } = frame;
  const fromMs = -settings.startFrom * 1000 - dice.pick([0, 0, 5000]);
  const wanted = dice.between(10, dice.pick([40, 120, 220]));
  const events: ScenarioEvent[] = [];
  while (events.length < wanted) {
    const near = dice.chance(0.5) ? dice.quarters(fromMs, lengthMs) : dice.quarters(0, lengthMs);
    events.push(...drawGroup(dice, frame, Math.floor(near)));
  }
  return [...withRepeatedIds(dice, events), ...heartbeat(events, settings.frequency * 1000)];
}

/** Plain events after everything else: a refused event needs another one to show that the intake works. */
function heartbeat(events: readonly ScenarioEvent[], everyMs: number): ScenarioEvent[] {
  const lastMs = events.reduce((latest, { atMs, lateMs }) => Math.max(latest, atMs, Math.ceil(atMs + lateMs)), 0);
  const plain = { written: 'ms', lateMs: 0 } as const;
  const soon = [1, 2, 3].map((n) => ({ id: `heartbeat-${n}`, atMs: lastMs + n * everyMs, ...plain }));
  const spare = Array.from({ length: SPARE_EVENTS }, (_, n) => {
    return { id: `spare-${n}`, atMs: lastMs + 4 * everyMs + 60_000 * 2 ** n, ...plain, isSpare: true as const };
  });
  return [...soon, ...spare];
}

function drawGroup(dice: Dice, frame: EventsFrame, nearMs: number): ScenarioEvent[] {
  const { pageSize, chunkSize } = frame.settings;
  const atBorder = [Math.min(pageSize, 25), Math.min(pageSize + 1, 25), Math.min(chunkSize, 25)];
  switch (dice.below(8)) {
    case 0: // all in one millisecond
      return many(dice.pick([2, 3, ...atBorder]), () => drawEvent(dice, frame, nearMs));
    case 1: // all in one second
      return many(dice.pick([2, 5, ...atBorder]), () => drawEvent(dice, frame, nearMs + dice.below(1000)));
    case 2:
      return [drawEvent(dice, frame, borderNear(frame.beginsAtMs, nearMs, dice.pick([60_000, 3_600_000])))];
    case 3: // around the instants at which cycles begin
      return [drawEvent(dice, frame, borderNear(0, nearMs, frame.settings.frequency * 1000) + dice.between(-2, 2))];
    default:
      return [drawEvent(dice, frame, nearMs)];
  }
}

function borderNear(originMs: number, nearMs: number, widthMs: number): number {
  return Math.round((originMs + nearMs) / widthMs) * widthMs - originMs;
}

function drawEvent(dice: Dice, frame: EventsFrame, atMs: number): ScenarioEvent {
  const written = drawWritten(dice, frame);
  const second = Math.floor((frame.beginsAtMs + atMs) / 1000) * 1000 - frame.beginsAtMs;
  const nanos = written === 'ns' ? dice.pick([0, 1, 500_000, 999_999, dice.below(1_000_000)]) : 0;
  const bytes = dice.chance(0.001) ? LARGEST_EVENT_BYTES + dice.pick([0, 1, 10_000]) : 0;
  const refusal = drawRefusal(dice, frame);
  return {
    id: dice.chance(0.02) ? null : dice.hex(12),
    atMs: written === 's' ? second : atMs,
    ...(nanos === 0 ? {} : { nanos }),
    written,
    lateMs: drawLateness(dice, frame, written),
    ...(bytes === 0 ? {} : { bytes }),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function drawWritten(dice: Dice, { api }: Frame): ScenarioEvent['written'] {
  if (dice.chance(0.96)) return dice.pick(['s', 'ms', 'ms', 'ns', 'ns']);
  // Where pages cannot be followed by a token, the events' own times are all that leads on.
  return api.missingHeaders.includes('x-search_after') ? 'ms' : dice.pick(['none', 'unreadable']);
}

function drawRefusal(dice: Dice, { settings, isStrict, hasRefusingOutage }: EventsFrame): Refusal | undefined {
  if (dice.chance(0.97)) return undefined;
  const refusal = dice.pick(['event', 'event', 'event', 'request', 'request', 'later', 'poison'] as const);
  if (isStrict) return refusal;
  // Whether it is the event or the intake that is at fault shows by others in the same push, or in the same window.
  if (settings.chunkSize < ROOMY_CHUNK || settings.startFrom >= LONGEST_WINDOW_S) return 'later';
  // Of a push that is given up early it is not learnt which event breaks the intake; while that is found out, an outage
  // in which everything is refused looks like the fault of the events.
  const isFindable = settings.retryFor >= LONG_RETRY_S && !hasRefusingOutage;
  return refusal === 'poison' && !isFindable ? 'request' : refusal;
}

function refusesEverything(incident: Incident): boolean {
  if (incident.on !== 'intake') return false;
  const { effect } = incident;
  return effect.kind === 'refuse-each' || (effect.kind === 'status' && [400, 413, 422].includes(effect.status));
}

/** As late as the connector promises to cope with, and sometimes exactly so. */
function drawLateness(dice: Dice, { longestLateMs, isStrict }: EventsFrame, written: ScenarioEvent['written']): number {
  // One that is seen before its time and does not tell it is remembered by the time of the sighting alone.
  const mayBeEarly = isStrict || (written !== 'none' && written !== 'unreadable');
  if (dice.chance(0.02)) return mayBeEarly ? -dice.below(3_600_000) : 0;
  if (dice.chance(0.75) || longestLateMs <= 1) return 0;
  const longest = Math.floor(longestLateMs);
  return dice.pick([dice.below(longest), dice.below(Math.min(longest, 3000)), longest - 1]);
}

/** The API may hold an event twice, or two events of one id. */
function withRepeatedIds(dice: Dice, events: readonly ScenarioEvent[]): ScenarioEvent[] {
  return events.flatMap((event) => {
    if (event.id === null || event.refusal !== undefined || event.bytes !== undefined || !dice.chance(0.01))
      return [event];
    return [
      event,
      dice.chance(0.5) ? event : { ...event, atMs: event.atMs + dice.below(5000), written: 'ms' as const },
    ];
  });
}

function many<Item>(count: number, make: () => Item): Item[] {
  return Array.from({ length: count }, make);
}
