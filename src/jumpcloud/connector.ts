import { defineTrigger } from '../sdk/define-trigger.js';
import { createClients } from './create-client.js';
import { DirectoryInsightsSource } from './event-source.js';
import { PROTECTED_MEMBERS } from './protected-members.js';
import { type ConnectorSettings, parseSettings, RETENTION_MS, secretsOf } from './settings.js';
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
    return { settings, warnings, secrets: [...secretsOf(settings), settings.intakeKey] };
  },

  describeStream({ services, organizationId }) {
    const organization = organizationId === undefined ? '' : ` of organization ${organizationId}`;
    return `services ${[...services].sort().join(', ')}${organization}`;
  },

  readingPace: ({ requestsPerSecond, pageSize }) => ({ requestsPerSecond, eventsPerRequest: pageSize }),

  openSources(settings, context, held) {
    const { services, pageSize } = settings;
    const { live, backlog } = createClients(settings, { ...context, held });
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
