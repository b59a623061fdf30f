import { Option, type Command } from 'commander';

import { describeSettings, type SettingDescription } from '../sdk/configuration/describe-settings.js';
import { createFlagLayer, flagOf, type LoadedSection } from '../sdk/configuration/layer.js';
import { isSecret, type SettingsSchema } from '../sdk/configuration/schema.js';
import type { ConfigurationProblem } from '../sdk/errors.js';
import type { TriggerRegistration } from '../sdk/registration.js';

const SECRET_PROBLEM =
  'is a secret and not accepted on the command line, where other users and the shell history see it: ' +
  'put it in a file, in the environment, or in a playbook as ${VARIABLE}';

/** Adds a flag for every setting of every trigger, made from the schemas. */
export function addSettingFlags(command: Command, triggers: readonly TriggerRegistration[]): void {
  const added = new Set<string>();
  const add = (schema: SettingsSchema, heading: string): void => {
    for (const setting of describeSettings(schema).filter(({ flag }) => !added.has(flag))) {
      added.add(setting.flag);
      command.addOption(optionFor(setting).helpGroup(heading));
    }
  };
  for (const { moduleSchema } of triggers) add(moduleSchema, 'Account settings:');
  for (const { argumentsSchema } of triggers) add(argumentsSchema, 'Trigger settings:');
}

/** Adds a flag for every setting of the account alone. */
export function addAccountFlags(command: Command, triggers: readonly TriggerRegistration[]): void {
  addSettingFlags(
    command,
    triggers.map((each) => ({ ...each, argumentsSchema: { type: 'object', properties: {} } })),
  );
}

/** A secret's flag exists so that it can be refused with the reason instead of 'unknown option'. */
function optionFor(setting: SettingDescription): Option {
  const { flag, placeholder, secret } = setting;
  return new Option(`${flag} <${placeholder}>`, explain(setting)).hideHelp(secret);
}

function explain({ description, allowed, default: byDefault }: SettingDescription): string {
  const facts = [allowed, byDefault === '' ? '' : `default ${byDefault}`].filter((fact) => fact !== '');
  return facts.length === 0 ? description : `${description} (${facts.join('; ')})`;
}

/** What the flags say about one section. Secrets among them are refused; as values they are known, and so masked. */
export function readSettingFlags(
  schema: SettingsSchema,
  section: string,
  flags: Readonly<Record<string, unknown>>,
): LoadedSection {
  const layer = createFlagLayer(schema, flags);
  const problems = Object.keys(layer.values)
    .filter((setting) => isSecret(schema, setting))
    .map((setting): ConfigurationProblem => {
      return { setting: `${section}.${setting}`, problem: SECRET_PROBLEM, origin: `flag ${flagOf(setting)}` };
    });
  return { layers: [layer], problems };
}
