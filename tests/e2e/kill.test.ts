import { describe, expect, it } from '@jest/globals';

import { startSimulators } from '../../src/simulators/serve.js';
import { startProgram } from '../support/built-program.js';
import { connectorEnvironment } from '../support/connector-environment.js';
import { killOnTheWay, momentOf } from '../support/kill-on-the-way.js';
import { seededRandom } from '../support/seeded-random.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

/** Another form: KILL_EVENTS=300000 KILLS=40 KILL_SEED=7 npm test -- tests/e2e/kill */
const EVENTS = Number(process.env['KILL_EVENTS'] ?? 100_000);
const KILLS = Number(process.env['KILLS'] ?? 10);
const SEED = Number(process.env['KILL_SEED'] ?? 2026);
const BATCH = 500;
/** Four batches of the tail, twelve of the backlog. */
const PARALLEL = 16;
const UNDER_WAY = PARALLEL * BATCH;

const newDirectory = temporaryDirectories();

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
      const moments = await killOnTheWay({ simulators, environment, kills: KILLS, random: seededRandom(SEED) });
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
