import type { CollectionSettings } from './configuration/collection-settings.js';
import { runConnector } from './connector.js';
import type { ConnectorParts, ReadingPace } from './connector-parts.js';
import { createIntake } from './intake/create-intake.js';
import { pipelineLog } from './observability/pipeline-log.js';
import type { Batch } from './pipeline/destination.js';
import type { PipelineListener } from './pipeline/pipeline-event.js';
import type { Source } from './pipeline/source.js';
import type {
  CheckContext,
  CheckResult,
  CollectingTrigger,
  ConfiguredTrigger,
  DestinationContext,
  TriggerConfiguration,
  TriggerContext,
} from './trigger.js';

/** What a source may be made of. */
export type SourceContext = Pick<TriggerContext, 'clock' | 'random' | 'transport' | 'retryForMs'> & {
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
  /** What bounds the reading, to estimate how long a backlog takes. */
  readingPace?(settings: Settings): ReadingPace;
  /** Makes the sources of a run; nothing is asked of them yet. */
  openSources(settings: Settings, context: SourceContext): Sources;
  /** Examines the settings against the real world, sending no event. Findings come as they are made. */
  check(settings: Settings, context: CheckContext): AsyncGenerator<CheckResult>;
}

/** Makes a trigger of its definition: everything between its source and the intake is the SDK's. */
export function defineTrigger<Settings extends CollectionSettings>(
  definition: TriggerDefinition<Settings>,
): CollectingTrigger<Settings> {
  const { command, vendor, retentionMs } = definition;
  const openDestination = (settings: Settings, context: DestinationContext): ReturnType<typeof createIntake> =>
    createIntake(settings, definition, context);
  const connect = (settings: Settings, context: Omit<TriggerContext, 'storage'>): ConnectorParts<Batch> => {
    const listener = listenerOf(context);
    return {
      ...definition.openSources(settings, { ...context, listener }),
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
    configure: (configuration, nowMs) => definition.configure(configuration, nowMs),
    profile: ({ intakeKey, frequencyMs, requestsPerSecond }) => ({
      vendor,
      intakeKey,
      paceMs: Math.max(frequencyMs, 1000 / requestsPerSecond),
    }),
    run: (settings, context) => runConnector(connect(settings, context), context),
    connect,
    openDestination,
    check: (settings, context) => definition.check(settings, context),
  };
}

/** The log hears everything, and so does whoever watches the run. */
export function listenerOf({ log, clock, listener }: Omit<TriggerContext, 'storage'>): PipelineListener {
  const tellLog = pipelineLog(log, clock);
  return (event) => {
    tellLog(event);
    listener?.(event);
  };
}
