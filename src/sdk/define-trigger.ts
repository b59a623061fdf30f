import type { CollectionSettings } from './configuration/collection-settings.js';
import { runConnector } from './connector.js';
import type { ConnectorParts, ReadingPace } from './connector-parts.js';
import { heldPart, type HeldSettings, unchanging } from './held-settings.js';
import type { Credential } from './http/credential.js';
import { createIntake } from './intake/create-intake.js';
import { pipelineLog } from './observability/pipeline-log.js';
import type { Batch } from './pipeline/destination.js';
import type { PipelineListener } from './pipeline/pipeline-event.js';
import type { Source } from './pipeline/source.js';
import { inCompany, stretchOf, stretchWarnings } from './streams/company.js';
import { runStreams } from './streams/run-streams.js';
import { takeRoot } from './streams/streams-document.js';
import type {
  CheckContext,
  CheckResult,
  CollectingTrigger,
  ConfiguredTrigger,
  DestinationContext,
  TriggerConfiguration,
  TriggerContext,
  TriggerStream,
} from './trigger.js';

/** What a source may be made of. */
export type SourceContext = Pick<
  TriggerContext,
  'clock' | 'random' | 'transport' | 'retryForMs' | 'hide' | 'share' | 'credential' | 'openLimiter'
> & {
  /** To be told of retries and counts. */
  readonly listener: PipelineListener;
};

/** Where the events come from: one source, or two under one rate limit. */
export interface Sources {
  /** The source of what happens now. */
  readonly source: Source;
  /** The same source for a backlog, whose requests let those of `source` go first. Default: `source`. */
  readonly backlogSource?: Source;
}

/** A trigger that collects from one source and pushes to a Sekoia intake, told in what is special about it. */
export interface TriggerDefinition<Settings extends CollectionSettings> {
  /** The command of the trigger: `docker_parameters` of its declaration in `triggers/`. */
  readonly command: string;
  /** Whose events it collects, as names of metrics have it: `jumpcloud`. Lower-case letters, digits, `_`. */
  readonly vendor: string;
  /** Product and version, as sent to both sides: `okta-system-log/1.0.0`. */
  readonly userAgent: string;
  /** How long the source keeps events, milliseconds. */
  readonly retentionMs: number;
  /** Members of an event's top level that are left whole where a copy of an oversized event is trimmed. */
  readonly protectedMembers: readonly string[];
  /**
   * Reads the settings out of a configuration that met the schemas; `nowMs` (epoch) resolves relative times.
   * @throws ConfigurationError naming every problem at once
   */
  configure(configuration: TriggerConfiguration, nowMs: number): ConfiguredTrigger<Settings>;
  /** What is read, in words. The operator is told when it changed between runs. */
  describeStream(settings: Settings): string;
  /** What bounds the reading: how long a backlog takes, and how many slices of it are read at the same time. */
  readingPace?(settings: Settings): ReadingPace;
  /**
   * The streams of a trigger that has several, all read with one credential: the rate limit of these settings is theirs
   * together. None where it has one.
   */
  streams?(settings: Settings): readonly TriggerStream<Settings>[];
  /** What the API is shown by all streams of a run, where there are several; `openSources` finds it in its context. */
  openCredential?(settings: Settings, context: TriggerContext, held: HeldSettings<Settings>): Credential;
  /**
   * Makes the sources of a run; nothing is asked of them yet. Where it has a share, its limiter is the one to keep to. A source
   * that looks into `held` with each request uses secrets that were replaced meanwhile; `settings` has those of the start.
   */
  openSources(settings: Settings, context: SourceContext, held: HeldSettings<Settings>): Sources;
  /** Examines the settings against the real world, sending no event. Findings come as they are made. */
  check(settings: Settings, context: CheckContext): AsyncGenerator<CheckResult>;
  /** As {@link Trigger.checkAccount}. Left out where accounts are not validated. */
  checkAccount?(configuration: TriggerConfiguration, context: CheckContext): AsyncGenerator<CheckResult>;
}

/** Makes a trigger of its definition: everything between its source and the intake is the SDK's. */
export function defineTrigger<Settings extends CollectionSettings>(
  definition: TriggerDefinition<Settings>,
): CollectingTrigger<Settings> {
  const { command, vendor, retentionMs } = definition;
  const streamsOf = (settings: Settings): readonly TriggerStream<Settings>[] => {
    const streams = definition.streams?.(settings) ?? [];
    return streams.map((stream) => ({ ...stream, settings: inCompany(stream.settings, streams.length) }));
  };
  const openDestination = (settings: Settings, context: DestinationContext): ReturnType<typeof createIntake> =>
    createIntake(settings, definition, {
      ...context,
      key: heldPart(heldSettings(settings, context), ({ intakeKey }) => intakeKey),
    });
  const connect = (settings: Settings, context: Omit<TriggerContext, 'storage'>): ConnectorParts<Batch> => {
    const listener = listenerOf(context);
    return {
      ...definition.openSources(settings, { ...context, listener }, heldSettings(settings, context)),
      destination: openDestination(settings, { ...context, listener, anySize: false }),
      listener,
      stream: definition.describeStream(settings),
      startFromMs: settings.startFrom.ms,
      startIsRelative: settings.startFrom.isRelative,
      frequencyMs: settings.frequencyMs,
      overlapMs: settings.overlapMs,
      settlingHorizonMs: settings.settlingHorizonMs,
      reconcileEveryMs: settings.reconcileEveryMs,
      retentionMs,
      ...(definition.readingPace && { readingPace: definition.readingPace(settings) }),
      deadLetterLimitBytes: settings.deadLetterLimitBytes,
    };
  };
  return {
    command,
    configure(configuration, nowMs) {
      const { settings, warnings, secrets } = definition.configure(configuration, nowMs);
      const streams = definition.streams?.(settings).length ?? 0;
      return { settings, warnings: [...warnings, ...stretchWarnings(settings, streams)], secrets };
    },
    profile(settings) {
      const { intakeKey, requestsPerSecond } = settings;
      const frequencyMs = settings.frequencyMs * stretchOf(settings, definition.streams?.(settings).length ?? 0);
      return { vendor, intakeKey, paceMs: Math.max(frequencyMs, 1000 / requestsPerSecond) };
    },
    streams: streamsOf,
    async run(settings, context) {
      const streams = streamsOf(settings);
      if (streams.length === 0) {
        await takeRoot(context.storage);
        return runConnector(connect(settings, context), context);
      }
      const held = heldSettings(settings, context);
      const credential = definition.openCredential?.(settings, context, held);
      const laidOut = heldStreams(held, streamsOf);
      return runStreams(
        streams,
        ({ id, settings: own }, within) => {
          const shared = { ...within, held: laidOut(id, own), ...(credential && { credential }) };
          return runConnector(connect(own, shared), shared);
        },
        context,
      );
    },
    connect,
    openDestination,
    check: (settings, context) => definition.check(settings, context),
    ...(definition.checkAccount && { checkAccount: definition.checkAccount.bind(definition) }),
  };
}

/** Whoever holds settings for a trigger has them of its own `configure`. */
function heldSettings<Settings>(
  settings: Settings,
  { held }: { readonly held?: HeldSettings<unknown> },
): HeldSettings<Settings> {
  return held === undefined ? unchanging(settings) : (held as HeldSettings<Settings>);
}

/** The same of each stream: laid out anew only where a secret was replaced. */
function heldStreams<Settings>(
  held: HeldSettings<Settings>,
  streamsOf: (settings: Settings) => readonly TriggerStream<Settings>[],
): (id: string, start: Settings) => HeldSettings<Settings> {
  let [from, byId] = [undefined as Settings | undefined, new Map<string, Settings>()];
  const ofAll = (settings: Settings): ReadonlyMap<string, Settings> => {
    if (settings !== from) byId = new Map(streamsOf(settings).map((stream) => [stream.id, stream.settings]));
    from = settings;
    return byId;
  };
  return (id, start) => heldPart(held, (settings) => ofAll(settings).get(id) ?? start);
}

/** The log hears everything, and so does whoever watches the run. */
export function listenerOf({ log, clock, listener }: Omit<TriggerContext, 'storage'>): PipelineListener {
  const tellLog = pipelineLog(log, clock);
  return (event) => {
    tellLog(event);
    listener?.(event);
  };
}
