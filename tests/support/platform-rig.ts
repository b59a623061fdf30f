import { setTimeout as wait } from 'node:timers/promises';

import { createItem, type Item, type ItemSettings } from '../../src/harness/platform/item.js';
import type { LogLine, TaskReport } from '../../src/simulators/sekoia/platform/bodies.js';
import type { PlatformServicesOptions } from '../../src/simulators/sekoia/platform/services.js';
import { type PlatformSimulator, startPlatformSimulator } from '../../src/simulators/sekoia/platform/simulator.js';
import type { Supervisor, SupervisorEvent, SupervisorRules } from '../../src/simulators/sekoia/platform/supervisor.js';
import { intakeBasePath, type Region } from '../../src/simulators/sekoia/regions.js';
import { startSimulators, type Simulators, type SimulatorsOptions } from '../../src/simulators/serve.js';

const ROOT = process.cwd();
const COMMAND = 'JumpcloudDirectoryInsightsConnector';

/** As an orchestrator, but looking more often. */
const RULES = { graceMs: 10_000, probeEveryMs: 250, probeTimeoutMs: 1_000, failedProbes: 2, restartAfterMs: 300 };

export interface RigOptions {
  /** A new directory of its own. */
  readonly directory: string;
  readonly simulators?: SimulatorsOptions;
  readonly platform?: PlatformServicesOptions;
  readonly region?: Region;
  /** What the platform mounts of the account beside its address. Default nothing: the secret is with the platform. */
  readonly module?: object;
  readonly arguments?: object;
  readonly rules?: Partial<SupervisorRules>;
  readonly provision?: 'files' | 'environment';
  /** Further names that the platform provides, or other values. */
  readonly more?: (simulators: Simulators) => Readonly<Record<string, string>>;
}

/** The whole platform around the built module. */
export interface PlatformRig {
  readonly simulators: Simulators;
  readonly platform: PlatformSimulator;
  readonly item: Item;
  readonly settings: ItemSettings;
  /** Starts the trigger. The platform stops it when it says `critical`. */
  start(): Promise<Supervisor>;
  validate(): Promise<{
    readonly code: number | null;
    readonly output: string;
    readonly reports: readonly TaskReport[];
  }>;
  close(): Promise<void>;
}

export async function platformRig(options: RigOptions): Promise<PlatformRig> {
  const { directory, region = 'FRA2', rules = {}, provision = 'files', more } = options;
  const simulators = await startSimulators({
    seed: 11,
    ...options.simulators,
    generator: { oversizedShare: 0, ...options.simulators?.generator },
    sekoia: { basePath: intakeBasePath(region), ...options.simulators?.sekoia },
  });
  const supervisors: Supervisor[] = [];
  const { onLogLine } = options.platform ?? {};
  const platform = await startPlatformSimulator({
    secrets: { apikey: simulators.apiKey },
    ...options.platform,
    onLogLine: (line) => {
      onLogLine?.(line);
      if (line.level === 'critical') void supervisors.at(-1)?.stop('critical');
    },
  });
  const item = createItem({
    packageDirectory: ROOT,
    directory,
    command: COMMAND,
    rules: { ...RULES, ...rules },
    provision,
  });
  const settings: ItemSettings = {
    module: { base_url: simulators.jumpcloudUrl, ...options.module },
    arguments: { intake_key: simulators.intakeKey, start_from: '30d', frequency: 1, ...options.arguments },
    intakeUrl: simulators.intakeUrl,
    ...(more && { more: more(simulators) }),
  };
  return {
    simulators,
    platform,
    item,
    settings,
    async start() {
      const supervisor = await item.start(settings, platform);
      supervisors.push(supervisor);
      return supervisor;
    },
    async validate() {
      const { code, output } = await item.validate(settings, platform);
      return { code, output, reports: platform.reports };
    },
    async close() {
      await Promise.all(supervisors.map((supervisor) => supervisor.stop('asked')));
      await Promise.all([platform.close(), simulators.close()]);
    },
  };
}

/** Waits for something that another process brings about. */
export async function until(condition: () => boolean, what: string, withinMs = 60_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await wait(5);
  }
}

export function happened({ history }: Supervisor, kind: SupervisorEvent['kind']): number {
  return history.filter((event) => event.kind === kind).length;
}

/** The log tab as a person reads it. */
export function tabText(logs: readonly LogLine[]): string {
  return logs.map(({ level, message }) => `${level} ${message}`).join('\n');
}
