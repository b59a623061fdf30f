import type { Command } from 'commander';

import type { DeliveryState } from '../../../sdk/checkpoint/delivery-state.js';
import { openState } from '../../../sdk/connector.js';
import { ledgerEntriesOf } from '../../../sdk/dead-letter/ledger-entries.js';
import { DeadLetterArchive } from '../../../sdk/dead-letter/dead-letter-archive.js';
import type { DeadLetterRecord } from '../../../sdk/dead-letter/dead-letter-record.js';
import { isAboutEvents, type Replay, replayDeadLetter } from '../../../sdk/dead-letter/replay.js';
import { ConfigurationError, describeError, isAbort, ModuleError } from '../../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../../sdk/exit-code.js';
import { createLog, type Log } from '../../../sdk/observability/log.js';
import { logLevelOf } from '../../../sdk/observability/log-level.js';
import { pipelineLog } from '../../../sdk/observability/pipeline-log.js';
import { bucketEndMs } from '../../../sdk/ledger/bucket.js';
import type { EventIdentity } from '../../../sdk/pipeline/event-identity.js';
import { redactor } from '../../../sdk/observability/redactor.js';
import { outputStyle } from '../../../sdk/observability/terminal.js';
import { stopOnSignals } from '../../../sdk/signals.js';
import { Stop } from '../../../sdk/stop.js';
import type { Storage } from '../../../sdk/storage/storage.js';
import type { LoadedConfiguration } from '../../load-configuration.js';
import { addOrganizationOption, loadOneStream, type OrganizationFlags } from '../../organization.js';
import { withStorage } from '../../stream.js';
import { alignColumns, paintFor, plural, printJson, printLine } from '../../output.js';
import type { Finish, HarnessWorld } from '../../world.js';
import { addConfigurationOptions, PRECEDENCE } from '../configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from '../help.js';
import { addEntryFilterOptions, type EntryFilter, entryFilter, type EntryFilterFlags } from './entry-filter.js';

const GRACE_MS = 8_000;
/** A line of progress so often. */
const PROGRESS_MS = 1_000;

type ReplayFlags = OrganizationFlags &
  EntryFilterFlags & { readonly oversized?: true; readonly dryRun?: true; readonly json?: true };

/** `dead-letter replay`: sends again what could not be delivered. */
export function addReplayCommand(group: Command, world: HarnessWorld, finish: Finish): void {
  const command = group
    .command('replay')
    .description(
      'Send the events again, with the settings of a run. What the intake acknowledges leaves the dead letter.',
    );
  addEntryFilterOptions(addOrganizationOption(addConfigurationOptions(command, world.triggers)))
    .option('--oversized', 'also events of which a trimmed copy was sent, and whole ones whatever their size')
    .option('--dry-run', 'send nothing, only say what would be sent')
    .option('--json', 'the result as JSON')
    .addHelpText('after', PRECEDENCE)
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module dead-letter replay --playbook playbook.yaml --dry-run',
          'sekoia-module dead-letter replay --playbook playbook.yaml --reason "cannot be parsed"',
          'sekoia-module dead-letter replay --playbook playbook.yaml --id 5f1e0c2d9a4b7c6d8e9f0a1b',
        ],
        exitCodes: { ...USUAL_EXIT_CODES, '0': 'all of them were delivered', '1': 'some are left' },
        environment: CONFIGURATION_ENVIRONMENT,
      }),
    )
    .action(async (wanted: string | undefined, flags: ReplayFlags) => {
      const isMeant = entryFilter(flags, world.clock.now());
      const configuration = await loadOneStream(world, wanted, flags);
      const access = flags.dryRun === true ? 'read' : 'write';
      finish(
        await withStorage(configuration, access, async (storage) => {
          const total = await count(storage, isMeant, flags.oversized === true);
          if (flags.dryRun === true) return tellDryRun(total, flags, world);
          return new ReplayCommand(configuration, world, { flags, isMeant, total: total.events }).run(storage);
        }),
      );
    });
}

interface Total {
  readonly events: number;
  readonly bytes: number;
  /** A trimmed copy was sent before. */
  readonly skipped: number;
}

async function count(storage: Storage, isMeant: EntryFilter, oversized: boolean): Promise<Total> {
  let [events, bytes, skipped] = [0, 0, 0];
  for await (const entry of new DeadLetterArchive(storage).read()) {
    if (entry.kind === 'damaged' || !isMeant(entry.record)) continue;
    if (entry.record.delivered !== undefined && !oversized) skipped += 1;
    else {
      events += 1;
      bytes += entry.record.event.length;
    }
  }
  return { events, bytes, skipped };
}

function tellDryRun(total: Total, { json }: ReplayFlags, { stdout }: HarnessWorld): ExitCode {
  if (json === true) printJson(stdout, total);
  else {
    printLine(stdout, `${plural(total.events, 'event')} of ${plural(total.bytes, 'byte')} would be sent.`);
    if (total.skipped > 0) printLine(stdout, skippedText(total.skipped));
  }
  return EXIT_CODE.ok;
}

interface Errand {
  readonly flags: ReplayFlags;
  readonly isMeant: EntryFilter;
  readonly total: number;
}

class ReplayCommand {
  readonly #log: Log;
  #toldAt: number;

  constructor(
    private readonly configuration: LoadedConfiguration,
    private readonly world: HarnessWorld,
    private readonly errand: Errand,
  ) {
    const { loaded } = configuration;
    this.#log = createLog({
      level: logLevelOf(loaded.resolved.values.arguments),
      ...outputStyle(world.stderr, world.environment),
      stream: world.stderr,
      secrets: loaded.secrets,
    });
    this.#toldAt = world.clock.monotonic();
  }

  async run(storage: Storage): Promise<ExitCode> {
    const { clock, random, signals: source } = this.world;
    const { registration, loaded } = this.configuration;
    const { trigger } = registration;
    if (trigger.openDestination === undefined) {
      throw new ConfigurationError([{ setting: 'trigger', problem: `${trigger.command} sends nothing again` }]);
    }
    const stop = new Stop();
    const signals = stopOnSignals({ source, stop, clock, log: this.#log, graceMs: GRACE_MS });
    const transport = this.world.openTransport();
    try {
      const context = { clock, random, transport, storage, log: this.#log, stop, once: true };
      // Of a trigger for stored objects whatever is in the dead letter is remembered as delivered already.
      const parts = trigger.connect?.(loaded.settings, context);
      const state = parts && (await openState(parts, storage, () => Promise.resolve(clock.now())));
      const oversized = this.errand.flags.oversized === true;
      const replay = await replayDeadLetter({
        archive: new DeadLetterArchive(storage),
        destination: trigger.openDestination(loaded.settings, {
          ...{ clock, random, transport, anySize: oversized },
          listener: pipelineLog(this.#log, clock),
        }),
        ...{ clock, stop, oversized, isMeant: this.errand.isMeant },
        onDelivered: async (entries) => {
          if (parts && state) await countAsDelivered(entries, state, parts.source.identity);
        },
        onProgress: (so) => this.#tellProgress(so),
      });
      this.#tellResult(replay);
      if (signals.received === 'SIGINT') return EXIT_CODE.interrupted;
      return isComplete(replay, this.errand.total) ? EXIT_CODE.ok : EXIT_CODE.failed;
    } finally {
      signals.release();
      await transport.close();
    }
  }

  #tellProgress({ delivered, trimmed, refused, stillRefused, unsettled }: Replay): void {
    const { clock, stderr } = this.world;
    if (clock.monotonic() - this.#toldAt < PROGRESS_MS) return;
    this.#toldAt = clock.monotonic();
    const sent = delivered + trimmed + refused + stillRefused + unsettled;
    printLine(stderr, `${sent} of ${this.errand.total} sent`);
  }

  #tellResult(replay: Replay): void {
    const { stdout, stderr, environment } = this.world;
    const redact = redactor(this.configuration.loaded.secrets);
    const { failure, ...numbers } = replay;
    const isTold = failure !== undefined && !isAbort(failure);
    if (this.errand.flags.json === true) {
      printJson(stdout, { ...numbers, ...(isTold && { failure: redact(describeError(failure)) }) });
      return;
    }
    const rows = ROWS.filter(([name]) => name === 'delivered' || numbers[name] > 0);
    for (const line of alignColumns(rows.map(([name, text]) => [String(numbers[name]), text]))) printLine(stdout, line);
    if (numbers.skipped > 0) printLine(stdout, skippedText(numbers.skipped));
    if (!isTold) return;
    if (isAboutEvents(failure)) {
      printLine(stderr, `${redact(failure.message)}.`);
      printLine(stderr, STILL_REFUSED_ADVICE);
      return;
    }
    printLine(stderr, `${paintFor(stderr, environment)('red', 'Error')}: ${redact(describeError(failure))}`);
    if (failure instanceof ModuleError && failure.advice !== undefined) printLine(stderr, failure.advice);
  }
}

/** In the ledger, what was dead-lettered is delivered from now on, where it remembers the time of the event at all. */
async function countAsDelivered(
  records: readonly DeadLetterRecord[],
  state: DeliveryState,
  identity: EventIdentity | undefined,
): Promise<void> {
  const { ledgerFromMs } = state.checkpoint;
  const remembered = ledgerEntriesOf(records, identity).filter(({ bucket }) => bucketEndMs(bucket) > ledgerFromMs);
  if (remembered.length > 0) await state.commit({ entries: remembered, settled: undefined });
}

const ROWS: readonly (readonly [Exclude<keyof Replay, 'failure' | 'skipped'>, string])[] = [
  ['delivered', 'delivered, and removed from the dead letter'],
  ['trimmed', 'delivered as a trimmed copy; the whole stays in the dead letter'],
  ['refused', 'refused again: they stay, with the new reason'],
  ['stillRefused', 'still refused, as is everything sent with them: they stay as they were'],
  ['tooLarge', 'too large to be sent: they stay (--oversized tries them all the same)'],
  ['unsettled', 'neither acknowledged nor refused: they stay'],
];

const STILL_REFUSED_ADVICE =
  "What they hold is shown by 'sekoia-module dead-letter show'. Replay them once the intake takes such events, or purge " +
  "them. If the intake refuses other events as well, it is the intake's fault: 'sekoia-module check' looks at it.";

function skippedText(skipped: number): string {
  return `${skipped} left alone: a trimmed copy was sent before (--oversized sends the whole)`;
}

function isComplete({ delivered, trimmed }: Replay, total: number): boolean {
  return delivered + trimmed === total;
}
