import type { Command } from 'commander';

import type { TriggerRegistration } from '../../sdk/registration.js';
import { addSettingFlags } from '../setting-flags.js';

/** The argument and options of every command that works on a configured trigger. */
export function addConfigurationOptions(command: Command, triggers: readonly TriggerRegistration[]): Command {
  command
    .argument('[trigger]', 'the trigger: its docker_parameters, name or slug; may be left out where there is one only')
    .optionsGroup('Where the configuration is:')
    .option('--playbook <FILE>', 'playbook file, YAML or JSON; secrets in it as ${VARIABLE}')
    .option('--module-configuration <FILE>', 'the account, a JSON file')
    .option('--arguments <FILE>', "the trigger's arguments, a JSON file")
    .option('--data-path <DIR>', 'directory of the state (default: .sekoia-module/TRIGGER)')
    .option('--intake-url <URL>', 'intake address where the setting intake_server is not given');
  addSettingFlags(command, triggers);
  return command.optionsGroup('Options:');
}

/** What the help says about where settings come from. */
export const PRECEDENCE = `
Settings, the later wins: defaults, files in /symphony and the environment, the playbook, files given
above, flags. Secrets (apikey, client_secret, intake_key) have no flags: others could read them in
the list of processes and in the shell's history. Put them in a file or in the environment.`;
