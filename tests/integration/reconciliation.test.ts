import { describe, expect, it } from '@jest/globals';

import type { JumpcloudApiOptions } from '../../src/simulators/jumpcloud/options.js';
import { apiEvent, type ConnectorRun, ConnectorWorld, fault, type WorldOptions } from '../support/connector-world.js';
import { ManualClock } from '../support/manual-clock.js';
import { seededRandom } from '../support/seeded-random.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Half an hour, so that two days are a hundred cycles. */
const FREQUENCY_SECONDS = 1800;

const READINGS: JumpcloudApiOptions[] = [true, false].flatMap((startInclusive) =>
  [true, false].flatMap((endInclusive) =>
    (['ms', 'ns'] as const).map((sortPrecision) => ({ startInclusive, endInclusive, sortPrecision })),
  ),
);

function worldWith(options: WorldOptions = {}): { world: ConnectorWorld; clock: ManualClock } {
  const clock = new ManualClock();
  return { world: new ConnectorWorld({ ...options, clock }), clock };
}

function run(world: ConnectorWorld, args: Record<string, unknown> = {}): ConnectorRun {
  return world.run({
    once: false,
    arguments: { frequency: FREQUENCY_SECONDS, overlap: '5m', reconcile_every: '1h', start_from: '1h', ...args },
  });
}

function counts(connector: ConnectorRun): number {
  return connector.requests.filter(({ url }) => url.endsWith('/events/count')).length;
}

async function stopped(connector: ConnectorRun): Promise<void> {
  connector.stop.request();
  await connector.ended;
}

describe('events that become visible late', () => {
  it.each(READINGS)(
    'arrive each once, up to twenty hours late, in any order, where the API reads %j',
    async (reading) => {
      const { world, clock } = worldWith({ jumpcloud: reading });
      const random = seededRandom(7);
      const startMs = clock.now();
      for (let n = 0; n < 300; n += 1) {
        // On full seconds and minutes too, where borders would be.
        const atMs = startMs + Math.floor(random() * 300) * 240_000 + (n % 3 === 0 ? 0 : Math.floor(random() * 60_000));
        const lateMs = n % 2 === 0 ? 0 : Math.floor(random() * 20 * HOUR_MS);
        world.add(apiEvent(`e${n}`, atMs, { visibleAtMs: atMs + lateMs, timestampNs: (n * 7919) % 1_000_000 }));
      }
      const connector = run(world);
      await clock.advance(46 * HOUR_MS);
      expect(world.account()).toMatchObject({ held: 300, delivered: 300, lost: 0, duplicated: 0, unknown: 0 });
      await stopped(connector);
    },
  );

  it('cost one request an interval on a quiet day', async () => {
    const { world, clock } = worldWith();
    const startMs = clock.now();
    for (let n = 0; n < 100; n += 1) world.add(apiEvent(`e${n}`, startMs + n * 900_000 + (n % 7) * 1000));
    const connector = run(world);
    await clock.advance(DAY_MS);
    const before = counts(connector);
    await clock.advance(DAY_MS);
    expect(counts(connector) - before).toBeLessThanOrEqual(24);
    expect(counts(connector) - before).toBeGreaterThanOrEqual(23);
    await stopped(connector);
  });

  it('are found after a restart, which compares at once', async () => {
    const { world, clock } = worldWith();
    const startMs = clock.now();
    for (let n = 0; n < 50; n += 1) world.add(apiEvent(`e${n}`, startMs + n * 60_000));
    world.add(apiEvent('late', startMs + 60_500, { visibleAtMs: startMs + 3 * HOUR_MS }));
    const first = run(world, { reconcile_every: '24h' });
    await clock.advance(2 * HOUR_MS);
    await stopped(first);
    await clock.advance(2 * HOUR_MS);
    const second = run(world, { reconcile_every: '24h' });
    await clock.advance(60_000);
    expect(world.account()).toMatchObject({ held: 51, lost: 0, duplicated: 0 });
    expect(second.log.lines.map(({ message }) => message)).toContainEqual(expect.stringContaining('were missing'));
    await stopped(second);
  });
});

describe('where the API does not count', () => {
  it('reads the last hour again at each interval, and says so once', async () => {
    const { world, clock } = worldWith({
      faults: [fault('jumpcloud', { kind: 'status', status: 403 }, { endpoints: ['/events/count'] })],
    });
    const startMs = clock.now();
    for (let n = 0; n < 60; n += 1) {
      world.add(
        apiEvent(`e${n}`, startMs + n * 600_000, { visibleAtMs: startMs + n * 600_000 + (n % 2) * 40 * 60_000 }),
      );
    }
    const connector = run(world, { reconcile_every: '10m' });
    await clock.advance(12 * HOUR_MS);
    expect(world.account()).toMatchObject({ held: 60, lost: 0, duplicated: 0 });
    const told = connector.log.lines.filter(({ message }) => message.includes('cannot be proven'));
    expect(told).toMatchObject([{ level: 'warning' }]);
    await stopped(connector);
  });
});
