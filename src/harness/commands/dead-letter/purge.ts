import type { Command } from 'commander';

import { DeadLetterArchive } from '../../../sdk/dead-letter/dead-letter-archive.js';
import { ConfigurationError } from '../../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../../sdk/exit-code.js';
import type { Storage } from '../../../sdk/storage/storage.js';
import { addOrganizationOption, loadOneStream, type OrganizationFlags } from '../../organization.js';
import { withStorage } from '../../stream.js';
import { plural, printJson, printLine } from '../../output.js';
import type { Finish, HarnessWorld } from '../../world.js';
import { addConfigurationOptions } from '../configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from '../help.js';
import {
  addEntryFilterOptions,
  type EntryFilter,
  entryFilter,
  type EntryFilterFlags,
  hasEntryFilter,
} from './entry-filter.js';

type PurgeFlags = OrganizationFlags &
  EntryFilterFlags & { readonly all?: true; readonly yes?: true; readonly json?: true };

/** `dead-letter purge`: deletes what nobody will send again. */
export function addPurgeCommand(group: Command, world: HarnessWorld, finish: Finish): void {
  const command = group
    .command('purge')
    .description('Delete events from the dead letter for good. Needs a filter or --all, and a confirmation.');
  addEntryFilterOptions(addOrganizationOption(addConfigurationOptions(command, world.triggers)))
    .option('--all', 'every entry')
    .option('--yes', 'do not ask')
    .option('--json', 'the result as JSON')
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module dead-letter purge --playbook playbook.yaml --before 30d',
          'sekoia-module dead-letter purge --playbook playbook.yaml --kind oversized --yes',
        ],
        exitCodes: { ...USUAL_EXIT_CODES, '1': 'it could not be done, or was not confirmed' },
        environment: CONFIGURATION_ENVIRONMENT,
      }),
    )
    .action(async (wanted: string | undefined, flags: PurgeFlags) => {
      const isMeant = entryFilter(flags, world.clock.now());
      assertMeant(flags, world);
      const configuration = await loadOneStream(world, wanted, flags);
      finish(await withStorage(configuration, 'write', (storage) => purge(storage, { isMeant, flags }, world)));
    });
}

/** @throws ConfigurationError where it is not plain that just these are to be deleted */
function assertMeant(flags: PurgeFlags, { ask }: HarnessWorld): void {
  if (flags.all !== true && !hasEntryFilter(flags)) {
    const problem = 'say which entries: --id, --reason, --kind, --since, --before, or --all';
    throw new ConfigurationError([{ setting: 'purge', problem }]);
  }
  if (flags.yes !== true && ask === undefined) {
    const problem = 'nobody is at a terminal to confirm it: add --yes';
    throw new ConfigurationError([{ setting: 'purge', problem }]);
  }
}

async function purge(
  storage: Storage,
  { isMeant, flags }: { readonly isMeant: EntryFilter; readonly flags: PurgeFlags },
  world: HarnessWorld,
): Promise<ExitCode> {
  const archive = new DeadLetterArchive(storage);
  let [events, bytes] = [0, 0];
  const times: string[] = [];
  for await (const entry of archive.read()) {
    if (entry.kind === 'damaged' || !isMeant(entry.record)) continue;
    [events, bytes] = [events + 1, bytes + entry.record.event.length];
    times[times.length === 0 ? 0 : 1] = entry.record.time;
  }
  if (events > 0) {
    const [first = '', last = first] = times;
    printLine(
      world.stderr,
      `${plural(events, 'event')} of ${bytes} bytes, ${first} to ${last}, would be gone for good.`,
    );
    const answer = flags.yes === true ? 'yes' : await world.ask?.('Delete them? Type yes: ');
    if (answer === undefined) return EXIT_CODE.interrupted;
    if (answer.trim().toLowerCase() !== 'yes') {
      printLine(world.stderr, 'Nothing was deleted.');
      return EXIT_CODE.failed;
    }
  }
  const deleted = events === 0 ? 0 : await archive.removeWhere(isMeant);
  if (flags.json === true) printJson(world.stdout, { deleted, bytes });
  else printLine(world.stdout, `${plural(deleted, 'event')} deleted.`);
  return EXIT_CODE.ok;
}
