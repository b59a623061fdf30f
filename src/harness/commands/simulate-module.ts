import type { FaultScenario } from '../../simulators/faults/fault-scenario.js';
import { SYNTHETIC_INTAKE_KEY } from '../../simulators/sekoia/options.js';
import { startIntakeSimulator } from '../../simulators/sekoia/simulator.js';
import { drawUpModuleAccount } from '../demo/module-account.js';
import { startModuleSimulator } from '../module-simulator.js';
import type { HarnessWorld } from '../world.js';
import type { StartedSimulators } from '../started-simulators.js';

/** What `simulate` was asked for. */
export interface ModuleSimulation {
  readonly port?: number;
  readonly events: number;
  readonly days: number;
  readonly live: number;
  readonly seed: number;
  readonly scenario: FaultScenario | undefined;
}

/** The other end of a module that is not this package's own, and the simulated intake. */
export async function startForModule(
  world: HarnessWorld,
  { port, events, days, live, seed, scenario }: ModuleSimulation,
): Promise<StartedSimulators> {
  const source = await startModuleSimulator(world, {
    ...{ events, days, seed, liveEventsPerSecond: live },
    ...(port !== undefined && { port }),
  });
  const intake = await startIntakeSimulator({
    ...(scenario && { scenario }),
    ...(port !== undefined && { port: port + 1 }),
  }).catch(async (error: unknown) => {
    await source.close();
    throw error;
  });
  return {
    addresses: { source: source.url, intakeUrl: intake.url, intakeKey: SYNTHETIC_INTAKE_KEY },
    rows: [
      ['The simulated API', source.url],
      ['Sekoia intake', intake.url, `key ${SYNTHETIC_INTAKE_KEY}`],
    ],
    account: source.account,
    arguments: { intake_server: intake.url, intake_key: SYNTHETIC_INTAKE_KEY, frequency: 5, ...source.arguments },
    drawUp: () => {
      const { altered: unknown, ...rest } = drawUpModuleAccount({
        ...{ shown: source.shown(), received: intake.received, deadLetter: new Set<string>(), retried: 0 },
      });
      const { held, delivered, lost, duplicated } = rest;
      return { held, delivered, lost, duplicated, unknown };
    },
    close: async () => {
      await Promise.all([source.close(), intake.close()]);
    },
  };
}
