import type { Command } from 'commander';

import { redact, showValue } from '../../sdk/configuration/redact.js';
import type { SettingsSchema } from '../../sdk/configuration/schema.js';
import { EXIT_CODE } from '../../sdk/exit-code.js';
import { escapeControls } from '../../sdk/observability/escape-controls.js';
import { loadConfiguration, type ConfigurationFlags, type LoadedConfiguration } from '../load-configuration.js';
import { alignColumns, paintFor, printJson, printLine } from '../output.js';
import type { Finish, HarnessWorld } from '../world.js';
import { addConfigurationOptions, PRECEDENCE } from './configuration-options.js';
import { CONFIGURATION_ENVIRONMENT, helpText, USUAL_EXIT_CODES } from './help.js';

/** `config`: what a run would work with, and why. */
export function addConfigCommand(program: Command, world: HarnessWorld, finish: Finish): void {
  const command = program
    .command('config')
    .description('Print the effective configuration: every setting with its origin, secrets hidden.');
  const { '0': ok, '1': failed, '2': usage } = USUAL_EXIT_CODES;
  addConfigurationOptions(command, world.triggers)
    .option('--json', 'as JSON')
    .addHelpText('after', PRECEDENCE)
    .addHelpText(
      'after',
      helpText({
        examples: ['sekoia-module config --playbook playbook.yaml', 'sekoia-module config --page-size 500 --json'],
        exitCodes: { '0': ok, '1': failed, '2': usage },
        environment: CONFIGURATION_ENVIRONMENT,
      }),
    )
    .action(async (wanted: string | undefined, flags: ConfigurationFlags & { json?: true }) => {
      const configuration = await loadConfiguration(world, wanted, flags);
      const view = describeConfiguration(configuration);
      if (flags.json === true) printJson(world.stdout, view);
      else printView(view, configuration, world);
      finish(EXIT_CODE.ok);
    });
}

type SettingViews = Readonly<Record<string, { readonly value: unknown; readonly origin: string }>>;

interface ConfigurationView {
  readonly trigger: string;
  readonly dataPath: { readonly value: string; readonly origin: string };
  readonly module: SettingViews;
  readonly arguments: SettingViews;
  readonly intakeUrl?: { readonly value: string; readonly origin: string };
  readonly warnings: readonly string[];
}

function describeConfiguration({ registration, loaded, dataPath, intakeUrl }: LoadedConfiguration): ConfigurationView {
  const { values, origins } = loaded.resolved;
  const section = (schema: SettingsSchema, name: 'module' | 'arguments'): SettingViews =>
    Object.fromEntries(
      Object.entries(redact(values[name], schema)).map(([setting, value]) => [
        setting,
        { value, origin: origins[name][setting] ?? 'default' },
      ]),
    );
  return {
    trigger: registration.trigger.command,
    dataPath,
    module: section(registration.moduleSchema, 'module'),
    arguments: section(registration.argumentsSchema, 'arguments'),
    ...(intakeUrl && { intakeUrl }),
    warnings: loaded.warnings,
  };
}

function printView(view: ConfigurationView, { name }: LoadedConfiguration, world: HarnessWorld): void {
  const { stdout, environment } = world;
  const paint = paintFor(stdout, environment);
  const around: SettingViews = { data_path: view.dataPath, ...(view.intakeUrl && { intake_url: view.intakeUrl }) };
  printLine(stdout, paint('bold', `${name} (${view.trigger})`));
  for (const [title, settings] of [
    ['Account', view.module],
    ['Arguments', view.arguments],
    ['Around it', around],
  ] as const) {
    const rows = Object.entries(settings).map(([setting, { value, origin }]) => [setting, shown(value), origin]);
    printLine(stdout);
    printLine(stdout, paint('bold', title));
    for (const line of alignColumns(rows)) printLine(stdout, `  ${escapeControls(line)}`);
  }
  for (const warning of view.warnings) printLine(stdout, `\n${paint('yellow', 'Warning')}: ${escapeControls(warning)}`);
}

/** Texts as they are; a list as JSON, since showing it is what the command is for. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : showValue(value, false);
}
