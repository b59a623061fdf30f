import type { Command } from 'commander';

import { suggestion } from '../sdk/configuration/nearest.js';
import { ConfigurationError } from '../sdk/errors.js';
import { folderLocation } from '../sdk/storage/folder-storage.js';
import type { TriggerStream } from '../sdk/trigger.js';
import {
  type ConfigurationFlags,
  loadConfiguration,
  type LoadedConfiguration,
  type LoadOptions,
} from './load-configuration.js';
import { printLine } from './output.js';
import type { HarnessWorld } from './world.js';

/** So many are named where one has to be chosen. */
const MOST_NAMED = 20;

/** Flags of a command that works on one stream. */
export interface OrganizationFlags extends ConfigurationFlags {
  readonly organization?: string;
}

/** The option of a command that works on one stream. */
export function addOrganizationOption(command: Command): Command {
  return command.option('--organization <ID>', 'which of several organizations: its id, or its name');
}

/**
 * The configuration of the one stream that is meant, as if the trigger had no other: of several, the one that
 * `--organization` names.
 * @throws ConfigurationError where none is, or several may be meant
 */
export async function loadOneStream(
  world: HarnessWorld,
  wanted: string | undefined,
  flags: OrganizationFlags,
  options?: LoadOptions,
): Promise<LoadedConfiguration> {
  const configuration = await loadConfiguration(world, wanted, flags, options);
  const streams = streamsOf(configuration);
  const { organization } = flags;
  if (streams.length === 0 && organization === undefined) return configuration;
  if (streams.length === 0) throw problem('the configuration names no organizations: leave it out');
  const names = streams.map(({ name }) => name);
  const listed = `${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ', ...' : ''}`;
  if (organization === undefined) throw problem(`must name one of ${streams.length} organizations: ${listed}`);
  const found = streams.find(({ id, name }) => id === organization || name === organization);
  if (found === undefined) throw problem(`is none of the organizations${suggestion(organization, names)}: ${listed}`);
  return ofStream(configuration, found);
}

/**
 * The configurations to work on one after the other, where looking is harmless: all of several streams, or the one that
 * `--organization` names.
 */
export async function loadStreams(
  world: HarnessWorld,
  wanted: string | undefined,
  flags: OrganizationFlags,
): Promise<readonly LoadedStream[]> {
  if (flags.organization !== undefined) return [{ configuration: await loadOneStream(world, wanted, flags) }];
  const configuration = await loadConfiguration(world, wanted, flags);
  const streams = streamsOf(configuration);
  if (streams.length === 0) return [{ configuration }];
  return streams.map((stream) => ({ name: stream.name, configuration: ofStream(configuration, stream) }));
}

/** One of the streams that a command works on. */
export interface LoadedStream {
  readonly configuration: LoadedConfiguration;
  /** Where there are several. */
  readonly name?: string;
}

/**
 * Says whose lines follow, where there are several.
 * @throws ConfigurationError where the output is one document, which has room for one
 */
export function tellStream({ name }: LoadedStream, isJson: boolean, world: HarnessWorld): void {
  if (name === undefined) return;
  if (isJson) throw problem('is needed with --json where there are several organizations');
  printLine(world.stdout, `Organization ${name}:`);
}

/** A configuration as if the trigger had this stream alone. */
function ofStream(
  configuration: LoadedConfiguration,
  { settings, folder }: TriggerStream<unknown>,
): LoadedConfiguration {
  const { loaded, storage, dataPath } = configuration;
  const own = folderLocation(storage, folder);
  return {
    ...configuration,
    loaded: { ...loaded, settings },
    storage: own,
    dataPath: { ...dataPath, value: own.description },
  };
}

function streamsOf({ registration, loaded }: LoadedConfiguration): readonly TriggerStream<unknown>[] {
  return registration.trigger.streams?.(loaded.settings) ?? [];
}

function problem(text: string): ConfigurationError {
  return new ConfigurationError([{ setting: '--organization', problem: text }]);
}
