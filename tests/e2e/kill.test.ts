import { setTimeout as wait } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import { startSimulators } from '../../src/simulators/serve.js';
import { startProgram } from '../support/built-program.js';
import { connectorEnvironment } from '../support/connector-environment.js';
import { seededRandom } from '../support/seeded-random.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const COMMAND = 'JumpcloudDirectoryInsightsConnector';
/** The long form: KILL_EVENTS=100000 KILLS=10 npm test -- tests/e2e/kill */
const EVENTS = Number(process.env['KILL_EVENTS'] ?? 20_000);
const KILLS = Number(process.env['KILLS'] ?? 4);
const BATCH = 500;
const PARALLEL = 4;

const newDirectory = temporaryDirectories();

describe('kill -9 at random moments', () => {
  it('loses nothing, and repeats only batches that were under way', async () => {
    const random = seededRandom(Number(process.env['KILL_SEED'] ?? 2026));
    const simulators = await startSimulators({
      ...{ events: EVENTS, days: 3, seed: 5, latencyMs: { jumpcloud: 20, sekoia: 10 } },
      generator: { oversizedShare: 0 },
    });
    const environment = connectorEnvironment(simulators, newDirectory(), {
      arguments: { chunk_size: BATCH, page_size: 2000 },
    });
    try {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const program = startProgram('main.js', [COMMAND], environment);
        await program.said('Starting');
        await wait(random() * (EVENTS / KILLS / 15));
        program.child.kill('SIGKILL');
        expect((await program.ended).signal).toBe('SIGKILL');
      }
      const rest = await startProgram('harness/cli.js', ['run', '--once'], environment).ended;
      expect(rest.code).toBe(0);
      const account = simulators.account();
      process.stdout.write(`${KILLS} kills over ${account.held} events: ${account.duplicated} delivered twice\n`);
      expect(account).toMatchObject({ lost: 0, unknown: 0 });
      expect(account.duplicated).toBeLessThanOrEqual(KILLS * PARALLEL * BATCH);
    } finally {
      await simulators.close();
    }
  }, 180_000);
});
