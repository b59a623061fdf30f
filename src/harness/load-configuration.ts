import { join, resolve } from 'node:path';

import { createLayer, type Layer, type LoadedSection } from '../sdk/configuration/layer.js';
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

/** What is wanted of a configuration. */
export interface LoadOptions {
  /**
   * No event goes to an intake: no key is needed, and the state is not the one of a collection. It is where a flag says, or
   * in a directory of its own.
   */
  readonly withoutIntake?: boolean;
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
  { withoutIntake = false }: LoadOptions = {},
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
  const directory = withoutIntake
    ? ownDataPath(world, flags.dataPath, trigger.command)
    : findDataPath(world, flags.dataPath, { playbook, command: trigger.command });
  const { location: storage, origin, problems } = await findStorageFor(directory, lookup, world);
  const loggedArguments = withEnvironmentLogLevel(args, argumentsSchema, environment);
  const sources = {
    module,
    arguments: withoutIntake ? withNoIntake(loggedArguments) : loggedArguments,
    intakeUrl: withoutIntake ? NO_INTAKE_URL : intakeUrl,
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

/** Never where playbook or environment say, which is where a connector to an intake has its own. */
function ownDataPath({ workingDirectory }: HarnessWorld, flag: string | undefined, command: string): DataPath {
  const { value, origin } = fromFlag(flag, '--data-path') ?? {
    value: join('.sekoia-module', `${command}-export`),
    origin: 'default',
  };
  return { value: resolve(workingDirectory, value), origin, chosen: true };
}

/** The schemas want an intake: there is one to be named, and nothing is ever sent to it. */
const NO_INTAKE_URL = { value: 'https://no-intake.invalid', origin: 'none' };
const NO_INTAKE = { intake_key: 'no-intake-key-is-needed' };
const INTAKE_SETTINGS = ['intake_key', 'intake_server', 'allow_unencrypted_intake'];

function withNoIntake({ layers, problems = [], ...rest }: LoadedSection): LoadedSection {
  return {
    ...rest,
    layers: [...layers.map(withoutIntakeSettings), createLayer(NO_INTAKE, 'none')],
    problems: problems.filter(({ setting }) => !INTAKE_SETTINGS.some((name) => setting === `arguments.${name}`)),
  };
}

function withoutIntakeSettings({ values, originOf }: Layer): Layer {
  const others = Object.entries(values).filter(([name]) => !INTAKE_SETTINGS.includes(name));
  return { values: Object.fromEntries(others), originOf };
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
