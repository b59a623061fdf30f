import { describe, expect, it } from '@jest/globals';

import { runProgram } from '../../src/harness/program.js';
import { triggers } from '../../src/modules.js';
import { createLocalDirectory } from '../../src/sdk/storage/local-directory.js';
import { SYNTHETIC_API_KEY } from '../../src/simulators/jumpcloud/options.js';
import { SYNTHETIC_INTAKE_KEY } from '../../src/simulators/sekoia/options.js';
import { API_HOST, apiEvent, ConnectorWorld, INTAKE_HOST } from '../support/connector-world.js';
import { fakeHarness } from '../support/fake-harness.js';
import { ManualClock } from '../support/manual-clock.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const DATA_PATH = '/work/data';
const BALANCED = { lost: 0, duplicated: 0, unknown: 0 };

/** The runner and a world of simulators with thirty days of events, one every ten minutes. */
function bench(ask?: (question: string) => Promise<string | undefined>) {
  const clock = new ManualClock({ autoAdvance: true });
  const environment = {
    MODULE_CONFIGURATION: JSON.stringify({ base_url: `https://${API_HOST}/`, apikey: SYNTHETIC_API_KEY }),
    CONNECTOR_CONFIGURATION: JSON.stringify({
      ...{ intake_key: SYNTHETIC_INTAKE_KEY, intake_server: `https://${INTAKE_HOST}`, page_size: 100, frequency: 1 },
    }),
    DATA_PATH,
  };
  const made = fakeHarness({ triggers, environment, ...(ask && { ask }) });
  const world = new ConnectorWorld({ clock, storage: createLocalDirectory(DATA_PATH, made.fileSystem) });
  const openTransport = () => ({ ...world.transport, close: async () => undefined });
  const harness = Object.assign(made, { clock, openTransport });
  const nowMs = clock.now();
  const held = Math.floor((30 * DAY_MS) / (10 * MINUTE_MS));
  for (let n = 0; n < held; n += 1) world.add(apiEvent(`e${n}`, nowMs - 30 * DAY_MS + 30_000 + n * 10 * MINUTE_MS));
  const command = async (...args: readonly string[]) => {
    const [outBefore, errBefore] = [harness.stdout.text.length, harness.stderr.text.length];
    const code = await runProgram(args, harness);
    return { code, out: harness.stdout.text.slice(outBefore), err: harness.stderr.text.slice(errBefore) };
  };
  return { world, harness, command, held };
}

describe('backfill', () => {
  it('collects a range, leaves out what was delivered, and proves all of it', async () => {
    const { world, command, held } = bench();
    await world.run({ arguments: { start_from: '2d' }, once: true }).ended;
    expect(world.account()).toMatchObject({ duplicated: 0, delivered: 288 });
    const { code, out, err } = await command('backfill', '--from', '31d');
    expect(err).toBe('');
    expect(out).toContain('Proven by counts');
    expect(code).toBe(0);
    expect(world.account()).toMatchObject({ ...BALANCED, delivered: held });
    // Again: nothing is left to do.
    const again = await command('backfill', '--from', '31d', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ delivered: 0, missing: 0, proven: true });
    expect(world.account()).toMatchObject({ ...BALANCED, delivered: held });
    expect(await command('audit', '--from', '29d')).toMatchObject({ code: 0 });
  });

  it('--dry-run prints plan, number and time, and changes nothing', async () => {
    const { world, command, harness } = bench();
    const { code, out } = await command('backfill', '--from', '10d', '--dry-run');
    expect(code).toBe(0);
    expect(out).toMatch(/1\d{3} events in \d+ slices?, at least \d+s at 10 requests a second/);
    expect(world.account()).toMatchObject({ delivered: 0 });
    expect(await createLocalDirectory(DATA_PATH, harness.fileSystem).read('context.json')).toBeUndefined();
    const { out: json } = await command('backfill', '--from', '10d', '--dry-run', '--json');
    expect(JSON.parse(json)).toMatchObject({ resumed: [], delivered_again: [] });
  });

  it('asks before it repeats, and does nothing without a yes', async () => {
    const { world, command } = bench(async () => 'n');
    const startMs = world.clock.now();
    await world.run({ arguments: { start_from: '5d' }, once: true }).ended;
    world.add(apiEvent('late', startMs - 4 * DAY_MS + 1000, { visibleAtMs: startMs }));
    await world.clock.advance(HOUR_MS);
    await world.run({ once: true }).ended;
    const before = world.account();
    const { code, err } = await command('backfill', '--from', '5d', '--to', '3d');
    expect(err).toContain('are delivered again where they were delivered before');
    expect(code).toBe(1);
    expect(world.account()).toEqual(before);
    expect(await command('backfill', '--from', '5d', '--to', '3d', '--yes')).toMatchObject({ code: 0 });
    const { delivered, duplicated } = world.account();
    expect(delivered).toBe(before.delivered + 1);
    // One hour of it, no more.
    expect(duplicated).toBeLessThanOrEqual(7);
  });

  it('is refused where its range is none', async () => {
    const { command } = bench();
    expect(await command('backfill', '--from', '1h', '--to', '2h')).toMatchObject({ code: 2 });
    expect(await command('backfill', '--from', '200d', '--to', '100d')).toMatchObject({ code: 2 });
  });
});

describe('a connector far behind', () => {
  it('delivers what happens now within a cycle or two, while the backlog is being read', async () => {
    const { world, held } = bench();
    const clock = world.clock;
    const run = world.run({
      once: false,
      arguments: { start_from: '31d', frequency: 1, page_size: 50, chunk_size: 100, requests_per_second: 2 },
    });
    let lateMs = 0;
    for (let second = 0; second < 40; second += 1) {
      const event = apiEvent(`live-${second}`, clock.now());
      world.add(event);
      const bornMs = clock.now();
      while (world.intake.received.count(Buffer.from(event.text)) === 0 && clock.now() - bornMs < 60_000) {
        await clock.advance(250);
      }
      lateMs = Math.max(lateMs, clock.now() - bornMs);
    }
    // The backlog takes some 90 requests at 2 a second.
    expect(world.account().delivered).toBeGreaterThan(40);
    expect(lateMs).toBeLessThan(4000);
    for (let minute = 0; minute < 10; minute += 1) await clock.advance(MINUTE_MS);
    expect(world.account()).toMatchObject({ ...BALANCED, delivered: held + 40 });
    run.stop.request();
    await run.ended;
  });
});
