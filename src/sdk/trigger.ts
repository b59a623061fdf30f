import type { Clock, FileReading, FileSystem, HttpTransport, Random } from './ports.js';
import type { ConnectorParts } from './connector-parts.js';
import type { HeldSettings } from './held-settings.js';
import type { Credential } from './http/credential.js';
import type { RequestLimiter } from './http/rate-limiter.js';
import type { SpareBodies } from './intake/spare-bodies.js';
import type { Log } from './observability/log.js';
import type { Batch, Destination } from './pipeline/destination.js';
import type { PipelineListener } from './pipeline/pipeline-event.js';
import type { WindowPlaces } from './pipeline/window-places.js';
import type { Stop } from './stop.js';
import type { Storage } from './storage/storage.js';

/** The world as a running trigger is given it. */
export interface TriggerContext {
  readonly clock: Clock;
  readonly random: Random;
  /** One try per request, no retries: the trigger decorates it. */
  readonly transport: HttpTransport;
  /** State of this data path, already locked for this process. */
  readonly storage: Storage;
  readonly log: Log;
  readonly stop: Stop;
  /** True: deliver what is there, then return. False: go on until stopped. */
  readonly once: boolean;
  /** How long a failing question to the source is put again, milliseconds; where not given, as long as a run wants. */
  readonly retryForMs?: number;
  readonly listener?: PipelineListener;
  /** What it shares with the other streams of the run, where there are several. */
  readonly share?: StreamShare;
  /** The trigger's settings, where secrets in them may be replaced while it runs. */
  readonly held?: HeldSettings<unknown>;
  /** To be told of each text that no output may contain and that was not known at the start, before it is used. */
  readonly hide?: (secret: string) => void;
  /** What the API is shown, where all streams of the run show the same. */
  readonly credential?: Credential;
  /** Makes the rate limit of a credential that other machines use at the same time. Default: this process has it alone. */
  readonly openLimiter?: (requestsPerSecond: number) => RequestLimiter;
  /** Files of this machine, and standard input, for a trigger that reads them. */
  readonly fileSystem?: FileSystem;
  /** See `fileSystem`. */
  readonly files?: FileReading;
  /** See `fileSystem`. */
  readonly input?: AsyncIterable<Uint8Array>;
}

/** One of several streams of a trigger, as of an organization: with its own state, and failing by itself. */
export interface TriggerStream<Settings> {
  /** What it is chosen by: the id of an organization. */
  readonly id: string;
  /** What logs, metrics and `/health` call it, unique among them: a label, or the end of the id. */
  readonly name: string;
  /** Where its state lies below the data path. */
  readonly folder: string;
  /** The settings of a trigger that has this stream alone. */
  readonly settings: Settings;
}

/** What a stream shares with the others of its run. */
export interface StreamShare {
  /** The rate limit of the credential. */
  readonly limiter: RequestLimiter;
  /** The bound on what is read at the same time. */
  readonly places: WindowPlaces;
  /** Memory of delivered batches. */
  readonly spareBodies: SpareBodies;
}

/** One finding of a trigger's self-examination. */
export interface CheckResult {
  /** What was looked at: 'API name resolution', 'Intake reachable'. */
  readonly name: string;
  /** A check as a whole has failed where one finding has. */
  readonly state: 'passed' | 'failed' | 'warning' | 'skipped';
  /** What was seen, in one line. */
  readonly detail: string;
  /** What to do about it, where it failed. */
  readonly remedy?: string;
}

/** The configuration as the platform or the runner found it, validated against the declarations. */
export interface TriggerConfiguration {
  /** The account, as the platform calls it. */
  readonly module: Readonly<Record<string, unknown>>;
  /** The trigger's arguments. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The platform's `intake_url`, where it gave one. */
  readonly intakeUrl?: string;
}

/** Settings read from a configuration, with what the operator should be told about them. */
export interface ConfiguredTrigger<Settings> {
  /** In the form that the trigger works with. */
  readonly settings: Settings;
  /** One sentence each. */
  readonly warnings: readonly string[];
  /** Texts that no output may contain. */
  readonly secrets: readonly string[];
}

/** What those who watch a run are told of it. */
export interface TriggerProfile {
  /** Whose events it collects, as names of metrics have it: `jumpcloud`. */
  readonly vendor: string;
  /** Where they go. Metrics show a fingerprint of it. */
  readonly intakeKey: string;
  /** The longest time between two signs of life while all is well: a cycle, or two requests. Milliseconds. */
  readonly paceMs: number;
}

/** What a module's code registers for one item of its manifest. */
export interface Trigger<Settings> {
  /** The command of the item: `docker_parameters` of its declaration. */
  readonly command: string;
  /**
   * Reads the settings out of a configuration; `nowMs` (epoch) resolves relative times.
   * @throws ConfigurationError naming every problem at once
   */
  configure(configuration: TriggerConfiguration, nowMs: number): ConfiguredTrigger<Settings>;
  /** What those who watch a run are told of it. */
  profile(settings: Settings): TriggerProfile;
  /**
   * Collects until stopped, or once. Resolves after a clean stop.
   * @throws ModuleError when it cannot go on: corrupt state; with `once`, any failure that retrying did not mend
   */
  run(settings: Settings, context: TriggerContext): Promise<void>;
  /** The streams of a trigger that has several, each with a folder of the data path; none where it has one, at its root. */
  streams?(settings: Settings): readonly TriggerStream<Settings>[];
  /**
   * The two ends of a trigger that collects from a source that is asked for times, and its pace: what the commands work with
   * that audit and repair. A trigger that has them runs as `runConnector(connect(settings, context), context)`;
   * one of several streams with the settings of that stream.
   */
  connect?(settings: Settings, context: Omit<TriggerContext, 'storage'>): ConnectorParts<Batch>;
  /**
   * Where the events of a run go, with the same settings: for what is sent again from the dead letter. A trigger without it
   * has none to send from.
   */
  openDestination?(settings: Settings, context: DestinationContext): Destination;
  /** Examines the settings against the real world, sending no event. Findings come as they are made. */
  check(settings: Settings, context: CheckContext): AsyncGenerator<CheckResult>;
  /**
   * Examines the account alone, by one small question: what the platform's button asks for. Its arguments are the defaults
   * of their schema. Without it there is no such button.
   * @throws ConfigurationError where the account cannot be one
   */
  checkAccount?(configuration: TriggerConfiguration, context: CheckContext): AsyncGenerator<CheckResult>;
}

/** A trigger whose source is asked for times. */
export type CollectingTrigger<Settings> = Trigger<Settings> & Required<Pick<Trigger<Settings>, 'connect'>>;

/** What an examination may touch: no state, no log. */
export type CheckContext = Pick<
  TriggerContext,
  'clock' | 'random' | 'transport' | 'hide' | 'fileSystem' | 'files' | 'input'
> & {
  /** Ends the examination. */
  readonly signal: AbortSignal;
};

/** The world as a destination without a source is given it. */
export type DestinationContext = Pick<
  TriggerContext,
  'clock' | 'random' | 'transport' | 'listener' | 'share' | 'held'
> & {
  /** True: no event is held too large to be tried. */
  readonly anySize: boolean;
};
