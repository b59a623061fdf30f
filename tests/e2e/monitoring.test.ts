import { afterEach, describe, expect, it } from '@jest/globals';

import { startSimulators, type Simulators } from '../../src/simulators/serve.js';
import { startProgram, type RunningProgram } from '../support/built-program.js';
import { connectorEnvironment } from '../support/connector-environment.js';
import { freePort } from '../support/free-port.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const COMMAND = 'JumpcloudDirectoryInsightsConnector';
const EVENTS = 500;
const newDirectory = temporaryDirectories();
const worlds: Simulators[] = [];
const programs: RunningProgram[] = [];

afterEach(async () => {
  for (const { child } of programs.splice(0)) child.kill('SIGKILL');
  await Promise.all(worlds.splice(0).map((world) => world.close()));
});

async function simulators(): Promise<Simulators> {
  const world = await startSimulators({ events: EVENTS, days: 1 / 48, generator: { oversizedShare: 0 } });
  worlds.push(world);
  return world;
}

function run(world: Simulators, ports: Readonly<Record<string, string>>): RunningProgram {
  const environment = {
    ...connectorEnvironment(world, newDirectory(), { arguments: { start_from: '45m' } }),
    ...ports,
    LISTEN_HOST: '127.0.0.1',
  };
  const program = startProgram('main.js', [COMMAND], environment);
  programs.push(program);
  return program;
}

async function freePorts(): Promise<{ LIVENESS_PORT: string; METRICS_PORT: string; WORKER_PROM_LISTEN_PORT: string }> {
  const [liveness, metrics, worker] = [await freePort(), await freePort(), await freePort()];
  return {
    LIVENESS_PORT: String(liveness),
    METRICS_PORT: String(metrics),
    WORKER_PROM_LISTEN_PORT: String(worker),
  };
}

const textAt = async (port: string, path: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}${path}`)).text();

describe('the built program', () => {
  it('tells that it is alive and what it has done while it collects, and leaves although a scraper stays', async () => {
    const world = await simulators();
    const ports = await freePorts();
    const program = run(world, ports);
    await program.said(`Delivered ${EVENTS} events`);

    const health = await fetch(`http://127.0.0.1:${ports.LIVENESS_PORT}/health`);
    expect(health.status).toBe(200);
    const told = (await health.json()) as Record<string, unknown>;
    expect(told).toMatchObject({
      seconds_without_events_threshold: 0,
      last_heartbeat_threshold: 903,
      error_count: 0,
    });
    expect(Object.keys(told)).toHaveLength(5);
    for (const time of [told['last_events_time'], told['last_heartbeat']])
      expect(Math.abs(Date.parse(`${String(time)}Z`) - Date.now())).toBeLessThan(30_000);

    for (const port of [ports.METRICS_PORT, ports.WORKER_PROM_LISTEN_PORT]) {
      const text = await textAt(port, '/metrics');
      for (const name of ['jumpcloud_collected_messages_total', 'common_forwarded_events_total'])
        expect(text).toMatch(new RegExp(`^symphony_module_${name}\\{intake_key="[0-9a-f]{8}"\\} ${EVENTS}$`, 'm'));
      expect(text).toMatch(/^symphony_module_common_events_lags\{.*\} \d/m);
      for (const secret of [world.apiKey, world.intakeKey]) expect(text).not.toContain(secret);
    }

    // fetch keeps its connections open, as a scraper does.
    const startedAt = performance.now();
    program.child.kill('SIGTERM');
    const { code, output } = await program.ended;
    expect(code).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    expect(output).not.toContain('"warning"');
  }, 60_000);

  it('works without its ports where another one has them, and says so', async () => {
    const [one, other] = [await simulators(), await simulators()];
    const ports = await freePorts();
    const first = run(one, ports);
    await first.said(`Delivered ${EVENTS} events`);
    const second = run(other, ports);
    await second.said(`Delivered ${EVENTS} events`);
    second.child.kill('SIGTERM');
    const { code, output } = await second.ended;
    expect(code).toBe(0);
    for (const setting of ['liveness_port', 'metrics_port', 'WORKER_PROM_LISTEN_PORT'])
      expect(output).toMatch(new RegExp(`"warning".*is taken by another program.*\\(${setting}\\)`));
    expect(other.account()).toMatchObject({ lost: 0, duplicated: 0 });
    expect(await textAt(ports.LIVENESS_PORT, '/health')).toContain('last_heartbeat');
    first.child.kill('SIGTERM');
    expect(await first.ended).toMatchObject({ code: 0 });
  }, 60_000);
});
