import type { Command } from 'commander';

import { isAbort } from '../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import { redactor } from '../../sdk/observability/redactor.js';
import type { CheckResult } from '../../sdk/trigger.js';
import { checkDataPath, checkDeadLetter } from '../check-data-path.js';
import { createCheckPrinter } from '../check-printer.js';
import { loadConfiguration, type ConfigurationFlags, type LoadedConfiguration } from '../load-configuration.js';
import { printJson } from '../output.js';
import type { Finish, HarnessWorld } from '../world.js';
import { addConfigurationOptions, PRECEDENCE } from './configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from './help.js';

/** `check`: examines a configuration against the real world. */
export function addCheckCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const command = program
    .command('check')
    .description('Examine everything a run needs: addresses, keys, rights, clock, state. Sends nothing to the intake.');
  addConfigurationOptions(command, world.triggers)
    .option('--json', 'as JSON')
    .addHelpText('after', PRECEDENCE)
    .addHelpText(
      'after',
      helpText({
        examples: ['sekoia-module check --playbook playbook.yaml', 'sekoia-module check --json'],
        exitCodes: { ...USUAL_EXIT_CODES, '0': 'nothing stands in the way', '1': 'a check failed' },
        environment: CONFIGURATION_ENVIRONMENT,
      }),
    )
    .action(async (wanted: string | undefined, flags: ConfigurationFlags & { json?: true }) => {
      const configuration = await loadConfiguration(world, wanted, flags);
      finish(await check(configuration, world, flags.json === true));
    });
}

async function check(configuration: LoadedConfiguration, world: HarnessWorld, json: boolean): Promise<ExitCode> {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  world.signals.on('SIGINT', interrupt);
  world.signals.on('SIGTERM', interrupt);
  const printer = createCheckPrinter(world.stdout, world.environment);
  const results: CheckResult[] = [];
  try {
    if (!json) printer.begin(configuration.name);
    for await (const result of findings(configuration, world, interrupted.signal)) {
      results.push(result);
      if (!json) printer.print(result);
    }
  } catch (thrown) {
    if (!isAbort(thrown) || !interrupted.signal.aborted) throw thrown;
  } finally {
    world.signals.off('SIGINT', interrupt);
    world.signals.off('SIGTERM', interrupt);
  }
  if (interrupted.signal.aborted) return EXIT_CODE.interrupted;
  const passed = results.every(({ state }) => state !== 'failed');
  if (json) printJson(world.stdout, { passed, checks: results });
  else printer.end(results);
  return passed ? EXIT_CODE.ok : EXIT_CODE.failed;
}

/** The state's findings, then the trigger's own. Whatever they quote, no secret leaves. */
async function* findings(
  { registration, loaded, storage }: LoadedConfiguration,
  world: HarnessWorld,
  signal: AbortSignal,
): AsyncGenerator<CheckResult> {
  const redact = redactor([...loaded.secrets, ...storage.secrets]);
  const redacted = ({ detail, remedy, ...rest }: CheckResult): CheckResult => ({
    ...rest,
    detail: redact(detail),
    ...(remedy !== undefined && { remedy: redact(remedy) }),
  });
  for (const warning of loaded.warnings) yield { name: 'Settings', state: 'warning', detail: warning };
  for await (const result of checkDataPath(storage)) yield redacted(result);
  for await (const result of checkDeadLetter(storage)) yield redacted(result);
  const transport = world.openTransport();
  try {
    const { clock, random, fileSystem, files, input } = world;
    const context = { clock, random, transport, fileSystem, ...(files && { files }), ...(input && { input }), signal };
    for await (const result of registration.trigger.check(loaded.settings, context)) {
      yield redacted(result);
    }
  } finally {
    await transport.close();
  }
}
