import type { Command } from 'commander';

import { isAbort } from '../../sdk/errors.js';
import { EXIT_CODE, type ExitCode } from '../../sdk/exit-code.js';
import { KnownSecrets } from '../../sdk/observability/redactor.js';
import type { CheckResult } from '../../sdk/trigger.js';
import { checkDataPath, checkDeadLetter } from '../check-data-path.js';
import { createCheckPrinter } from '../check-printer.js';
import type { LoadedConfiguration } from '../load-configuration.js';
import { addOrganizationOption, type LoadedStream, loadStreams, type OrganizationFlags } from '../organization.js';
import { printJson } from '../output.js';
import type { Finish, HarnessWorld } from '../world.js';
import { addConfigurationOptions, PRECEDENCE } from './configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from './help.js';

/** `check`: examines a configuration against the real world. */
export function addCheckCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const command = program
    .command('check')
    .description('Examine everything a run needs: addresses, keys, rights, clock, state. Sends nothing to the intake.');
  addOrganizationOption(addConfigurationOptions(command, world.triggers))
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
    .action(async (wanted: string | undefined, flags: OrganizationFlags & { json?: true }) => {
      const streams = await loadStreams(world, wanted, flags);
      finish(await check(streams, world, flags.json === true));
    });
}

async function check(streams: readonly LoadedStream[], world: HarnessWorld, json: boolean): Promise<ExitCode> {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  world.signals.on('SIGINT', interrupt);
  world.signals.on('SIGTERM', interrupt);
  const printer = createCheckPrinter(world.stdout, world.environment);
  const results: CheckResult[] = [];
  try {
    if (!json) printer.begin(streams[0]?.configuration.name ?? '');
    for (const { name, configuration } of streams) {
      // What is told of the settings is the same for all.
      const warnings = results.length === 0 ? configuration.loaded.warnings : [];
      for await (const found of findings(configuration, warnings, { world, signal: interrupted.signal })) {
        const result = name === undefined ? found : { ...found, name: `${name}: ${found.name}` };
        results.push(result);
        if (!json) printer.print(result);
      }
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
  warnings: readonly string[],
  { world, signal }: { readonly world: HarnessWorld; readonly signal: AbortSignal },
): AsyncGenerator<CheckResult> {
  const { redact, hide } = new KnownSecrets([...loaded.secrets, ...storage.secrets]);
  const redacted = ({ detail, remedy, ...rest }: CheckResult): CheckResult => ({
    ...rest,
    detail: redact(detail),
    ...(remedy !== undefined && { remedy: redact(remedy) }),
  });
  for (const warning of warnings) yield { name: 'Settings', state: 'warning', detail: warning };
  for await (const result of checkDataPath(storage)) yield redacted(result);
  for await (const result of checkDeadLetter(storage)) yield redacted(result);
  const transport = world.openTransport();
  try {
    const { clock, random, fileSystem, files, input } = world;
    const local = { fileSystem, ...(files && { files }), ...(input && { input }) };
    for await (const result of registration.trigger.check(loaded.settings, {
      ...{ clock, random, transport, signal, hide },
      ...local,
    })) {
      yield redacted(result);
    }
  } finally {
    await transport.close();
  }
}
