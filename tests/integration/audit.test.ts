import { Readable } from 'node:stream';

import { describe, expect, it } from '@jest/globals';

import { runProgram } from '../../src/harness/program.js';
import { triggers } from '../../src/modules.js';
import type { HttpRequest } from '../../src/sdk/ports.js';
import { createLocalDirectory } from '../../src/sdk/storage/local-directory.js';
import { SYNTHETIC_API_KEY } from '../../src/simulators/jumpcloud/options.js';
import { SYNTHETIC_INTAKE_KEY } from '../../src/simulators/sekoia/options.js';
import {
  API_HOST,
  apiEvent,
  ConnectorWorld,
  fault,
  INTAKE_HOST,
  type WorldOptions,
} from '../support/connector-world.js';
import { type FakeHarness, fakeHarness } from '../support/fake-harness.js';
import { ManualClock } from '../support/manual-clock.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const DATA_PATH = '/work/data';

interface AuditJson {
  readonly missing: number;
  readonly rows: readonly {
    readonly from: string;
    readonly source: number | null;
    readonly delivered: number;
    readonly dead_lettered: number;
    readonly missing: number;
    readonly verdict: string;
  }[];
  readonly advice: readonly string[];
}

/** The runner and a world of simulators, on one data path and one clock. */
class Bench {
  readonly world: ConnectorWorld;
  readonly harness: FakeHarness;

  constructor(options: WorldOptions = {}) {
    const clock = new ManualClock({ autoAdvance: true });
    const environment = {
      MODULE_CONFIGURATION: JSON.stringify({ base_url: `https://${API_HOST}/`, apikey: SYNTHETIC_API_KEY }),
      CONNECTOR_CONFIGURATION: JSON.stringify({
        intake_key: SYNTHETIC_INTAKE_KEY,
        intake_server: `https://${INTAKE_HOST}`,
      }),
      DATA_PATH,
    };
    const harness = fakeHarness({ triggers, environment });
    this.world = new ConnectorWorld({
      ...options,
      clock,
      storage: createLocalDirectory(DATA_PATH, harness.fileSystem),
    });
    const openTransport = () => ({ ...this.world.transport, close: async () => undefined });
    this.harness = Object.assign(harness, { clock, openTransport });
  }

  get nowMs(): number {
    return this.world.clock.now();
  }

  /** Lets a connector catch up. */
  async collect(args: Record<string, unknown> = {}): Promise<void> {
    await this.world.run({ arguments: args, once: true }).ended;
  }

  async command(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const [outBefore, errBefore] = [this.harness.stdout.text.length, this.harness.stderr.text.length];
    const code = await runProgram(args, this.harness);
    return {
      code,
      out: this.harness.stdout.text.slice(outBefore),
      err: this.harness.stderr.text.slice(errBefore),
    };
  }

  async audit(...args: readonly string[]): Promise<{ code: number; json: AuditJson; err: string }> {
    const { code, out, err } = await this.command('audit', '--json', ...args);
    if (out === '') throw new Error(err);
    return { code, json: JSON.parse(out) as AuditJson, err };
  }
}

describe('audit', () => {
  it('finds events that were withheld, and --repair fetches them, each once', async () => {
    const bench = new Bench();
    const startMs = bench.nowMs;
    for (let n = 0; n < 200; n += 1) {
      const atMs = startMs - 20 * HOUR_MS + n * 5 * MINUTE_MS;
      // Every tenth is shown an hour from now.
      bench.world.add(apiEvent(`e${n}`, atMs, { visibleAtMs: n % 10 === 0 ? startMs + HOUR_MS : atMs }));
    }
    await bench.collect({ start_from: '21h' });
    expect(await bench.audit('--from', '21h')).toMatchObject({ code: 0, json: { missing: 0 } });
    await bench.world.clock.advance(2 * HOUR_MS);

    const found = await bench.audit('--from', '23h', '--to', '3h');
    expect(found).toMatchObject({ code: 1, json: { missing: 20 } });
    expect(found.json.rows.filter(({ missing }) => missing > 0).every(({ verdict }) => verdict === 'missing')).toBe(
      true,
    );
    expect(bench.world.account()).toMatchObject({ delivered: 180 });

    expect(await bench.audit('--from', '23h', '--to', '3h', '--repair')).toMatchObject({
      code: 0,
      json: { missing: 0, fetched: 20 },
    });
    expect(bench.world.account()).toMatchObject({ held: 200, delivered: 200, duplicated: 0, unknown: 0 });
    expect(await bench.audit('--from', '23h', '--to', '3h')).toMatchObject({ code: 0, json: { missing: 0 } });
  });

  it('reports a clean month as proven, day by day, with as many questions as days', async () => {
    const bench = new Bench();
    const startMs = bench.nowMs;
    for (let n = 0; n < 1000; n += 1) bench.world.add(apiEvent(`e${n}`, startMs - 31 * DAY_MS + n * 44 * MINUTE_MS));
    await bench.collect({ start_from: '31d' });
    await bench.world.clock.advance(2 * DAY_MS);
    await bench.collect();
    const before = bench.world.api.stats.requests;
    const { code, json } = await bench.audit('--from', '32d', '--to', '2d');
    expect(code).toBe(0);
    expect(json.rows).toHaveLength(31);
    expect(json.rows.every(({ verdict }) => verdict === 'proven')).toBe(true);
    // One a day, and one for the time.
    expect(bench.world.api.stats.requests - before).toBe(32);
    expect(json.rows.reduce((sum, { delivered }) => sum + delivered, 0)).toBeGreaterThan(900);
  });

  it('counts dead-lettered events as accounted for', async () => {
    const bench = new Bench({
      faults: [fault('sekoia', { kind: 'refuse_events', as: 'event', status: 400 }, { event_text_contains: '"bad' })],
    });
    const startMs = bench.nowMs;
    for (let n = 0; n < 50; n += 1) {
      bench.world.add(apiEvent(`${n % 10 === 0 ? 'bad' : 'good'}${n}`, startMs - 2 * HOUR_MS + n * MINUTE_MS));
    }
    await bench.collect({ start_from: '3h' });
    const { code, json } = await bench.audit('--from', '3h');
    expect(code).toBe(0);
    expect(json.rows.reduce((sum, row) => sum + row.dead_lettered, 0)).toBe(5);
    expect(json.rows.reduce((sum, row) => sum + row.delivered, 0)).toBe(45);
  });

  it('counts a dead-lettered event as delivered once a replay has delivered it', async () => {
    const bench = new Bench({
      faults: [
        fault(
          'sekoia',
          { kind: 'refuse_events', as: 'event', status: 400 },
          { event_text_contains: 'bad', to_seconds: 60 },
        ),
      ],
    });
    for (let n = 0; n < 9; n += 1) bench.world.add(apiEvent(`good${n}`, bench.nowMs - HOUR_MS + n * MINUTE_MS));
    bench.world.add(apiEvent('bad', bench.nowMs - HOUR_MS + 30_000));
    await bench.collect({ start_from: '2h' });
    const sums = async (): Promise<number[]> => {
      const { rows } = (await bench.audit('--from', '3h')).json;
      return [rows.reduce((sum, row) => sum + row.delivered, 0), rows.reduce((sum, row) => sum + row.dead_lettered, 0)];
    };
    expect(await sums()).toEqual([9, 1]);
    await bench.world.clock.advance(2 * MINUTE_MS);
    expect(await bench.command('dead-letter', 'replay')).toMatchObject({ code: 0 });
    expect(await sums()).toEqual([10, 0]);
    expect(bench.world.account()).toMatchObject({ held: 10, delivered: 10, duplicated: 0 });
  });

  it('tells what was not read yet as owed, and what was never collected as unknown', async () => {
    const bench = new Bench();
    const startMs = bench.nowMs;
    for (let n = 0; n < 600; n += 1) bench.world.add(apiEvent(`e${n}`, startMs - 5 * HOUR_MS + n * MINUTE_MS));
    await bench.collect({ start_from: '2h' });
    await bench.world.clock.advance(5 * HOUR_MS);
    const { code, json } = await bench.audit('--from', '10h');
    expect(code).toBe(1);
    expect(json.rows[0]).toMatchObject({ verdict: 'unknown', source: null, missing: 0 });
    expect(json.rows.at(-2)).toMatchObject({ verdict: 'owed', source: 60, delivered: 0, missing: 60 });
  });

  it('raises no alarm over events that have vanished from the API', async () => {
    const bench = new Bench({ jumpcloud: { retentionDays: 3 } });
    const startMs = bench.nowMs;
    for (let n = 0; n < 300; n += 1) bench.world.add(apiEvent(`e${n}`, startMs - 50 * HOUR_MS + n * 10 * MINUTE_MS));
    await bench.collect({ start_from: '51h' });
    await bench.world.clock.advance(DAY_MS);
    await bench.collect();
    const { code, json } = await bench.audit('--from', '76h', '--by', 'day');
    expect(code).toBe(0);
    expect(json.rows.some(({ source, delivered }) => (source ?? 0) < delivered)).toBe(true);
    expect(json.rows.every(({ missing }) => missing === 0)).toBe(true);
  });

  it('leaves hours alone whose ids are forgotten, unless repeats are allowed', async () => {
    const bench = new Bench();
    const startMs = bench.nowMs;
    for (let n = 0; n < 60; n += 1) bench.world.add(apiEvent(`e${n}`, startMs - 50 * HOUR_MS + n * MINUTE_MS));
    bench.world.add(apiEvent('late', startMs - 49.5 * HOUR_MS, { visibleAtMs: startMs + MINUTE_MS }));
    await bench.collect({ start_from: '51h' });
    await bench.world.clock.advance(HOUR_MS);
    await bench.collect();
    const range = ['--from', '53h', '--to', '49h', '--by', 'hour'];
    expect(await bench.audit(...range)).toMatchObject({ code: 1, json: { missing: 1 } });

    const refused = await bench.audit(...range, '--repair');
    expect(refused).toMatchObject({ code: 1, json: { missing: 1 } });
    expect(refused.err).toContain('--allow-repeats');
    expect(bench.world.account()).toMatchObject({ delivered: 60, duplicated: 0 });

    expect(await bench.audit(...range, '--repair', '--allow-repeats')).toMatchObject({ code: 0, json: { missing: 0 } });
    const { delivered, duplicated } = bench.world.account();
    expect(delivered).toBe(61);
    expect(duplicated).toBeLessThanOrEqual(60);
    expect(await bench.audit(...range)).toMatchObject({ code: 0, json: { missing: 0 } });
  });

  it('writes a table for people, with totals and what the words mean', async () => {
    const bench = new Bench();
    bench.world.add(apiEvent('a', bench.nowMs - HOUR_MS));
    await bench.collect({ start_from: '2h' });
    const { code, out } = await bench.command('audit', '--from', '2h');
    expect(code).toBe(0);
    expect(out).toMatch(/^from \(UTC\) +API +delivered +dead letter +missing +proof\n/);
    expect(out).toMatch(/\nall +1 +1 +0 +0\n/);
    expect(out).toContain('settling (');
    expect(out).not.toContain('\u001b');
  });

  it('says that the API refuses to count, and what follows, where it shows events; state show tells as well', async () => {
    const refusal = fault('jumpcloud', { kind: 'status', status: 403 }, { endpoints: ['/events/count'] });
    const bench = new Bench({ faults: [refusal] });
    bench.world.add(apiEvent('a', bench.nowMs - HOUR_MS));
    await bench.collect({ start_from: '2h' });
    const { code, out, err } = await bench.command('audit', '--from', '2h');
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain('The API shows events, but refuses to count them: ');
    expect(err).toMatch(/Key and role are not at fault.*reads the last hour again/);
    const shown = await bench.command('state', 'show');
    expect(shown.out).toMatch(
      /counts not compared +since 2030-01-02T03:04:05Z, the last hour is read again instead: .*403/,
    );
    expect(JSON.parse((await bench.command('state', 'export')).out)).toMatchObject({
      not_counted: { since: '2030-01-02T03:04:05Z' },
    });
  });

  it('forgets in the state that counts were refused once they are compared again', async () => {
    const refusal = fault(
      'jumpcloud',
      { kind: 'status', status: 403 },
      { endpoints: ['/events/count'], to_seconds: 1800 },
    );
    const bench = new Bench({ faults: [refusal] });
    bench.world.add(apiEvent('a', bench.nowMs - HOUR_MS));
    await bench.collect({ start_from: '2h' });
    await bench.world.clock.advance(HOUR_MS);
    await bench.collect();
    expect((await bench.command('state', 'show')).out).not.toContain('counts not compared');
  });

  it('blames the role where events are refused as well, and prints no row before the source has answered', async () => {
    const bench = new Bench();
    await bench.collect({ start_from: '1h' });
    const transport = {
      request: async (request: HttpRequest) =>
        bench.world.transport.request({ ...request, headers: { ...request.headers, 'x-api-key': 'another' } }),
      close: async () => undefined,
    };
    Object.assign(bench.harness, { openTransport: () => transport });
    const { code, out, err } = await bench.command('audit', '--from', '10h');
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain('Check the API key');
  });

  it('gives up within half a minute where the API cannot be reached, and says so at the first failure', async () => {
    const bench = new Bench();
    await bench.collect({ start_from: '2h' });
    const unreachable = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const transport = { request: () => Promise.reject(unreachable), close: async () => undefined };
    Object.assign(bench.harness, { openTransport: () => transport });
    const startedAt = bench.world.clock.monotonic();
    const { code, err } = await bench.command('audit', '--from', '2h');
    expect(code).toBe(1);
    expect(bench.world.clock.monotonic() - startedAt).toBeLessThanOrEqual(30_000);
    expect(err).toMatch(/No answer from .*; try 2 in/);
    expect(err).toMatch(/Error: No answer from /);
  });

  it.each([
    ['at its first question', 1],
    ['at a later one', 2],
  ])('waits as long as the API asks for %s, and says so', async (_, which) => {
    const bench = new Bench();
    bench.world.add(apiEvent('a', bench.nowMs - HOUR_MS));
    await bench.collect({ start_from: '2h' });
    let asked = 0;
    const transport = {
      async request(request: HttpRequest) {
        if (request.url.includes('/count')) asked += 1;
        if (!request.url.includes('/count') || asked !== which) return bench.world.transport.request(request);
        const { status, headers } = { status: 429, headers: { 'retry-after': '200' } };
        return { status, headers, body: Readable.from([Buffer.from('{}')]) };
      },
      close: async () => undefined,
    };
    Object.assign(bench.harness, { openTransport: () => transport });
    const startedAt = bench.world.clock.monotonic();
    const { code, err, out } = await bench.command('audit', '--from', '2h');
    expect(err).toMatch(/answered 429.* in 200(\.0)? s/);
    expect([code, bench.world.clock.monotonic() - startedAt >= 200_000]).toEqual([0, true]);
    expect(out).toMatch(/\nall +1 +1 +0 +0\n/);
  });

  it('says that whole hours are compared where the range asked for is none', async () => {
    const bench = new Bench();
    await bench.collect({ start_from: '3h' });
    const odd = await bench.command('audit', '--from', '2030-01-02T01:30:00Z', '--to', '2030-01-02T02:15:00Z');
    expect(odd.err).toBe('Whole hours are compared: 2030-01-02T01:00:00Z to 2030-01-02T03:00:00Z.\n');
    const even = await bench.command('audit', '--from', '2030-01-02T01:00:00Z');
    expect(even.err).toBe('');
  });

  it('says how many events a repair has fetched, and of a damaged dead letter', async () => {
    const bench = new Bench();
    const atMs = bench.nowMs - HOUR_MS;
    bench.world.add(apiEvent('late', atMs, { visibleAtMs: bench.nowMs + MINUTE_MS }));
    await bench.collect({ start_from: '2h' });
    await bench.world.clock.advance(2 * MINUTE_MS);
    await bench.world.storage.write('dead-letter/00000001.ndjson', Buffer.from('rubbish\n'));
    const { code, out, err } = await bench.command('audit', '--from', '3h', '--repair');
    expect(code).toBe(0);
    expect(out).toContain('\n1 event fetched and delivered.\n');
    expect(err).toContain('dead-letter/00000001.ndjson, line 1');
  });

  it.each([
    [['--from', 'yesterday'], "It must be 'now'"],
    [['--from', '1h', '--to', '2h'], '--from: must lie before --to'],
    [['--by', 'week'], 'Allowed choices are hour, day'],
  ])('refuses %j with what is allowed, and status 2', async (args, message) => {
    const bench = new Bench();
    await bench.collect();
    const { code, err } = await bench.command('audit', ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it('says so where nothing was collected yet', async () => {
    const { code, err } = await new Bench().command('audit');
    expect(code).toBe(1);
    expect(err).toContain('Nothing was collected on the data path /work/data yet');
  });
});

describe('state', () => {
  it('shows what is owed and remembered, and as JSON all of it without a secret', async () => {
    const bench = new Bench();
    bench.world.add(apiEvent('a', bench.nowMs - HOUR_MS));
    await bench.collect({ start_from: '2h' });
    const { out } = await bench.command('state', 'show');
    expect(out).toMatch(/owed +from 2030-01-02T03:04:05Z on/);
    expect(out).toMatch(/ids remembered +1,/);
    const exported = await bench.command('state', 'export');
    expect(JSON.parse(exported.out)).toMatchObject({ stream: 'services all', ledger: { ids: 1 } });
    expect(exported.out).not.toContain(SYNTHETIC_API_KEY);
  });

  it('moves the position back: what the ledger remembers is not sent again', async () => {
    const bench = new Bench();
    for (let n = 0; n < 60; n += 1) bench.world.add(apiEvent(`e${n}`, bench.nowMs - HOUR_MS + n * MINUTE_MS));
    await bench.collect({ start_from: '2h' });
    const { code, err } = await bench.command('state', 'set', '--position', '90m', '--yes');
    expect(code).toBe(0);
    expect(err).toContain('not sent again');
    expect(err).not.toContain('Warning');
    await bench.collect();
    expect(bench.world.account()).toMatchObject({ delivered: 60, duplicated: 0 });
  });

  it('moves the position back to before the first start without a warning: nothing there was delivered', async () => {
    const bench = new Bench();
    for (let n = 0; n < 60; n += 1) bench.world.add(apiEvent(`e${n}`, bench.nowMs - HOUR_MS + n * MINUTE_MS));
    await bench.collect({ start_from: '30m' });
    const { err } = await bench.command('state', 'set', '--position', '2h', '--yes');
    expect(err).toMatch(/^Events from .* were not collected so far/);
    await bench.collect();
    expect(bench.world.account()).toMatchObject({ held: 60, delivered: 60, duplicated: 0 });
  });

  it('moves the position ahead: what is skipped is told before, and is not found missing afterwards', async () => {
    const bench = new Bench();
    const startMs = bench.nowMs;
    await bench.collect({ start_from: '2h' });
    for (let n = 0; n < 60; n += 1) bench.world.add(apiEvent(`e${n}`, startMs + n * MINUTE_MS));
    await bench.world.clock.advance(2 * HOUR_MS);
    const { err } = await bench.command('state', 'set', '--position', '30m', '--yes');
    expect(err).toMatch(/from 2030-01-02T03:04:05Z to 2030-01-02T04:34:05Z \(1h30m\) is skipped/);
    await bench.collect();
    await bench.collect();
    expect(bench.world.account()).toMatchObject({ delivered: 0 });
  });

  it.each(['set --position 1h', 'reset'])('does nothing without a yes where nobody can be asked: %s', async (line) => {
    const bench = new Bench();
    await bench.collect();
    const before = await bench.world.storage.read('context.json');
    const { code, err } = await bench.command('state', ...line.split(' '));
    expect(code).toBe(2);
    expect(err).toContain('--yes');
    expect(await bench.world.storage.read('context.json')).toEqual(before);
  });

  it('forgets everything on reset, but not the dead letter', async () => {
    const bench = new Bench();
    bench.world.add(apiEvent('a', bench.nowMs - HOUR_MS));
    await bench.collect({ start_from: '2h' });
    await bench.world.storage.write('dead-letter/00000001.ndjson', Buffer.from('{}\n'));
    expect(await bench.command('state', 'reset', '--yes')).toMatchObject({ code: 0 });
    expect(await bench.world.storage.list('')).toEqual([]);
    expect(await bench.world.storage.list('ledger')).toEqual([]);
    expect(await bench.world.storage.list('dead-letter')).toEqual(['00000001.ndjson']);
  });

  it('is not touched while a connector works on it, but can be looked at', async () => {
    const bench = new Bench();
    await bench.collect();
    const lock = await bench.harness.fileSystem.tryLock(`${DATA_PATH}/.lock`);
    for (const args of [
      ['state', 'reset', '--yes'],
      ['audit', '--repair'],
    ]) {
      const { code, err } = await bench.command(...args);
      expect(code).toBe(1);
      expect(err).toContain('is working on the data path');
    }
    expect((await bench.command('state', 'show')).code).toBe(0);
    expect((await bench.command('audit')).code).toBe(0);
    await lock?.release();
  });
});

describe('state repair', () => {
  async function damaged(damage: (bench: Bench) => Promise<void>): Promise<Bench> {
    const bench = new Bench();
    for (let n = 0; n < 60; n += 1) bench.world.add(apiEvent(`e${n}`, bench.nowMs - HOUR_MS + n * MINUTE_MS));
    await bench.collect({ start_from: '2h' });
    await damage(bench);
    return bench;
  }

  const corrupt = async ({ world: { storage } }: Bench, name: string): Promise<void> => {
    const content = Buffer.from((await storage.read(name))!);
    content[content.length >> 1]! ^= 0x55;
    await storage.write(name, content);
  };

  it('tells of a damaged dead letter, which is no part of the state', async () => {
    const bench = await damaged(({ world }) =>
      world.storage.write('dead-letter/00000001.ndjson', Buffer.from('rubbish\n')),
    );
    const { code, err } = await bench.command('state', 'repair', '--yes');
    expect(code).toBe(0);
    expect(err).toContain('dead-letter/00000001.ndjson, line 1');
  });

  it('finds nothing to do where nothing is damaged', async () => {
    const bench = await damaged(async () => undefined);
    expect(await bench.command('state', 'repair')).toMatchObject({ code: 0, out: expect.stringContaining('Nothing') });
  });

  it.each([
    ['the checkpoint', (bench: Bench) => corrupt(bench, 'context.json')],
    ['the checkpoint, emptied', ({ world }: Bench) => world.storage.write('context.json', new Uint8Array())],
  ])('takes %s from its copy: nothing is lost, nothing repeated', async (_, damage) => {
    const bench = await damaged(damage);
    await expect(bench.collect()).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    expect(await bench.command('state', 'repair', '--yes')).toMatchObject({ code: 0 });
    await bench.collect();
    expect(bench.world.account()).toMatchObject({ held: 60, delivered: 60, duplicated: 0 });
  });

  it('goes by the position that a broken checkpoint still tells, where there is no copy', async () => {
    const bench = await damaged(async (given) => {
      await corrupt(given, 'context.json');
      await given.world.storage.remove('backup/context.json');
    });
    expect(await bench.command('state', 'repair', '--yes')).toMatchObject({ code: 0 });
    await bench.collect();
    expect(bench.world.account()).toMatchObject({ held: 60, delivered: 60, duplicated: 0 });
  });

  it('takes a checkpoint that is gone for damage, never for a first start, and puts its copy in its place', async () => {
    const bench = await damaged(({ world }) => world.storage.remove('context.json'));
    await expect(bench.collect({ start_from: '1m' })).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    expect(await bench.command('state', 'repair', '--yes')).toMatchObject({ code: 0 });
    await bench.collect({ start_from: '1m' });
    expect(bench.world.account()).toMatchObject({ held: 60, delivered: 60, duplicated: 0 });
  });

  it('asks for a position where none can be found', async () => {
    const bench = await damaged(async ({ world: { storage } }) => {
      await storage.write('context.json', Buffer.from('nothing'));
      await storage.remove('backup/context.json');
    });
    const refused = await bench.command('state', 'repair', '--yes');
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('--position') });
    expect(await bench.command('state', 'repair', '--yes', '--position', '2h')).toMatchObject({ code: 0 });
    await bench.collect();
    expect(bench.world.account()).toMatchObject({ held: 60, delivered: 60, duplicated: 0 });
  });

  it('lays a damaged segment aside: its events may be delivered again, none is lost', async () => {
    const bench = await damaged((given) => corrupt(given, 'ledger/00000001.bin'));
    await expect(bench.collect()).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    const { code, err } = await bench.command('state', 'repair', '--yes');
    expect(code).toBe(0);
    expect(err).toContain('may be delivered again');
    await bench.collect();
    const { held, delivered, duplicated } = bench.world.account();
    expect([held, delivered]).toEqual([60, 60]);
    expect(duplicated).toBeLessThanOrEqual(60);
    expect(await bench.world.storage.list('damaged')).toEqual(['ledger-00000001.bin']);
  });

  it('does not say repaired where a folder stands in the place of a segment, but what to do', async () => {
    const bench = await damaged(async ({ world, harness }) => {
      await world.storage.remove('ledger/00000001.bin');
      harness.fileSystem.folders.add(`${DATA_PATH}/ledger/00000001.bin`);
    });
    const { code, err } = await bench.command('state', 'repair', '--yes');
    expect(code).toBe(1);
    expect(err).toContain('ledger/00000001.bin (EISDIR)');
    expect(err).toContain('A folder stands where a file is needed: move it away');
    bench.harness.fileSystem.folders.clear();
    expect(await bench.command('state', 'repair', '--yes')).toMatchObject({ code: 0 });
    await bench.collect();
    expect(bench.world.account()).toMatchObject({ held: 60, delivered: 60 });
  });

  it.each([
    ['today', 0],
    ['the day before what is remembered', DAY_MS],
  ])('nor where one stands in the place of the proofs of %s', async (_, agoMs) => {
    let name = '';
    const bench = await damaged(async ({ nowMs, harness }) => {
      name = `proofs/${new Date(nowMs - agoMs).toISOString().slice(0, 10)}.json`;
      harness.fileSystem.folders.add(`${DATA_PATH}/${name}`);
    });
    expect(await bench.command('state', 'repair')).toMatchObject({
      code: 1,
      err: expect.stringContaining(`${name} (EISDIR)`),
    });
    bench.harness.fileSystem.folders.clear();
    expect(await bench.command('state', 'repair')).toMatchObject({ code: 0, out: expect.stringContaining('Nothing') });
  });

  it('takes a copy that is a folder for none, and a run says that no copy is kept', async () => {
    const bench = await damaged(async ({ world, harness }) => {
      await world.storage.write('context.json', Buffer.from('nothing'));
      harness.fileSystem.folders.add(`${DATA_PATH}/backup/context.json`);
    });
    const refused = await bench.command('state', 'repair', '--yes');
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('--position') });
    expect(refused.err).toContain('Its copy is of no use');
    expect(await bench.command('state', 'repair', '--yes', '--position', '2h')).toMatchObject({ code: 0 });
    const run = bench.world.run();
    await run.ended;
    expect(run.log.at('warning')).toEqual([expect.stringMatching(/No copy of the checkpoint is kept.*EISDIR/)]);
    expect(bench.world.account()).toMatchObject({ held: 60, delivered: 60, duplicated: 0 });
  });

  it.each([
    ['nothing is damaged', async () => undefined],
    ['there is a copy', (bench: Bench) => corrupt(bench, 'context.json')],
  ])('says that --position is left out where %s', async (_, damage) => {
    const bench = await damaged(damage);
    const { code, err } = await bench.command('state', 'repair', '--yes', '--position', '2h');
    expect(code).toBe(0);
    expect(err).toContain('without --position');
  });
});
