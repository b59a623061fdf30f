import { afterEach, describe, expect, it } from '@jest/globals';
import type { JumpcloudSimulator } from '../../../../src/simulators/jumpcloud/simulator.js';
import { closeAll, event, NOW, post, startApi, WHOLE_DAY } from '../support.js';

afterEach(closeAll);

async function startWithSome(options = {}): Promise<JumpcloudSimulator> {
  const api = await startApi(options);
  api.add(event('08:00:00', { members: { username: 'u' } }));
  api.add(event('08:59:59.999', { members: { username: 'u' } }));
  api.add(event('10:00:00', { service: 'ldap', members: { username: 'v' } }));
  api.add(event('10:30:00', { visibleAtMs: NOW + 1, members: { username: 'w' } }));
  return api;
}

async function ask(api: JumpcloudSimulator, path: string, more = {}): Promise<unknown> {
  return (await post(api, { ...WHOLE_DAY, ...more }, { path })).json();
}

describe('counting', () => {
  it('counts what the events endpoint would return', async () => {
    const api = await startWithSome();
    expect(await ask(api, '/events/count')).toEqual({ count: 3 });
    expect(await ask(api, '/events/count', { service: ['ldap'] })).toEqual({ count: 1 });
    expect(await ask(api, '/events/count', { end_time: '2030-03-11T09:00:00Z' })).toEqual({ count: 2 });
  });

  it('is not cut by a limit', async () => {
    expect(await ask(await startWithSome(), '/events/count', { limit: 1 })).toEqual({ count: 3 });
  });
});

describe('distinct values', () => {
  it('come with their numbers, most frequent first', async () => {
    const buckets = [
      { key: 'u', doc_count: 2 },
      { key: 'v', doc_count: 1 },
    ];
    const rest = { doc_count_error_upper_bound: 0, sum_other_doc_count: 0 };
    const body = { field: 'username' };
    expect(await ask(await startWithSome(), '/events/distinct', body)).toEqual({ buckets, ...rest });
    const named = await startWithSome({ distinctShape: 'named' });
    expect(await ask(named, '/events/distinct', body)).toEqual({ username: buckets, ...rest });
  });

  it('need a field', async () => {
    expect((await post(await startApi(), WHOLE_DAY, { path: '/events/distinct' })).status).toBe(400);
  });
});

describe('intervals', () => {
  it('count by the hour', async () => {
    expect(await ask(await startWithSome(), '/events/interval', { interval_unit: 'h' })).toEqual({
      buckets: [
        { key: Date.parse('2030-03-11T08:00:00Z'), key_as_string: '2030-03-11T08:00:00.000Z', doc_count: 2 },
        { key: Date.parse('2030-03-11T10:00:00Z'), key_as_string: '2030-03-11T10:00:00.000Z', doc_count: 1 },
      ],
    });
  });

  it('begin where the time zone has it', async () => {
    const more = { interval_unit: 'd', interval_value: '1', timezone: '-0930' };
    expect(await ask(await startWithSome(), '/events/interval', more)).toMatchObject({
      buckets: [
        { key_as_string: '2030-03-10T09:30:00.000Z', doc_count: 2 },
        { key_as_string: '2030-03-11T09:30:00.000Z', doc_count: 1 },
      ],
    });
  });

  it.each([
    {},
    { interval_unit: 'y' },
    { interval_unit: 'h', interval_value: 1 },
    { interval_unit: 'h', timezone: 'Z' },
  ])('are refused for %j', async (more) => {
    expect((await post(await startApi(), { ...WHOLE_DAY, ...more }, { path: '/events/interval' })).status).toBe(400);
  });
});

describe('the statistics', () => {
  it('tell what was asked, by endpoint, status and second', async () => {
    let now = NOW;
    const api = await startApi({ now: () => now });
    await post(api, WHOLE_DAY);
    await post(api, WHOLE_DAY, { path: '/events/count' });
    now += 1000;
    await post(api, { marker: 1 });
    const root = '/insights/directory/v1';
    expect(api.stats).toMatchObject({
      requests: 3,
      byEndpoint: { [`${root}/events`]: 2, [`${root}/events/count`]: 1 },
      byStatus: { 200: 2, 400: 1 },
      maxPerSecond: 2,
    });
    expect(api.stats.recent.at(-1)).toMatchObject({ atMs: now, method: 'POST', status: 400, body: '{"marker":1}' });
  });

  it('come with headers that name the request and the time on the simulated clock', async () => {
    const { headers } = await post(await startApi(), WHOLE_DAY);
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('date')).toBe('Mon, 11 Mar 2030 12:00:00 GMT');
  });
});
