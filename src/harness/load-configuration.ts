import { join, resolve } from 'node:path';

import type { LoadedSection } from '../sdk/configuration/layer.js';
import { createLookup, type Found, type Lookup } from '../sdk/configuration/lookup.js';
import { loadPlatformConfiguration, loadSectionFile } from '../sdk/configuration/platform.js';
import { resolveConfiguration } from '../sdk/configuration/resolve.js';
import { withEnvironmentLogLevel } from '../sdk/observability/log-level.js';
import { loadTrigger, type LoadedTrigger } from '../sdk/registration.js';
import { directoryLocation } from '../sdk/storage/directory-location.js';
import { findStorage, type FoundStorage } from '../sdk/storage/find-storage.js';
import type { StorageLocation } from '../sdk/storage/storage-location.js';
import { findTrigger, type NamedTrigger } from './find-trigger.js';
import type { Playbook } from './playbook-file.js';
import { readSettingFlags } from './setting-flags.js';
import type { HarnessWorld } from './world.js';

/** Flags that say where the configuration is; those of the single settings come on top. */
export interface ConfigurationFlags {
  readonly playbook?: string;
  readonly moduleConfiguration?: string;
  readonly arguments?: string;
  readonly dataPath?: string;
  readonly intakeUrl?: string;
  readonly [setting: string]: unknown;
}

/** A trigger and everything it needs to be run or examined. */
export interface LoadedConfiguration extends NamedTrigger {
  readonly loaded: LoadedTrigger;
  /** Where the state is kept, to be shown: an absolute path, or `s3://bucket/prefix`. */
  readonly dataPath: Found<string>;
  /** The same place, to be opened. */
  readonly storage: StorageLocation;
  readonly intakeUrl: Found<string> | undefined;
  /** Reads the settings again from where they came. */
  readonly reread: () => Promise<LoadedTrigger>;
}

/**
 * Finds the trigger and its configuration. Later wins: defaults, what the platform would provide (files and
 * environment), the playbook, files named on the command line, flags.
 * @throws ConfigurationError with everything that is wrong at once
 */
export async function loadConfiguration(
  world: HarnessWorld,
  wanted: string | undefined,
  flags: ConfigurationFlags,
): Promise<LoadedConfiguration> {
  const { workingDirectory, fileSystem, environment } = world;
  const path = (given: string): string => resolve(workingDirectory, given);
  const playbook = flags.playbook === undefined ? undefined : await readPlaybook(path(flags.playbook), world);
  const named = await findTrigger(world, wanted ?? playbook?.trigger);
  const { moduleSchema, argumentsSchema, trigger } = named.registration;

  const lookup = createLookup(world);
  const platform = await loadPlatformConfiguration(lookup);
  const fromFile = async (given: string | undefined, setting: string): Promise<LoadedSection> =>
    given === undefined ? { layers: [] } : loadSectionFile(fileSystem, path(given), setting);
  const module = combine([
    withoutMissing(platform.module),
    playbook?.account,
    await fromFile(flags.moduleConfiguration, 'module_configuration'),
    readSettingFlags(moduleSchema, 'module', flags),
  ]);
  const args = combine([
    withoutMissing(platform.arguments),
    playbook?.arguments,
    await fromFile(flags.arguments, 'arguments'),
    readSettingFlags(argumentsSchema, 'arguments', flags),
  ]);
  const intakeUrl = fromFlag(flags.intakeUrl, '--intake-url') ?? playbook?.intakeUrl ?? platform.intakeUrl;
  const directory = findDataPath(world, flags.dataPath, { playbook, command: trigger.command });
  const { location: storage, origin, problems } = await findStorageFor(directory, lookup, world);
  const sources = {
    module,
    arguments: withEnvironmentLogLevel(args, argumentsSchema, environment),
    intakeUrl,
    problems,
  };
  const loaded = await loadTrigger(named.registration, sources, world.clock.now());
  return {
    ...named,
    loaded,
    intakeUrl,
    dataPath: { value: storage.description, origin: origin ?? directory.origin },
    storage,
    reread: async () => (await loadConfiguration(world, wanted, flags)).loaded,
  };
}

/** An account and its values, without a trigger's arguments. */
export interface LoadedAccount extends NamedTrigger {
  /** Values that met the schema, defaults included. Hold secrets. */
  readonly account: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/**
 * Finds the account alone, from the same places: enough to ask the API, before there is an intake.
 * @throws ConfigurationError with everything that is wrong at once
 */
export async function loadAccount(
  world: HarnessWorld,
  wanted: string | undefined,
  flags: Pick<ConfigurationFlags, 'playbook' | 'moduleConfiguration'> & Readonly<Record<string, unknown>>,
): Promise<LoadedAccount> {
  const { workingDirectory, fileSystem } = world;
  const path = (given: string): string => resolve(workingDirectory, given);
  const playbook = flags.playbook === undefined ? undefined : await readPlaybook(path(flags.playbook), world);
  const named = await findTrigger(world, wanted ?? playbook?.trigger);
  const { moduleSchema: schema, validators } = named.registration;
  const file = flags.moduleConfiguration;
  const section = combine([
    withoutMissing((await loadPlatformConfiguration(createLookup(world))).module),
    playbook?.account,
    file === undefined ? undefined : await loadSectionFile(fileSystem, path(file), 'module_configuration'),
    readSettingFlags(schema, 'module', flags),
  ]);
  const { values, warnings } = await resolveConfiguration({
    module: { ...section, schema, ...(validators && { validator: validators.module }) },
  });
  return { ...named, account: values.module, warnings };
}

/** The reader of YAML is loaded only where there is a playbook. */
async function readPlaybook(path: string, { environment, fileSystem }: HarnessWorld): Promise<Playbook> {
  return (await import('./playbook-file.js')).readPlaybook(path, environment, fileSystem);
}

/** The sections laid over each other, the later on top. */
function combine(sections: readonly (LoadedSection | undefined)[]): LoadedSection {
  const given = sections.filter((section) => section !== undefined);
  return {
    layers: given.flatMap(({ layers }) => layers),
    problems: given.flatMap(({ problems = [] }) => problems),
    incomplete: given.some(({ incomplete }) => incomplete === true),
  };
}

/**
 * On the platform a document that is nowhere to be found is a problem; here it may come from elsewhere. What is there
 * and broken has an origin, and stays a problem.
 */
function withoutMissing({ layers, problems = [] }: LoadedSection): LoadedSection {
  const broken = problems.filter(({ origin }) => origin !== undefined);
  return { layers, problems: broken, incomplete: layers.length === 0 && broken.length > 0 };
}

/** A directory, absolute. */
interface DataPath extends Found<string> {
  /** Whether playbook or flags name it. */
  readonly chosen: boolean;
}

function findDataPath(
  { workingDirectory, environment }: HarnessWorld,
  flag: string | undefined,
  { playbook, command }: { playbook: Playbook | undefined; command: string },
): DataPath {
  const variable = environment['DATA_PATH'];
  const chosen =
    fromFlag(flag, '--data-path') ??
    (playbook?.dataPath === undefined ? undefined : { value: playbook.dataPath, origin: 'playbook, data_path' });
  const found =
    chosen ??
    (variable === undefined || variable === ''
      ? { value: join('.sekoia-module', command), origin: 'default' }
      : { value: variable, origin: 'environment variable DATA_PATH' });
  return { value: resolve(workingDirectory, found.value), origin: found.origin, chosen: chosen !== undefined };
}

/** What the platform would provide comes before playbook and flags: where these name a directory, it is the place. */
async function findStorageFor(
  { value: directory, chosen }: DataPath,
  lookup: Lookup,
  { fileSystem, clock }: HarnessWorld,
): Promise<FoundStorage> {
  if (chosen) return { location: directoryLocation(directory, fileSystem), problems: [] };
  return findStorage({ lookup, directory, fileSystem, clock });
}

function fromFlag(value: string | undefined, flag: string): Found<string> | undefined {
  return value === undefined ? undefined : { value, origin: `flag ${flag}` };
}
