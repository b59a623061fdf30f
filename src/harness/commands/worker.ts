import type { Command } from 'commander';

import { isAbort } from '../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import { stopEarlyOnSignals } from '../../sdk/signals.js';
import { formatTimestamp } from '../../sdk/time/timestamp.js';
import { roughly } from '../backfill-printer.js';
import type { LoadedConfiguration } from '../load-configuration.js';
import { addOrganizationOption, loadOneStream, type OrganizationFlags } from '../organization.js';
import { plural, printLine } from '../output.js';
import type { QueueConnection } from '../queue/queue-connection.js';
import type { DoneSlice } from '../queue/slice-worker.js';
import { withEnds } from '../stream.js';
import type { Finish, HarnessWorld } from '../world.js';
import { addConfigurationOptions, PRECEDENCE } from './configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from './help.js';

type WorkerFlags = OrganizationFlags & { readonly queue: string; readonly json?: true };

/** `worker`: reads and delivers slices that a `backfill --queue` has planned, on any machine. */
export function addWorkerCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const command = program
    .command('worker')
    .description("Read and deliver slices of a 'backfill --queue', on this machine beside others, until stopped.");
  addOrganizationOption(addConfigurationOptions(command, world.triggers))
    .requiredOption('--queue <URL>', 'where the slices are: redis://HOST:PORT, or rediss:// for TLS')
    .option('--json', 'a line of JSON for each slice')
    .addHelpText('after', PRECEDENCE)
    .addHelpText(
      'after',
      `
A worker keeps nothing in its data path but its dead letter. It needs one of its own: that of the
backfill, or of another worker, is taken. A password belongs into a variable, named in single quotes.`,
    )
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sekoia-module worker --playbook playbook.yaml --data-path worker-1 --queue redis://queue.example:6379',
          "sekoia-module worker --playbook playbook.yaml --data-path worker-2 --queue 'rediss://:${REDIS_PASSWORD}@queue.example'",
          "sekoia-module worker --playbook playbook.yaml --data-path worker-3 --queue '${REDIS_URL}' --json",
        ],
        exitCodes: {
          ...USUAL_EXIT_CODES,
          '0': 'stopped by SIGTERM',
          '1': 'Redis did not answer at the start for a minute, or refuses; or a slice failed for a reason that an operator has to mend',
          '2': 'a setting is wrong, or the backfill is of another stream, account or version',
          '130': 'interrupted (Ctrl-C): what was under way has ended, and the rest of its slices is given back',
        },
        environment: CONFIGURATION_ENVIRONMENT,
      }),
    )
    .action(async (wanted: string | undefined, flags: WorkerFlags) => {
      finish(await runWorker(await loadOneStream(world, wanted, flags), world, flags));
    });
}

async function runWorker(
  configuration: LoadedConfiguration,
  world: HarnessWorld,
  { queue: url, json }: WorkerFlags,
): Promise<ExitCode> {
  const { SharedQueue } = await import('../queue/shared-queue.js');
  const { SliceWorker } = await import('../queue/slice-worker.js');
  const signals = stopEarlyOnSignals(world.signals);
  const say = (text: string): void => printLine(world.stderr, text);
  let connection: QueueConnection | undefined;
  try {
    const queue = await SharedQueue.open(url, configuration, world);
    ({ connection } = queue);
    const options = { access: 'write', stopsSoftly: true, openLimiter: queue.openLimiter } as const;
    await withEnds(configuration, world, options, ({ parts, context, redact }) => {
      const onDone = (slice: DoneSlice): void =>
        printLine(world.stdout, json === true ? asJson(slice) : inWords(slice));
      const ends = { connection: queue.connection, parts, context, redact };
      return new SliceWorker({ ...queue.of(parts.stream), ...ends, onDone, say }).run();
    });
    say('Stopped. What was not finished is given back to the queue.');
  } catch (error) {
    if (!isAbort(error)) throw error;
  } finally {
    signals.release();
    connection?.close();
  }
  return signals.received === 'SIGTERM' ? EXIT_CODE.ok : EXIT_CODE.interrupted;
}

function inWords({ fromMs, toMs, delivered, durationMs }: DoneSlice): string {
  const range = `${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)}`;
  return `${range}: ${plural(delivered, 'event')} delivered in ${roughly(durationMs)}`;
}

function asJson({ fromMs, toMs, delivered, durationMs }: DoneSlice): string {
  const range = { from: formatTimestamp(fromMs), to: formatTimestamp(toMs) };
  return JSON.stringify({ ...range, delivered, seconds: Math.ceil(durationMs / 1000) });
}
