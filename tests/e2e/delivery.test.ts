import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { afterEach, describe, expect, it } from '@jest/globals';

import type { FaultScenario } from '../../src/simulators/faults/fault-scenario.js';
import { startSimulators, type Simulators, type SimulatorsOptions } from '../../src/simulators/serve.js';
import { startProgram, type Ended } from '../support/built-program.js';
import { connectorEnvironment } from '../support/connector-environment.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const COMMAND = 'JumpcloudDirectoryInsightsConnector';
const newDirectory = temporaryDirectories();
let running: Simulators | undefined;

async function simulators(options: SimulatorsOptions): Promise<Simulators> {
  running = await startSimulators({ seed: 3, days: 2, ...options });
  return running;
}

function runOnce(environment: Record<string, string>, ...flags: string[]): Promise<Ended> {
  return startProgram('harness/cli.js', ['run', '--once', ...flags], environment).ended;
}

afterEach(async () => {
  await running?.close();
  running = undefined;
});

const FAULTS: FaultScenario = {
  version: 1,
  faults: [
    fault('jumpcloud', '/events', 2, { kind: 'status', status: 429, retry_after: 1 }),
    fault('jumpcloud', '/events', 4, { kind: 'reset', point: 'in_body' }),
    fault('jumpcloud', '/events', 6, { kind: 'status', status: 500, body: 'html' }),
    fault('jumpcloud', '/events', 8, { kind: 'truncated_body', keep_share: 0.5 }),
    fault('jumpcloud', '/events', 10, { kind: 'empty_200' }),
    fault('jumpcloud', '/events', 12, { kind: 'html_200' }),
    fault('jumpcloud', '/events', 14, { kind: 'missing_headers', headers: ['X-Search_after'] }),
    fault('sekoia', '/batch', 2, { kind: 'status', status: 503 }),
    fault('sekoia', '/batch', 5, { kind: 'reset', point: 'before_processing' }),
    fault('sekoia', '/batch', 8, { kind: 'status', status: 413 }),
  ],
};

function fault(
  side: 'jumpcloud' | 'sekoia',
  endpoint: string,
  request: number,
  effect: FaultScenario['faults'][number]['effect'],
): FaultScenario['faults'][number] {
  const when = { endpoints: [endpoint], from_request: request, to_request: request };
  return { name: `${effect.kind} at ${endpoint} ${request}`, side, when, effect };
}

describe('the built program over real sockets', () => {
  it('delivers every event once, byte for byte, through faults of both sides and restarts', async () => {
    const both = await simulators({ events: 20_000, scenario: FAULTS, generator: { oversizedShare: 0 } });
    const environment = connectorEnvironment(both, newDirectory(), {
      arguments: { chunk_size: 1000, page_size: 1000 },
    });
    const first = startProgram('main.js', [COMMAND], environment);
    await first.said('collecting');
    await wait(1500);
    first.child.kill('SIGTERM');
    expect(await first.ended).toMatchObject({ code: 0 });
    const rest = await runOnce(environment);
    expect(rest).toMatchObject({ code: 0 });
    expect(both.account()).toMatchObject({ held: 20_000, lost: 0, duplicated: 0, unknown: 0 });
  }, 60_000);

  it('collects sso and radius, and nothing else, for service "sso,radius"', async () => {
    const both = await simulators({ events: 4000, generator: { oversizedShare: 0 } });
    const environment = connectorEnvironment(both, newDirectory(), { arguments: { service: 'sso, RADIUS' } });
    expect(await runOnce(environment)).toMatchObject({ code: 0 });
    const { store } = both.jumpcloud;
    const texts = Array.from({ length: store.size }, (_, row) => store.text(row).toString());
    const arrived = { wanted: 0, others: 0 };
    let wanted = 0;
    for (const text of texts) {
      const isWanted = ['sso', 'radius'].includes((JSON.parse(text) as { service: string }).service);
      if (isWanted) wanted += 1;
      arrived[isWanted ? 'wanted' : 'others'] += both.sekoia.received.count(text);
    }
    expect(wanted).toBeGreaterThan(100);
    expect(arrived).toEqual({ wanted, others: 0 });
  }, 60_000);

  it('keeps an event over the limit in the dead letter, whole, delivers a trimmed copy, and the rest as it is', async () => {
    const both = await simulators({ events: 500, generator: { oversizedShare: 0 } });
    const large = both.generator.sized({ occurredAtMs: Date.now() - 60_000, bytes: 300_000 });
    both.jumpcloud.add(large);
    const dataPath = newDirectory();
    expect(await runOnce(connectorEnvironment(both, dataPath))).toMatchObject({ code: 0 });
    expect(both.account()).toMatchObject({ lost: 1, duplicated: 0, unknown: 1 });
    const [file] = readdirSync(join(dataPath, 'dead-letter'));
    const entry = JSON.parse(readFileSync(join(dataPath, 'dead-letter', file!), 'utf8')) as {
      id: string;
      event: string;
    };
    expect(entry.event).toBe(large.text);
    expect(entry.id).toBe(large.id);
  }, 60_000);

  it('collects a live stream, late events included, without a loss', async () => {
    let frozenAt = Infinity;
    const both = await simulators({
      ...{ liveEventsPerSecond: 50, lateShare: 0.1, lateMs: { min: 500, max: 3000 } },
      latencyMs: { jumpcloud: 100, sekoia: 50 },
      generator: { oversizedShare: 0 },
      now: () => Math.min(Date.now(), frozenAt),
    });
    const program = startProgram('main.js', [COMMAND], connectorEnvironment(both, newDirectory()));
    await wait(6000);
    frozenAt = Date.now();
    await wait(2500);
    program.child.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ code: 0 });
    const account = both.account();
    expect(account.held).toBeGreaterThan(200);
    expect(account).toMatchObject({ lost: 0, duplicated: 0, unknown: 0 });
  }, 60_000);

  it('leaves the position where it was while the intake refuses the key, and writes nothing off', async () => {
    const both = await simulators({ events: 300, generator: { oversizedShare: 0 } });
    const dataPath = newDirectory();
    const wrong = connectorEnvironment(both, dataPath, { arguments: { intake_key: 'not-the-right-intake-key' } });
    const refused = await runOnce(wrong);
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('403');
    expect(readdirSync(dataPath)).not.toContain('dead-letter');
    expect(await runOnce(connectorEnvironment(both, dataPath))).toMatchObject({ code: 0 });
    expect(both.account()).toMatchObject({ held: 300, lost: 0, duplicated: 0 });
  }, 60_000);

  it('starts at once where a killed process left its lock', async () => {
    const both = await simulators({ events: 10, liveEventsPerSecond: 1 });
    const environment = connectorEnvironment(both, newDirectory());
    const killed = startProgram('main.js', [COMMAND], environment);
    await killed.said('collecting');
    killed.child.kill('SIGKILL');
    await killed.ended;
    const next = startProgram('main.js', [COMMAND], environment);
    const startedAt = Date.now();
    await next.said('owed:');
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    next.child.kill('SIGTERM');
    expect(await next.ended).toMatchObject({ code: 0 });
  }, 60_000);

  it('refuses a second process on one data path', async () => {
    const both = await simulators({ events: 10 });
    const environment = connectorEnvironment(both, newDirectory());
    const first = startProgram('main.js', [COMMAND], environment);
    await first.said('collecting');
    const second = await startProgram('main.js', [COMMAND], environment).ended;
    expect(second.code).toBe(1);
    first.child.kill('SIGTERM');
    await first.ended;
  }, 60_000);

  it.each([
    ['401', { apiKeys: [{ key: 'another-key' }] }, 'API key', 'Check the API key (apikey)'],
    [
      '402',
      { apiKeys: [{ key: 'synthetic-api-key-for-tests', licensed: false }] },
      'licence',
      'ask JumpCloud to enable it',
    ],
    [
      '403',
      { apiKeys: [{ key: 'synthetic-api-key-for-tests', role: 'command_runner' as const }] },
      'role',
      'use one with a role that may',
    ],
  ])(
    'check names the cause and the remedy of a %s',
    async (status, jumpcloud, cause, remedy) => {
      const both = await simulators({ events: 10, jumpcloud });
      const environment = connectorEnvironment({ ...both, apiKey: 'synthetic-api-key-for-tests' }, newDirectory());
      const { code, output } = await startProgram('harness/cli.js', ['check'], environment).ended;
      expect(code).toBe(1);
      expect(output).toMatch(new RegExp(`JumpCloud ${cause}.*${status}`));
      expect(output).toContain(remedy);
      expect(both.sekoia.received.events).toBe(0);
    },
    60_000,
  );

  it('writes no secret, whatever happens', async () => {
    const both = await simulators({ events: 50, scenario: FAULTS });
    const dataPath = newDirectory();
    const environment = connectorEnvironment(both, dataPath, { arguments: { log_level: 'debug' } });
    const outputs = [
      await runOnce(environment),
      await startProgram('harness/cli.js', ['config'], environment).ended,
      await startProgram('harness/cli.js', ['check'], environment).ended,
      await runOnce({ ...environment, CONNECTOR_CONFIGURATION: '{"intake_key": 5, "frequency": -1}' }),
    ].map(({ output }) => output);
    const files = readdirSync(dataPath, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    for (const text of [...outputs, ...files]) {
      expect(text).not.toContain(both.apiKey);
      expect(text).not.toContain(both.intakeKey);
    }
  }, 60_000);
});
