import { afterEach, describe, expect, it } from '@jest/globals';
import { closeAll, messageOf, post, startApi, WHOLE_DAY } from '../support.js';

afterEach(closeAll);

async function refusalOf(body: unknown, more = {}): Promise<{ status: number; message: string }> {
  const api = await startApi();
  const response = await post(api, body, more);
  return { status: response.status, message: await messageOf(response) };
}

describe('a query is refused', () => {
  it('when start_time is missing', async () => {
    expect(await refusalOf({ ...WHOLE_DAY, start_time: undefined })).toEqual({
      status: 400,
      message: 'start_time is required',
    });
  });

  it.each([
    'yesterday',
    '2030-03-11',
    '2030-03-11 08:00:00Z',
    '2030-03-11T08:00:00',
    '2030-03-11T08:00:00Z\n',
    '2030-02-30T08:00:00Z',
    1_900_000_000,
  ])('when start_time is %p', async (start_time) => {
    expect((await refusalOf({ ...WHOLE_DAY, start_time })).status).toBe(400);
  });

  it('when start_time is in the future', async () => {
    const { status, message } = await refusalOf({ service: ['all'], start_time: '2030-03-11T12:00:01Z' });
    expect([status, message]).toEqual([400, expect.stringContaining('future')]);
  });

  it('in the literal words when the end is before the start', async () => {
    const body = { ...WHOLE_DAY, start_time: '2030-03-11T09:02:00Z', end_time: '2030-03-11T09:00:00Z' };
    expect(await refusalOf(body)).toEqual({
      status: 400,
      message: 'Start Time not after End Time 2030-03-11T09:02:00Z > 2030-03-11T09:00:00Z',
    });
  });

  it('when the bounds are equal, unless configured otherwise', async () => {
    const body = { ...WHOLE_DAY, end_time: WHOLE_DAY.start_time };
    expect((await refusalOf(body)).status).toBe(400);
    expect((await post(await startApi({ equalBounds: 'answer' }), body)).status).toBe(200);
  });

  it.each([[['sso', 'nonsense']], [['sso,ldap']], [['alert']], [['SSO']]])(
    'when service is %j, with a list of the supported ones',
    async (service) => {
      const { status, message } = await refusalOf({ ...WHOLE_DAY, service });
      expect(status).toBe(400);
      expect(message).toContain(JSON.stringify(service.at(-1)));
      for (const name of ['all', 'alerts', 'saas_app_management', 'sso', 'workflows']) expect(message).toContain(name);
    },
  );

  it.each([[undefined], ['sso'], [[]], [[7]]])('when service is %j', async (service) => {
    expect((await refusalOf({ ...WHOLE_DAY, service })).status).toBe(400);
  });

  it.each([[[]], [['nothing_known']], ['id']])('when fields is %j', async (fields) => {
    expect((await refusalOf({ ...WHOLE_DAY, fields })).status).toBe(400);
  });

  it.each([['not json'], ['[]'], ['"text"'], ['']])('when the body is %j', async (body) => {
    expect((await refusalOf(body)).status).toBe(400);
  });

  it('when the content type is not JSON', async () => {
    const { status } = await refusalOf(WHOLE_DAY, { headers: { 'content-type': 'text/plain' } });
    expect(status).toBe(400);
  });

  it('when q and exact_match come together', async () => {
    expect((await refusalOf({ ...WHOLE_DAY, q: 'a', exact_match: 'b' })).status).toBe(400);
  });

  it('with 404 on another path and 405 for another method', async () => {
    const api = await startApi();
    expect((await post(api, WHOLE_DAY, { path: '/nothing' })).status).toBe(404);
    expect((await fetch(`${api.url}/insights/directory/v1/events`)).status).toBe(405);
  });
});

describe('a query is accepted', () => {
  it.each([
    '2030-03-11T08:00:00.123456Z',
    '2030-03-11T08:00:00+00:00',
    '2030-03-11T08:00:00-03:30',
    '2030-03-11t08:00:00z',
  ])('with start_time %s', async (start_time) => {
    const api = await startApi();
    expect((await post(api, { service: ['all'], start_time })).status).toBe(200);
  });

  it('with a charset beside the content type', async () => {
    const api = await startApi();
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    expect((await post(api, WHOLE_DAY, { headers })).status).toBe(200);
  });
});
