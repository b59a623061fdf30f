import { describe, expect, it } from '@jest/globals';

import { storageConnectorArgumentsSchema } from '../../../src/jumpcloud/configuration.generated.js';
import { jumpcloudDirectoryInsightsStorageConnector as connector } from '../../../src/jumpcloud/storage-connector.js';
import { Stop } from '../../../src/sdk/stop.js';
import { createMemoryStorage } from '../../../src/sdk/storage/memory.js';
import type { SyntheticEvent } from '../../../src/simulators/events/synthetic-event.js';
import { SYNTHETIC_INTAKE_KEY } from '../../../src/simulators/sekoia/options.js';
import { apiEvent, apiEvents, ConnectorWorld, defaultsOf, INTAKE_HOST } from '../../support/connector-world.js';
import { MANUAL_CLOCK_START_MS as START_MS } from '../../support/manual-clock.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { RecordingLog } from '../../support/recording-log.js';
import { seededRandom } from '../../support/seeded-random.js';

const HOUR_MS = 3_600_000;

/** An event at so many nanoseconds behind a millisecond. */
function fineEvent(id: string, timestampMs: number, timestampNs: number): SyntheticEvent {
  const timestamp = new Date(timestampMs).toISOString().replace('Z', `${String(timestampNs).padStart(6, '0')}Z`);
  const text = JSON.stringify({ id, timestamp, service: 'sso' });
  return { ...apiEvent(id, timestampMs), text, timestampNs };
}

/** One run of the storage connector over an export, beside the API connector of a world. */
async function runStorage(world: ConnectorWorld, exported: string, storage = createMemoryStorage()) {
  const { clock, transport } = world;
  const args = {
    ...defaultsOf(storageConnectorArgumentsSchema),
    ...{ intake_key: SYNTHETIC_INTAKE_KEY, intake_server: `https://${INTAKE_HOST}` },
    ...{ path: '-', api_data_path: '/api' },
  };
  const { settings } = connector.configure({ module: {}, arguments: args }, clock.now());
  const files = new MemoryFiles();
  const checkpoint = await world.storage.read('context.json');
  if (checkpoint !== undefined) files.files.set('/api/context.json', checkpoint);
  const input = (async function* () {
    yield await Promise.resolve(Buffer.from(exported));
  })();
  const unread = (): never => {
    throw new Error('no file is read');
  };
  await connector.run(settings, {
    ...{ clock, transport, storage, random: seededRandom(), log: new RecordingLog().log, stop: new Stop(), once: true },
    ...{ fileSystem: files, files: { look: unread, names: unread, open: unread }, input },
  });
}

describe('the storage connector beside the API connector', () => {
  it('delivers what that one does not: together, every event once, in whatever order they run', async () => {
    const world = new ConnectorWorld();
    // From four hours ago on; the other begins an hour ago.
    const events = apiEvents(400, START_MS, (4 * HOUR_MS) / 400);
    world.add(...events);
    const exported = `[\n${events.map(({ text }) => text).join(',\n')}\n]`;
    await expect(runStorage(world, exported)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    expect(world.intake.received.events).toBe(0);

    await world.run().ended;
    const ofApi = world.intake.received.events;
    expect(ofApi).toBeGreaterThan(50);
    const storage = createMemoryStorage();
    await runStorage(world, exported, storage);
    await runStorage(world, exported, storage);
    await world.run().ended;
    expect(world.account()).toEqual({ held: 400, delivered: 400, lost: 0, duplicated: 0, unknown: 0, lostIds: [] });
    expect(ofApi).toBeLessThan(200);
  });

  it.each([
    ['an hour ago, bounds included', 0.9, true],
    ['an hour ago, bounds left out', 0.9, false],
    ['long ago, bounds included', 20, true],
    ['long ago, bounds left out', 20, false],
  ])('shares even the millisecond from which on that one collects: %s', async (_, hours, inclusive) => {
    const bounds = {
      startInclusive: inclusive,
      endInclusive: inclusive,
      sortPrecision: inclusive ? 'ms' : 'ns',
    } as const;
    const world = new ConnectorWorld({ jumpcloud: bounds });
    const beginMs = START_MS - hours * HOUR_MS;
    const events = [-3, -2, -1, 0, 1, 2, 3].flatMap((aside) =>
      [0, 1, 999_999].map((ns) => fineEvent(`at ${aside} ms and ${ns} ns`, beginMs + aside, ns)),
    );
    world.add(...events, ...apiEvents(20, START_MS - 1000));
    const exported = events.map(({ text }) => text).join('\n');
    const args = { arguments: { start_from: new Date(beginMs).toISOString() } };
    await world.run(args).ended;
    const storage = createMemoryStorage();
    await runStorage(world, exported, storage);
    await world.run(args).ended;
    await runStorage(world, exported, storage);
    expect(world.account()).toEqual({ held: 41, delivered: 41, lost: 0, duplicated: 0, unknown: 0, lostIds: [] });
  });

  it('trusts the root again once a single stream is run there', async () => {
    const world = new ConnectorWorld();
    await world.storage.write('streams.json', Buffer.from('{"streams":2}'));
    await world.run().ended;
    expect(await world.storage.read('streams.json')).toBeUndefined();
  });
});
