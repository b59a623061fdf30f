import type { Command } from 'commander';

import { launchTrigger } from '../../sdk/launch-trigger.js';
import type { PipelineListener } from '../../sdk/pipeline/pipeline-event.js';
import type { Clock } from '../../sdk/ports.js';
import type { TriggerProfile } from '../../sdk/trigger.js';
import { loadConfiguration, type ConfigurationFlags } from '../load-configuration.js';
import type { Finish, HarnessWorld } from '../world.js';
import { addConfigurationOptions, PRECEDENCE } from './configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from './help.js';
import { whole } from './number-options.js';

/** `run`: collects and delivers, until stopped or once. */
export function addRunCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const command = program.command('run').description('Run a trigger: collect its events and deliver them.');
  addConfigurationOptions(command, world.triggers)
    .option('--once', 'deliver what is there, then leave')
    .option('--metrics-port <NUMBER>', 'serve Prometheus metrics on 127.0.0.1 at this port', whole(1, 65_535))
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
    .action(async (wanted: string | undefined, flags: ConfigurationFlags & { once?: true; metricsPort?: number }) => {
      const { registration, loaded, storage, reread } = await loadConfiguration(world, wanted, flags);
      const metrics =
        flags.metricsPort === undefined
          ? undefined
          : await openMetrics(registration.trigger.profile(loaded.settings), world.clock, flags.metricsPort);
      try {
        const launch = { registration, loaded, storage, reread, once: flags.once === true };
        finish(
          await launchTrigger(
            { ...launch, ...(metrics && { observe: () => Promise.resolve(metrics.listener) }) },
            world,
          ),
        );
      } finally {
        await metrics?.close();
      }
    });
}

interface OpenMetrics {
  readonly listener: PipelineListener;
  close(): Promise<void>;
}

/** Loaded only where a port is given: collecting needs none of it. */
async function openMetrics(profile: TriggerProfile, clock: Clock, port: number): Promise<OpenMetrics> {
  const [{ createMetrics }, { serveLocalMetrics }] = await Promise.all([
    import('../../sdk/observability/metrics.js'),
    import('../metrics-server.js'),
  ]);
  const metrics = createMetrics(profile, clock);
  const server = await serveLocalMetrics(metrics, port);
  return { listener: metrics.listener, close: () => server.close() };
}
