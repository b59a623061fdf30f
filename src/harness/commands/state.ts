import type { Command } from 'commander';

import type { DeliveryState } from '../../sdk/checkpoint/delivery-state.js';
import { planStateRepair } from '../../sdk/checkpoint/state-repair.js';
import { DeadLetterArchive } from '../../sdk/dead-letter/dead-letter-archive.js';
import { ConfigurationError } from '../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import { formatDuration } from '../../sdk/time/duration.js';
import { formatTimestamp } from '../../sdk/time/timestamp.js';
import { confirmed } from '../confirm.js';
import type { LoadedConfiguration } from '../load-configuration.js';
import {
  addOrganizationOption,
  loadOneStream,
  loadStreams,
  type OrganizationFlags,
  tellStream,
} from '../organization.js';
import { alignColumns, paintFor, printJson, printLine } from '../output.js';
import { stateAsJson } from '../state-summary.js';
import { type OpenStream, withStorage, withStream } from '../stream.js';
import { type GivenInstant, instant } from '../time-options.js';
import type { Finish, HarnessWorld } from '../world.js';
import { addConfigurationOptions } from './configuration-options.js';
import { tellDamage } from './dead-letter/tell-damage.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from './help.js';

type StateFlags = OrganizationFlags & { readonly json?: true; readonly yes?: true };

/** Documents of the state, by folder. The dead letter is no part of it. */
const FOLDERS = ['ledger', 'proofs', 'backup'];

/** `state`: the checkpoint and the ledger, to look at and to mend. */
export function addStateCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const state = program
    .command('state')
    .description('Look at what is remembered of a stream, move it, mend it.')
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module state show --playbook playbook.yaml',
          'sekoia-module state set --playbook playbook.yaml --position 2030-01-02T03:00:00Z',
          'sekoia-module state export --playbook playbook.yaml > state.json',
          'sekoia-module state repair --playbook playbook.yaml',
        ],
      }),
    );

  const add = (
    name: string,
    { description, example }: { readonly description: string; readonly example: string },
    act: (configuration: LoadedConfiguration, flags: StateFlags & Extra) => Promise<ExitCode>,
  ): Command => {
    const command = state.command(name).description(description);
    addOrganizationOption(addConfigurationOptions(command, world.triggers)).addHelpText(
      'after',
      helpText({ examples: [example], exitCodes: USUAL_EXIT_CODES, environment: CONFIGURATION_ENVIRONMENT }),
    );
    return command.action(async (wanted: string | undefined, flags: StateFlags & Extra) => {
      if (name !== 'show') {
        finish(await act(await loadOneStream(world, wanted, flags), flags));
        return;
      }
      let worst: ExitCode = EXIT_CODE.ok;
      for (const stream of await loadStreams(world, wanted, flags)) {
        tellStream(stream, flags.json === true, world);
        worst = Math.max(worst, await act(stream.configuration, flags)) as ExitCode;
      }
      finish(worst);
    });
  };

  add(
    'show',
    {
      description: 'Print what is owed, remembered and proven. Works beside a connector.',
      example: 'sekoia-module state show --playbook playbook.yaml --json',
    },
    (configuration, flags) =>
      withStream(configuration, world, 'read', (stream) => show(stream, world, flags.json === true)),
  ).option('--json', 'as JSON');

  add(
    'export',
    {
      description: 'Print everything that is remembered as JSON, without any secret. Works beside a connector.',
      example: 'sekoia-module state export --playbook playbook.yaml > state.json',
    },
    (configuration) =>
      withStream(configuration, world, 'read', async (stream) => {
        printJson(world.stdout, await stateAsJson(stream));
        return EXIT_CODE.ok;
      }),
  );

  add(
    'set',
    {
      description: 'Go on from another instant. May repeat or skip events; says which.',
      example: 'sekoia-module state set --playbook playbook.yaml --position 6h --yes',
    },
    (configuration, flags) => withStream(configuration, world, 'write', (stream) => set(stream, world, flags)),
  )
    .requiredOption('--position <TIME>', 'where to go on: so long ago, a date, a time', instant)
    .option('--yes', 'do not ask');

  add(
    'reset',
    {
      description: 'Forget everything: the next run is a first start. The dead letter is kept.',
      example: 'sekoia-module state reset --playbook playbook.yaml --yes',
    },
    (configuration, flags) => withStorage(configuration, 'write', (storage) => reset(storage, world, flags)),
  ).option('--yes', 'do not ask');

  add(
    'repair',
    {
      description: 'Mend damaged state: keep what can be read, lay the rest aside, have it read again.',
      example: 'sekoia-module state repair --playbook playbook.yaml',
    },
    (configuration, flags) => withStorage(configuration, 'write', (storage) => repair(storage, world, flags)),
  )
    .option('--position <TIME>', 'where to go on if the state does not tell any more', instant)
    .option('--yes', 'do not ask');
}

interface Extra {
  readonly position?: GivenInstant;
}

type Storage = Parameters<Parameters<typeof withStorage>[2]>[0];

async function show(stream: OpenStream, world: HarnessWorld, json: boolean): Promise<ExitCode> {
  const summary = await stateAsJson(stream);
  if (json) {
    printJson(world.stdout, summary);
    return EXIT_CODE.ok;
  }
  const paint = paintFor(world.stdout, world.environment);
  const { state, context } = stream;
  const { checkpoint, ledger, owed } = state;
  const { agreed, notCounted } = checkpoint;
  const rows = [
    ['data path', context.storage.location],
    ['stream', checkpoint.stream],
    ['collected from', formatTimestamp(checkpoint.collectedFromMs)],
    ...owed.gaps.map(({ fromMs, toMs }) => ['owed', `${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)}`]),
    ['owed', owed.tailFromMs === undefined ? 'nothing' : `from ${formatTimestamp(owed.tailFromMs)} on`],
    ['ids remembered', `${ledger.size}, from ${formatTimestamp(checkpoint.ledgerFromMs)} on`],
    [
      'counts agreed',
      agreed === undefined
        ? 'not yet'
        : `at ${formatTimestamp(agreed.atMs)}, from ${formatTimestamp(agreed.fromMs)} to ${formatTimestamp(agreed.toMs)}`,
    ],
    ...(notCounted === undefined
      ? []
      : [
          [
            'counts not compared',
            `since ${formatTimestamp(notCounted.sinceMs)}, the last hour is read again instead: ${notCounted.reason}`,
          ],
        ]),
    ...checkpoint.unproven.map(({ fromMs, toMs }) => [
      'not proven yet',
      `${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)}`,
    ]),
    ...checkpoint.unreachable.map(({ fromMs, toMs }) => [
      'could not be had',
      `${formatTimestamp(fromMs)} to ${toMs === undefined ? 'now' : formatTimestamp(toMs)}`,
    ]),
  ];
  for (const row of alignColumns(rows)) printLine(world.stdout, row);
  if (checkpoint.explained.length > 0) {
    printLine(
      world.stdout,
      paint('dim', `${checkpoint.explained.length} differences of counts are explained (export tells)`),
    );
  }
  return EXIT_CODE.ok;
}

async function set(
  { state }: OpenStream,
  world: HarnessWorld,
  { position, yes }: StateFlags & Extra,
): Promise<ExitCode> {
  const nowMs = world.clock.now();
  const positionMs = position?.(nowMs) ?? nowMs;
  if (positionMs > nowMs)
    throw new ConfigurationError([{ setting: '--position', problem: 'must not lie in the future' }]);
  const { text, isWarning } = consequence(state, positionMs);
  printLine(world.stderr, isWarning ? `Warning: ${text}` : `${text.charAt(0).toUpperCase()}${text.slice(1)}`);
  if (!(await confirmed(`Go on from ${formatTimestamp(positionMs)}?`, yes === true, world))) return EXIT_CODE.failed;
  state.moveTo(positionMs);
  await state.commit({ entries: [], settled: undefined });
  printLine(world.stdout, `Owed from ${formatTimestamp(positionMs)} on.`);
  return EXIT_CODE.ok;
}

/** What an operator must know before the position is moved; a warning where events are skipped or repeated. */
function consequence(
  { owed, checkpoint, readableFromMs }: DeliveryState,
  positionMs: number,
): { text: string; isWarning: boolean } {
  const edgeMs = owed.tailFromMs ?? positionMs;
  const { collectedFromMs, ledgerFromMs } = checkpoint;
  const [position, edge, readable] = [positionMs, edgeMs, readableFromMs].map(formatTimestamp);
  const givesUp = owed.gaps.some(({ fromMs }) => fromMs < positionMs);
  const owedBefore = givesUp ? ' What is owed before it is given up.' : '';
  if (positionMs > edgeMs) {
    const length = formatDuration(positionMs - edgeMs);
    const text = `everything from ${edge} to ${position} (${length}) is skipped and never delivered.${owedBefore}`;
    return { text, isWarning: true };
  }
  if (positionMs >= readableFromMs) {
    const text = `what was delivered since then is remembered, and not sent again.${owedBefore}`;
    return { text, isWarning: givesUp };
  }
  if (ledgerFromMs <= collectedFromMs) {
    const text = `events from ${position} to ${readable} were not collected so far: they are now. None is delivered again.`;
    return { text, isWarning: false };
  }
  return {
    text:
      `events from ${position} to ${readable} are delivered again where they were delivered before: their ids are ` +
      `forgotten.${owedBefore}`,
    isWarning: true,
  };
}

async function reset(storage: Storage, world: HarnessWorld, { yes }: StateFlags): Promise<ExitCode> {
  printLine(
    world.stderr,
    'Warning: the next run begins at start_from. What lies before is skipped; what was delivered after it is sent again.',
  );
  if (!(await confirmed(`Forget everything in ${storage.location}?`, yes === true, world))) return EXIT_CODE.failed;
  // The checkpoint first: what is left without it is read as a ledger of a first start, and does no harm.
  await storage.remove('context.json');
  for (const folder of FOLDERS) {
    for (const name of await storage.list(folder)) await storage.remove(`${folder}/${name}`);
  }
  printLine(world.stdout, 'Forgotten.');
  return EXIT_CODE.ok;
}

async function repair(storage: Storage, world: HarnessWorld, { position, yes }: StateFlags & Extra): Promise<ExitCode> {
  const plan = await planStateRepair(storage, position?.(world.clock.now()));
  // No part of the state, so it is not mended; whoever looks for damage wants to know.
  tellDamage(await new DeadLetterArchive(storage).damage(), world);
  if (position !== undefined && !plan.isGivenUsed) {
    const text = "The position is found without --position, which is left out: 'sekoia-module state set' moves it.";
    printLine(world.stderr, text);
  }
  if (plan.findings.length === 0) {
    printLine(world.stdout, `Nothing is damaged in the state on ${storage.location}.`);
    return EXIT_CODE.ok;
  }
  for (const finding of plan.findings) printLine(world.stderr, finding);
  if (!(await confirmed('Repair?', yes === true, world))) return EXIT_CODE.failed;
  await plan.apply();
  printLine(world.stdout, 'Repaired.');
  return EXIT_CODE.ok;
}
