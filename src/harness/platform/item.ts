import { join } from 'node:path';

import { type Ending, type ItemProgram, runItemTask } from '../../simulators/sekoia/platform/item-process.js';
import { freePorts, mountConfiguration } from '../../simulators/sekoia/platform/mount.js';
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
}

export interface ItemOptions {
  /** Where `dist/main.js` and `manifest.json` are. */
  readonly packageDirectory: string;
  /** Of this item alone; what it mounts and its state are below. */
  readonly directory: string;
  /** `docker_parameters` of the trigger. */
  readonly command: string;
  readonly rules?: Partial<SupervisorRules>;
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
export function createItem({ packageDirectory, directory, command, rules = {} }: ItemOptions): Item {
  const configurationPath = join(directory, 'symphony');
  const dataPath = join(directory, 'symphony_data');
  const programOf = (argument: string, workerPort: number): ItemProgram => ({
    argv: [process.execPath, join(packageDirectory, 'dist/main.js'), argument],
    workingDirectory: packageDirectory,
    environment: {
      CONFIGURATION_PATH: configurationPath,
      DATA_PATH: dataPath,
      WORKER_PROM_LISTEN_PORT: String(workerPort),
    },
  });
  const mount = async (settings: ItemSettings, platform: PlatformSimulator, more: object = {}): Promise<void> =>
    mountConfiguration(configurationPath, {
      module_configuration: settings.module,
      connector_configuration: settings.arguments,
      intake_url: settings.intakeUrl,
      token: SYNTHETIC_TOKEN,
      url_callback: platform.callbackUrl,
      listen_host: '127.0.0.1',
      ...more,
    });
  return {
    dataPath,
    async validate(settings, platform) {
      await mount(settings, platform);
      return runItemTask(programOf(VALIDATION, 0), LONGEST_VALIDATION_MS);
    },
    async start(settings, platform) {
      const [livenessPort = 0, metricsPort = 0, workerPort = 0] = await freePorts(3);
      await mount(settings, platform, { liveness_port: String(livenessPort), metrics_port: String(metricsPort) });
      return supervise(programOf(command, workerPort), { livenessPort, rules });
    },
  };
}
