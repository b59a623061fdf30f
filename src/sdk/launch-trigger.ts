import type { ErrorAccount } from './error-account.js';
import type { ExitCode } from './exit-code.js';
import type { ClosableTransport } from './http/undici-transport.js';
import { KnownSecrets } from './observability/redactor.js';
import { createLog, type Log, type LogSink } from './observability/log.js';
import { logLevelOf } from './observability/log-level.js';
import { outputStyle, type OutputStream } from './observability/terminal.js';
import type { PipelineListener } from './pipeline/pipeline-event.js';
import type { Clock, Environment, FileReading, FileSystem, Random } from './ports.js';
import type { LoadedTrigger, TriggerRegistration } from './registration.js';
import { ReloadedSettings } from './reloaded-settings.js';
import { runTrigger } from './run-trigger.js';
import type { SignalSource } from './signals.js';
import type { StorageLocation } from './storage/storage-location.js';

/** The world as a composition root hands it over. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly fileSystem: FileSystem;
  readonly environment: Environment;
  readonly signals: SignalSource;
  /** Standard input, for a trigger that reads it. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Files of any size, for a trigger that reads them. */
  readonly files?: FileReading;
  /** Where the log goes. */
  readonly stderr: OutputStream;
  /** New connections of its own for each call. */
  readonly openTransport: () => ClosableTransport;
  /** Product and version, for reports of errors. */
  readonly release?: string;
}

/** Who else hears of a run, beside standard error. */
export interface LogAudience {
  readonly sinks: readonly LogSink[];
  /** Texts that no output may contain, further to those of the run. */
  readonly secrets: readonly string[];
  /** Sends what is left to tell them. */
  close(withinMs: number): Promise<void>;
}

export interface Launch {
  readonly registration: TriggerRegistration;
  readonly loaded: LoadedTrigger;
  /** Where the state is kept. */
  readonly storage: StorageLocation;
  readonly once: boolean;
  /** Reads the configuration again, where secrets in it may be replaced while the trigger runs. */
  readonly reread?: () => Promise<LoadedTrigger>;
  /** Called with the log of the run, before it begins. @returns what is to be told of it */
  readonly observe?: (log: Log) => Promise<PipelineListener>;
  readonly audience?: LogAudience;
  /** Where it is given, what ends or fails is run again until stopped, and errors are counted there. */
  readonly errors?: ErrorAccount;
}

/** Runs a trigger whose configuration was loaded, with a log that hides its secrets. Never rejects. */
export async function launchTrigger(
  { registration, loaded, storage, once, reread, observe, audience, errors }: Launch,
  world: World,
): Promise<ExitCode> {
  const { trigger } = registration;
  const known = new KnownSecrets([...loaded.secrets, ...storage.secrets, ...(audience?.secrets ?? [])]);
  const { hide, use } = known;
  const log = createLog({
    level: logLevelOf(loaded.resolved.values.arguments),
    ...outputStyle(world.stderr, world.environment),
    stream: world.stderr,
    secrets: known,
    sinks: audience?.sinks ?? [],
  });
  for (const warning of loaded.warnings) log.warning(warning);
  log.info('Starting', { trigger: trigger.command, dataPath: storage.description, once });
  const listener = await observe?.(log);
  const transport = world.openTransport();
  try {
    const { settings } = loaded;
    const held = reread && new ReloadedSettings({ registration, loaded, reread, clock: world.clock, log, hide: use });
    return await runTrigger({
      ...world,
      trigger,
      settings,
      storage,
      once,
      log,
      transport,
      hide,
      ...(held && { held }),
      ...(listener && { listener }),
      ...(errors && { errors }),
      ...(audience && { sendLastLines: (withinMs: number) => audience.close(withinMs) }),
    });
  } finally {
    await transport.close();
  }
}
