import { describe, expect, it } from '@jest/globals';

import { runProgram } from '../../src/harness/program.js';
import { triggers } from '../../src/modules.js';
import { createLocalDirectory } from '../../src/sdk/storage/local-directory.js';
import { SYNTHETIC_API_KEY } from '../../src/simulators/jumpcloud/options.js';
import { SYNTHETIC_INTAKE_KEY } from '../../src/simulators/sekoia/options.js';
import { API_HOST, apiEvent, type ConnectorRun, ConnectorWorld, INTAKE_HOST } from '../support/connector-world.js';
import { fakeHarness } from '../support/fake-harness.js';
import { ManualClock } from '../support/manual-clock.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const OTHER_KEY = 'synthetic-intake-key-of-another';
const IDS = Array.from({ length: 30 }, (_, index) => `5f1e0c2d9a4b7c6d8e9f${String(index).padStart(4, '0')}`);
const nameOf = (id: string): string => `…${id.slice(-4)}`;
const API_KEYS = [{ key: SYNTHETIC_API_KEY, multiTenant: true, organizations: IDS.slice(1) }];

/** An event a minute of each organization, and of the provider (null), for so long. */
function fill(world: ConnectorWorld, organizations: readonly (string | null)[], minutes: number): void {
  for (const [index, organization] of organizations.entries()) {
    for (let minute = 1; minute <= minutes; minute += 1) {
      const atMs = world.clock.now() + minute * MINUTE_MS + index * SECOND_MS;
      const id = `${organization ?? 'provider'}-${minute}`;
      const owner = organization === null ? 'null' : `"${organization}"`;
      const text = `{"id":"${id}","timestamp":"${new Date(atMs).toISOString()}","service":"sso","organization":${owner}}`;
      world.add(apiEvent(id, atMs, { text, organization }));
    }
  }
}

/** The longest time between two moments at which a stream had caught up, milliseconds. */
function longestGapMs(run: ConnectorRun, stream: string, untilMs: number): number {
  const at = (run.toldBy.get(stream) ?? []).filter(({ event }) => event.kind === 'caught-up').map(({ atMs }) => atMs);
  return Math.max(...at.map((ms, index) => (at[index + 1] ?? untilMs) - ms));
}

describe('thirty organizations, three of which fail in different ways', () => {
  it('are collected beside each other: nobody waits for the sick, who recover by themselves', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    // The first one is none that the key may read.
    const [, failing = '', refused = ''] = IDS;
    const world = new ConnectorWorld({
      clock,
      jumpcloud: { apiKeys: API_KEYS },
      sekoia: { intakeKeys: [SYNTHETIC_INTAKE_KEY, OTHER_KEY] },
      faults: [
        {
          name: 'API',
          side: 'jumpcloud',
          when: { organizations: [failing], to_seconds: 540 },
          effect: { kind: 'status', status: 500, retry_after: 20 },
        },
        {
          name: 'intake key',
          side: 'sekoia',
          when: { event_text_contains: refused, to_seconds: 540 },
          effect: { kind: 'status', status: 403 },
        },
      ],
    });
    fill(world, [...IDS, null], 14);
    const run = world.run({
      once: false,
      arguments: {
        organizations: IDS,
        provider_id: 'synthetic-provider',
        organization_intake_keys: { [IDS[5]!]: OTHER_KEY },
        start_from: new Date(clock.now()).toISOString(),
      },
    });
    await clock.sleep(9 * MINUTE_MS);
    const nowMs = clock.now();
    for (const id of IDS.slice(3)) {
      expect(longestGapMs(run, nameOf(id), nowMs)).toBeLessThan(MINUTE_MS + 5 * SECOND_MS);
    }
    expect(longestGapMs(run, 'provider …ider', nowMs)).toBeLessThan(MINUTE_MS + 5 * SECOND_MS);
    for (const id of IDS.slice(0, 3)) {
      expect(run.toldBy.get(nameOf(id))!.some(({ event }) => event.kind === 'cycle-failed')).toBe(true);
    }
    expect(world.api.stats.maxPerSecond).toBeLessThanOrEqual(10);

    world.api.authentication.replaceKeys([{ ...API_KEYS[0]!, organizations: IDS }]);
    await clock.sleep(9 * MINUTE_MS);
    run.stop.request();
    await run.ended;
    expect(world.account()).toMatchObject({ held: 31 * 14, delivered: 31 * 14, duplicated: 0, unknown: 0 });
    const others = run.pushes().filter(({ intake_key: key }) => key === OTHER_KEY);
    expect(others.flatMap(({ jsons }) => jsons)).toHaveLength(14);
    expect(others.every(({ jsons }) => jsons.every((text) => text.includes(IDS[5]!)))).toBe(true);

    expect(run.log.at('critical')).toEqual([]);
    for (const id of [...IDS, 'synthetic-provider']) expect(run.log.text).not.toContain(id);
    for (const id of IDS.slice(0, 3)) {
      const errors = run.log.lines.filter(
        ({ level, fields }) => level === 'error' && fields['organization'] === nameOf(id),
      );
      expect(errors.length).toBeGreaterThan(0);
    }
  });

  it('are told as one trouble, at once, where none can be collected', async () => {
    const world = new ConnectorWorld({ jumpcloud: { apiKeys: [{ key: 'replaced' }] } });
    const run = world.run({ once: false, arguments: { organizations: IDS, start_from: '1m' } });
    await world.clock.sleep(2 * MINUTE_MS);
    run.stop.request();
    await run.ended;
    expect(run.log.at('critical')).toEqual([expect.stringMatching(/^None of 30 organizations can be collected: /)]);
  });

  it('go on where they were after a restart, each by itself', async () => {
    const world = new ConnectorWorld({ jumpcloud: { apiKeys: [{ ...API_KEYS[0]!, organizations: IDS }] } });
    const args = { organizations: IDS.slice(0, 3), start_from: new Date(world.clock.now()).toISOString() };
    fill(world, IDS.slice(0, 3), 10);
    await world.clock.advance(5 * MINUTE_MS);
    await world.run({ arguments: args }).ended;
    await world.clock.advance(10 * MINUTE_MS);
    const again = world.run({ arguments: args });
    await again.ended;
    expect(world.account()).toMatchObject({ held: 30, delivered: 30, duplicated: 0 });
    expect(again.log.at('info').filter((line) => line.startsWith('Resuming, owed'))).toHaveLength(3);
    for (const id of args.organizations)
      expect(await world.storage.list(`organizations/${id}`)).toContain('context.json');
    expect(await world.storage.read('context.json')).toBeUndefined();
  });
});

describe('an organization with a long backlog', () => {
  it('makes no other wait, nor what happens in it now', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const world = new ConnectorWorld({ clock, jumpcloud: { apiKeys: API_KEYS } });
    const [, busy = '', ...others] = IDS.slice(0, 5);
    const startMs = clock.now();
    for (let n = 0; n < 5600; n += 1) {
      world.add(apiEvent(`old-${n}`, startMs - 2 * 86_400_000 + n * 30 * SECOND_MS, { organization: busy }));
    }
    fill(world, [busy, ...others], 8);
    const run = world.run({
      once: false,
      arguments: { organizations: [busy, ...others], start_from: '2d', page_size: 5, requests_per_second: 2 },
    });
    await clock.sleep(9 * MINUTE_MS);
    const nowMs = clock.now();
    for (const id of [busy, ...others])
      expect([id, longestGapMs(run, nameOf(id), nowMs) < MINUTE_MS + 10 * SECOND_MS]).toEqual([id, true]);
    // The backlog had what was left of the rate limit, and is not through yet.
    expect(world.api.stats.requests).toBeGreaterThan(400);
    expect(world.account().delivered).toBeLessThan(5600);
    expect(world.api.stats.maxPerSecond).toBeLessThanOrEqual(2);
    run.stop.request();
    await run.ended;
  });
});

describe('the commands of the runner', () => {
  const DATA_PATH = '/work/data';

  async function bench() {
    const clock = new ManualClock({ autoAdvance: true });
    const organizations = [`${IDS[0]!}=Example One`, IDS[1]!, IDS[2]!];
    const environment = {
      MODULE_CONFIGURATION: JSON.stringify({ base_url: `https://${API_HOST}/`, apikey: SYNTHETIC_API_KEY }),
      CONNECTOR_CONFIGURATION: JSON.stringify({
        ...{ intake_key: SYNTHETIC_INTAKE_KEY, intake_server: `https://${INTAKE_HOST}` },
        ...{ organizations, organization_intake_keys: { [IDS[1]!]: OTHER_KEY } },
      }),
      DATA_PATH,
    };
    const harness = fakeHarness({ triggers, environment });
    const world = new ConnectorWorld({
      clock,
      jumpcloud: { apiKeys: [{ ...API_KEYS[0]!, organizations: IDS }] },
      sekoia: { intakeKeys: [SYNTHETIC_INTAKE_KEY, OTHER_KEY] },
      storage: createLocalDirectory(DATA_PATH, harness.fileSystem),
    });
    fill(world, IDS.slice(0, 3), 5);
    const start_from = new Date(clock.now()).toISOString();
    await clock.advance(20 * MINUTE_MS);
    await world.run({ arguments: { organizations, start_from } }).ended;
    const openTransport = () => ({ ...world.transport, close: async () => undefined });
    Object.assign(harness, { clock, openTransport });
    return {
      command: async (...args: readonly string[]) => {
        const [out, err] = [harness.stdout.text.length, harness.stderr.text.length];
        const code = await runProgram(args, harness);
        return { code, out: harness.stdout.text.slice(out), err: harness.stderr.text.slice(err) };
      },
    };
  }

  it('work on the one that --organization names, by its id or its name', async () => {
    const { command } = await bench();
    const shown = await command('state', 'export', '--organization', IDS[1]!);
    expect(JSON.parse(shown.out)).toMatchObject({
      data_path: `${DATA_PATH}/organizations/${IDS[1]!}`,
      ledger: { ids: 5 },
    });
    expect((await command('state', 'export', '--organization', 'Example One')).out).toContain(IDS[0]!);
    const audit = await command('audit', '--from', '1h', '--json', '--organization', IDS[2]!);
    expect(JSON.parse(audit.out)).toMatchObject({ missing: 0 });
    const reset = await command('state', 'reset', '--yes', '--organization', IDS[1]!);
    expect(reset.code).toBe(0);
    expect((await command('state', 'show', '--organization', IDS[1]!)).err).toContain('Nothing was collected');
    expect((await command('state', 'show', '--organization', IDS[2]!)).code).toBe(0);
    expect((await command('dead-letter', 'list', '--json', '--organization', IDS[2]!)).code).toBe(0);
  });

  it('write the events of the one that --organization names, and want one to be named', async () => {
    const { command } = await bench();
    const exporting = ['export', '--from', '1h', '--data-path', '/work/export', '--output', '-'];
    for (const unclear of [exporting, ['worker', '--queue', 'redis://127.0.0.1:1']]) {
      const { code, err } = await command(...unclear);
      expect([code, err]).toEqual([2, expect.stringContaining('--organization: must name one of 3')]);
    }
    const { code, out } = await command(...exporting, '--organization', IDS[1]!);
    expect(code).toBe(0);
    const owners = out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { organization: string }).organization);
    expect(owners).toEqual(Array.from({ length: 5 }, () => IDS[1]!));
  });

  it('look at one after the other where that is harmless', async () => {
    const { command } = await bench();
    const shown = await command('state', 'show');
    expect(shown.out.match(/^Organization .*:$/gm)).toEqual([
      'Organization Example One:',
      'Organization …0001:',
      'Organization …0002:',
    ]);
    const audit = await command('audit', '--from', '1h');
    expect([audit.code, audit.out.match(/^Organization /gm)?.length]).toEqual([0, 3]);
    const check = await command('check');
    expect(check.out).toContain('Example One: ');
    expect(check.out + check.err).not.toContain(OTHER_KEY);
  });

  it('name those that there are where one has to be chosen', async () => {
    const { command } = await bench();
    for (const args of [
      ['state', 'reset', '--yes'],
      ['audit', '--repair'],
      ['backfill', '--from', '1d'],
      ['dead-letter', 'list'],
    ]) {
      const { code, err } = await command(...args);
      expect([args, code, err]).toEqual([args, 2, expect.stringContaining('Example One, …0001, …0002')]);
    }
    expect((await command('state', 'show', '--json')).err).toContain('is needed with --json');
    expect((await command('audit', '--organization', 'Exampel One')).err).toContain('Example One');
  });

  it('do not print the keys of their intakes', async () => {
    const { command } = await bench();
    const { out } = await command('config');
    expect(out).toContain('organization_intake_keys');
    expect(out).not.toContain(OTHER_KEY);
  });
});
