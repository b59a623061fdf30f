import type { Command } from 'commander';

import { type ArchivedEntry, DeadLetterArchive } from '../../../sdk/dead-letter/dead-letter-archive.js';
import { describeEvent, describeRecord } from '../../../sdk/dead-letter/dead-letter-record.js';
import { EXIT_CODE } from '../../../sdk/exit-code.js';
import { escapeControls } from '../../../sdk/observability/escape-controls.js';
import type { OutputStream } from '../../../sdk/observability/terminal.js';
import type { Storage } from '../../../sdk/storage/storage.js';
import { addOrganizationOption, loadOneStream, type OrganizationFlags } from '../../organization.js';
import { withStorage } from '../../stream.js';
import { paintFor, printJson, printLine } from '../../output.js';
import type { Finish, HarnessWorld } from '../../world.js';
import { addConfigurationOptions } from '../configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from '../help.js';

type ShowFlags = OrganizationFlags & { readonly json?: true };

/** `dead-letter show`: one event, byte for byte. */
export function addShowCommand(group: Command, world: HarnessWorld, finish: Finish): void {
  const command = group
    .command('show')
    .description('Print one event exactly as it came to standard output, and what is known of it to standard error.')
    .argument('<entry>', 'id of the event, or its number in the list');
  addOrganizationOption(addConfigurationOptions(command, world.triggers))
    .option('--json', 'all of it as JSON on standard output')
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module dead-letter show 3 --playbook playbook.yaml',
          'sekoia-module dead-letter show 5f1e0c2d9a4b7c6d8e9f0a1b > event.json',
        ],
        exitCodes: { ...USUAL_EXIT_CODES, '1': 'there is no such entry' },
        environment: CONFIGURATION_ENVIRONMENT,
      }),
    )
    .action(async (entry: string, wanted: string | undefined, flags: ShowFlags) => {
      const configuration = await loadOneStream(world, wanted, flags);
      const found = await withStorage(configuration, 'read', (storage) => find(storage, entry));
      if (found === undefined) printLine(world.stderr, `No such entry in the dead letter: ${escapeControls(entry)}`);
      else await show(found, flags.json === true, world);
      finish(found === undefined ? EXIT_CODE.failed : EXIT_CODE.ok);
    });
}

/** An id goes before a number. */
async function find(storage: Storage, wanted: string): Promise<ArchivedEntry | undefined> {
  let byNumber: ArchivedEntry | undefined;
  for await (const entry of new DeadLetterArchive(storage).read()) {
    if (entry.kind === 'damaged') continue;
    if (entry.record.id === wanted) return entry;
    if (String(entry.number) === wanted) byNumber = entry;
  }
  return byNumber;
}

async function show({ number, file, record }: ArchivedEntry, json: boolean, world: HarnessWorld): Promise<void> {
  const { stdout, stderr, environment } = world;
  const facts: ReturnType<typeof describeRecord> = { number, file, ...describeRecord(record) };
  if (json) {
    printJson(stdout, { ...facts, ...describeEvent(record) });
    return;
  }
  const paint = paintFor(stderr, environment);
  for (const [name, value] of Object.entries(facts)) {
    if (value !== undefined) printLine(stderr, `${paint('dim', name)} ${escapeControls(String(value))}`);
  }
  await write(stdout, record.event);
}

/** Resolves when the output has taken it all: it may be large, and the process ends soon. */
function write(stream: OutputStream, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => stream.write(bytes, () => resolve()));
}
