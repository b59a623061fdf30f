import { setTimeout as wait } from 'node:timers/promises';

import type { SyntheticEvent } from '../../../src/simulators/events/synthetic-event.js';
import type { EventStore } from '../../../src/simulators/jumpcloud/event-store.js';
import { type Simulators, startSimulators } from '../../../src/simulators/serve.js';
import { digestText } from '../../../src/simulators/text-tally.js';
import { type RunningProgram, startProgram } from '../../support/built-program.js';
import { connectorEnvironment, NO_PORTS } from '../../support/connector-environment.js';
import { type ScriptedS3, startScriptedS3 } from '../../support/scripted-s3.js';
import { exportedText, type ExportForm, type ExportWindow, exportWindow } from './exporter.js';

const DAY_MS = 86_400_000;
const DAYS = 30;
/** The API connector collects from so many days ago on. */
const DAYS_OF_API = 10;
/** Of the month, what is exported in the form that is not the default. */
const DAYS_SINGLE_LINE = 15;
const SERVICES = ['ldap', 'sso', 'directory', 'radius', 'systems'];
/** One event in so many has no id and is held twice. */
const KEYLESS_EVERY = 500;
/** Of each kind, events that become visible while both connectors run. */
const LATE = 50;
const VISIBLE_AFTER_MS = 1500;
const PATIENCE_MS = 60_000;

/** Which connector is started first; that one is also stopped in the middle, and started anew. */
export type First = 'api' | 'storage';

export interface MonthOptions {
  readonly events: number;
  readonly first: First;
  /** Whether the API includes the bounds of a query, and sorts by milliseconds; or leaves them out, and sorts by nanoseconds. */
  readonly bounds: 'included' | 'excluded';
  /** From one instant of the exporter's cron rule to the next. */
  readonly exportEveryMs: number;
  readonly chunkSize: number;
  readonly liveEventsPerSecond: number;
  readonly latencyMs: number;
  /** A new, empty directory. */
  readonly newDirectory: () => string;
  readonly tell: (line: string) => void;
}

/** What came of a month. Texts are compared byte for byte. */
export interface MonthAccount {
  /** Different events. */
  readonly held: number;
  /** Of these, delivered once, by the connector whose they are, in the form in which that one reads them. */
  readonly right: number;
  readonly lost: number;
  /** Acceptances beyond the first of an event, in whichever form. */
  readonly duplicated: number;
  /** Accepted texts that no event has, in no form. */
  readonly altered: number;
  readonly ofApi: number;
  readonly ofStorage: number;
  readonly objects: number;
  /** What went wrong with the first events that it went wrong with. */
  readonly wrong: readonly string[];
}

/**
 * A month of events that the API and an export of it in a bucket hold alike, collected by both connectors at once to one
 * intake. The API connector collects from ten days ago on, backlog and present; all else is the storage's. Events happen,
 * become visible late, and are exported, meanwhile.
 */
export async function runMonth(options: MonthOptions): Promise<MonthAccount> {
  const [simulators, storage] = [await startApi(options), await startScriptedS3()];
  const month = new Month(options, simulators, storage);
  try {
    await month.run();
    return month.account();
  } finally {
    await month.stop();
    await Promise.all([simulators.close(), storage.close()]);
  }
}

function startApi({ events, bounds, latencyMs, liveEventsPerSecond }: MonthOptions): Promise<Simulators> {
  const inclusive = bounds === 'included';
  return startSimulators({
    ...{ events, days: DAYS, seed: 30, liveEventsPerSecond, latencyMs: { jumpcloud: latencyMs, sekoia: latencyMs } },
    // Of an event that is too large, only a copy is delivered; with blanks, it may look as one that was exported.
    generator: { services: SERVICES, oversizedShare: 0, spacedShare: 0, sameInstantShare: 0.2 },
    jumpcloud: { startInclusive: inclusive, endInclusive: inclusive, sortPrecision: inclusive ? 'ms' : 'ns' },
  });
}

class Month {
  readonly #startedMs = Date.now();
  readonly #edgeMs = this.#startedMs - DAYS_OF_API * DAY_MS;
  readonly #singleLineFromMs: number;
  readonly #paths: Readonly<Record<First, string>>;
  readonly #running = new Map<First, RunningProgram>();

  constructor(
    private readonly options: MonthOptions,
    private readonly simulators: Simulators,
    private readonly storage: ScriptedS3,
  ) {
    const { exportEveryMs: step } = options;
    this.#paths = { api: options.newDirectory(), storage: options.newDirectory() };
    this.#singleLineFromMs = Math.floor((this.#startedMs - DAYS_SINGLE_LINE * DAY_MS) / step) * step;
    const { jumpcloud } = simulators;
    for (const event of this.#oddOnes()) jumpcloud.add(event);
  }

  async run(): Promise<void> {
    const { options, simulators } = this;
    const { first, tell } = options;
    const second = first === 'api' ? 'storage' : 'api';
    const { received } = simulators.sekoia;
    const planned = simulators.jumpcloud.store.size;
    const [fromMs, toMs] = [this.#startedMs - DAYS * DAY_MS, this.#startedMs];
    await this.#export({ fromMs, toMs });
    tell(`${planned} events, ${this.storage.objects.size} objects; the ${first} connector is started`);
    const one = this.#start(first);
    if (first === 'storage') await one.said('There is no state of the other connector');
    else await this.#until(() => received.events > 0);
    this.#start(second);
    await this.#until(() => received.events > planned / 5);
    tell(`${received.events} events delivered: the ${first} connector is stopped`);
    await this.#end(first);
    await this.#until(() => received.events > planned / 4);
    // Windows that were exported before are exported by hand once more: what was late is in them.
    await this.#export({ fromMs: this.#edgeMs - 2 * DAY_MS, toMs: Date.now() });
    tell(`${received.events} events delivered: the ${first} connector is started anew`);
    this.#start(first);
    await this.#until(() => received.events >= planned && Date.now() > this.#startedMs + VISIBLE_AFTER_MS);
    simulators.endLiveEvents();
    simulators.account();
    await this.#export({ fromMs: this.#startedMs - 2 * DAY_MS, toMs: Date.now() });
    tell(`${received.events} events delivered: both are stopped, and run once more to the end`);
    await Promise.all([this.#end('api'), this.#end('storage')]);
    for (const name of [first, second, first] as const) await this.#once(name);
  }

  account(): MonthAccount {
    const { received } = this.simulators.sekoia;
    const { store } = this.simulators.jumpcloud;
    const seen = new Set<string>();
    const wrong: string[] = [];
    const sum = { held: 0, right: 0, lost: 0, ofApi: 0, ofStorage: 0, accepted: 0 };
    for (let row = 0; row < store.size; row++) {
      const { high, low } = store.digest(row);
      if (seen.has(`${high} ${low}`)) continue;
      seen.add(`${high} ${low}`);
      const text = store.text(row).toString();
      const ofApi = received.count(text);
      const ofStorage = this.#formsOf(store, row).reduce((times, form) => times + countOf(received, text, form), 0);
      const isOfApi = store.timestampMs(row) >= this.#edgeMs;
      sum.held += 1;
      sum.ofApi += ofApi;
      sum.ofStorage += ofStorage;
      sum.accepted += ofApi + ofStorage;
      if (ofApi + ofStorage === 0) sum.lost += 1;
      if (isOfApi ? ofApi === 1 && ofStorage === 0 : ofApi === 0 && ofStorage === 1) sum.right += 1;
      else if (wrong.length < 20) {
        const fromEdge = store.timestampMs(row) - this.#edgeMs;
        wrong.push(
          `${fromEdge} ms from where the API connector begins: ${ofApi} by it, ${ofStorage} by the other: ${text}`,
        );
      }
    }
    const { held, right, lost, ofApi, ofStorage, accepted } = sum;
    const duplicated = accepted - (held - lost);
    const altered = received.events - accepted;
    return { held, right, lost, duplicated, altered, ofApi, ofStorage, objects: this.storage.objects.size, wrong };
  }

  /** Nothing of a run that failed is left running. */
  async stop(): Promise<void> {
    for (const { child, ended } of this.#running.values()) {
      child.kill('SIGKILL');
      await ended;
    }
  }

  /** What the generator does not make by itself. */
  *#oddOnes(): Generator<SyntheticEvent> {
    const { generator } = this.simulators;
    const { exportEveryMs: step, events } = this.options;
    const nowMs = this.#startedMs;
    let count = 0;
    const at = (timestampMs: number, timestampNs: number, visibleAtMs = timestampMs): SyntheticEvent => {
      const [id, service] = [`odd-${count++}`, SERVICES[count % SERVICES.length] ?? 'sso'];
      const fraction = String(timestampNs).padStart(6, '0');
      const timestamp = new Date(timestampMs).toISOString().replace('Z', `${timestampNs > 0 ? fraction : ''}Z`);
      const text = JSON.stringify({ id, timestamp, service, organization: null, event_type: 'of_a_test' });
      return { id, text, service, organization: null, timestampMs, timestampNs, visibleAtMs };
    };
    // Several in each millisecond around the instant from which on the API connector collects.
    for (const aside of [-3, -2, -1, 0, 1, 2, 3])
      for (const ns of [0, 1, 500_000, 999_999]) yield at(this.#edgeMs + aside, ns);
    // On the borders of exported windows.
    for (let ms = Math.ceil((nowMs - DAYS * DAY_MS) / step) * step; ms < nowMs; ms += step)
      for (const ns of [0, 0, 7]) yield at(ms, ns);
    // Late, within the settling horizon of the API connector; and such as only the storage can have.
    for (let n = 0; n < LATE; n++) {
      yield at(nowMs - DAY_MS / 2 + n * 60_000, n, nowMs + (n * VISIBLE_AFTER_MS) / LATE);
      yield at(this.#edgeMs - DAY_MS + n * 60_000, n, nowMs + 500);
    }
    // The same event twice, and nothing to tell one from the other but that they are the same.
    for (let n = 0; n < events / KEYLESS_EVERY; n++) {
      const event = generator.next(nowMs - DAYS * DAY_MS + (n + 0.5) * ((DAYS * DAY_MS * KEYLESS_EVERY) / events));
      const keyless = {
        ...event,
        text: event.text.replace(/"id":\s*"(?:[\da-f]{24}|[\dA-F-]{36})",\s*(?="timestamp")/, ''),
      };
      yield keyless;
      yield keyless;
    }
  }

  /** Writes what the exporter writes at each instant of its cron rule, and of what is left, up to `toMs`. */
  async #export({ fromMs, toMs }: ExportWindow): Promise<void> {
    const { exportEveryMs: step } = this.options;
    const nowMs = Date.now();
    const endMs = Math.ceil(toMs / 1000) * 1000;
    for (let ms = Math.floor(fromMs / step) * step; ms < endMs; ms += step) {
      const window = { fromMs: ms, toMs: Math.min(ms + step, endMs) };
      const form = ms < this.#singleLineFromMs ? 'MultiLine' : 'SingleLine';
      const objects = exportWindow(this.simulators.jumpcloud.store, window, { services: SERVICES, form, nowMs });
      for (const [name, content] of objects) this.storage.put(name, content);
      // Both ends of the wire are played by this process.
      await wait(0);
    }
  }

  /** In which forms an event stands in the bucket: on the border of two windows, it may be in both. */
  #formsOf(store: EventStore, row: number): ExportForm[] {
    const ms = store.timestampMs(row);
    if (ms === this.#singleLineFromMs) return ['MultiLine', 'SingleLine'];
    return [ms < this.#singleLineFromMs ? 'MultiLine' : 'SingleLine'];
  }

  #start(name: First, more: readonly string[] = []): RunningProgram {
    const command =
      name === 'api' ? 'JumpcloudDirectoryInsightsConnector' : 'JumpcloudDirectoryInsightsStorageConnector';
    const program = startProgram('harness/cli.js', ['run', command, ...more], this.#environment(name));
    this.#running.set(name, program);
    return program;
  }

  #environment(name: First): Record<string, string> {
    const { simulators, options, storage } = this;
    const { chunkSize: chunk_size } = options;
    if (name === 'api') {
      const start_from = new Date(this.#edgeMs).toISOString();
      const more = { start_from, requests_per_second: 100, reconcile_every: '10s', chunk_size };
      return connectorEnvironment(simulators, this.#paths.api, { arguments: more });
    }
    const { endpoint, bucket, region, accessKeyId: access_key_id, secretAccessKey: secret_access_key } = storage;
    return {
      CONNECTOR_CONFIGURATION: JSON.stringify({
        ...{ intake_key: simulators.intakeKey, intake_server: simulators.intakeUrl, frequency: 1, chunk_size },
        ...{ endpoint, bucket, region, access_key_id, secret_access_key, api_data_path: this.#paths.api },
      }),
      DATA_PATH: this.#paths.storage,
      ...NO_PORTS,
    };
  }

  async #end(name: First): Promise<void> {
    const program = this.#running.get(name);
    program?.child.kill('SIGTERM');
    await this.#succeeded(name, program);
  }

  async #once(name: First): Promise<void> {
    await this.#succeeded(name, this.#start(name, ['--once']));
  }

  async #succeeded(name: First, program: RunningProgram | undefined): Promise<void> {
    const ended = await program?.ended;
    this.#running.delete(name);
    if (ended?.code !== 0)
      throw new Error(`the ${name} connector ended with ${String(ended?.code)}: ${ended?.output.slice(-3000) ?? ''}`);
  }

  /** @throws Error where nothing is delivered for a minute, or where a connector has ended by itself */
  async #until(isReached: () => boolean): Promise<void> {
    const { received } = this.simulators.sekoia;
    let [seen, sinceMs] = [received.events, Date.now()];
    while (!isReached()) {
      for (const [name, { child, ended }] of this.#running) {
        if (child.exitCode !== null)
          throw new Error(`the ${name} connector ended by itself: ${(await ended).output.slice(-3000)}`);
      }
      if (received.events !== seen) [seen, sinceMs] = [received.events, Date.now()];
      if (Date.now() - sinceMs > PATIENCE_MS) return;
      await wait(5);
    }
  }
}

function countOf(received: Simulators['sekoia']['received'], text: string, form: ExportForm): number {
  return received.countDigest(digestText(exportedText(text, form)));
}
