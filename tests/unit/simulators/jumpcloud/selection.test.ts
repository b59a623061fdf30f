import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createEventGenerator } from '../../../../src/simulators/events/event-generator.js';
import { SYNTHETIC_API_KEY } from '../../../../src/simulators/jumpcloud/options.js';
import { closeAll, event, NOW, page, post, startApi, WHOLE_DAY } from '../support.js';

afterEach(closeAll);

describe('the rows of an answer', () => {
  it('have the exact bytes of the events', async () => {
    const api = await startApi();
    const generator = createEventGenerator({ seed: 4, oddShare: 1, spacedShare: 0.5 });
    const events = [...generator.spread({ fromMs: NOW - 3_600_000, toMs: NOW - 1000, count: 500 })];
    // Generated order is not the order of timestamps, and some are in the future.
    events.forEach((one) => api.add(one));
    const body = await (await post(api, { service: ['all'], start_time: '2030-03-11T00:00:00Z' })).text();
    for (const { text } of events) expect(body).toContain(text);
    expect(Buffer.byteLength(body)).toBe(events.reduce((sum, { text }) => sum + Buffer.byteLength(text) + 1, 1));
  });

  it('may be of 300 KB', async () => {
    const api = await startApi();
    const large = createEventGenerator({ seed: 4 }).sized({ bytes: 300_000, occurredAtMs: NOW - 60_000 });
    api.add(large);
    const response = await post(api, { service: ['all'], start_time: '2030-03-11T00:00:00Z' });
    expect(await response.text()).toBe(`[${large.text}]`);
  });

  it('are sorted by millisecond, within it in an arbitrary but stable order', async () => {
    const nanos = ['08:00:00.001000001', '08:00:00.001000002', '08:00:00.001000003', '08:00:00.001000004'];
    const rows = [...nanos, '08:00:00', '08:00:00.0005', '08:00:00.002'].map((at) => event(at));
    const api = await startApi();
    rows.toReversed().forEach((one) => api.add(one));
    const { ids } = await page(api, WHOLE_DAY);
    const ms = ids.map((id) => rows.find((row) => row.id === id)?.timestampMs);
    expect(ms).toEqual([...ms].sort((a, b) => Number(a) - Number(b)));
    expect((await page(api, WHOLE_DAY)).ids).toEqual(ids);
  });

  it('are sorted by nanosecond when so configured', async () => {
    const api = await startApi({ sortPrecision: 'ns' });
    const rows = Array.from({ length: 9 }, (_, index) => event(`08:00:00.00100000${index + 1}`));
    rows.toReversed().forEach((one) => api.add(one));
    expect((await page(api, WHOLE_DAY)).ids).toEqual(rows.map(({ id }) => id));
  });

  it('are those of the services asked for; all includes services that cannot be named', async () => {
    const api = await startApi();
    const [sso, radius, unknown] = [
      event('08:00:00'),
      event('08:00:01', { service: 'radius' }),
      event('08:00:02', { service: 'quantum_vault' }),
    ];
    [sso, radius, unknown].forEach((one) => api.add(one));
    expect((await page(api, { ...WHOLE_DAY, service: ['radius', 'ldap'] })).ids).toEqual([radius.id]);
    expect((await page(api, WHOLE_DAY)).ids).toEqual([sso.id, radius.id, unknown.id]);
  });

  it('leave out of all what is configured to be outside of it', async () => {
    const api = await startApi({ servicesOutsideAll: ['pam'], supportedServices: ['pam', 'sso'] });
    api.add(event('08:00:00', { service: 'pam' }));
    expect((await page(api, WHOLE_DAY)).ids).toHaveLength(0);
    expect((await page(api, { ...WHOLE_DAY, service: ['pam'] })).ids).toHaveLength(1);
  });

  it.each([
    [true, true, ['08', '09', '10']],
    [false, true, ['09', '10']],
    [true, false, ['08', '09']],
    [false, false, ['09']],
  ])('keep to the bounds (start inclusive: %p, end inclusive: %p)', async (startInclusive, endInclusive, hours) => {
    const api = await startApi({ startInclusive, endInclusive });
    const rows = ['08', '09', '10'].map((hour) => event(`${hour}:00:00`));
    rows.forEach((one) => api.add(one));
    const bounds = { start_time: '2030-03-11T08:00:00Z', end_time: '2030-03-11T10:00:00Z' };
    const { ids } = await page(api, { ...WHOLE_DAY, ...bounds });
    expect(ids).toEqual(rows.filter((_, index) => hours.includes(['08', '09', '10'][index]!)).map(({ id }) => id));
  });

  it('appear when their time has come', async () => {
    let now = NOW;
    const api = await startApi({ now: () => now });
    api.add(event('08:00:00', { visibleAtMs: NOW + 5000 }));
    expect((await page(api, WHOLE_DAY)).ids).toHaveLength(0);
    now += 4999;
    expect((await page(api, WHOLE_DAY)).ids).toHaveLength(0);
    now += 1;
    expect((await page(api, WHOLE_DAY)).ids).toHaveLength(1);
  });

  it('are gone after 90 days', async () => {
    let now = NOW;
    const api = await startApi({ now: () => now });
    api.add(event('08:00:00'));
    now = Date.parse('2030-06-09T07:59:59Z');
    expect((await page(api, WHOLE_DAY)).ids).toHaveLength(1);
    now = Date.parse('2030-06-09T08:00:01Z');
    expect((await page(api, WHOLE_DAY)).ids).toHaveLength(0);
  });

  it('may be projected, which drops what was not asked for', async () => {
    const api = await startApi();
    api.add(event('08:00:00', { id: 'a'.repeat(24), members: { initiated_by: { username: 'u', type: 'user' } } }));
    const response = await post(api, { ...WHOLE_DAY, fields: ['id', 'initiated_by.username', 'unheard_of'] });
    expect(await response.json()).toEqual([{ id: 'a'.repeat(24), initiated_by: { username: 'u' } }]);
  });

  it('may begin at an offset', async () => {
    const api = await startApi();
    const rows = ['08:00:00', '08:00:01', '08:00:02'].map((at) => event(at));
    rows.forEach((one) => api.add(one));
    expect((await page(api, { ...WHOLE_DAY, skip: 2 })).ids).toEqual([rows[2]!.id]);
  });
});

describe('a filter', () => {
  it.each([
    [{ search_term: { and: [{ username: 'u' }, { success: 'false' }] } }, ['one']],
    [{ search_term: { or: [{ username: 'v' }, { 'outer.eap_type': 'peap' }] } }, ['one', 'two']],
    [{ search_term: { and: [{ username: ['u', 'v'] }] } }, ['one', 'two']],
    [{ search_term: { not: [{ username: 'u' }] } }, ['two']],
    [{ search_term: { and: [{ 'outer.eap_type': 'PEAP' }] } }, []],
    [{ q: 'pea' }, ['one']],
    [{ exact_match: 'v' }, ['two']],
  ])('%j lets through %j', async (filter, expected) => {
    const api = await startApi();
    api.add(event('08:00:00', { id: 'one', members: { username: 'U', success: false, outer: { eap_type: 'PEAP' } } }));
    api.add(event('08:00:01', { id: 'two', members: { username: 'v', success: true } }));
    expect((await page(api, { ...WHOLE_DAY, ...filter })).ids).toEqual(expected);
    const count = await post(api, { ...WHOLE_DAY, ...filter }, { path: '/events/count' });
    expect(await count.json()).toEqual({ count: expected.length });
  });

  it('with two operators is refused', async () => {
    const api = await startApi();
    expect((await post(api, { ...WHOLE_DAY, search_term: { and: [], or: [] } })).status).toBe(400);
  });
});

describe('compression', () => {
  it('is used for clients that accept it, and not for others', async () => {
    const api = await startApi();
    for (let index = 0; index < 20; index++) api.add(event('08:00:00'));
    const ask = (encoding: string): Promise<Response> =>
      post(api, WHOLE_DAY, { headers: { 'accept-encoding': encoding } });
    const [zipped, plain] = [await ask('gzip'), await ask('identity')];
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await zipped.text()).toBe(await plain.text());
  });

  it('is real', async () => {
    const { request } = await import('node:http');
    const api = await startApi();
    for (let index = 0; index < 20; index++) api.add(event('08:00:00'));
    const headers = { 'content-type': 'application/json', 'x-api-key': SYNTHETIC_API_KEY, 'accept-encoding': 'gzip' };
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      const sent = request(`${api.url}/insights/directory/v1/events`, { method: 'POST', headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => resolve(Buffer.concat(chunks)));
      });
      sent.on('error', reject);
      sent.end(JSON.stringify(WHOLE_DAY));
    });
    expect(JSON.parse(gunzipSync(bytes).toString())).toHaveLength(20);
  });
});
