import { Command, CommanderError, type OutputConfiguration } from 'commander';

import { ConfigurationError, describeError, ModuleError } from '../sdk/errors.js';
import { EXIT_CODE, exitCodeOf, type ExitCode } from '../sdk/exit-code.js';
import { escapeControls } from '../sdk/observability/escape-controls.js';
import { outputStyle, type OutputStream } from '../sdk/observability/terminal.js';
import { helpText, USUAL_EXIT_CODES } from './commands/help.js';
import { paintFor, printLine } from './output.js';
import type { Finish, HarnessWorld } from './world.js';

type AddCommand = (program: Command, world: HarnessWorld, finish: Finish) => void;

/** In the order of the help. Each is loaded only where it is wanted: together they take longer than any of them. */
const COMMANDS: ReadonlyMap<string, () => Promise<AddCommand>> = new Map([
  ['demo', async () => (await import('./commands/demo.js')).addDemoCommand],
  ['run', async () => (await import('./commands/run.js')).addRunCommand],
  ['discover', async () => (await import('./commands/discover.js')).addDiscoverCommand],
  ['check', async () => (await import('./commands/check.js')).addCheckCommand],
  ['backfill', async () => (await import('./commands/backfill.js')).addBackfillCommand],
  ['worker', async () => (await import('./commands/worker.js')).addWorkerCommand],
  ['export', async () => (await import('./commands/export.js')).addExportCommand],
  ['audit', async () => (await import('./commands/audit.js')).addAuditCommand],
  ['state', async () => (await import('./commands/state.js')).addStateCommand],
  ['config', async () => (await import('./commands/config.js')).addConfigCommand],
  ['dead-letter', async () => (await import('./commands/dead-letter/dead-letter.js')).addDeadLetterCommand],
  ['spec', async () => (await import('./commands/spec.js')).addSpecCommand],
  ['bundle', async () => (await import('./commands/bundle.js')).addBundleCommand],
  ['new', async () => (await import('./commands/new.js')).addNewCommand],
  ['simulate', async () => (await import('./commands/simulate.js')).addSimulateCommand],
]);

/**
 * Runs the command line of the module runner. Never rejects: what went wrong is on standard error.
 * @param args without the program itself
 * @returns the status for the process to leave with
 */
export async function runProgram(args: readonly string[], world: HarnessWorld): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT_CODE.ok;
  const program = createProgram(world);
  try {
    for (const add of await loadCommands(args)) {
      add(program, world, (code) => {
        exitCode = code;
      });
    }
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT_CODE.ok : EXIT_CODE.configuration;
    printError(thrown, world);
    return exitCodeOf(thrown);
  }
}

/** All of them where the first argument is none of them: help and suggestions name each. */
async function loadCommands([first = '']: readonly string[]): Promise<AddCommand[]> {
  if (first === '--version' || first === '-V') return [];
  const wanted = COMMANDS.get(first);
  const loaded: AddCommand[] = [];
  // One after the other: Jest's loader of modules loses some that are asked for at the same time.
  for (const load of wanted === undefined ? COMMANDS.values() : [wanted]) loaded.push(await load());
  return loaded;
}

function createProgram(world: HarnessWorld): Command {
  return new Command('sekoia-module')
    .description('Runs the triggers of this Sekoia.io module on this machine.')
    .version(`sekoia-module ${world.version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureOutput(outputOf(world))
    .configureHelp({ styleTitle: (text) => `\u001b[1m${text}\u001b[0m` })
    .showHelpAfterError('(--help tells more)')
    .exitOverride()
    .addHelpText(
      'after',
      helpText({
        examples: ['sekoia-module demo', 'sekoia-module simulate', 'sekoia-module check --playbook playbook.yaml'],
        exitCodes: USUAL_EXIT_CODES,
        environment: { NO_COLOR: 'no colours, where set' },
      }),
    );
}

function outputOf({ stdout, stderr, environment }: HarnessWorld): OutputConfiguration {
  return {
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => stderr.write(text),
    getOutHasColors: () => outputStyle(stdout, environment).colours,
    getErrHasColors: () => outputStyle(stderr, environment).colours,
    getOutHelpWidth: () => helpWidth(stdout),
    getErrHelpWidth: () => helpWidth(stderr),
  };
}

/** Wide terminals make lines that nobody likes to read. */
function helpWidth(stream: OutputStream & { readonly columns?: number }): number {
  return Math.min(stream.columns ?? 100, 120);
}

function printError(thrown: unknown, { stderr, environment }: HarnessWorld): void {
  const paint = paintFor(stderr, environment);
  if (thrown instanceof ConfigurationError) {
    printLine(stderr, escapeControls(thrown.message));
    printLine(stderr, paint('dim', "The command's --help tells where settings can come from."));
    return;
  }
  printLine(stderr, `${paint('red', 'Error')}: ${escapeControls(describeError(thrown))}`);
  if (thrown instanceof ModuleError && thrown.advice !== undefined) printLine(stderr, escapeControls(thrown.advice));
  // Without a code it is a defect of this program, and the place is what helps to mend it.
  if (!(thrown instanceof ModuleError) && thrown instanceof Error) printLine(stderr, thrown.stack);
}
