import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { startSimulator } from '../../examples/okta-system-log/src/simulator.js';
import { readDeadLetter } from '../../src/harness/demo/account.js';
import type { SourceSimulator } from '../../src/sdk/source-simulator.js';
import { SYNTHETIC_INTAKE_KEY } from '../../src/simulators/sekoia/options.js';
import { type IntakeSimulator, startIntakeSimulator } from '../../src/simulators/sekoia/simulator.js';
import { NO_PORTS } from '../support/connector-environment.js';
import { linkPackages, runIn } from '../support/module-directory.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const EVENTS = 4000;
const KILLS = 4;
const RUNNER = fileURLToPath(new URL('../../dist/harness/cli.js', import.meta.url));
const EXAMPLE = 'examples/okta-system-log';

const newDirectory = temporaryDirectories();
let directory: string;
let simulator: SourceSimulator;
let intake: IntakeSimulator;
let texts: readonly string[];
let refused: string;

beforeAll(async () => {
  directory = join(newDirectory(), 'example');
  cpSync(EXAMPLE, directory, { recursive: true });
  linkPackages(directory);
  const { code, output } = await runIn(directory, 'npm', ['run', 'build']);
  expect([code, output]).toEqual([0, expect.anything()]);
  simulator = await startSimulator({ events: EVENTS, days: 2, liveEventsPerSecond: 0, seed: 3 });
  texts = [...simulator.shown()];
  refused = texts[EVENTS / 2]!;
  const { uuid } = JSON.parse(refused) as { uuid: string };
  intake = await startIntakeSimulator({
    latencyMs: 15,
    scenario: {
      ...{ version: 1, description: 'One event is refused', seed: 1 },
      faults: [
        {
          ...{ name: 'refused', side: 'sekoia', when: { event_text_contains: uuid } },
          effect: { kind: 'refuse_events', as: 'request', status: 400, message: 'event cannot be parsed' },
        },
      ],
    },
  });
}, 60_000);

afterAll(async () => {
  await Promise.all([simulator.close(), intake.close()]);
});

function environment(): Record<string, string> {
  const args = { frequency: 1, start_from: '3d', page_size: 100, requests_per_second: 60 };
  return {
    ...{ PATH: process.env['PATH'] ?? '', ...NO_PORTS, DATA_PATH: join(directory, 'state') },
    MODULE_CONFIGURATION: JSON.stringify(simulator.account),
    CONNECTOR_CONFIGURATION: JSON.stringify({ ...args, intake_server: intake.url, intake_key: SYNTHETIC_INTAKE_KEY }),
  };
}

const start = startWith({});

function startWith(changes: Record<string, string>) {
  return (...args: string[]) => spawned(args, changes);
}

function spawned(args: readonly string[], changes: Record<string, string>) {
  const child = spawn(process.execPath, args, {
    cwd: directory,
    env: { ...environment(), ...changes },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  return { child, ended };
}

describe('the example, a connector to another API', () => {
  it('imports nothing but the SDK, Node.js and itself, and is short', () => {
    const files = readdirSync(`${EXAMPLE}/src`);
    const imported = files.flatMap((file) =>
      Array.from(
        readFileSync(`${EXAMPLE}/src/${file}`, 'utf8').matchAll(/(?:from|import\() ?'([^']+)'/g),
        ([, name]) => name,
      ),
    );
    const others = imported.filter((name = '') => !/^(node:|\.\/)/.test(name));
    expect(new Set(others)).toEqual(new Set(['sekoia-jumpcloud-directory-insights/sdk']));
    expect(readFileSync(`${EXAMPLE}/src/connector.ts`, 'utf8').split('\n').length).toBeLessThan(120);
  });

  it('loses nothing to kill -9 as the platform runs it, and ends with the runner; what is refused is kept', async () => {
    const moments: number[] = [];
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const { child, ended } = start('dist/main.js', 'OktaSystemLogConnector');
      const wanted = (EVENTS * kill) / (KILLS + 2);
      while (intake.received.events < wanted && child.exitCode === null) await wait(2);
      child.kill('SIGKILL');
      expect((await ended).code).toBeNull();
      moments.push(intake.received.distinct);
    }
    // Each was killed on its way.
    expect(Math.max(...moments)).toBeLessThan(EVENTS - 1);

    const { code, output } = await start(RUNNER, 'run', '--once').ended;
    expect([code, output]).toEqual([0, expect.stringContaining('Resuming')]);
    const missing = texts.filter((text) => intake.received.count(text) === 0);
    expect(missing).toEqual([refused]);
    expect(intake.received.distinct).toBe(EVENTS - 1);
    expect(await readDeadLetter(join(directory, 'state'))).toEqual(new Set([Buffer.from(refused).toString('latin1')]));
  }, 120_000);

  it('delivers nothing twice when it is run again', async () => {
    const before = intake.received.events;
    expect((await start(RUNNER, 'run', '--once').ended).code).toBe(0);
    expect(intake.received.events).toBe(before);
  }, 60_000);

  it('has its refused event listed by the id of its own API', async () => {
    const { code, output } = await start(RUNNER, 'dead-letter', 'list', '--json').ended;
    expect([code, output]).toEqual([0, expect.stringContaining((JSON.parse(refused) as { uuid: string }).uuid)]);
  }, 60_000);

  it('is checked, and its configuration shown, without its secrets', async () => {
    const check = await start(RUNNER, 'check', '--json').ended;
    const { passed, checks } = JSON.parse(check.output) as { passed: boolean; checks: { name: string }[] };
    expect(passed).toBe(true);
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['Okta System Log credential', 'start']));
    const config = await start(RUNNER, 'config').ended;
    expect(config.output).toContain('Okta System Log Connector (OktaSystemLogConnector)');
    expect(config.output).toContain('page_size');
    expect(config.output + check.output).not.toContain(String(simulator.account['api_token']));
  }, 60_000);

  it("has its account validated by the platform's command, good and bad, without its secrets", async () => {
    const good = await start('dist/main.js', 'validate_module_configuration').ended;
    expect([good.code, good.output]).toEqual([0, expect.stringContaining('The account works')]);
    const account = { ...simulator.account, api_token: 'wrong' };
    const bad = await startWith({ MODULE_CONFIGURATION: JSON.stringify(account) })(
      'dist/main.js',
      'validate_module_configuration',
    ).ended;
    expect([bad.code, bad.output]).toEqual([1, expect.stringContaining('Check api_token: tokens end after 30 days')]);
    expect(good.output + bad.output).not.toContain(String(simulator.account['api_token']));
  }, 60_000);

  it('says of audit and backfill what an API without counts allows', async () => {
    const audit = await start(RUNNER, 'audit').ended;
    expect([audit.code, audit.output]).toEqual([1, expect.stringContaining('has no counts')]);
    const backfill = await start(RUNNER, 'backfill', '--from', '3d', '--yes').ended;
    expect([backfill.code, backfill.output]).toEqual([0, expect.stringContaining('nothing beyond that can be proven')]);
  }, 60_000);
});
