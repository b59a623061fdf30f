import type { Command } from 'commander';

import { launchTrigger } from '../../sdk/launch-trigger.js';
import { loadConfiguration, type ConfigurationFlags } from '../load-configuration.js';
import type { Finish, HarnessWorld } from '../world.js';
import { addConfigurationOptions, PRECEDENCE } from './configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from './help.js';

/** `run`: collects and delivers, until stopped or once. */
export function addRunCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const command = program.command('run').description('Run a trigger: collect its events and deliver them.');
  addConfigurationOptions(command, world.triggers)
    .option('--once', 'deliver what is there, then leave')
    .addHelpText('after', PRECEDENCE)
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module run --playbook playbook.yaml',
          'sekoia-module run --playbook playbook.yaml --once --start-from 6h --service sso,radius',
          'sekoia-module run JumpcloudDirectoryInsightsConnector \\',
          '      --module-configuration account.json --arguments arguments.json --data-path ./state',
        ],
        exitCodes: { ...USUAL_EXIT_CODES, '0': 'done, or stopped by SIGTERM' },
        environment: CONFIGURATION_ENVIRONMENT,
      }),
    )
    .action(async (wanted: string | undefined, flags: ConfigurationFlags & { once?: true }) => {
      const { registration, loaded, storage } = await loadConfiguration(world, wanted, flags);
      const once = flags.once === true;
      finish(await launchTrigger({ registration, loaded, storage, once }, world));
    });
}
