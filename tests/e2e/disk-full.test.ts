import { mkdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { afterAll, afterEach, describe, expect, it } from '@jest/globals';

import { startSimulators, type Simulators } from '../../src/simulators/serve.js';
import { mountSmallDisk, type SmallDisk } from '../chaos/disk/small-disk.js';
import { type RunningProgram, startProgram } from '../support/built-program.js';
import { connectorEnvironment } from '../support/connector-environment.js';

const COMMAND = 'JumpcloudDirectoryInsightsConnector';
const EVENTS = 30_000;
const BATCH = 200;
/** Batches: four of the tail, twelve of the backlog. */
const PARALLEL = 16;

let simulators: Simulators | undefined;
let program: RunningProgram | undefined;
const disk = mountSmallDisk(8 * 1024 * 1024);
if (disk === undefined) process.stdout.write('SKIPPED: no disk is filled, because a tmpfs cannot be mounted here\n');

afterEach(async () => {
  // It runs still where something was not as expected.
  program?.child.kill('SIGKILL');
  await program?.ended;
  await simulators?.close();
});

afterAll(() => {
  disk?.remove();
});

/** Looks until it is so, or for a minute. */
async function until(isSo: () => boolean): Promise<void> {
  for (let left = 60_000; !isSo() && left > 0; left -= 20) await wait(20);
  expect(isSo()).toBe(true);
}

describe('a full disk', () => {
  (disk === undefined ? it.skip : it)(
    'stops delivery at the batches under way, says so with the remedy, and costs nothing once there is room',
    async () => {
      const small = disk as SmallDisk;
      const both = (simulators = await startSimulators({
        ...{ events: EVENTS, days: 2, seed: 4, latencyMs: { jumpcloud: 20, sekoia: 20 } },
        generator: { oversizedShare: 0 },
      }));
      const { received } = both.sekoia;
      const environment = connectorEnvironment(both, small.directory, {
        arguments: { chunk_size: BATCH, page_size: 1000 },
      });
      const connector = (program = startProgram('main.js', [COMMAND], environment));
      await until(() => received.events > 2000);

      small.fill();
      const whenFull = received.events;
      await connector.said('ENOSPC');
      await connector.said('Free space on the disk: nothing is lost');
      await connector.said('STATE_UNAVAILABLE');
      // Time enough for everything that could still be sent; on a slow machine it proves less, and stays true.
      await wait(3000);
      expect(received.events).toBeLessThan(EVENTS);
      expect(received.events).toBeLessThanOrEqual(whenFull + PARALLEL * BATCH);
      expect(connector.child.exitCode).toBeNull();

      small.free();
      await until(() => both.account().lost === 0);
      await connector.said('The state works again');
      connector.child.kill('SIGTERM');
      const { code, output } = await connector.ended;
      expect(code).toBe(0);
      expect(output).toMatch(/"level":"error".*ENOSPC/);
      expect(both.account()).toMatchObject({ held: EVENTS, lost: 0, duplicated: 0, unknown: 0 });
    },
    180_000,
  );

  (disk === undefined ? it.skip : it)(
    'is waited for at the start as well, also the very first one',
    async () => {
      const small = disk as SmallDisk;
      const both = (simulators = await startSimulators({ events: 500, days: 2, seed: 4 }));
      const state = `${small.directory}/second`;
      mkdirSync(state);
      small.fill();
      const connector = (program = startProgram('main.js', [COMMAND], connectorEnvironment(both, state)));
      await connector.said('Free space on the disk: nothing is lost');
      expect(connector.child.exitCode).toBeNull();

      small.free();
      await connector.said('The state works again');
      await until(() => both.account().lost === 0);
      connector.child.kill('SIGTERM');
      const { code } = await connector.ended;
      expect(code).toBe(0);
      expect(both.account()).toMatchObject({ lost: 0, duplicated: 0, unknown: 0 });
    },
    180_000,
  );
});
