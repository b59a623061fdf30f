import { defineStoredTrigger } from '../sdk/stored/define-stored-trigger.js';
import { PROTECTED_MEMBERS } from './protected-members.js';
import { restoreKeys } from './stored/restore-keys.js';
import { streamFilter } from './stream-filter.js';
import { USER_AGENT } from './user-agent.js';

/** The trigger 'Jumpcloud Directory Insights Storage Connector': exported events out of an object storage, to a Sekoia intake. */
export const jumpcloudDirectoryInsightsStorageConnector = defineStoredTrigger({
  command: 'JumpcloudDirectoryInsightsStorageConnector',
  vendor: 'jumpcloud',
  userAgent: USER_AGENT,
  protectedMembers: PROTECTED_MEMBERS,
  restore: restoreKeys,
  filterOf: streamFilter,
  foreignKey: { pattern: /^jca_/, name: 'a JumpCloud API key' },
});
