import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { buffer, text } from 'node:stream/consumers';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { startSimulators, type Simulators } from '../../src/simulators/serve.js';
import { mountSmallDisk } from '../chaos/disk/small-disk.js';
import { startProgram } from '../support/built-program.js';
import { heldBy, linesOf, objectsIn, splitLines } from '../support/exported.js';
import { openS3Library, s3Environment } from '../support/s3-access.js';
import { describeWithSwift, startSwift, type Swift } from '../support/swift.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const EVENTS = 4000;
const BATCH = 50;
/** Twelve batches of a backlog. */
const UNDER_WAY = 12 * BATCH;

const newDirectory = temporaryDirectories();
let simulators: Simulators | undefined;
const disk = mountSmallDisk(4 * 1024 * 1024);
if (disk === undefined) process.stdout.write('SKIPPED: no disk is filled, because a tmpfs cannot be mounted here\n');

afterEach(async () => {
  await simulators?.close();
});

afterAll(() => {
  disk?.remove();
});

async function startApi(events: number, jumpcloudLatencyMs = 0): Promise<Simulators> {
  simulators = await startSimulators({ events, days: 3, seed: 8, latencyMs: { jumpcloud: jumpcloudLatencyMs } });
  return simulators;
}

/** An account and reading settings: no intake, no key of one. */
function environmentFor({ jumpcloudUrl, apiKey }: Simulators): Record<string, string> {
  return {
    MODULE_CONFIGURATION: JSON.stringify({ base_url: jumpcloudUrl, apikey: apiKey }),
    CONNECTOR_CONFIGURATION: JSON.stringify({ requests_per_second: 100, page_size: 500, chunk_size: BATCH }),
    // That of a connector to an intake: an export must not look at it.
    DATA_PATH: '/dev/null/state',
  };
}

function exportTo(output: string, dataPath: string, more: readonly string[] = ['--from', '4d']): string[] {
  return ['export', ...more, '--output', output, '--data-path', dataPath];
}

describe('an export', () => {
  it('to a directory holds every event once, byte for byte, in the folder of its hour', async () => {
    const api = await startApi(600);
    const [output, state] = [newDirectory(), newDirectory()];
    const command = exportTo(output, state, ['--from', '4d', '--json']);
    const { code, output: said } = await startProgram('harness/cli.js', command, environmentFor(api)).ended;
    expect(said).toContain('"proven": true');
    expect(code).toBe(0);
    const objects = objectsIn(output);
    expect(linesOf(objects.values()).sort()).toEqual(heldBy(api).sort());
    expect(objects.size).toBeGreaterThan(24);
    for (const [name, object] of objects) {
      const hours = linesOf([object]).map((line) => (JSON.parse(line) as { timestamp: string }).timestamp.slice(0, 13));
      expect([...new Set(hours)]).toEqual([name.slice(0, 13).replace('/', '-').replace('/', '-').replace('/', 'T')]);
    }
    expect(api.sekoia.received.events).toBe(0);
    // Again: nothing is left to do, and nothing is written.
    expect(await startProgram('harness/cli.js', command, environmentFor(api)).ended).toMatchObject({ code: 0 });
    expect(objectsIn(output)).toEqual(objects);
    // The state says what it belongs to.
    const elsewhere = startProgram('harness/cli.js', exportTo(newDirectory(), state), environmentFor(api));
    expect(await elsewhere.ended).toMatchObject({
      code: 2,
      output: expect.stringContaining('of an export to another'),
    });
  }, 60_000);

  it('loses nothing to kill -9, and repeats no more than was under way', async () => {
    const api = await startApi(EVENTS, 30);
    const [output, state] = [newDirectory(), newDirectory()];
    for (const objects of [10, 30]) {
      const program = startProgram('harness/cli.js', exportTo(output, state), environmentFor(api));
      while (objectsIn(output).size < objects) await wait(20);
      program.child.kill('SIGKILL');
      expect((await program.ended).signal).toBe('SIGKILL');
    }
    const rest = await startProgram('harness/cli.js', exportTo(output, state), environmentFor(api)).ended;
    expect(rest.output).toContain('Proven by counts');
    expect(rest.code).toBe(0);
    const lines = linesOf(objectsIn(output).values());
    expect([...new Set(lines)].sort()).toEqual(heldBy(api).sort());
    expect(lines.length - EVENTS).toBeLessThanOrEqual(2 * UNDER_WAY);
  }, 120_000);

  it('to a pipe is events and nothing else; a reader that leaves ends it, and the next one gets the rest', async () => {
    const api = await startApi(2000);
    const state = newDirectory();
    const start = () =>
      spawn(process.execPath, ['dist/harness/cli.js', ...exportTo('-', state)], {
        env: { PATH: process.env['PATH'] ?? '', ...environmentFor(api) },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    const first = start();
    const exited = once(first, 'exit');
    const said = text(first.stderr);
    const [piece] = (await once(first.stdout, 'data')) as [Buffer];
    first.stdout.destroy();
    expect(await exited).toEqual([0, null]);
    expect(await said).toContain('Nobody reads the output any more');
    const second = start();
    const [rest, words, [code]] = await Promise.all([buffer(second.stdout), text(second.stderr), once(second, 'exit')]);
    expect(words).toContain('Proven by counts');
    expect(code).toBe(0);
    const lines = splitLines(rest.toString('latin1'));
    const held = new Set(heldBy(api));
    expect(lines.filter((line) => !held.has(line))).toEqual([]);
    expect(new Set(lines).size).toBe(lines.length);
    // What the first one took out of the pipe, and what was still in it, is acknowledged.
    const lost = held.size - lines.length;
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeGreaterThanOrEqual(piece.toString('latin1').split('\n').length - 1);
  }, 60_000);

  it('goes on with what happens, until SIGTERM', async () => {
    const api = await startApi(100);
    const output = newDirectory();
    const command = exportTo(output, newDirectory(), ['--from', '4d', '--follow', '--frequency', '1']);
    const program = startProgram('harness/cli.js', command, environmentFor(api));
    const holds = async (): Promise<void> => {
      while (linesOf(objectsIn(output).values()).length < api.jumpcloud.store.size) await wait(20);
    };
    await holds();
    api.jumpcloud.add(api.generator.next(Date.now()));
    await holds();
    program.child.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ code: 0 });
    expect(linesOf(objectsIn(output).values()).sort()).toEqual(heldBy(api).sort());
  }, 60_000);

  (disk === undefined ? it.skip : it)(
    'tells of a full disk with the remedy, and goes on once there is room',
    async () => {
      const api = await startApi(300);
      disk?.fill();
      const output = `${disk?.directory ?? ''}/events`;
      const program = startProgram('harness/cli.js', exportTo(output, newDirectory()), environmentFor(api));
      await program.said('ENOSPC');
      await program.said('Free space where the events are written');
      disk?.free();
      expect(await program.ended).toMatchObject({ code: 0 });
      expect(linesOf(objectsIn(output).values()).sort()).toEqual(heldBy(api).sort());
    },
    60_000,
  );
});

describeWithSwift('an export to S3', () => {
  let swift: Swift;
  beforeAll(async () => {
    swift = await startSwift();
  }, 60_000);
  afterAll(() => swift.stop());

  it('holds every event once, byte for byte', async () => {
    const api = await startApi(200);
    const environment = { ...environmentFor(api), ...s3Environment(swift, 'of-a-connector') };
    const command = exportTo('s3://state/archive', newDirectory());
    const { code, output } = await startProgram('harness/cli.js', command, environment).ended;
    expect(output).toContain('Proven by counts');
    expect(code).toBe(0);
    expect(output).not.toContain(swift.secretAccessKey);
    const library = await openS3Library(swift);
    const keys = await library.list('');
    expect(keys.filter((key) => !/^archive\/\d{4}\/\d\d\/\d\d\/\d\d\/[^/]+\.ndjson\.gz$/.test(key))).toEqual([]);
    const objects = await Promise.all(keys.map((key) => library.getBytes(key)));
    expect(linesOf(objects).sort()).toEqual(heldBy(api).sort());
  }, 60_000);

  it('leaves with a remedy where the bucket is not there', async () => {
    const api = await startApi(1);
    const environment = { ...environmentFor(api), ...s3Environment(swift, '') };
    const command = exportTo('s3://not-there/archive', newDirectory());
    const { code, output } = await startProgram('harness/cli.js', command, environment).ended;
    expect(code).toBe(1);
    expect(output).toContain('Create the bucket');
  }, 60_000);
});
