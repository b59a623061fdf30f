import type { Command } from 'commander';

import { COLLECTION_DEFAULTS } from '../../sdk/configuration/collection-settings.js';
import { runConnector } from '../../sdk/connector.js';
import type { ConnectorParts } from '../../sdk/connector-parts.js';
import { ConfigurationError, isAbort } from '../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import { describeOwed } from '../../sdk/lanes/tail-lane.js';
import type { Batch } from '../../sdk/pipeline/destination.js';
import type { TriggerContext } from '../../sdk/trigger.js';
import { Backfill } from '../backfill.js';
import { type BackfillRange, rangeOf } from '../backfill-range.js';
import { type ExportTarget, openTarget } from '../export-target.js';
import type { LoadedConfiguration } from '../load-configuration.js';
import { addOrganizationOption, loadOneStream, type OrganizationFlags } from '../organization.js';
import { printLine } from '../output.js';
import { type OpenStream, withStream } from '../stream.js';
import { instant } from '../time-options.js';
import type { Finish, HarnessWorld } from '../world.js';
import { addConfigurationOptions, PRECEDENCE } from './configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from './help.js';

/** How long a write is tried again before it is told as more than a passing trouble. */
const RETRY_FOR_MS = 30_000;

type ExportFlags = OrganizationFlags &
  BackfillRange & {
    readonly output: string;
    readonly follow?: true;
    readonly json?: true;
    readonly yes?: true;
  };

/** `export`: writes events as NDJSON to a directory, a bucket or standard output. */
export function addExportCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const command = program
    .command('export')
    .description(
      'Write events as NDJSON, unchanged, to a directory, to S3 or to standard output; prove by counts that all are there.',
    );
  addOrganizationOption(addConfigurationOptions(command, world.triggers))
    .requiredOption('--output <WHERE>', "a directory, 's3://bucket/prefix', or '-' for standard output")
    .requiredOption('--from <TIME>', 'beginning: so long ago, a date, a time', instant)
    .option('--to <TIME>', 'end (default: now)', instant)
    .option('--follow', 'go on with what happens from now on, until stopped')
    .option('--json', 'the summary as JSON')
    .option('--yes', 'do not ask before events are written again whose ids are forgotten')
    .addHelpText('after', PRECEDENCE)
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module export --playbook playbook.yaml --from 90d --output ./events',
          'sekoia-module export --playbook playbook.yaml --from 2030-01-02 --to 2030-01-05 --output - | jq .event_type',
          'sekoia-module export --playbook playbook.yaml --from 1d --follow --output s3://archive/jumpcloud',
        ],
        exitCodes: {
          ...USUAL_EXIT_CODES,
          '0': 'all of the range is written, shown by counts; stopped by SIGTERM with --follow; the reader of a pipe left',
          '1': 'it could not be done or not be proven, or was not confirmed',
          '130': 'interrupted (Ctrl-C): the same command goes on where it ended',
        },
        environment: {
          ...CONFIGURATION_ENVIRONMENT,
          AWS_ACCESS_KEY_ID: 'for s3://, with AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, AWS_S3_ENDPOINT_URL',
          DATA_PATH: 'not looked at: the state of an export is a directory of its own (--data-path)',
          FILE_BACKEND: 'not looked at',
        },
      }),
    )
    .action(async (wanted: string | undefined, flags: ExportFlags) => {
      if (flags.follow === true && flags.to !== undefined) {
        throw new ConfigurationError([{ setting: '--to', problem: 'cannot be given with --follow, which has no end' }]);
      }
      const configuration = await loadOneStream(world, wanted, flags, { withoutIntake: true });
      const target = await openTarget(flags.output, world);
      try {
        finish(await new Export(configuration, target, world, flags).run());
      } finally {
        target.close();
      }
    });
}

class Export {
  #stream: OpenStream | undefined;
  #readerLeft = false;
  #isTerminated = false;

  constructor(
    private readonly configuration: LoadedConfiguration,
    private readonly target: ExportTarget,
    private readonly world: HarnessWorld,
    private readonly flags: ExportFlags,
  ) {}

  async run(): Promise<ExitCode> {
    const { world, flags, target, configuration } = this;
    const noteSigterm = (): void => {
      this.#isTerminated = true;
    };
    world.signals.on('SIGTERM', noteSigterm);
    try {
      return await withStream(
        configuration,
        world,
        {
          ...{ access: 'write', stopsSoftly: true, mayBegin: true, secrets: target.secrets },
          logLevel: flags.follow === true ? 'info' : 'warning',
          redirect: (parts, context) => this.#redirect(parts, context),
          beginMs: ({ retentionMs }, nowMs) => rangeOf(flags, nowMs, retentionMs).fromMs,
        },
        async (stream) => {
          this.#refuseForeign(stream);
          this.#stream = stream;
          return flags.follow === true ? await this.#follow(stream) : await this.#backfill(stream).run();
        },
      );
    } catch (thrown) {
      if (!isAbort(thrown)) throw thrown;
      return this.#tellStop();
    } finally {
      world.signals.off('SIGTERM', noteSigterm);
    }
  }

  /** The same source, and the target in place of the intake. */
  #redirect(
    parts: ConnectorParts<Batch>,
    { clock, random, retryForMs = RETRY_FOR_MS, stop }: TriggerContext,
  ): ConnectorParts<Batch> {
    const given = this.configuration.loaded.resolved.values.arguments['chunk_size'];
    const maxEvents = typeof given === 'number' ? given : COLLECTION_DEFAULTS.chunk_size;
    const onGone = (): void => {
      this.#readerLeft = true;
      stop.force();
    };
    const { listener } = parts;
    return {
      ...parts,
      destination: this.target.open({ maxEvents, retryForMs, clock, random, listener, onGone }),
      stream: `${this.#purpose}${parts.stream}`,
    };
  }

  /** What the state of an export to this place begins with. */
  get #purpose(): string {
    return `export to ${this.target.place}: `;
  }

  /** What another place was given says nothing of this one, and the state of a connector is not ours to move. */
  #refuseForeign({ state: { resumption } }: OpenStream): void {
    if (resumption.kind === 'first-start') return;
    if (resumption.kind === 'resumed' && resumption.previousStream.startsWith(this.#purpose)) return;
    const isExport = resumption.kind === 'resumed' && resumption.previousStream.startsWith('export to ');
    const whose = isExport ? 'an export to another place' : 'a connector to an intake';
    const problem = `${this.configuration.dataPath.value} is that of ${whose}: give this export a directory of its own`;
    throw new ConfigurationError([{ setting: '--data-path', problem, origin: this.configuration.dataPath.origin }]);
  }

  #backfill(stream: OpenStream): Backfill {
    const { world, flags, target } = this;
    const result = target.isStandardOutput ? world.stderr : world.stdout;
    return new Backfill(stream, world, flags, { words: world.stderr, result, isAlone: true });
  }

  async #follow(stream: OpenStream): Promise<ExitCode> {
    if (!(await this.#backfill(stream).prepare())) return EXIT_CODE.failed;
    await runConnector(stream.parts, { ...stream.context, once: false });
    return this.#exitCode();
  }

  #tellStop(): ExitCode {
    const { stderr } = this.world;
    if (this.#readerLeft) printLine(stderr, 'Nobody reads the output any more.');
    if (this.#stream !== undefined) {
      printLine(stderr, `Stopped, owed: ${describeOwed(this.#stream.state.owed)}`);
      printLine(stderr, 'The same command goes on from there.');
    }
    return this.#exitCode();
  }

  #exitCode(): ExitCode {
    const isDone = this.#readerLeft || (this.flags.follow === true && this.#isTerminated);
    return isDone ? EXIT_CODE.ok : EXIT_CODE.interrupted;
  }
}
