import { afterEach, describe, expect, it } from '@jest/globals';

import { createLookup } from '../../../../src/sdk/configuration/lookup.js';
import { openMonitoring, type Monitoring } from '../../../../src/sdk/observability/monitoring.js';
import type { PipelineListener } from '../../../../src/sdk/pipeline/pipeline-event.js';
import { freePort, takenPort } from '../../../support/free-port.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { MemoryFiles } from '../../../support/memory-files.js';
import { NO_PORTS } from '../../../support/connector-environment.js';
import { RecordingLog } from '../../../support/recording-log.js';

const PROFILE = { vendor: 'acme', intakeKey: 'synthetic-intake-key', paceMs: 60_000 };
const open: Monitoring[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((monitoring) => monitoring.close()));
});

async function monitor(
  given: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Promise<{ monitoring: Monitoring; log: RecordingLog; begin: () => Promise<PipelineListener> }> {
  const environment = { ...NO_PORTS, LISTEN_HOST: '127.0.0.1', ...given };
  const lookup = createLookup({ fileSystem: new MemoryFiles(files), environment });
  const monitoring = await openMonitoring({ lookup, environment, clock: new ManualClock() });
  open.push(monitoring);
  const log = new RecordingLog();
  return { monitoring, log, begin: () => monitoring.begin(PROFILE, log.log) };
}

const at = (port: number, path = '/'): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);

describe('monitoring', () => {
  it('answers /health before the settings are known', async () => {
    const port = await freePort();
    await monitor({ LIVENESS_PORT: String(port) });
    const answer = await at(port, '/health');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect((await at(port, '/else')).status).toBe(404);
  });

  it('finds its ports where the platform puts them', async () => {
    const port = await freePort();
    await monitor({}, { '/symphony/liveness_port': `${port}\n` });
    expect((await at(port, '/health')).status).toBe(200);
  });

  it('serves the same metrics at both of their ports, whatever the path', async () => {
    const [metrics, worker] = [await freePort(), await freePort()];
    const { begin, log } = await monitor({ METRICS_PORT: String(metrics), WORKER_PROM_LISTEN_PORT: String(worker) });
    const listener = await begin();
    listener({ kind: 'read', events: 7, repeated: 0, bytes: 1 });
    const answer = await at(metrics, '/any/path');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await answer.text();
    expect(text).toMatch(/^symphony_module_acme_collected_messages_total\{intake_key="[0-9a-f]{8}"\} 7$/m);
    expect(text).not.toContain(PROFILE.intakeKey);
    expect(await (await at(worker, '/metrics')).text()).toBe(text);
    expect(log.lines).toEqual([]);
  });

  it('shows the intake key in clear only where it is told to, and warns of it', async () => {
    const port = await freePort();
    const { begin, log } = await monitor(
      { METRICS_PORT: String(port) },
      { '/symphony/metrics_intake_key_label': 'Clear\n' },
    );
    await begin();
    expect(await (await at(port)).text()).toContain(`_collected_messages_total{intake_key="${PROFILE.intakeKey}"} 0`);
    expect(log.at('warning')).toEqual([expect.stringMatching(/^Metrics show the intake key to whoever can reach/)]);
    expect(log.at('warning').join()).not.toContain(PROFILE.intakeKey);
  });

  it('has nothing to warn of where there is no port to read a key from', async () => {
    const { begin, log } = await monitor({ METRICS_INTAKE_KEY_LABEL: 'clear' });
    await begin();
    expect(log.lines).toEqual([]);
  });

  it('shows the fingerprint where the label is told as something else, which it does not repeat', async () => {
    const port = await freePort();
    const { begin, log } = await monitor({ METRICS_PORT: String(port), METRICS_INTAKE_KEY_LABEL: PROFILE.intakeKey });
    await begin();
    expect(await (await at(port)).text()).not.toContain(PROFILE.intakeKey);
    expect(log.at('warning')).toEqual(['metrics_intake_key_label must be fingerprint or clear: using fingerprint']);
  });

  it('lets the run tell /health', async () => {
    const port = await freePort();
    const { begin } = await monitor({ LIVENESS_PORT: String(port) });
    const listener = await begin();
    listener({ kind: 'caught-up', toMs: 0, events: 0, durationMs: 1 });
    expect(await (await at(port, '/health')).json()).toMatchObject({ last_heartbeat_threshold: 1080, error_count: 0 });
  });

  it('warns of a port that is taken, and does the rest', async () => {
    const [taken, worker] = [await takenPort(), await freePort()];
    const port = String(taken.port);
    const { begin, log } = await monitor({
      LIVENESS_PORT: port,
      METRICS_PORT: port,
      WORKER_PROM_LISTEN_PORT: String(worker),
    });
    await begin();
    await taken.release();
    const remedy = `port ${port} is taken by another program: choose another one`;
    expect(log.at('warning')).toEqual([
      `Whether the connector is alive cannot be asked: ${remedy} (liveness_port)`,
      `Metrics are not served there: ${remedy} (metrics_port)`,
    ]);
    expect((await at(worker)).status).toBe(200);
  });

  it.each(['65536', '-1', '80.5', 'http', '0x50', '1e3'])(
    'warns of the port %s and uses the usual one',
    async (given) => {
      // The usual one may be had or not: nobody listens at this address.
      const { begin, log } = await monitor({ METRICS_PORT: given, LISTEN_HOST: '192.0.2.1' });
      await begin();
      const [first, second] = log.at('warning');
      expect(first).toBe('metrics_port must be an integer from 1 to 65535, or 0 for none: using 8020');
      expect(second).toContain('port 8020 cannot be listened at');
    },
  );

  it('warns of a file that cannot be read', async () => {
    const files = new MemoryFiles();
    const environment = { ...NO_PORTS, LISTEN_HOST: '192.0.2.1' };
    const read = (path: string): Promise<Uint8Array | undefined> =>
      path.endsWith('liveness_port')
        ? Promise.reject(Object.assign(new Error('denied'), { code: 'EACCES' }))
        : files.read(path);
    const lookup = createLookup({ fileSystem: { read }, environment });
    const monitoring = await openMonitoring({ lookup, environment, clock: new ManualClock() });
    open.push(monitoring);
    const log = new RecordingLog();
    await monitoring.begin(PROFILE, log.log);
    expect(log.at('warning')[0]).toBe('liveness_port cannot be read (EACCES) (file /symphony/liveness_port)');
  });

  it('serves nothing at the port 0, and says nothing about it', async () => {
    const { begin, log } = await monitor({});
    const listener = await begin();
    listener({ kind: 'counted' });
    expect(log.lines).toEqual([]);
  });

  it('is over when it is closed', async () => {
    const [port, metrics] = [await freePort(), await freePort()];
    const { monitoring, begin } = await monitor({ LIVENESS_PORT: String(port), METRICS_PORT: String(metrics) });
    await begin();
    await monitoring.close();
    await expect(at(port, '/health')).rejects.toThrow('fetch failed');
    await expect(at(metrics)).rejects.toThrow('fetch failed');
  });
});
