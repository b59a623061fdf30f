import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';

import type { SyntheticEvent } from '../../src/simulators/events/synthetic-event.js';
import { platformRig, tabText, until, type PlatformRig, type RigOptions } from '../support/platform-rig.js';
import { isoSecond, pythonCycle, readContext, writeContext } from '../support/python-connector.js';
import { seededRandom } from '../support/seeded-random.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const BATCH = 50;
/** What neither connector knows. */
const FOREIGN = { cursor: { pages: [1, 2.5, null], 'é\u2028': 'Überwachung 🚪' }, note: 'kept' };
const newDirectory = temporaryDirectories();
const rigs: PlatformRig[] = [];

afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.close()));
});

async function rigOf(options: Omit<RigOptions, 'directory'> = {}): Promise<PlatformRig> {
  const rig = await platformRig({
    directory: newDirectory(),
    ...options,
    simulators: { ...options.simulators, generator: { futureShare: 0 } },
  });
  rigs.push(rig);
  return rig;
}

/** Events that happen from one instant to another. */
function happen({ simulators }: PlatformRig, fromMs: number, toMs: number, count: number): void {
  for (const event of simulators.generator.spread({ fromMs, toMs, count })) simulators.jumpcloud.add(event);
}

/** Events that the intake does not have. */
function missing({ simulators }: PlatformRig): { readonly timestampMs: number; readonly visibleAtMs: number }[] {
  const { store } = simulators.jumpcloud;
  return Array.from({ length: store.size }, (_, row) => row)
    .filter((row) => simulators.sekoia.received.countDigest(store.digest(row)) === 0)
    .map((row) => ({ timestampMs: store.timestampMs(row), visibleAtMs: store.visibleAtMs(row) }));
}

/** As the Python connector reads it, epoch milliseconds. */
function positionOf({ item }: PlatformRig): number {
  const position = readContext(item.dataPath).most_recent_date_seen ?? '';
  expect(position).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00$/);
  return Date.parse(position);
}

/** What the Python connector would never ask for, with the position that it finds. */
function behindThePosition(rig: PlatformRig): { readonly timestampMs: number }[] {
  const positionMs = positionOf(rig);
  return missing(rig).filter(({ timestampMs }) => timestampMs < positionMs);
}

/** Our connector, until everything is delivered. */
async function collect(rig: PlatformRig): Promise<void> {
  const supervisor = await rig.start();
  await until(() => missing(rig).length === 0, 'everything delivered');
  expect(await supervisor.stop('asked')).toMatchObject({ code: 0, killed: false });
}

function expectForeignKeysKept({ item }: PlatformRig): void {
  expect(readContext(item.dataPath)).toMatchObject(FOREIGN);
}

describe('an exchange of the Python connector', () => {
  it('and back, and forth again, loses nothing and keeps what neither knows', async () => {
    const rig = await rigOf();
    const { simulators, item } = rig;
    const { dataPath } = item;
    const startMs = Date.now() - 2 * DAY_MS;
    const exchangeMs = Math.floor(Date.now() / 1000) * 1000 - HOUR_MS;
    writeContext(dataPath, { ...FOREIGN, most_recent_date_seen: isoSecond(startMs) });

    happen(rig, startMs + MINUTE_MS, exchangeMs - MINUTE_MS, 500);
    simulators.jumpcloud.add(eventAt(rig, exchangeMs + 100));
    await pythonCycle(dataPath, simulators);
    expect(readContext(dataPath)).toEqual({ ...FOREIGN, most_recent_date_seen: isoSecond(exchangeMs + 1000) });

    // Of the same second, and of a while before, and seen too late: the Python connector would never ask for them again.
    simulators.jumpcloud.add(eventAt(rig, exchangeMs + 900));
    simulators.jumpcloud.add(eventAt(rig, exchangeMs - 20_000));
    expect(behindThePosition(rig)).toHaveLength(2);
    happen(rig, exchangeMs + 2000, Date.now() - 5 * MINUTE_MS, 500);
    await collect(rig);
    expect(simulators.account()).toMatchObject({ held: 1003, lost: 0, unknown: 0 });
    // What stands in the minute before the position is asked for again, and nobody knows that it was delivered.
    expect(simulators.account().duplicated).toBe(1);
    expectForeignKeysKept(rig);
    expect(tabText(rig.platform.logs)).toContain(isoSecond(exchangeMs + 1000).replace('+00:00', 'Z'));

    happen(rig, positionOf(rig), Date.now(), 50);
    await wait(1000);
    expect(missing(rig)).toHaveLength(50);
    await pythonCycle(dataPath, simulators);
    expect(missing(rig)).toEqual([]);
    expectForeignKeysKept(rig);

    const repeatedByPython = simulators.account().duplicated;
    happen(rig, positionOf(rig), Date.now(), 50);
    await wait(1000);
    await collect(rig);
    expect(simulators.account()).toMatchObject({ held: 1103, lost: 0, unknown: 0 });
    expect(simulators.account().duplicated - repeatedByPython).toBeLessThanOrEqual(50);
    expectForeignKeysKept(rig);
  }, 120_000);

  it('leaves at every moment, also after a kill, a position that is behind nothing undelivered', async () => {
    const events = 6_000;
    const rig = await rigOf({
      simulators: { events, days: 2, latencyMs: { jumpcloud: 10, sekoia: 40 } },
      arguments: { chunk_size: BATCH, page_size: 1000 },
    });
    const { simulators, item } = rig;
    writeContext(item.dataPath, { ...FOREIGN, most_recent_date_seen: isoSecond(Date.now() - 3 * DAY_MS) });
    const random = seededRandom(7);
    const delivered: number[] = [];
    for (const kill of [true, false, true, false, true]) {
      const { received } = simulators.sekoia;
      const enough = received.events + 1 + random() * 1_000;
      const supervisor = await rig.start();
      await until(() => received.events >= enough, 'some more events');
      await wait(random() * 40);
      if (kill) process.kill(supervisor.pid, 'SIGKILL');
      await supervisor.stop('asked');
      // What was sent whole before the kill is still taken after it.
      await wait(200);
      delivered.push(received.distinct);
      expect(behindThePosition(rig)).toEqual([]);
      expectForeignKeysKept(rig);
    }
    expect(delivered.at(-1)).toBeLessThan(events);
    expect(delivered[0]).toBeGreaterThan(0);

    await pythonCycle(item.dataPath, simulators);
    expect(missing(rig)).toEqual([]);
    happen(rig, positionOf(rig), Date.now(), 100);
    await wait(1000);
    await collect(rig);
    expect(simulators.account()).toMatchObject({ held: events + 100, lost: 0, unknown: 0 });
    expectForeignKeysKept(rig);
  }, 120_000);

  it('loses nothing of a live stream at any exchange, though the API shows events after they happen', async () => {
    const rig = await rigOf({ simulators: { liveEventsPerSecond: 50 } });
    const { simulators, item } = rig;
    writeContext(item.dataPath, { ...FOREIGN, most_recent_date_seen: isoSecond(Date.now() - MINUTE_MS) });
    const missingOfThoseShown = (beforeMs: number): unknown[] =>
      missing(rig).filter(({ visibleAtMs }) => visibleAtMs < beforeMs);
    for (let exchange = 0; exchange < 3; exchange += 1) {
      const { received } = simulators.sekoia;
      const enough = received.distinct + 250;
      const supervisor = await rig.start();
      await until(() => received.distinct >= enough, 'some more events');
      await supervisor.stop('asked');
      // A cycle takes a second.
      expect(missingOfThoseShown(Date.now() - 2500)).toEqual([]);
      await wait(500);
      const askedMs = Date.now();
      await pythonCycle(item.dataPath, simulators);
      expect(missingOfThoseShown(askedMs)).toEqual([]);
    }
    expectForeignKeysKept(rig);
  }, 120_000);

  it('goes on from the new position when the Python connector gave up a part', async () => {
    const rig = await rigOf({ simulators: { events: 100, days: 0.1 } });
    const { dataPath } = rig.item;
    writeContext(dataPath, { most_recent_date_seen: isoSecond(Date.now() - DAY_MS) });
    await collect(rig);
    // By hand, or by a connector that met an error: the position stays, or goes back.
    const movedMs = Date.now() - 2 * HOUR_MS;
    writeContext(dataPath, { ...readContext(dataPath), most_recent_date_seen: isoSecond(movedMs) });
    happen(rig, movedMs, Date.now() - MINUTE_MS, 100);
    await collect(rig);
    expect(rig.simulators.account()).toMatchObject({ held: 200, lost: 0, duplicated: 0, unknown: 0 });
  }, 60_000);
});

/** An event of exactly that millisecond. */
function eventAt({ simulators }: PlatformRig, timestampMs: number): SyntheticEvent {
  const { id, service, organization } = simulators.generator.next(timestampMs);
  const timestamp = new Date(timestampMs).toISOString();
  const text = JSON.stringify({ id, timestamp, event_type: 'sso_auth', service, organization });
  return { id, text, service, organization, timestampMs, timestampNs: 0, visibleAtMs: timestampMs };
}
