import { seededRandom } from '../../support/seeded-random.js';
import type { NetworkFault } from '../network/network-fault.js';
import { type Incident, nameOf, type PlannedIncident, type Side } from './incident.js';

export interface PlanOptions {
  readonly seed: number;
  /** Over how long, milliseconds. */
  readonly durationMs: number;
  /** Whether there is a disk to fill. */
  readonly withDisk: boolean;
  /** Names of the incidents wanted; all when absent. */
  readonly only?: ReadonlySet<string>;
}

const LONGEST_MS = 20_000;
/** What vanished is found out by time-outs of up to a minute: a run must leave time for that. */
const SHORTEST_RUN_WITH_VANISHING_MS = 120_000;

type Draw = (low: number, high: number) => number;
/** Makes an incident that lasts at most so long, milliseconds. */
type Maker = (draw: Draw, longestMs: number) => Incident;

const PROCESS: readonly Maker[] = [
  kill,
  kill,
  kill,
  (draw) => ({ kind: 'terminate', pauseMs: draw(0, 2000), calm: true }),
  (draw) => ({ kind: 'terminate', pauseMs: draw(0, 2000), calm: false }),
  (draw, longestMs) => ({ kind: 'freeze', who: 'connector', durationMs: draw(500, longestMs) }),
  (draw, longestMs) => ({ kind: 'freeze', who: 'connector', durationMs: draw(500, longestMs / 4) }),
  (draw, longestMs) => ({ kind: 'freeze', who: 'simulators', durationMs: draw(500, longestMs) }),
];

const NETWORK: readonly ((draw: Draw) => NetworkFault)[] = [
  () => ({ kind: 'refuse' }),
  () => ({ kind: 'reset' }),
  () => ({ kind: 'stall' }),
  () => ({ kind: 'vanish' }),
  (draw) => ({ kind: 'delay', delayMs: Math.round(draw(50, 1500)) }),
  (draw) => ({ kind: 'cut', way: 'answer', afterBytes: Math.round(draw(1, 30_000)) }),
  (draw) => ({ kind: 'cut', way: 'request', afterBytes: Math.round(draw(1, 60_000)) }),
  (draw) => ({ kind: 'throttle', bytesPerSecond: Math.round(draw(5_000, 200_000)) }),
];

const DISK: readonly Maker[] = [
  (draw, longestMs) => ({ kind: 'disk full', durationMs: draw(Math.min(3000, longestMs / 2), longestMs) }),
];

/** The names of all that can go wrong. */
export const INCIDENTS: ReadonlySet<string> = new Set(
  [...PROCESS, ...network('intake'), ...DISK].map((make) => nameOf(make((low) => low, LONGEST_MS))),
);

function kill(draw: Draw): Incident {
  return { kind: 'kill', pauseMs: draw(0, 3000) };
}

function network(side: Side): readonly Maker[] {
  return NETWORK.map((make) => (draw, longestMs) => {
    return { kind: 'network', side, fault: make(draw), durationMs: draw(500, longestMs) };
  });
}

/**
 * What goes wrong, and when: four tracks side by side (the process, each side's network, the disk), each one incident at
 * a time. The same options give the same plan.
 */
export function plan(options: PlanOptions): readonly (readonly PlannedIncident[])[] {
  const { seed, durationMs, withDisk } = options;
  const share = durationMs / 8;
  const longestMs = Math.min(LONGEST_MS, share);
  const gaps = (shortest: number, longest: number): [number, number] => [
    Math.min(shortest, share),
    Math.min(longest, share),
  ];
  const tracks = [
    { makers: PROCESS, gaps: gaps(2000, 12_000) },
    { makers: network('jumpcloud'), gaps: gaps(3000, 20_000) },
    { makers: network('intake'), gaps: gaps(3000, 20_000) },
    { makers: withDisk ? DISK : [], gaps: gaps(10_000, 45_000) },
  ];
  return tracks.map(({ makers, gaps }, index) => {
    const random = seededRandom(seed * 31 + index);
    const draw: Draw = (low, high) => low + random() * (high - low);
    return track({ makers, gaps, longestMs }, draw, options);
  });
}

interface Track {
  readonly makers: readonly Maker[];
  readonly gaps: readonly [number, number];
  readonly longestMs: number;
}

/** Deals the makers like cards, so that each comes before any comes twice as often as it is among them. */
function track({ makers, gaps, longestMs }: Track, draw: Draw, options: PlanOptions): PlannedIncident[] {
  const planned: PlannedIncident[] = [];
  let deck: Incident[] = [];
  for (let atMs = draw(0, gaps[1]); atMs < options.durationMs; atMs += draw(...gaps)) {
    if (deck.length === 0) deck = dealt(makers, draw, longestMs).filter((incident) => isWanted(incident, options));
    const incident = deck.pop();
    if (incident === undefined) break;
    planned.push({ atMs, incident });
    if ('durationMs' in incident) atMs += incident.durationMs;
  }
  return planned;
}

function dealt(makers: readonly Maker[], draw: Draw, longestMs: number): Incident[] {
  return makers
    .map((make) => ({ place: draw(0, 1), incident: make(draw, longestMs) }))
    .sort((a, b) => a.place - b.place)
    .map(({ incident }) => incident);
}

function isWanted(incident: Incident, { only, durationMs }: PlanOptions): boolean {
  if (nameOf(incident) === 'vanish' && durationMs < SHORTEST_RUN_WITH_VANISHING_MS) return false;
  return only?.has(nameOf(incident)) ?? true;
}
