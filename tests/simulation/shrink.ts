import { isPromised } from './promise.js';
import type { ApiBehaviour, Scenario, ScenarioEvent } from './scenario.js';

export interface ShrinkOptions {
  /** Whether a scenario still shows the failure. */
  readonly fails: (scenario: Scenario) => Promise<boolean>;
  /** Scenarios to try at the most. */
  readonly mostTries?: number;
  readonly onSmaller?: (scenario: Scenario) => void;
}

/** One way to make a scenario simpler; undefined where it is so already. */
type Simplification = (scenario: Scenario) => Scenario | undefined;

/** Makes a scenario that fails as small as it can while it goes on failing. */
export async function shrink(scenario: Scenario, options: ShrinkOptions): Promise<Scenario> {
  const shrinking = new Shrinking(scenario, options);
  for (let before: Scenario | undefined; before !== shrinking.smallest && shrinking.mayTry;) {
    before = shrinking.smallest;
    await shrinking.dropItems('incidents');
    for (const simplify of SIMPLIFICATIONS) await shrinking.try(simplify(shrinking.smallest));
    await shrinking.dropItems('events');
    for (let at = 0; at < shrinking.smallest.events.length; at += 1)
      await shrinking.try(plainEventAt(shrinking.smallest, at));
    for (let at = 0; at < shrinking.smallest.incidents.length; at += 1)
      await shrinking.try(briefIncidentAt(shrinking.smallest, at));
  }
  return shrinking.smallest;
}

class Shrinking {
  #tries = 0;

  constructor(
    public smallest: Scenario,
    private readonly options: ShrinkOptions,
  ) {}

  get mayTry(): boolean {
    return this.#tries < (this.options.mostTries ?? 3000);
  }

  /** @returns whether it fails as well, and so takes the other's place */
  async try(scenario: Scenario | undefined): Promise<boolean> {
    // What the connector never promised would fail as well, and say nothing.
    if (scenario === undefined || !this.mayTry || !isPromised(scenario)) return false;
    this.#tries += 1;
    if (!(await this.options.fails(scenario))) return false;
    this.smallest = scenario;
    this.options.onSmaller?.(scenario);
    return true;
  }

  /** Drops halves, then smaller and smaller parts, down to single items. */
  async dropItems(of: 'incidents' | 'events'): Promise<void> {
    for (
      let size = Math.ceil(this.smallest[of].length / 2);
      size >= 1 && this.mayTry;
      size = size === 1 ? 0 : Math.ceil(size / 2)
    ) {
      let at = 0;
      while (at < this.smallest[of].length) {
        const { [of]: items } = this.smallest;
        const rest = [...items.slice(0, at), ...items.slice(at + size)];
        if (!(await this.try({ ...this.smallest, [of]: rest }))) at += size;
      }
    }
  }
}

const PLAIN_API: ApiBehaviour = {
  startInclusive: true,
  endInclusive: true,
  sortPrecision: 'ms',
  mostRows: 10_000,
  missingHeaders: [],
};

const SIMPLIFICATIONS: readonly Simplification[] = [
  (scenario) => unless(scenario.clockDifferenceMs === 0, { ...scenario, clockDifferenceMs: 0 }),
  ...(Object.keys(PLAIN_API) as (keyof ApiBehaviour)[]).map(
    (name): Simplification =>
      (scenario) =>
        unless(same(scenario.api[name], PLAIN_API[name]), {
          ...scenario,
          api: { ...scenario.api, [name]: PLAIN_API[name] },
        }),
  ),
  (scenario) =>
    unless(scenario.intake.rejectionShape === 'null_ids', { ...scenario, intake: { rejectionShape: 'null_ids' } }),
  ...withSetting('pageSize', 10_000),
  ...withSetting('chunkSize', 10_000),
  ...withSetting('requestsPerSecond', 50),
  ...withSetting('retryFor', 3600),
  ...withSetting('overlap', 0),
  ...withSetting('startFrom', 0),
  (scenario) => unless(scenario.wire.pieces === 1, { ...scenario, wire: { ...scenario.wire, pieces: 1 } }),
  (scenario) => {
    const quick = { ...scenario.wire, leastDelayMs: 1, mostDelayMs: 1, storageDelayMs: 1 };
    return unless(same(scenario.wire, quick), { ...scenario, wire: quick });
  },
  (scenario) => unless(scenario.lengthMs < 20_000, { ...scenario, lengthMs: Math.ceil(scenario.lengthMs / 2) }),
];

function withSetting(
  name: 'pageSize' | 'chunkSize' | 'requestsPerSecond' | 'retryFor' | 'overlap' | 'startFrom',
  plain: number,
): [Simplification] {
  return [
    (scenario) =>
      unless(scenario.settings[name] === plain, { ...scenario, settings: { ...scenario.settings, [name]: plain } }),
  ];
}

/** An event without its oddities, or undefined where it has none. */
function plainEventAt(scenario: Scenario, at: number): Scenario | undefined {
  const event = scenario.events[at];
  if (event === undefined) return undefined;
  const plain: ScenarioEvent = { id: event.id ?? `e${at}`, atMs: event.atMs, written: 'ms', lateMs: 0 };
  const keptLate: ScenarioEvent = { ...plain, lateMs: event.lateMs };
  const next = same(event, plain) || same(event, keptLate) ? plain : keptLate;
  if (same(event, plain)) return undefined;
  return { ...scenario, events: scenario.events.map((other, n) => (n === at ? next : other)) };
}

/** An incident that happens once, or for half as long. */
function briefIncidentAt(scenario: Scenario, at: number): Scenario | undefined {
  const incident = scenario.incidents[at];
  if (incident === undefined || !('untilMs' in incident)) return undefined;
  const { times, fromMs, untilMs } = incident;
  if (times === undefined && untilMs - fromMs < 1000) return undefined;
  const brief = times === undefined ? { ...incident, untilMs: (fromMs + untilMs) / 2 } : { ...incident, times: 1 };
  return unless(same(brief, incident), {
    ...scenario,
    incidents: scenario.incidents.map((other, n) => (n === at ? brief : other)),
  });
}

function unless(isSo: boolean, simpler: Scenario): Scenario | undefined {
  return isSo ? undefined : simpler;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
