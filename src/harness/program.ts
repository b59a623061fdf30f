import { Command, CommanderError, type OutputConfiguration } from 'commander';

import { ConfigurationError, describeError, ModuleError } from '../sdk/errors.js';
import { EXIT_CODE, exitCodeOf, type ExitCode } from '../sdk/exit-code.js';
import { escapeControls } from '../sdk/observability/escape-controls.js';
import { outputStyle, type OutputStream } from '../sdk/observability/terminal.js';
import { addAuditCommand } from './commands/audit.js';
import { addBackfillCommand } from './commands/backfill.js';
import { addBundleCommand } from './commands/bundle.js';
import { addCheckCommand } from './commands/check.js';
import { addConfigCommand } from './commands/config.js';
import { addDeadLetterCommand } from './commands/dead-letter/dead-letter.js';
import { addDemoCommand } from './commands/demo.js';
import { helpText, USUAL_EXIT_CODES } from './commands/help.js';
import { addRunCommand } from './commands/run.js';
import { addSimulateCommand } from './commands/simulate.js';
import { addSpecCommand } from './commands/spec.js';
import { addStateCommand } from './commands/state.js';
import { paintFor, printLine } from './output.js';
import type { Finish, HarnessWorld } from './world.js';

/**
 * Runs the command line of the module runner. Never rejects: what went wrong is on standard error.
 * @param args without the program itself
 * @returns the status for the process to leave with
 */
export async function runProgram(args: readonly string[], world: HarnessWorld): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT_CODE.ok;
  const program = createProgram(world, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT_CODE.ok : EXIT_CODE.configuration;
    printError(thrown, world);
    return exitCodeOf(thrown);
  }
}

function createProgram(world: HarnessWorld, finish: Finish): Command {
  const program = new Command('sekoia-module')
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
  addDemoCommand(program, world, finish);
  addRunCommand(program, world, finish);
  addCheckCommand(program, world, finish);
  addBackfillCommand(program, world, finish);
  addAuditCommand(program, world, finish);
  addStateCommand(program, world, finish);
  addConfigCommand(program, world, finish);
  addDeadLetterCommand(program, world, finish);
  addSpecCommand(program, world, finish);
  addBundleCommand(program, world, finish);
  addSimulateCommand(program, world, finish);
  return program;
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
