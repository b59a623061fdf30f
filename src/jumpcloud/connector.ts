import { runConnector } from '../sdk/connector.js';
import type { ConnectorParts } from '../sdk/connector-parts.js';
import type { IntakeBatch } from '../sdk/intake/intake-batch.js';
import { pipelineLog } from '../sdk/observability/pipeline-log.js';
import type { PipelineListener } from '../sdk/pipeline/pipeline-event.js';
import type { Trigger, TriggerContext } from '../sdk/trigger.js';
import { createClients } from './create-client.js';
import { createIntakeDestination } from './create-intake-destination.js';
import { DirectoryInsightsSource } from './event-source.js';
import { type ConnectorSettings, parseSettings, RETENTION_MS } from './settings.js';

/** The trigger 'Jumpcloud Directory Insights Connector': every event of an organization, to a Sekoia intake. */
export const jumpcloudDirectoryInsightsConnector: Trigger<ConnectorSettings> = {
  command: 'JumpcloudDirectoryInsightsConnector',

  configure({ module, arguments: args, intakeUrl }, nowMs) {
    const { settings, warnings } = parseSettings({ module, arguments: args, intakeUrl, now: nowMs });
    return { settings, warnings, secrets: [settings.apiKey, settings.intakeKey] };
  },

  profile: ({ intakeKey, frequencyMs, requestsPerSecond }) => ({
    vendor: 'jumpcloud',
    intakeKey,
    paceMs: Math.max(frequencyMs, 1000 / requestsPerSecond),
  }),

  run: (settings, context) => runConnector(connect(settings, context), context),
  connect,
  openDestination: createIntakeDestination,
  // Loaded only where it is asked for: collecting needs none of it.
  async *check(settings, context) {
    const { checkConnector } = await import('./check.js');
    yield* checkConnector(settings, context);
  },
};

function connect(settings: ConnectorSettings, context: Omit<TriggerContext, 'storage'>): ConnectorParts<IntakeBatch> {
  const { clock, log } = context;
  const tellLog = pipelineLog(log, clock);
  const listener: PipelineListener = (event) => {
    tellLog(event);
    context.listener?.(event);
  };
  const clients = createClients(settings, { ...context, listener });
  const { services, pageSize } = settings;
  return {
    source: new DirectoryInsightsSource({ client: clients.live, services, pageSize }),
    backlogSource: new DirectoryInsightsSource({ client: clients.backlog, services, pageSize }),
    destination: createIntakeDestination(settings, { ...context, listener, anySize: false }),
    listener,
    stream: describeStream(settings),
    startFromMs: settings.startFrom.ms,
    startIsRelative: settings.startFrom.isRelative,
    frequencyMs: settings.frequencyMs,
    overlapMs: settings.overlapMs,
    settlingHorizonMs: settings.settlingHorizonMs,
    reconcileEveryMs: settings.reconcileEveryMs,
    retentionMs: RETENTION_MS,
    readingPace: { requestsPerSecond: settings.requestsPerSecond, eventsPerRequest: settings.pageSize },
    deadLetterLimitBytes: settings.deadLetterLimitBytes,
  };
}

function describeStream({ services, organizationId }: ConnectorSettings): string {
  const organization = organizationId === undefined ? '' : ` of organization ${organizationId}`;
  return `services ${[...services].sort().join(', ')}${organization}`;
}
