import { afterEach, describe, expect, it } from '@jest/globals';

import type { LogLine } from '../../../../../src/simulators/sekoia/platform/bodies.js';
import {
  type PlatformServicesOptions,
  SYNTHETIC_TOKEN,
} from '../../../../../src/simulators/sekoia/platform/services.js';
import {
  type PlatformSimulator,
  startPlatformSimulator,
} from '../../../../../src/simulators/sekoia/platform/simulator.js';
import { closeAll, closeLater, messageOf } from '../../support.js';

afterEach(closeAll);

const SECRETS = { apikey: 'synthetic-secret' };
const LINE = { date: '2030-03-11T12:00:00.000123', level: 'info', message: 'Starting' };
const EVENT = { name: 'an event', event: { a: 1 }, request_id: '7d0c5b7e-1f0a-4c55-9a0e-3b6f0c1d2e4f' };

async function start(options: PlatformServicesOptions = {}): Promise<PlatformSimulator> {
  return closeLater(await startPlatformSimulator({ secrets: SECRETS, ...options }));
}

interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(
  { callbackUrl }: PlatformSimulator,
  service: 'callback' | 'secrets' | 'logs' | 'others',
  { method = 'POST', body, headers = {} }: Asked = {},
): Promise<Response> {
  return fetch(callbackUrl.replace('/callback', `/${service}`), {
    method,
    headers: {
      authorization: `Bearer ${SYNTHETIC_TOKEN}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

const tell = (platform: PlatformSimulator, body: unknown): Promise<Response> =>
  ask(platform, 'callback', { method: 'PATCH', body });

describe('the secrets', () => {
  it('are given to whoever has the token, as they are now', async () => {
    const platform = await start();
    const answer = await ask(platform, 'secrets', { method: 'GET' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ value: SECRETS });
    platform.replaceSecrets({ apikey: 'another' });
    expect(await (await ask(platform, 'secrets', { method: 'GET' })).json()).toEqual({ value: { apikey: 'another' } });
  });
});

describe('the log tab', () => {
  it('keeps the lines in the order of arrival, and tells of each', async () => {
    const heard: LogLine[] = [];
    const platform = await start({ onLogLine: (line) => heard.push(line) });
    const lines = [LINE, { ...LINE, date: '2030-03-11T12:00:01', level: 'critical' }, { ...LINE, message: 'later' }];
    expect((await ask(platform, 'logs', { body: { logs: lines.slice(0, 2) } })).status).toBe(200);
    expect((await ask(platform, 'logs', { body: { logs: lines.slice(2) } })).status).toBe(200);
    expect(platform.logs).toEqual(lines);
    expect(heard).toEqual(lines);
  });

  it.each([
    ['a zone', { ...LINE, date: '2030-03-11T12:00:00+00:00' }],
    ['a Z', { ...LINE, date: '2030-03-11T12:00:00Z' }],
    ['milliseconds', { ...LINE, date: '2030-03-11T12:00:00.123' }],
    ['a level in capitals', { ...LINE, level: 'INFO' }],
    ['a level of its own', { ...LINE, level: 'notice' }],
    ['no message', { date: LINE.date, level: LINE.level }],
    ['a member too many', { ...LINE, logger: 'main' }],
    ['a text instead of a line', 'Starting'],
  ])('refuses a request that has a line with %s, and takes nothing of it', async (_, line) => {
    const platform = await start();
    expect((await ask(platform, 'logs', { body: { logs: [LINE, line] } })).status).toBe(400);
    expect(platform.logs).toEqual([]);
  });

  it.each([[{ logs: [] }], [{ lines: [LINE] }], [[LINE]], ['{"logs"'], [{ logs: [LINE], more: 1 }]])(
    'refuses the body %j',
    async (body) => {
      const platform = await start();
      expect((await ask(platform, 'logs', { body })).status).toBe(400);
    },
  );
});

describe('a task', () => {
  it('gets the account with its secrets for saying that it runs, and ends with its results', async () => {
    const platform = await start({ moduleConfiguration: { base_url: 'http://a.test' } });
    const answer = await tell(platform, { status: 'running' });
    expect(await answer.json()).toEqual({ module_configuration: { value: { base_url: 'http://a.test', ...SECRETS } } });
    const finished = { status: 'finished', results: { success: false }, error: 'the key does not work' };
    expect((await tell(platform, finished)).status).toBe(200);
    expect(platform.reports).toEqual([{ status: 'running' }, finished]);
  });

  it('may tell again what it saw no answer to, but goes forward only', async () => {
    const platform = await start();
    const finished = { status: 'finished', results: {} };
    expect((await tell(platform, finished)).status).toBe(409);
    for (const report of [{ status: 'running', need_secrets: true }, { status: 'running' }, finished, finished])
      expect((await tell(platform, report)).status).toBe(200);
    expect((await tell(platform, { status: 'running' })).status).toBe(409);
  });

  it.each([
    [{ status: 'done', results: {} }],
    [{ status: 'finished' }],
    [{ status: 'finished', results: true }],
    [{ status: 'finished', results: {}, success: true }],
    [{ status: 'finished', results: {}, error: null }],
    [{ status: 'running', results: {} }],
    [{}],
  ])('may not say %j', async (body) => {
    const platform = await start();
    await tell(platform, { status: 'running' });
    expect((await tell(platform, body)).status).toBe(400);
    expect(platform.reports).toHaveLength(1);
  });
});

describe("a trigger's event", () => {
  it('is kept', async () => {
    const platform = await start();
    expect((await ask(platform, 'callback', { body: { ...EVENT, directory: 'a/b' } })).status).toBe(200);
    expect(platform.events).toEqual([{ ...EVENT, directory: 'a/b' }]);
  });

  it.each([
    [{ ...EVENT, request_id: '1' }],
    [{ ...EVENT, request_id: '7d0c5b7e-1f0a-1c55-9a0e-3b6f0c1d2e4f' }],
    [{ ...EVENT, event: 'text' }],
    [{ name: EVENT.name, event: {} }],
    [{ ...EVENT, status: 'running' }],
  ])('may not be %j', async (body) => {
    const platform = await start();
    expect((await ask(platform, 'callback', { body })).status).toBe(400);
    expect(platform.events).toEqual([]);
  });
});

describe('every service', () => {
  it.each([
    ['another token', { authorization: 'Bearer another' }],
    ['no token', { authorization: '' }],
    ['another scheme', { authorization: `Token ${SYNTHETIC_TOKEN}` }],
    ['a scheme in small letters', { authorization: `bearer ${SYNTHETIC_TOKEN}` }],
  ])('refuses %s', async (_, headers) => {
    const platform = await start();
    for (const [service, method] of [
      ['secrets', 'GET'],
      ['logs', 'POST'],
      ['callback', 'PATCH'],
      ['callback', 'POST'],
    ] as const)
      expect((await ask(platform, service, { method, headers })).status).toBe(401);
  });

  it.each([
    ['secrets', 'POST', 405],
    ['logs', 'GET', 405],
    ['logs', 'PUT', 405],
    ['callback', 'GET', 405],
    ['others', 'GET', 404],
  ] as const)('%s does not know %s', async (service, method, status) => {
    expect((await ask(await start(), service, { method })).status).toBe(status);
  });

  it('takes JSON for nothing but what is called JSON', async () => {
    const platform = await start();
    const headers = { 'content-type': 'text/plain' };
    const answer = await ask(platform, 'logs', { body: { logs: [LINE] }, headers });
    expect([answer.status, await messageOf(answer)]).toEqual([400, 'Content-Type must be application/json']);
  });

  it('fails as a test wants it to, from when it wants it', async () => {
    const platform = await start();
    const statuses = async (service: 'secrets' | 'logs', times: number): Promise<number[]> => {
      const seen: number[] = [];
      const asked = service === 'logs' ? { body: { logs: [LINE] } } : { method: 'GET' };
      for (let n = 0; n < times; n += 1) seen.push((await ask(platform, service, asked)).status);
      return seen;
    };
    expect(await statuses('secrets', 1)).toEqual([200]);
    platform.playFaults({
      version: 1,
      faults: [
        {
          name: 'a',
          side: 'platform',
          when: { endpoints: ['/secrets'], times: 2 },
          effect: { kind: 'status', status: 503 },
        },
        {
          name: 'b',
          side: 'platform',
          when: { endpoints: ['/logs'], times: 1 },
          effect: { kind: 'status', status: 400 },
        },
        { name: 'c', side: 'platform', when: { endpoints: ['/logs'] }, effect: { kind: 'delay', delay_ms: 60 } },
        { name: 'd', side: 'sekoia', effect: { kind: 'status', status: 500 } },
      ],
    });
    expect(await statuses('secrets', 3)).toEqual([503, 503, 200]);
    const startedAt = performance.now();
    expect(await statuses('logs', 2)).toEqual([400, 200]);
    expect(performance.now() - startedAt).toBeGreaterThan(100);
    expect(platform.logs).toEqual([LINE]);
    platform.playFaults({ version: 1, faults: [] });
    expect(platform.stats.byStatus).toEqual({ 200: 3, 400: 1, 503: 2 });
  });
});
