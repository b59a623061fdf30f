import { defineTrigger } from '../sdk/define-trigger.js';
import { createClients } from './create-client.js';
import { describeStream } from './describe-stream.js';
import { DirectoryInsightsSource } from './event-source.js';
import { PROTECTED_MEMBERS } from './protected-members.js';
import { type ConnectorSettings, parseSettings, RETENTION_MS } from './settings.js';
import { USER_AGENT } from './user-agent.js';

/** The trigger 'Jumpcloud Directory Insights Connector': every event of an organization, to a Sekoia intake. */
export const jumpcloudDirectoryInsightsConnector = defineTrigger<ConnectorSettings>({
  command: 'JumpcloudDirectoryInsightsConnector',
  vendor: 'jumpcloud',
  userAgent: USER_AGENT,
  retentionMs: RETENTION_MS,
  protectedMembers: PROTECTED_MEMBERS,

  configure({ module, arguments: args, intakeUrl }, nowMs) {
    const { settings, warnings } = parseSettings({ module, arguments: args, intakeUrl, now: nowMs });
    return { settings, warnings, secrets: [settings.apiKey, settings.intakeKey] };
  },

  describeStream,

  readingPace: ({ requestsPerSecond, pageSize }) => ({ requestsPerSecond, eventsPerRequest: pageSize }),

  openSources(settings, context) {
    const { services, pageSize } = settings;
    const { live, backlog } = createClients(settings, context);
    return {
      source: new DirectoryInsightsSource({ client: live, services, pageSize }),
      backlogSource: new DirectoryInsightsSource({ client: backlog, services, pageSize }),
    };
  },

  // Loaded only where it is asked for: collecting needs none of it.
  async *check(settings, context) {
    const { checkConnector } = await import('./check.js');
    yield* checkConnector(settings, context);
  },
});
