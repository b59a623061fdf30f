import {
  connectorArgumentsSchema,
  moduleConfigurationSchema,
  storageConnectorArgumentsSchema,
} from './jumpcloud/configuration.generated.js';
import { jumpcloudDirectoryInsightsConnector } from './jumpcloud/connector.js';
import { jumpcloudDirectoryInsightsStorageConnector } from './jumpcloud/storage-connector.js';
import { validateArguments, validateModule, validateStorageArguments } from './jumpcloud/validators.generated.js';
import type { AccountCheck, TriggerRegistration } from './sdk/registration.js';

// Loaded only where it is asked for: collecting needs none of it.
const checkAccountLazily: AccountCheck = async function* (module, context) {
  const { checkAccount } = await import('./jumpcloud/check-account.js');
  yield* checkAccount(module, context);
};

/** What is stored is read without an account of JumpCloud's. */
const storageAccountSchema = { ...moduleConfigurationSchema, required: [] };

/** Every trigger of this module. Each has a declaration in `triggers/` whose `docker_parameters` is its command. */
export const triggers: readonly TriggerRegistration[] = [
  {
    trigger: jumpcloudDirectoryInsightsConnector,
    isUsual: true,
    moduleSchema: moduleConfigurationSchema,
    argumentsSchema: connectorArgumentsSchema,
    validators: { module: validateModule, arguments: validateArguments },
    accountCheck: checkAccountLazily,
  },
  {
    trigger: jumpcloudDirectoryInsightsStorageConnector,
    moduleSchema: storageAccountSchema,
    argumentsSchema: storageConnectorArgumentsSchema,
    validators: { arguments: validateStorageArguments },
  },
];

/** Product and version, as error reports name them. */
export { USER_AGENT as release } from './jumpcloud/user-agent.js';
