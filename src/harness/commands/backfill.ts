import type { Command } from 'commander';

import { isAbort } from '../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import { describeOwed } from '../../sdk/lanes/tail-lane.js';
import { Backfill } from '../backfill.js';
import type { BackfillRange } from '../backfill-range.js';
import type { LoadedConfiguration } from '../load-configuration.js';
import { addOrganizationOption, loadOneStream, type OrganizationFlags } from '../organization.js';
import { printLine } from '../output.js';
import type { SharedQueue } from '../queue/shared-queue.js';
import { type OpenStream, withStream } from '../stream.js';
import { instant } from '../time-options.js';
import type { Finish, HarnessWorld } from '../world.js';
import { addConfigurationOptions, PRECEDENCE } from './configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from './help.js';

type BackfillFlags = OrganizationFlags &
  BackfillRange & {
    readonly dryRun?: true;
    readonly json?: true;
    readonly yes?: true;
    readonly queue?: string;
  };

/** `backfill`: collects a range of the past, beside what happens now. */
export function addBackfillCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const command = program
    .command('backfill')
    .description(
      'Collect a range of the past, in slices, newest first, while the live stream goes on; prove it by counts.',
    );
  addOrganizationOption(addConfigurationOptions(command, world.triggers))
    .requiredOption('--from <TIME>', 'beginning: so long ago, a date, a time', instant)
    .option('--to <TIME>', 'end (default: now)', instant)
    .option('--dry-run', 'print the plan, the number of events and the time it takes; works beside a connector')
    .option('--json', 'as JSON')
    .option('--yes', 'do not ask before events are delivered again whose ids are forgotten')
    .option(
      '--queue <URL>',
      'let workers read what is older than the settling horizon: redis://HOST:PORT, rediss://...',
    )
    .addHelpText('after', PRECEDENCE)
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module backfill --playbook playbook.yaml --from 30d --dry-run',
          'sekoia-module backfill --playbook playbook.yaml --from 90d',
          'sekoia-module backfill --playbook playbook.yaml --from 2030-01-02 --to 2030-01-05 --yes --json',
          "sekoia-module backfill --playbook playbook.yaml --from 90d --queue 'rediss://:${REDIS_PASSWORD}@queue.example'",
        ],
        exitCodes: {
          ...USUAL_EXIT_CODES,
          '0': 'all of the range is delivered, shown by counts; or the plan is printed',
          '1': 'it could not be done or not be proven, or was not confirmed',
          '130': 'interrupted (Ctrl-C): the same command, or the connector, goes on where it ended',
        },
        environment: CONFIGURATION_ENVIRONMENT,
      }),
    )
    .action(async (wanted: string | undefined, flags: BackfillFlags) => {
      const configuration = await loadOneStream(world, wanted, flags);
      finish(await runBackfill(configuration, world, flags));
    });
}

async function runBackfill(
  configuration: LoadedConfiguration,
  world: HarnessWorld,
  flags: BackfillFlags,
): Promise<ExitCode> {
  const access = flags.dryRun === true ? 'read' : 'write';
  let stopped: OpenStream | undefined;
  let queue: SharedQueue | undefined;
  try {
    if (flags.queue !== undefined && access === 'write')
      queue = await openSharedQueue(flags.queue, configuration, world);
    const openLimiter = queue?.openLimiter;
    const options = { access, stopsSoftly: true, mayBegin: true, ...(openLimiter && { openLimiter }) } as const;
    return await withStream(configuration, world, options, async (stream) => {
      stopped = stream;
      return new Backfill(stream, world, flags, { ...(queue && { queue }) }).run();
    });
  } catch (thrown) {
    if (!isAbort(thrown)) throw thrown;
    if (stopped !== undefined && access === 'write') {
      printLine(world.stderr, `Stopped, owed: ${describeOwed(stopped.state.owed)}`);
      printLine(world.stderr, 'The same command goes on from there, and so does the connector when it runs.');
    }
    return EXIT_CODE.interrupted;
  } finally {
    queue?.close();
  }
}

/** What of the queue is needed is loaded only where there is one. */
async function openSharedQueue(
  url: string,
  configuration: LoadedConfiguration,
  world: HarnessWorld,
): Promise<SharedQueue> {
  const { SharedQueue: Shared } = await import('../queue/shared-queue.js');
  return Shared.open(url, configuration, world);
}
