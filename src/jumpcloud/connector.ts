import { defineTrigger } from '../sdk/define-trigger.js';
import { createClients } from './create-client.js';
import { createCredential } from './credential.js';
import { describeStream } from './describe-stream.js';
import { DirectoryInsightsSource } from './event-source.js';
import { streamsOf } from './organizations.js';
import { PROTECTED_MEMBERS } from './protected-members.js';
import { type ConnectorSettings, parseSettings, RETENTION_MS, secretsOf as accountSecretsOf } from './settings.js';
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
    return { settings, warnings, secrets: secretsOf(settings) };
  },

  describeStream,

  readingPace: ({ requestsPerSecond, pageSize }) => ({ requestsPerSecond, eventsPerRequest: pageSize }),

  streams: streamsOf,

  openCredential: (_settings, context, held) => createCredential(held, context),

  openSources(settings, context, held) {
    const { services, pageSize, searchTerm } = settings;
    const selected = { services, pageSize, ...(searchTerm && { searchTerm }) };
    const { live, backlog } = createClients(settings, { ...context, held });
    return {
      source: new DirectoryInsightsSource({ client: live, ...selected }),
      backlogSource: new DirectoryInsightsSource({ client: backlog, ...selected }),
    };
  },

  // Loaded only where it is asked for: collecting needs none of it.
  async *check(settings, context) {
    const { checkConnector } = await import('./check.js');
    yield* checkConnector(settings, context);
  },
});

function secretsOf(settings: ConnectorSettings): string[] {
  const { intakeKey, organizations } = settings;
  const keys = organizations.map((organization) => organization.intakeKey).filter((key) => key !== undefined);
  return [...new Set([...accountSecretsOf(settings), intakeKey, ...keys])];
}
