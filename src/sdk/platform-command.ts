import { resolve } from 'node:path';

import type { Lookup } from './configuration/lookup.js';
import { createLookup } from './configuration/lookup.js';
import { suggestion } from './configuration/nearest.js';
import { loadPlatformConfiguration } from './configuration/platform.js';
import { ConfigurationError } from './errors.js';
import { exitCodeOf, type ExitCode } from './exit-code.js';
import { launchTrigger, type World } from './launch-trigger.js';
import { createLog } from './observability/log.js';
import { withEnvironmentLogLevel } from './observability/log-level.js';
import { openMonitoring, type Monitoring } from './observability/monitoring.js';
import { reportError } from './observability/report-error.js';
import { outputStyle } from './observability/terminal.js';
import { loadTrigger, type TriggerRegistration } from './registration.js';
import { findStorage } from './storage/find-storage.js';

/** Where the platform mounts the data of an item. */
const PLATFORM_DATA_PATH = '/symphony_data';

/**
 * Does what the platform asks of a module's container: runs the trigger that `command` names, configured by the
 * platform's files and environment. Never rejects: what went wrong is on standard error.
 * @param command first argument of the process
 * @returns the status for the process to leave with
 */
export async function runPlatformCommand(
  triggers: readonly TriggerRegistration[],
  command: string | undefined,
  world: World,
): Promise<ExitCode> {
  const { stderr, environment, fileSystem, clock } = world;
  let monitoring: Monitoring | undefined;
  try {
    const registration = findTrigger(triggers, command);
    const lookup = createLookup(world);
    monitoring = await openMonitoring({ lookup, environment, clock });
    const platform = await loadPlatformConfiguration(lookup);
    const args = withEnvironmentLogLevel(platform.arguments, registration.argumentsSchema, environment);
    const directory = await findDirectory(lookup, environment['DATA_PATH']);
    const { location, problems } = await findStorage({ lookup, directory, fileSystem, clock });
    const loaded = await loadTrigger(registration, { ...platform, arguments: args, problems }, clock.now());
    const profile = registration.trigger.profile(loaded.settings);
    const observe = monitoring.begin.bind(monitoring, profile);
    return await launchTrigger({ registration, loaded, storage: location, once: false, observe }, world);
  } catch (thrown) {
    reportError(createLog({ level: 'info', stream: stderr, ...outputStyle(stderr, environment) }), thrown);
    return exitCodeOf(thrown);
  } finally {
    await monitoring?.close();
  }
}

function findTrigger(triggers: readonly TriggerRegistration[], command: string | undefined): TriggerRegistration {
  const commands = triggers.map(({ trigger }) => trigger.command);
  const found = triggers.find(({ trigger }) => trigger.command === command);
  if (found !== undefined) return found;
  const what = command === undefined ? 'is missing' : `'${command}' is unknown${suggestion(command, commands)}`;
  const problem = `${what}; the first argument must be one of: ${commands.join(', ')}`;
  throw new ConfigurationError([{ setting: 'command', problem }]);
}

async function findDirectory(lookup: Lookup, given: string | undefined): Promise<string> {
  const subFolder = (await lookup.text('sub_folder'))?.value.trim().replace(/^\/+/, '') ?? '';
  return resolve(given === undefined || given === '' ? PLATFORM_DATA_PATH : given, subFolder);
}
