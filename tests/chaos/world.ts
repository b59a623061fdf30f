import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { SimulatorsOptions } from '../../src/simulators/serve.js';
import { connectorEnvironment } from '../support/connector-environment.js';
import { FaultyProxy } from './network/faulty-proxy.js';
import type { Side } from './plan/incident.js';
import { SimulatorsProcess } from './processes/simulators.js';
import type { Undo } from './undo.js';

/** Both simulators, a proxy before each, and an environment that sends the connector through them. */
export interface ChaosWorld {
  readonly simulators: SimulatorsProcess;
  readonly proxies: Readonly<Record<Side, FaultyProxy>>;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ChaosWorldOptions {
  readonly simulators: SimulatorsOptions;
  readonly dataPath: string;
  readonly arguments: object;
  readonly undo: Undo;
}

export async function startWorld(options: ChaosWorldOptions): Promise<ChaosWorld> {
  const { undo, dataPath } = options;
  const simulators = await SimulatorsProcess.start(options.simulators, undo);
  const { jumpcloudPort, intakePort, apiKey, intakeKey } = await simulators.ask({ ask: 'addresses' });
  const proxies = {
    jumpcloud: await FaultyProxy.start(jumpcloudPort),
    intake: await FaultyProxy.start(intakePort),
  };
  const environment = connectorEnvironment(
    { jumpcloudUrl: proxies.jumpcloud.url, intakeUrl: proxies.intake.url, apiKey, intakeKey },
    dataPath,
    { arguments: options.arguments },
  );
  return { simulators, proxies, environment };
}

/** A new directory that goes with this process. */
export function temporaryDirectory(undo: Undo): string {
  const directory = mkdtempSync(join(tmpdir(), 'sekoia-chaos-'));
  undo.add(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
