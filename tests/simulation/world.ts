import { connectorArgumentsSchema, moduleConfigurationSchema } from '../../src/jumpcloud/configuration.generated.js';
import { jumpcloudDirectoryInsightsConnector } from '../../src/jumpcloud/connector.js';
import type { SettingsSchema } from '../../src/sdk/configuration/schema.js';
import { describeError, ModuleError } from '../../src/sdk/errors.js';
import { LOG_LEVELS, type Log } from '../../src/sdk/observability/log.js';
import type { PipelineEvent } from '../../src/sdk/pipeline/pipeline-event.js';
import type { HttpTransport } from '../../src/sdk/ports.js';
import type { Storage } from '../../src/sdk/storage/storage.js';
import type { TriggerContext } from '../../src/sdk/trigger.js';
import type { Answer } from './answer.js';
import { createDice, type Dice } from './dice.js';
import { DurableStorage } from './durable-storage.js';
import { IncidentBoard } from './incident-board.js';
import { describe, Invariants, type Violation } from './invariants.js';
import { recoveryMs } from './recovery.js';
import type { CrashIncident, Scenario, StopIncident } from './scenario.js';
import { SimulatedApi } from './simulated-api.js';
import { INTAKE_KEY, SimulatedIntake } from './simulated-intake.js';
import { SimulatedProcess } from './simulated-process.js';
import { createTrace, type Trace } from './trace.js';
import { VirtualTime } from './virtual-time.js';
import { API_HOST, INTAKE_HOST, type Sent, transportOf, type WireWorld } from './wire.js';
import { type WorldEvent, worldEvent } from './world-event.js';

/** A connector that is broken on purpose, from outside. */
export interface Variant {
  readonly name: string;
  /** Replaces methods of classes. @returns what puts them back */
  readonly patch?: (world: VariantWorld) => () => void;
  readonly storage?: (storage: Storage) => Storage;
  readonly transport?: (transport: HttpTransport) => HttpTransport;
}

/** What a broken connector may know of its world. */
export interface VariantWorld {
  readonly scenario: Scenario;
  /** How many events were delivered or dead-lettered in a range that the API was asked to count. */
  settledBetween(fromMs: number, toMs: number): number;
}

export interface RunOptions {
  readonly variant?: Variant;
  readonly isTraced?: boolean;
  /** See `VirtualTime`. */
  readonly wholeTurns?: boolean;
}

export interface Outcome {
  readonly violation: Violation | undefined;
  readonly trace: readonly string[];
  /** Virtual time that passed, milliseconds. */
  readonly lastedMs: number;
  readonly steps: number;
}

const MOST_STEPS = 2_000_000;
/** Between looks at whether the connector has become healthy. */
const LEAST_LOOK_MS = 1000;
/** The platform starts a process that ended again. */
const RESTART_MS = 10_000;
/** After a forced stop everything under way has been told to end. */
const STOP_MS = 180_000;

/** Runs a scenario from its beginning until the connector is healthy and stopped, or something is wrong. */
export async function runScenario(scenario: Scenario, options: RunOptions = {}): Promise<Outcome> {
  return new World(scenario, options).run();
}

class World {
  readonly #time: VirtualTime;
  readonly #dice: Dice;
  readonly #trace: Trace;
  readonly #events: readonly WorldEvent[];
  readonly #api: SimulatedApi;
  readonly #intake: SimulatedIntake;
  readonly #storage: DurableStorage;
  /** Writes that failed since one succeeded; and when the last stop was asked for. */
  #failedWrites = { inARow: 0, lastAtMs: -Infinity };
  #stopAtMs = Infinity;
  readonly #invariants: Invariants;
  readonly #board: IncidentBoard;
  readonly #wire: WireWorld;
  readonly #crashes: Set<CrashIncident>;
  #violation: Violation | undefined;
  #wallOffsetMs: number;
  #process: SimulatedProcess | undefined;
  #lives = 0;
  #operations = 0;
  #writes = 0;
  /** Healthy again since: the last time the process began to run, or trouble ended. */
  #untroubledFromMs: number;
  #lastFailureMs = -1;
  #lastSuccessMs = -1;
  #isOver = false;

  constructor(
    private readonly scenario: Scenario,
    private readonly options: RunOptions,
  ) {
    const { wholeTurns = false } = options;
    this.#time = new VirtualTime({ wholeTurns, mostSteps: MOST_STEPS });
    this.#trace = createTrace(options.isTraced ?? false, () => this.#time.nowMs);
    this.#dice = createDice(scenario.seed ^ 0x51ed270b);
    this.#events = scenario.events.map((event, index) => worldEvent(event, index, scenario.beginsAtMs));
    this.#wallOffsetMs = scenario.clockDifferenceMs;
    this.#board = new IncidentBoard(scenario.incidents);
    this.#crashes = new Set(scenario.incidents.filter((incident) => incident.on === 'crash'));
    this.#untroubledFromMs = quietFromMs(scenario);
    this.#invariants = new Invariants({
      scenario,
      events: this.#events,
      nowMs: () => this.#time.nowMs,
      apiNowMs: () => this.#apiNowMs(),
      onViolation: (violation) => this.#violated(violation),
    });
    this.#api = new SimulatedApi(scenario, this.#events, (why) =>
      this.#invariants.fail('every request is one that the API allows', why),
    );
    this.#intake = new SimulatedIntake(this.#events, scenario.intake.rejectionShape, this.#invariants);
    this.#storage = this.#createStorage();
    this.#wire = this.#createWire();
  }

  async run(): Promise<Outcome> {
    const restore = this.options.variant?.patch?.(this.#variantWorld());
    try {
      this.#begin();
      const ended = await this.#time.run();
      if (!ended) this.#invariants.fail('the connector recovers', 'it goes round without getting anywhere');
    } finally {
      restore?.();
    }
    const { nowMs, steps } = this.#time;
    return { violation: this.#violation, trace: this.#trace.lines, lastedMs: nowMs, steps };
  }

  #begin(): void {
    for (const incident of this.scenario.incidents) {
      if (incident.on === 'clock') this.#time.at(incident.atMs, () => this.#stepClock(incident.stepMs));
      else if (incident.on === 'retention') this.#time.at(incident.atMs, () => this.#delete(incident));
      else if (incident.on === 'stop') this.#time.at(incident.atMs, () => this.#stop(incident));
      else if (incident.on === 'crash' && 'atMs' in incident.when)
        this.#time.at(incident.when.atMs, () => this.#crash(incident));
    }
    this.#time.at(0, () => this.#start());
    this.#time.at(this.#untroubledFromMs, () => this.#look());
  }

  #apiNowMs(): number {
    return this.scenario.beginsAtMs + this.#time.nowMs;
  }

  #start(): void {
    if (this.#isOver || this.#process !== undefined) return;
    this.#lives += 1;
    const process = new SimulatedProcess(
      {
        time: this.#time,
        seed: this.scenario.seed,
        wallMs: () => this.#apiNowMs() + this.#wallOffsetMs,
        onOperation: (asking) => this.#onOperation(asking),
        onRunaway: (asking) => {
          this.#invariants.fail('the connector recovers', 'it asks its ports without end');
          asking.die(false);
        },
      },
      this.#lives,
    );
    this.#process = process;
    this.#untroubledFromMs = Math.max(this.#untroubledFromMs, this.#time.nowMs);
    this.#trace.add(() => `life ${process.number} begins`);
    this.#launch(process).then(
      () => this.#onEnded(process),
      (error: unknown) => this.#onEnded(process, error),
    );
  }

  async #launch(process: SimulatedProcess): Promise<void> {
    const { variant } = this.options;
    const transport = transportOf(process, this.#wire);
    const storage = this.#storage.portOf(process);
    const context: TriggerContext = {
      clock: process.clock,
      random: process.random,
      transport: variant?.transport?.(transport) ?? transport,
      storage: variant?.storage?.(storage) ?? storage,
      log: this.#logOf(process),
      stop: process.stop,
      once: false,
      listener: (event) => this.#onTold(process, event),
    };
    const configuration = configurationOf(this.scenario);
    const { settings } = jumpcloudDirectoryInsightsConnector.configure(configuration, process.clock.now());
    await jumpcloudDirectoryInsightsConnector.run(settings, context);
  }

  /** The run ended: because it was told to, or because it could not go on. */
  #onEnded(process: SimulatedProcess, error?: unknown): void {
    if (!process.isAlive) return;
    this.#trace.add(() => `life ${process.number} ended${error === undefined ? '' : `: ${describeError(error)}`}`);
    const wasStopped = process.stop.requested.aborted;
    if (error !== undefined && !wasStopped && !(error instanceof ModuleError && error.code === 'STATE_UNAVAILABLE')) {
      const text = error instanceof Error ? (error.stack ?? error.message) : describeError(error);
      this.#invariants.fail('the connector goes on by itself', text);
    } else if (error === undefined && !wasStopped) {
      this.#invariants.fail('the connector goes on by itself', 'it ended without being told to');
    } else if (wasStopped && error === undefined && !this.#isStorageTroubled()) {
      const unknown = this.#invariants.unknownToStorage(process);
      if (unknown > 0)
        this.#invariants.fail(
          'a stop ends the run',
          `it stopped, and storage does not know ${unknown} delivered events`,
        );
    }
    this.#kill(process, 'stopped', true);
    if (!wasStopped) this.#time.after(RESTART_MS, () => this.#start());
  }

  /** Also where the trouble ended with the last two writes, the one that is tried once more for the sake of a stop among them. */
  #isStorageTroubled(): boolean {
    if (this.#board.isOn('storage', this.#time.nowMs)) return true;
    return this.#failedWrites.inARow >= 2 && this.#failedWrites.lastAtMs >= this.#stopAtMs;
  }

  #kill(process: SimulatedProcess, how: 'crashed' | 'stopped', arrives: boolean): void {
    process.die(arrives);
    this.#invariants.onEnd(process, how);
    if (this.#process === process) this.#process = undefined;
  }

  #crash(incident: CrashIncident): void {
    if (!this.#crashes.delete(incident) || this.#isOver) return;
    const process = this.#process;
    if (process === undefined) return;
    this.#trace.add(
      () =>
        `CRASH of life ${process.number}; what is under way is ${incident.underWay === 'lost' ? 'lost' : 'not held up'}`,
    );
    this.#kill(process, 'crashed', incident.underWay === 'arrives');
    this.#time.after(incident.downMs, () => this.#start());
  }

  #stop({ graceMs, downMs }: Omit<StopIncident, 'on' | 'atMs'>): void {
    const process = this.#process;
    if (process === undefined || this.#isOver || process.stop.requested.aborted) return;
    this.#trace.add(() => `STOP of life ${process.number}`);
    this.#time.after(graceMs, () => {
      if (process.isAlive) this.#trace.add(() => `STOP of life ${process.number} is forced`);
      process.stop.force();
    });
    this.#time.after(graceMs + STOP_MS, () => {
      if (process.isAlive) this.#invariants.fail('a stop ends the run', `life ${process.number} has not ended`);
    });
    const whenEnded = (): void => {
      if (process.isAlive) this.#time.after(250, whenEnded);
      else this.#time.after(downMs, () => this.#start());
    };
    this.#stopAtMs = this.#time.nowMs;
    process.stop.request();
    whenEnded();
  }

  #stepClock(stepMs: number): void {
    this.#wallOffsetMs += stepMs;
    this.#trace.add(() => `CLOCK steps by ${stepMs} ms`);
  }

  #delete({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): void {
    const apiNowMs = this.#apiNowMs();
    for (const event of this.#events) {
      const atMs = event.atMs - this.scenario.beginsAtMs;
      const isThere = event.visibleFromMs <= apiNowMs && event.atMs <= apiNowMs;
      if (isThere && atMs >= fromMs && atMs < toMs) event.goneFromMs = Math.min(event.goneFromMs, apiNowMs);
    }
    this.#trace.add(() => `the API deletes events between ${fromMs} and ${toMs}`);
  }

  #onOperation(process: SimulatedProcess): void {
    this.#operations += 1;
    for (const crash of this.#crashes) {
      const isDue = 'operation' in crash.when && crash.when.operation === this.#operations;
      if (isDue && this.#isInTime(process)) this.#crash(crash);
    }
  }

  /** Crashes at a number of something do not happen once the connector has a right to quiet. */
  #isInTime(process: SimulatedProcess): boolean {
    return process === this.#process && this.#time.nowMs < this.scenario.lengthMs;
  }

  #createStorage(): DurableStorage {
    return new DurableStorage({
      time: this.#time,
      delayMs: () => this.#dice.quarters(0.25, this.scenario.wire.storageDelayMs),
      effect: () => this.#board.take('storage', this.#time.nowMs)?.effect,
      onWriteEnded: (failed) => {
        const inARow = failed ? this.#failedWrites.inARow + 1 : 0;
        this.#failedWrites = { inARow, lastAtMs: this.#time.nowMs };
      },
      onWrite: (process, apply) => {
        this.#writes += 1;
        for (const crash of this.#crashes) {
          if (!('write' in crash.when) || crash.when.write !== this.#writes || !this.#isInTime(process)) continue;
          if (crash.when.done) apply();
          this.#crash(crash);
        }
      },
      onWritten: (name, content) => {
        this.#trace.add(
          () => `written: ${name}${name === 'context.json' ? ` ${oneLine(content)}` : ` (${content.length} bytes)`}`,
        );
        this.#invariants.onWritten(name, content);
      },
      onRemoved: (name) => {
        this.#trace.add(() => `removed: ${name}`);
        this.#invariants.onRemoved(name);
      },
    });
  }

  #createWire(): WireWorld {
    const { wire } = this.scenario;
    return {
      time: this.#time,
      delayMs: () => this.#dice.quarters(wire.leastDelayMs, wire.mostDelayMs),
      pieces: () => this.#dice.between(1, wire.pieces),
      onSent: (sent) => {
        this.#trace.add(() => `${sent.process.number} > ${sent.side}: ${this.#describeRequest(sent)}`);
        this.#invariants.onSent(sent);
      },
      answer: (sent) => {
        const answer = this.#answer(sent);
        this.#trace.add(() => `    ${sent.side} answers ${sent.process.number}: ${describeAnswer(answer)}`);
        return answer;
      },
      onSettled: (sent, answer) => this.#invariants.onSettled(sent, answer),
    };
  }

  #answer(sent: Sent): Answer {
    const { nowMs } = this.#time;
    if (sent.side === 'api') {
      const path = sent.url.endsWith('/events/count') ? 'count' : 'events';
      const incident = this.#board.take('api', nowMs, (one) => one.path === 'any' || one.path === path);
      return this.#api.answer(sent.url, sent.body, this.#apiNowMs(), incident?.effect);
    }
    this.#invariants.onPush(sent);
    const answer = this.#intake.answer(sent.body, this.#apiNowMs(), this.#board.take('intake', nowMs)?.effect);
    return { ...answer, headers: { date: new Date(this.#apiNowMs()).toUTCString(), ...answer.headers } };
  }

  #onTold(process: SimulatedProcess, event: PipelineEvent): void {
    if (!process.isAlive) return;
    if (event.kind === 'caught-up') this.#lastSuccessMs = this.#time.nowMs;
    if (event.kind === 'cycle-failed' || event.kind === 'retrying') this.#lastFailureMs = this.#time.nowMs;
  }

  #logOf(process: SimulatedProcess): Log {
    const at = (level: string) => (message: string) => {
      if (process.isAlive) this.#trace.add(() => `log ${level}: ${message}`);
    };
    return Object.fromEntries(LOG_LEVELS.map((level) => [level, at(level)])) as Log;
  }

  /** Ends the run once all is well, or too much time has passed. */
  #look(): void {
    if (this.#isOver) return;
    const wrong = this.#whatIsWrong();
    if (wrong === undefined) {
      this.#finish();
      return;
    }
    // While it is down, nothing can be asked of it; its next life has the whole time again.
    if (this.#process !== undefined && this.#time.nowMs > this.#untroubledFromMs + recoveryMs(this.scenario)) {
      this.#invariants.fail(wrong.invariant, wrong.detail);
      return;
    }
    this.#time.after(Math.max(LEAST_LOOK_MS, this.scenario.settings.frequency * 500), () => this.#look());
  }

  #whatIsWrong(): Omit<Violation, 'atMs'> | undefined {
    const recovers = 'the connector recovers';
    if (this.#process === undefined) return { invariant: recovers, detail: 'the process does not run' };
    if (this.#lastSuccessMs <= this.#lastFailureMs)
      return { invariant: recovers, detail: 'the last thing told is a failure' };
    const { context } = this.#invariants;
    const [tail, ...others] = context?.owed ?? [];
    if (tail?.toMs !== Infinity || others.length > 0)
      return { invariant: recovers, detail: 'more is owed than the tail' };
    const behindMs = this.#apiNowMs() - tail.fromMs;
    const allowedMs = this.scenario.settings.frequency * 2000 + this.scenario.wire.mostDelayMs * 40 + 10_000;
    if (behindMs > allowedMs) return { invariant: recovers, detail: `its edge is ${behindMs} ms behind` };
    const [missing] = this.#invariants.missing(this.#apiNowMs());
    if (missing !== undefined)
      return { invariant: 'every event is delivered or in the dead letter', detail: `${describe(missing)} is missing` };
    return undefined;
  }

  /** Stops the connector softly; what it leaves must be whole. */
  #finish(): void {
    this.#trace.add(() => 'all is well');
    const process = this.#process!;
    const apiNowMs = this.#apiNowMs();
    this.#stop({ graceMs: STOP_MS, downMs: Infinity });
    this.#isOver = true;
    const whenEnded = (): void => {
      if (process.isAlive) this.#time.after(250, whenEnded);
      else this.#end(apiNowMs);
    };
    whenEnded();
  }

  /** What was there when all was well is there still. */
  #end(apiNowMs: number): void {
    const [missing] = this.#invariants.missing(apiNowMs);
    if (missing !== undefined)
      this.#invariants.fail('every event is delivered or in the dead letter', `${describe(missing)} is missing`);
    this.#time.end();
  }

  #violated(violation: Violation): void {
    if (this.#violation !== undefined) return;
    this.#violation = violation;
    this.#trace.add(() => `VIOLATED: ${violation.invariant}: ${violation.detail}`);
    this.#isOver = true;
    this.#time.end();
  }

  #describeRequest({ side, url, body }: Sent): string {
    if (side === 'api') return `${url.slice(url.lastIndexOf('/'))} ${body}`;
    const events = this.#intake.eventsOf(body);
    return `push of ${events.length} events: ${events.map(({ index }) => index).join(' ')}`;
  }

  #variantWorld(): VariantWorld {
    return {
      scenario: this.scenario,
      settledBetween: (fromMs, toMs) => this.#invariants.settledBetween(fromMs, toMs),
    };
  }
}

/** When the last trouble that has a time is over and the last event is there. */
function quietFromMs({ lengthMs, events, incidents }: Scenario): number {
  const visible = events.map(({ atMs, lateMs, isSpare }) => (isSpare ? 0 : Math.max(atMs, atMs + lateMs)));
  const ends = incidents.map((incident) =>
    'untilMs' in incident ? incident.untilMs : 'atMs' in incident ? incident.atMs : 0,
  );
  return [lengthMs, ...visible, ...ends].reduce((latest, next) => Math.max(latest, next), 0);
}

function configurationOf({ settings }: Scenario): {
  module: Record<string, unknown>;
  arguments: Record<string, unknown>;
} {
  return {
    module: { ...defaultsOf(moduleConfigurationSchema), base_url: `https://${API_HOST}/`, apikey: 'synthetic-api-key' },
    arguments: {
      ...defaultsOf(connectorArgumentsSchema),
      intake_key: INTAKE_KEY,
      intake_server: `https://${INTAKE_HOST}`,
      frequency: settings.frequency,
      overlap: `${settings.overlap}s`,
      settling_horizon: `${settings.settlingHorizon}s`,
      reconcile_every: `${settings.reconcileEvery}s`,
      start_from: `${settings.startFrom}s`,
      page_size: settings.pageSize,
      chunk_size: settings.chunkSize,
      requests_per_second: settings.requestsPerSecond,
      retry_for: `${settings.retryFor}s`,
      oversized_events: settings.oversizedEvents,
    },
  };
}

function defaultsOf({ properties }: SettingsSchema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])),
  );
}

function describeAnswer({ status, headers, body, wire }: Answer): string {
  const page = headers['x-result-count'];
  const what = page === undefined ? body.toString('utf8', 0, 100) : `${page} rows`;
  const retryAfter = headers['retry-after'];
  return `${status}${wire === undefined ? '' : ` (${wire})`}${retryAfter === undefined ? '' : ` Retry-After: ${retryAfter}`} ${what}`;
}

function oneLine(content: Buffer): string {
  const { delivery } = JSON.parse(content.toString('utf8')) as { delivery?: Record<string, unknown> };
  return JSON.stringify({ owed: delivery?.['owed'], ledger: delivery?.['ledger'], explained: delivery?.['explained'] });
}
