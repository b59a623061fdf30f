import { join } from 'node:path';

import { type Ending, type ItemProgram, runItemTask } from '../../simulators/sekoia/platform/item-process.js';
import { freePorts, type MountedValues, mountConfiguration } from '../../simulators/sekoia/platform/mount.js';
import { SYNTHETIC_TOKEN } from '../../simulators/sekoia/platform/services.js';
import type { PlatformSimulator } from '../../simulators/sekoia/platform/simulator.js';
import { supervise, type Supervisor, type SupervisorRules } from '../../simulators/sekoia/platform/supervisor.js';

const VALIDATION = 'validate_module_configuration';
const LONGEST_VALIDATION_MS = 60_000;

/** What the platform gives to a run. */
export interface ItemSettings {
  /** As mounted: what of it is a secret, the platform may leave out or disguise. */
  readonly module: Readonly<Record<string, unknown>>;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly intakeUrl: string;
  /** Further names that the platform provides, or other values of those that it provides anyway. */
  readonly more?: MountedValues;
}

export interface ItemOptions {
  /** Where `dist/main.js` and `manifest.json` are. */
  readonly packageDirectory: string;
  /** Of this item alone; what it mounts and its state are below. */
  readonly directory: string;
  /** `docker_parameters` of the trigger. */
  readonly command: string;
  readonly rules?: Partial<SupervisorRules>;
  /** How its configuration reaches it; variables with JSON hold base64 of it. Default files. */
  readonly provision?: 'files' | 'environment';
}

/** An item of the module, run as the platform runs it: from its build, in processes of their own. */
export interface Item {
  /** Where its state is. */
  readonly dataPath: string;
  /** Runs the validation of the account to its end. */
  validate(
    settings: ItemSettings,
    platform: PlatformSimulator,
  ): Promise<Ending & { readonly output: string; readonly inTime: boolean }>;
  /** Starts the trigger and keeps it running. */
  start(settings: ItemSettings, platform: PlatformSimulator): Promise<Supervisor>;
}

/** Creates an item that was never started. */
export function createItem(options: ItemOptions): Item {
  const { packageDirectory, directory, command, rules = {}, provision = 'files' } = options;
  const configurationPath = join(directory, 'symphony');
  const dataPath = join(directory, 'symphony_data');

  const prepare = async (argument: string, values: MountedValues, workerPort: number): Promise<ItemProgram> => {
    await mountConfiguration(configurationPath, provision === 'files' ? values : {});
    return {
      argv: [process.execPath, join(packageDirectory, 'dist/main.js'), argument],
      workingDirectory: packageDirectory,
      environment: {
        ...(provision === 'environment' && variablesOf(values)),
        CONFIGURATION_PATH: configurationPath,
        DATA_PATH: dataPath,
        WORKER_PROM_LISTEN_PORT: String(workerPort),
      },
    };
  };
  return {
    dataPath,
    async validate(settings, platform) {
      return runItemTask(await prepare(VALIDATION, valuesFor(settings, platform), 0), LONGEST_VALIDATION_MS);
    },
    async start(settings, platform) {
      const [livenessPort = 0, metricsPort = 0, workerPort = 0] = await freePorts(3);
      const ports = { liveness_port: String(livenessPort), metrics_port: String(metricsPort) };
      const program = await prepare(command, { ...valuesFor(settings, platform), ...ports }, workerPort);
      return supervise(program, { livenessPort, rules });
    },
  };
}

function valuesFor(
  { module, arguments: args, intakeUrl, more }: ItemSettings,
  platform: PlatformSimulator,
): MountedValues {
  return {
    module_configuration: module,
    connector_configuration: args,
    intake_url: intakeUrl,
    token: SYNTHETIC_TOKEN,
    url_callback: platform.callbackUrl,
    listen_host: '127.0.0.1',
    ...more,
  };
}

function variablesOf(values: MountedValues): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name.toUpperCase(),
      typeof value === 'string' ? value : Buffer.from(JSON.stringify(value)).toString('base64'),
    ]),
  );
}
