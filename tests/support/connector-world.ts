import { connectorArgumentsSchema, moduleConfigurationSchema } from '../../src/jumpcloud/configuration.generated.js';
import { jumpcloudDirectoryInsightsConnector } from '../../src/jumpcloud/connector.js';
import type { ConnectorSettings } from '../../src/jumpcloud/settings.js';
import { DeadLetterArchive } from '../../src/sdk/dead-letter/dead-letter-archive.js';
import { type Replay, replayDeadLetter } from '../../src/sdk/dead-letter/replay.js';
import type { SettingsSchema } from '../../src/sdk/configuration/schema.js';
import type { PipelineEvent } from '../../src/sdk/pipeline/pipeline-event.js';
import type { HttpRequest, HttpTransport } from '../../src/sdk/ports.js';
import { Stop } from '../../src/sdk/stop.js';
import { createMemoryStorage } from '../../src/sdk/storage/memory.js';
import type { Storage } from '../../src/sdk/storage/storage.js';
import { type Account, drawUpAccount } from '../../src/simulators/account.js';
import type { SyntheticEvent } from '../../src/simulators/events/synthetic-event.js';
import type { Fault, FaultCondition, FaultEffect, FaultSide } from '../../src/simulators/faults/fault-scenario.js';
import { createJumpcloudApi, type JumpcloudApi } from '../../src/simulators/jumpcloud/api.js';
import { type JumpcloudApiOptions, SYNTHETIC_API_KEY } from '../../src/simulators/jumpcloud/options.js';
import { createIntake, type Intake } from '../../src/simulators/sekoia/intake.js';
import { type IntakeOptions, SYNTHETIC_INTAKE_KEY } from '../../src/simulators/sekoia/options.js';
import { formatTimestamp } from '../../src/sdk/time/timestamp.js';
import { ManualClock } from './manual-clock.js';
import { RecordingLog } from './recording-log.js';
import { seededRandom } from './seeded-random.js';
import { simulatedTransport } from './simulated-transport.js';

export const API_HOST = 'api.jumpcloud.test';
export const INTAKE_HOST = 'intake.sekoia.test';

export interface WorldOptions {
  readonly faults?: readonly Fault[];
  readonly jumpcloud?: JumpcloudApiOptions;
  readonly sekoia?: IntakeOptions;
  readonly storage?: Storage;
  readonly clock?: ManualClock;
}

export interface RunOptions {
  readonly module?: Readonly<Record<string, unknown>>;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly once?: boolean;
  readonly transport?: HttpTransport;
}

/** One run of the connector, and what one sees of it. */
export interface ConnectorRun {
  readonly ended: Promise<void>;
  readonly stop: Stop;
  readonly log: RecordingLog;
  readonly told: PipelineEvent[];
  /** The same of each stream, by its name, where there are several. */
  readonly toldBy: Map<string | undefined, { readonly event: PipelineEvent; readonly atMs: number }[]>;
  readonly requests: HttpRequest[];
  /** Requests for events, as they were asked. */
  queries(): Record<string, unknown>[];
  /** Requests to the intake. */
  pushes(): { readonly intake_key: string; readonly jsons: readonly string[] }[];
}

/** Both ends of the wire without a socket, in the time of a manual clock; a data path that outlives the runs. */
export class ConnectorWorld {
  readonly clock: ManualClock;
  readonly storage: Storage;
  readonly api: JumpcloudApi;
  readonly intake: Intake;
  readonly transport: HttpTransport;

  constructor(options: WorldOptions = {}) {
    const { faults = [] } = options;
    this.clock = options.clock ?? new ManualClock({ autoAdvance: true });
    this.storage = options.storage ?? createMemoryStorage();
    const shared = { now: () => this.clock.now(), scenario: { version: 1, faults } as const };
    this.api = createJumpcloudApi({ ...shared, ...options.jumpcloud });
    this.intake = createIntake({ keepText: () => true, ...options.sekoia, ...shared });
    this.transport = simulatedTransport({ [API_HOST]: this.api, [INTAKE_HOST]: this.intake }, this.clock);
  }

  /** Begins a run; `frequency` and the like as in the arguments of the trigger. */
  run(options: RunOptions = {}): ConnectorRun {
    const stop = new Stop();
    const log = new RecordingLog();
    const told: PipelineEvent[] = [];
    const toldBy: ConnectorRun['toldBy'] = new Map();
    const requests: HttpRequest[] = [];
    const transport = options.transport ?? this.transport;
    const settings = this.#settings(options);
    const ended = jumpcloudDirectoryInsightsConnector.run(settings, {
      clock: this.clock,
      random: seededRandom(),
      transport: {
        request(request) {
          requests.push({ ...request, body: Buffer.from(request.body ?? '') });
          return transport.request(request);
        },
      },
      storage: this.storage,
      log: log.log,
      stop,
      once: options.once ?? true,
      listener: (event, stream) => {
        told.push(event);
        const own = toldBy.get(stream) ?? [];
        if (own.push({ event, atMs: this.clock.now() }) === 1) toldBy.set(stream, own);
      },
    });
    ended.catch(() => undefined);
    const to = (endpoint: string): string[] =>
      requests.filter(({ url }) => url.endsWith(endpoint)).map(({ body }) => Buffer.from(body ?? '').toString('utf8'));
    return {
      ended,
      stop,
      log,
      told,
      toldBy,
      requests,
      queries: () => to('/events').map((body) => JSON.parse(body) as Record<string, unknown>),
      pushes: () => to('/batch').map((body) => JSON.parse(body) as { intake_key: string; jsons: string[] }),
    };
  }

  /** Sends what is in the dead letter again, as the command does. */
  replay(options: Pick<RunOptions, 'module' | 'arguments'> & { readonly oversized?: boolean } = {}): Promise<Replay> {
    const { clock, transport } = this;
    const { oversized = false } = options;
    const context = { clock, random: seededRandom(), transport, anySize: oversized };
    return replayDeadLetter({
      archive: new DeadLetterArchive(this.storage),
      destination: jumpcloudDirectoryInsightsConnector.openDestination!(this.#settings(options), context),
      ...{ clock, stop: new Stop(), isMeant: () => true, oversized },
      onDelivered: async () => undefined,
      onProgress: () => undefined,
    });
  }

  #settings(options: Pick<RunOptions, 'module' | 'arguments'>): ConnectorSettings {
    const configuration = {
      module: { ...defaultsOf(moduleConfigurationSchema), ...ACCOUNT, ...options.module },
      arguments: { ...defaultsOf(connectorArgumentsSchema), ...ARGUMENTS, ...options.arguments },
    };
    return jumpcloudDirectoryInsightsConnector.configure(configuration, this.clock.now()).settings;
  }

  /** What the API has shown by now, compared with what the intake accepted. */
  account(): Account {
    const { store } = this.api;
    return drawUpAccount({
      store,
      received: this.intake.received,
      nowMs: this.clock.now(),
      reachableFromMs: -Infinity,
    });
  }

  add(...events: readonly SyntheticEvent[]): void {
    for (const event of events) this.api.add(event);
  }

  async writeState(text: string): Promise<void> {
    await this.storage.write('context.json', Buffer.from(text));
  }

  /** The left edge of what is owed, epoch milliseconds. */
  async positionMs(): Promise<number> {
    const text = Buffer.from((await this.storage.read('context.json')) ?? []).toString('utf8');
    const { delivery } = JSON.parse(text) as { delivery: { owed: { from: string }[] } };
    return Date.parse(delivery.owed[0]!.from);
  }
}

const ACCOUNT = { base_url: `https://${API_HOST}/`, apikey: SYNTHETIC_API_KEY };
const ARGUMENTS = { intake_key: SYNTHETIC_INTAKE_KEY, intake_server: `https://${INTAKE_HOST}`, start_from: '1h' };

/** What every setting is where nobody sets it. */
export function defaultsOf({ properties }: SettingsSchema): Record<string, unknown> {
  const given = Object.entries(properties).filter(([, { default: value }]) => value !== undefined);
  return Object.fromEntries(given.map(([name, { default: value }]) => [name, value]));
}

/** An event of the API that is visible at once. */
export function apiEvent(id: string, timestampMs: number, more: Partial<SyntheticEvent> = {}): SyntheticEvent {
  const text = `{"id":"${id}","timestamp":"${formatTimestamp(timestampMs)}","event_type":"test","service":"sso"}`;
  const rest = { service: 'sso', organization: 'org', timestampMs, timestampNs: 0, visibleAtMs: timestampMs };
  return { id, text, ...rest, ...more };
}

/** `count` events at equal distances that end just before `untilMs`. */
export function apiEvents(count: number, untilMs: number, stepMs = 1000): SyntheticEvent[] {
  return Array.from({ length: count }, (_, index) => apiEvent(`e${index}`, untilMs - (count - index) * stepMs));
}

export function fault(side: FaultSide, effect: FaultEffect, when: FaultCondition = {}): Fault {
  const endpoints = [side === 'jumpcloud' ? '/events' : '/batch'];
  return { name: `${side} ${effect.kind}`, side, when: { endpoints, ...when }, effect };
}
