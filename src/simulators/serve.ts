import { type Account, drawUpAccount } from './account.js';
import { createEventGenerator, type EventGenerator, type EventGeneratorOptions } from './events/event-generator.js';
import type { FaultScenario } from './faults/fault-scenario.js';
import { type JumpcloudApiOptions, SYNTHETIC_API_KEY } from './jumpcloud/options.js';
import { type JumpcloudSimulator, startJumpcloudSimulator } from './jumpcloud/simulator.js';
import { createLiveTrickle } from './live-trickle.js';
import { type IntakeOptions, SYNTHETIC_INTAKE_KEY } from './sekoia/options.js';
import { type IntakeSimulator, startIntakeSimulator } from './sekoia/simulator.js';
import type { TextDigest } from './text-tally.js';
import type { Now, Sleep } from './timing.js';

/** What `startSimulators` plays. */
export interface SimulatorsOptions {
  /** Default 1. */
  readonly seed?: number;
  /** Events that the API holds from the start. Default 0. */
  readonly events?: number;
  /** Days before now over which they are spread. Default 1. */
  readonly days?: number;
  /** Events that happen each second from now on. Default 0. */
  readonly liveEventsPerSecond?: number;
  /** Share of events that become visible late, 0 to 1. Default 0. */
  readonly lateShare?: number;
  /** How late these are, milliseconds. Default 5,000 to 120,000. */
  readonly lateMs?: { readonly min: number; readonly max: number };
  /** Wait before each answer of either side, milliseconds. */
  readonly latencyMs?: { readonly jumpcloud?: number; readonly sekoia?: number };
  /** Faults of both sides. */
  readonly scenario?: FaultScenario;
  /** Ports on 127.0.0.1; free ones when absent. */
  readonly ports?: { readonly jumpcloud?: number; readonly sekoia?: number };
  readonly now?: Now;
  readonly sleep?: Sleep;
  /** More about the events. */
  readonly generator?: Omit<EventGeneratorOptions, 'seed' | 'lateShare' | 'lateMs'>;
  /** More about the API. */
  readonly jumpcloud?: Omit<JumpcloudApiOptions, 'now' | 'scenario' | 'beforeRequest'>;
  /** More about the intake. */
  readonly sekoia?: Omit<IntakeOptions, 'now' | 'scenario'>;
}

/** Both ends of the wire. */
export interface Simulators {
  readonly jumpcloud: JumpcloudSimulator;
  /** It keeps the whole texts of those events that the API does not have (`received.texts`), at most a thousand. */
  readonly sekoia: IntakeSimulator;
  /** Base URL for the module configuration. */
  readonly jumpcloudUrl: string;
  /** Base URL for the trigger's `intake_server`. */
  readonly intakeUrl: string;
  /** An API key that works. */
  readonly apiKey: string;
  /** An intake key that works. */
  readonly intakeKey: string;
  /** For further events, to be added with `jumpcloud.add`. */
  readonly generator: EventGenerator;
  /** Compares what the API has shown so far with what the intake has accepted. */
  account(): Account;
  /** From now on no live events happen. Those that did may still become visible. */
  endLiveEvents(): void;
  /** Breaks all connections and frees both ports. */
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;

/** Starts both simulators, filled with a past and, if wanted, with a present that goes on. */
export async function startSimulators(options: SimulatorsOptions = {}): Promise<Simulators> {
  const { seed = 1, events = 0, days = 1, liveEventsPerSecond = 0, latencyMs = {}, ports = {} } = options;
  const now = options.now ?? Date.now;
  const startedMs = now();
  const generator = createEventGenerator({
    ...options.generator,
    seed,
    ...given({ lateShare: options.lateShare, lateMs: options.lateMs }),
  });
  const trickle = createLiveTrickle({
    generator,
    eventsPerSecond: liveEventsPerSecond,
    fromMs: startedMs,
    add: (event) => jumpcloud.add(event),
  });
  const shared = { now, ...given({ scenario: options.scenario, sleep: options.sleep }) };
  const jumpcloud = await startJumpcloudSimulator({
    ...options.jumpcloud,
    ...shared,
    ...given({ port: ports.jumpcloud, latencyMs: latencyMs.jumpcloud }),
    beforeRequest: () => trickle.advance(now()),
  });
  const isStranger = (digest: TextDigest): boolean => !jumpcloud.store.hasText(digest);
  const sekoia = await startIntakeSimulator({
    keepText: isStranger,
    ...options.sekoia,
    ...shared,
    ...given({ port: ports.sekoia, latencyMs: latencyMs.sekoia }),
  });
  const past = { fromMs: startedMs - days * DAY_MS, toMs: startedMs, count: events };
  for (const event of generator.spread(past)) jumpcloud.add(event);

  return {
    jumpcloud,
    sekoia,
    jumpcloudUrl: jumpcloud.url,
    intakeUrl: sekoia.url,
    apiKey: options.jumpcloud?.apiKeys?.[0]?.key ?? SYNTHETIC_API_KEY,
    intakeKey: options.sekoia?.intakeKeys?.[0] ?? SYNTHETIC_INTAKE_KEY,
    generator,
    account: () => {
      trickle.advance(now());
      const reachableFromMs = startedMs - (options.jumpcloud?.retentionDays ?? 90) * DAY_MS;
      return drawUpAccount({ store: jumpcloud.store, received: sekoia.received, nowMs: now(), reachableFromMs });
    },
    endLiveEvents: () => trickle.end(now()),
    close: async () => {
      await Promise.all([jumpcloud.close(), sekoia.close()]);
    },
  };
}

/** The members that have a value; the options' types tell absent from undefined. */
function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
