import { fileURLToPath } from 'node:url';

import { readDeclarations } from './configuration/declarations.js';
import type { SettingsSchema } from './configuration/schema.js';
import type { FileSystem } from './ports.js';
import type { TriggerRegistration } from './registration.js';
import type { SourceSimulator, SourceSimulatorOptions } from './source-simulator.js';
import type { Trigger } from './trigger.js';

/** What a module is: its declarations, and the code behind them. */
export interface ModuleDefinition {
  /** Where `manifest.json`, `triggers/` and `schemas/` are. */
  readonly directory: URL;
  /** One for each file in `triggers/`. */
  readonly triggers: readonly Trigger<unknown>[];
  /** Plays the source on this machine, for `demo` and `simulate`. Left out where there is none. */
  readonly startSimulator?: (options: SourceSimulatorOptions) => Promise<SourceSimulator>;
}

/** A module, to be run by the platform or by the runner. */
export interface SekoiaModule extends Omit<ModuleDefinition, 'directory'> {
  /** Absolute path. */
  readonly directory: string;
}

/** Makes a module of its definition. */
export function defineModule({ directory, ...rest }: ModuleDefinition): SekoiaModule {
  return { directory: fileURLToPath(directory), ...rest };
}

/**
 * Puts each trigger together with the schemas of its settings, which its declaration names.
 * @throws Error where code and declarations do not belong together: a defect, not a setting
 */
export async function registerTriggers(
  { directory, triggers }: SekoiaModule,
  fileSystem: Pick<FileSystem, 'read' | 'list'>,
): Promise<readonly TriggerRegistration[]> {
  const declarations = await readDeclarations(directory, fileSystem);
  return triggers.map((trigger): TriggerRegistration => {
    const declaration = declarations.triggers.find(({ command }) => command === trigger.command);
    if (declaration === undefined) {
      throw new Error(`No file in triggers/ of ${directory} has the docker_parameters '${trigger.command}'`);
    }
    const argumentsSchema = declaration.document['arguments'] as SettingsSchema;
    const checkAccount = trigger.checkAccount?.bind(trigger);
    return {
      trigger,
      moduleSchema: declarations.manifest['configuration'] as SettingsSchema,
      argumentsSchema,
      ...(checkAccount && {
        accountCheck: (module, context) => checkAccount({ module, arguments: defaultsOf(argumentsSchema) }, context),
      }),
    };
  });
}

function defaultsOf({ properties }: SettingsSchema): Record<string, unknown> {
  const given = Object.entries(properties).filter(([, setting]) => setting.default !== undefined);
  return Object.fromEntries(given.map(([name, setting]) => [name, setting.default]));
}
