import { resolve } from 'node:path';

import type { Lookup } from './configuration/lookup.js';
import { createLookup } from './configuration/lookup.js';
import type { LoadedSection } from './configuration/layer.js';
import { suggestion } from './configuration/nearest.js';
import { loadPlatformConfiguration, type PlatformConfiguration } from './configuration/platform.js';
import { ErrorAccount } from './error-account.js';
import { abortError, ConfigurationError, isAbort } from './errors.js';
import { EXIT_CODE, exitCodeOf, type ExitCode } from './exit-code.js';
import { WAIT_FOR_STOP_MS } from './keep-running.js';
import { launchTrigger, type World } from './launch-trigger.js';
import { createLog, type Log } from './observability/log.js';
import { withEnvironmentLogLevel } from './observability/log-level.js';
import { openMonitoring } from './observability/monitoring.js';
import { reportError } from './observability/report-error.js';
import { outputStyle } from './observability/terminal.js';
import type { PipelineListener } from './pipeline/pipeline-event.js';
import type { Clock } from './ports.js';
import { openPlatformLink, type PlatformLink } from './platform/link.js';
import { loadTrigger, type AccountCheck, type LoadedTrigger, type TriggerRegistration } from './registration.js';
import { type EarlyStop, stopEarlyOnSignals } from './signals.js';
import { findStorage } from './storage/find-storage.js';
import type { StorageLocation } from './storage/storage-location.js';

/** Where the platform mounts the data of an item. */
const PLATFORM_DATA_PATH = '/symphony_data';

/** The platform's own command for every module: does this account work? */
const VALIDATION = 'validate_module_configuration';

/**
 * Does what the platform asks of a module's container: runs the trigger that `command` names, configured by the
 * platform's files and environment, or validates the account. Never rejects: what went wrong is on standard error.
 * @param command first argument of the process
 * @returns the status for the process to leave with
 */
export async function runPlatformCommand(
  triggers: readonly TriggerRegistration[],
  command: string | undefined,
  world: World,
): Promise<ExitCode> {
  const lookup = createLookup(world);
  const stop = stopEarlyOnSignals(world.signals);
  let link: PlatformLink | undefined;
  try {
    link = await openPlatformLink({ ...world, lookup, log: startLog(world, undefined), command: command ?? '' });
    const validated = triggers.find(canBeValidated);
    if (command === VALIDATION && validated !== undefined)
      return await validate(validated, { lookup, link, world, stop });
    return await launch(findTrigger(triggers, command), { lookup, link, world, stop });
  } catch (thrown) {
    const log = startLog(world, link);
    if (isAbort(thrown) && stop.received !== undefined) {
      log.info('Stopped before the work began', { signal: stop.received });
      return stop.received === 'SIGINT' ? EXIT_CODE.interrupted : EXIT_CODE.ok;
    }
    reportError(log, thrown);
    return exitCodeOf(thrown);
  } finally {
    await link?.close();
    stop.release();
  }
}

/** What is known before the settings are. */
interface Start {
  readonly lookup: Lookup;
  readonly link: PlatformLink;
  readonly world: World;
  readonly stop: EarlyStop;
}

async function launch(registration: TriggerRegistration, start: Start): Promise<ExitCode> {
  const { lookup, link, world, stop } = start;
  const { environment, clock } = world;
  const errors = new ErrorAccount(clock);
  const isOnPlatform = link.access !== undefined;
  const monitoring = await openMonitoring({ lookup, environment, clock, errors });
  try {
    const { loaded, storage, reread } = await load(registration, start);
    const profile = registration.trigger.profile(loaded.settings);
    const observe = async (log: Log): Promise<PipelineListener> => {
      errors.tellTo(log);
      const watch = await monitoring.begin(profile, log);
      return isOnPlatform ? withDigest(watch, log, clock) : watch;
    };
    if (stop.requested.aborted) throw abortError();
    // From here on the run obeys the signals; until it listens, they end the process at once.
    stop.release();
    return await launchTrigger(
      { registration, loaded, storage, once: false, reread, observe, audience: link, ...(isOnPlatform && { errors }) },
      world,
    );
  } catch (thrown) {
    if (isAbort(thrown)) throw thrown;
    const level = reportError(startLog(world, link), thrown);
    // The platform stops what has said this. To leave at once would only have it started again, and say it again.
    if (level === 'critical' && isOnPlatform && !stop.requested.aborted) await waitForStop(world);
    return exitCodeOf(thrown);
  } finally {
    await monitoring.close();
  }
}

async function load(
  registration: TriggerRegistration,
  start: Start,
): Promise<{ loaded: LoadedTrigger; storage: StorageLocation; reread: () => Promise<LoadedTrigger> }> {
  const { lookup, world } = start;
  const { environment, fileSystem, clock } = world;
  const given = await loadPlatformConfiguration(lookup);
  const complete = await accountCompletion(registration, start);
  const directory = await findDirectory(lookup, environment['DATA_PATH']);
  const { location, problems } = await findStorage({ lookup, directory, fileSystem, clock });
  const loadFrom = (platform: PlatformConfiguration): Promise<LoadedTrigger> => {
    const args = withEnvironmentLogLevel(platform.arguments, registration.argumentsSchema, environment);
    const sources = { ...platform, module: complete(platform.module), arguments: args, problems };
    return loadTrigger(registration, sources, clock.now());
  };
  const reread = async (): Promise<LoadedTrigger> => loadFrom(await loadPlatformConfiguration(lookup));
  return { loaded: await loadFrom(given), storage: location, reread };
}

/**
 * Asks for the secrets of the account, once, where the platform keeps any of it.
 * @returns what lays them over an account; what the platform left in their place does not count
 */
async function accountCompletion(
  { moduleSchema }: TriggerRegistration,
  { link, world, stop }: Start,
): Promise<(account: LoadedSection) => LoadedSection> {
  const { secrets = [] } = moduleSchema;
  if (link.access === undefined || secrets.length === 0) return (account) => account;
  const { withSecrets } = await import('./platform/fetch-secrets.js');
  const values = await link.fetchSecrets(startLog(world, link), stop.requested);
  return (account) => withSecrets(account, secrets, values);
}

async function withDigest(watch: PipelineListener, log: Log, clock: Clock): Promise<PipelineListener> {
  const { deliveryDigest } = await import('./platform/delivery-digest.js');
  const digest = deliveryDigest(log, clock);
  return (event, stream) => {
    watch(event, stream);
    digest(event);
  };
}

async function validate(
  registration: TriggerRegistration & { readonly accountCheck: AccountCheck },
  { lookup, link, world, stop }: Start,
): Promise<ExitCode> {
  const { validateAccount } = await import('./platform/validate-account.js');
  const { clock, random } = world;
  const transport = world.openTransport();
  const context = { clock, random, transport, signal: stop.requested };
  try {
    return await validateAccount(registration, { lookup, link, log: startLog(world, link), context });
  } finally {
    await transport.close();
  }
}

/** The log before the settings are known: nothing is kept back. */
function startLog({ stderr, environment }: World, link: PlatformLink | undefined): Log {
  const { sinks = [], secrets = [] } = link ?? {};
  return createLog({ level: 'info', stream: stderr, ...outputStyle(stderr, environment), sinks, secrets });
}

/** Until a signal comes, for as long as the platform may take to send one. */
async function waitForStop({ signals, clock }: World): Promise<void> {
  const stop = stopEarlyOnSignals(signals);
  await clock.sleep(WAIT_FOR_STOP_MS, stop.requested);
  stop.release();
}

function canBeValidated(
  registration: TriggerRegistration,
): registration is TriggerRegistration & { readonly accountCheck: AccountCheck } {
  return registration.accountCheck !== undefined;
}

function findTrigger(triggers: readonly TriggerRegistration[], command: string | undefined): TriggerRegistration {
  const found = triggers.find(({ trigger }) => trigger.command === command);
  if (found !== undefined) return found;
  const commands = [
    ...triggers.map(({ trigger }) => trigger.command),
    ...(triggers.some(canBeValidated) ? [VALIDATION] : []),
  ];
  const what = command === undefined ? 'is missing' : `'${command}' is unknown${suggestion(command, commands)}`;
  const problem = `${what}; the first argument must be one of: ${commands.join(', ')}`;
  throw new ConfigurationError([{ setting: 'command', problem }]);
}

async function findDirectory(lookup: Lookup, given: string | undefined): Promise<string> {
  const subFolder = (await lookup.text('sub_folder'))?.value.trim().replace(/^\/+/, '') ?? '';
  return resolve(given === undefined || given === '' ? PLATFORM_DATA_PATH : given, subFolder);
}
