import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createLayer } from '../../sdk/configuration/layer.js';
import { loadTrigger, type LoadedTrigger, type TriggerRegistration } from '../../sdk/registration.js';
import type { Stop } from '../../sdk/stop.js';
import { type IntakeSimulator, startIntakeSimulator } from '../../simulators/sekoia/simulator.js';
import { SYNTHETIC_INTAKE_KEY } from '../../simulators/sekoia/options.js';
import { findTrigger } from '../find-trigger.js';
import { startModuleSimulator } from '../module-simulator.js';
import type { HarnessWorld } from '../world.js';
import { readDeadLetter, type DemoAccount } from './account.js';
import { collector } from './collector.js';
import { DEMO_SCENARIO } from './demo-scenario.js';
import { drawUpModuleAccount } from './module-account.js';
import type { Narrator } from './narrator.js';
import type { DemoOptions } from './run-demo.js';

/** Seconds between two cycles of the connector. */
const FREQUENCY_SECONDS = 1;

/**
 * The demo of a module that is not this package's own: its simulator on one side, the simulated intake on the other, which
 * fails now and then, and the real connector between them. It is stopped once in the middle and started again, and at the end
 * what the simulator has shown is compared with what the intake and the dead letter have, byte by byte.
 * @returns undefined where `stop` was requested before the end
 * @throws ConfigurationError where the module has no simulator
 */
export async function runModuleDemo(
  options: DemoOptions,
  narrator: Narrator,
  world: HarnessWorld,
  stop: Stop,
): Promise<DemoAccount | undefined> {
  const { clock } = world;
  const { events, days, live, seed, seconds } = options;
  const startedAtMs = clock.now();
  const { registration } = await findTrigger(world, undefined);
  const { trigger } = registration;
  const source = await startModuleSimulator(world, { events, days, liveEventsPerSecond: live, seed });
  const faults = DEMO_SCENARIO.faults.filter(({ side }) => side === 'sekoia');
  const intake = await startIntakeSimulator({ scenario: { ...DEMO_SCENARIO, faults } });
  const dataPath = await mkdtemp(join(tmpdir(), 'sekoia-module-demo-'));
  const ticker = new AbortController();
  const ticking = tick(narrator, clock, ticker.signal);
  const wasStopped = (): boolean => stop.requested.aborted;
  try {
    const { settings } = await configure(registration, { source, intake, days, nowMs: startedAtMs });
    const collect = collector({ trigger, settings, narrator, world, dataPath, stop });
    await collect(({ delivered, deadLettered }) => delivered + deadLettered >= events * 0.4);
    if (wasStopped()) return undefined;
    narrator.say('The connector was stopped on purpose. Starting it again on the same data path');
    let endsAtMs = Infinity;
    let stillCycles = 0;
    await collect((_, caughtUpToMs) => {
      if (caughtUpToMs < startedAtMs || narrator.isBehind) return false;
      if (endsAtMs === Infinity) {
        endsAtMs = clock.now() + seconds * 1000;
        narrator.say(`The backlog is delivered. What happens from now on is followed for ${seconds} s`);
      }
      if (clock.now() <= endsAtMs) return false;
      source.endLiveEvents();
      stillCycles += 1;
      return stillCycles > 2;
    });
    if (wasStopped()) return undefined;
    const deadLetter = await readDeadLetter(dataPath);
    const { retried } = narrator.tally;
    return drawUpModuleAccount({ shown: source.shown(), received: intake.received, deadLetter, retried });
  } finally {
    ticker.abort();
    await ticking;
    await Promise.all([source.close(), intake.close()]);
    await rm(dataPath, { recursive: true, force: true });
  }
}

interface Ends {
  readonly source: { readonly account: object; readonly arguments?: object };
  readonly intake: Pick<IntakeSimulator, 'url'>;
  readonly days: number;
  readonly nowMs: number;
}

/** The defaults of the schemas, and what the demo needs; of that, what the schemas declare. */
function configure(registration: TriggerRegistration, { source, intake, days, nowMs }: Ends): Promise<LoadedTrigger> {
  const wanted = {
    ...{ intake_server: intake.url, intake_key: SYNTHETIC_INTAKE_KEY, frequency: FREQUENCY_SECONDS },
    ...{ start_from: `${days + 1}d`, overlap: '30s', requests_per_second: 50, chunk_size: 1000 },
    ...source.arguments,
  };
  const declared = Object.entries(wanted).filter(([name]) => name in registration.argumentsSchema.properties);
  const layerOf = (values: object) => ({ layers: [createLayer({ ...values }, 'the demo')] });
  const found = { value: intake.url, origin: 'the demo' };
  const sources = { module: layerOf(source.account), arguments: layerOf(Object.fromEntries(declared)) };
  return loadTrigger(registration, { ...sources, intakeUrl: found }, nowMs);
}

/** A line of progress each second, as long as there is a backlog. */
async function tick(narrator: Narrator, clock: HarnessWorld['clock'], signal: AbortSignal): Promise<void> {
  for (;;) {
    await clock.sleep(1000, signal);
    if (signal.aborted) return;
    if (narrator.isBehind) narrator.progress();
  }
}
