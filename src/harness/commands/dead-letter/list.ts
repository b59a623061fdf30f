import type { Command } from 'commander';

import {
  type ArchivedEntry,
  type DamagedLine,
  DeadLetterArchive,
} from '../../../sdk/dead-letter/dead-letter-archive.js';
import { describeRecord } from '../../../sdk/dead-letter/dead-letter-record.js';
import { EXIT_CODE } from '../../../sdk/exit-code.js';
import { escapeControls } from '../../../sdk/observability/escape-controls.js';
import { addOrganizationOption, loadOneStream, type OrganizationFlags } from '../../organization.js';
import { withStorage } from '../../stream.js';
import { alignColumns, paintFor, printJson, printLine } from '../../output.js';
import type { Finish, HarnessWorld } from '../../world.js';
import { addConfigurationOptions } from '../configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from '../help.js';
import { addEntryFilterOptions, entryFilter, type EntryFilterFlags } from './entry-filter.js';
import { tellDamage } from './tell-damage.js';

type ListFlags = OrganizationFlags & EntryFilterFlags & { readonly json?: true };

/** `dead-letter list`: what could not be delivered, a line each. */
export function addListCommand(group: Command, world: HarnessWorld, finish: Finish): void {
  const command = group.command('list').description('List the events that could not be delivered. Changes nothing.');
  addEntryFilterOptions(addOrganizationOption(addConfigurationOptions(command, world.triggers)))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module dead-letter list --playbook playbook.yaml',
          'sekoia-module dead-letter list --since 24h --kind refused --reason "status 400"',
          "sekoia-module dead-letter list --json | jq '.entries[].id'",
        ],
        exitCodes: USUAL_EXIT_CODES,
        environment: CONFIGURATION_ENVIRONMENT,
      }),
    )
    .action(async (wanted: string | undefined, flags: ListFlags) => {
      const isMeant = entryFilter(flags, world.clock.now());
      const configuration = await loadOneStream(world, wanted, flags);
      const entries: EntryView[] = [];
      const damaged: DamagedLine[] = [];
      await withStorage(configuration, 'read', async (storage) => {
        for await (const found of new DeadLetterArchive(storage).read()) {
          if (found.kind === 'damaged') damaged.push(found);
          else if (isMeant(found.record)) entries.push(viewOf(found));
        }
      });
      if (flags.json === true) printJson(world.stdout, { entries, damaged: damaged.map(withoutKind) });
      else printTable(entries, damaged, world);
      finish(EXIT_CODE.ok);
    });
}

type EntryView = ReturnType<typeof viewOf>;

/** All but the event itself, which may be large. */
function viewOf({ number, file, record }: ArchivedEntry): Readonly<Record<string, string | number | undefined>> {
  return { number, file, ...describeRecord(record) };
}

function withoutKind({ file, line, bytes }: DamagedLine): Omit<DamagedLine, 'kind'> {
  return { file, line, bytes };
}

/** Longer texts would push what follows out of sight; --json and `show` have them whole. The reason comes last. */
const WIDEST_CELL = 40;
const COLUMNS = ['number', 'time', 'kind', 'event_type', 'id', 'bytes', 'reason'] as const;

function printTable(entries: readonly EntryView[], damaged: readonly DamagedLine[], world: HarnessWorld): void {
  const { stdout, environment } = world;
  const cells = entries.map((entry) =>
    COLUMNS.map((column) => {
      const text = escapeControls(oneLine(entry, column));
      return column === 'reason' ? text : shortened(text);
    }),
  );
  const [heading = '', ...lines] = alignColumns([COLUMNS, ...cells]);
  if (entries.length > 0) printLine(stdout, paintFor(stdout, environment)('bold', heading));
  for (const line of lines) printLine(stdout, line);
  tellDamage(damaged, world);
  if (entries.length === 0) printLine(world.stderr, 'No such entry in the dead letter.');
}

function shortened(text: string): string {
  return text.length <= WIDEST_CELL ? text : `${text.slice(0, WIDEST_CELL - 1)}…`;
}

function oneLine(entry: EntryView, column: (typeof COLUMNS)[number]): string {
  const value = entry[column];
  const text = value === undefined ? '-' : String(value).replace(/\s+/g, ' ');
  return column === 'kind' && entry['delivered'] !== undefined ? `${text}, ${entry['delivered']}` : text;
}
