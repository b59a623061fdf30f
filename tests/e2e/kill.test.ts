import { setTimeout as wait } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import { startSimulators, type Simulators } from '../../src/simulators/serve.js';
import { startProgram, type RunningProgram } from '../support/built-program.js';
import { connectorEnvironment } from '../support/connector-environment.js';
import { seededRandom } from '../support/seeded-random.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const COMMAND = 'JumpcloudDirectoryInsightsConnector';
/** Another form: KILL_EVENTS=300000 KILLS=40 KILL_SEED=7 npm test -- tests/e2e/kill */
const EVENTS = Number(process.env['KILL_EVENTS'] ?? 100_000);
const KILLS = Number(process.env['KILLS'] ?? 10);
const SEED = Number(process.env['KILL_SEED'] ?? 2026);
const BATCH = 500;
const PARALLEL = 4;
const UNDER_WAY = PARALLEL * BATCH;

const newDirectory = temporaryDirectories();

/** What stood at the intake when a process was dead. */
interface Moment {
  readonly delivered: number;
  readonly duplicated: number;
}

function momentOf(simulators: Simulators): Moment {
  const { delivered, duplicated } = simulators.account();
  return { delivered, duplicated };
}

/** Resolves once the intake has taken so many events more, repeats included. */
async function takes(simulators: Simulators, further: number, { child }: RunningProgram): Promise<void> {
  const { received } = simulators.sekoia;
  const wanted = received.events + further;
  const deadline = Date.now() + 60_000;
  while (received.events < wanted) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the connector ended by itself');
    if (Date.now() > deadline) throw new Error(`the intake has ${received.events} events and waits for ${wanted}`);
    await wait(2);
  }
}

/**
 * Kills by progress, not by time, so that the kills cover the whole run on any machine. Each one comes after between
 * nothing and twice its share of what is missing: some while the connector still repeats what the last one broke off.
 */
async function killOnTheWay(
  simulators: Simulators,
  environment: Readonly<Record<string, string>>,
  random: () => number,
): Promise<Moment[]> {
  const moments: Moment[] = [];
  for (let left = KILLS; left > 0; left -= 1) {
    const share = simulators.account().lost / (left + 1);
    const program = startProgram('main.js', [COMMAND], environment);
    await takes(simulators, Math.max(1, Math.floor(2 * share * random())), program);
    // The intake takes whole batches: a kill right after one would always meet the same state.
    await wait(random() * 25);
    program.child.kill('SIGKILL');
    expect((await program.ended).signal).toBe('SIGKILL');
    // What was sent whole before the kill is still taken after it.
    await wait(100);
    moments.push(momentOf(simulators));
  }
  return moments;
}

describe('kill -9 at random moments', () => {
  it('loses nothing, and repeats only batches that were under way', async () => {
    const simulators = await startSimulators({
      ...{ events: EVENTS, days: 3, seed: 5, latencyMs: { jumpcloud: 20, sekoia: 10 } },
      generator: { oversizedShare: 0 },
    });
    const environment = connectorEnvironment(simulators, newDirectory(), {
      arguments: { chunk_size: BATCH, page_size: 2000 },
    });
    try {
      const moments = await killOnTheWay(simulators, environment, seededRandom(SEED));
      const rest = await startProgram('harness/cli.js', ['run', '--once'], environment).ended;
      expect(rest.code).toBe(0);
      const account = simulators.account();
      const steps = [...moments, momentOf(simulators)];
      const repeated = steps.map(({ duplicated }, step) => duplicated - (steps[step - 1]?.duplicated ?? 0));
      process.stdout.write(
        `${KILLS} kills over ${account.held} events, with ${moments.map(({ delivered }) => delivered).join(', ')} ` +
          `delivered; then delivered twice: ${repeated.slice(1).join(', ')}; in all ${account.duplicated}\n`,
      );

      expect(account).toMatchObject({ held: EVENTS, delivered: EVENTS, lost: 0, unknown: 0 });
      const onTheWay = moments.map(({ delivered }) => delivered).filter((count) => count > 0 && count < EVENTS);
      expect(new Set(onTheWay).size).toBeGreaterThanOrEqual(Math.min(5, KILLS));
      expect(onTheWay).toEqual([...onTheWay].sort((a, b) => a - b));
      // On average one part of KILLS + 1 is left for the last run.
      expect(onTheWay.at(-1)).toBeGreaterThan(EVENTS * (1 - 4 / (KILLS + 1)));
      // Up to the first kill nothing may repeat; each kill may cost what was under way, which shows in the next run.
      expect(repeated[0]).toBe(0);
      expect(Math.max(...repeated)).toBeLessThanOrEqual(UNDER_WAY);
      expect(account.duplicated).toBeLessThanOrEqual(KILLS * UNDER_WAY);
    } finally {
      await simulators.close();
    }
  }, 300_000);
});
