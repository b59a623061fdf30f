import { connectorArgumentsSchema, moduleConfigurationSchema } from './jumpcloud/configuration.generated.js';
import { jumpcloudDirectoryInsightsConnector } from './jumpcloud/connector.js';
import { validateArguments, validateModule } from './jumpcloud/validators.generated.js';
import type { TriggerRegistration } from './sdk/registration.js';

/** Every trigger of this module. Each has a declaration in `triggers/` whose `docker_parameters` is its command. */
export const triggers: readonly TriggerRegistration[] = [
  {
    trigger: jumpcloudDirectoryInsightsConnector,
    moduleSchema: moduleConfigurationSchema,
    argumentsSchema: connectorArgumentsSchema,
    validators: { module: validateModule, arguments: validateArguments },
  },
];
