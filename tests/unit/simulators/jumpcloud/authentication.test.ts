import { afterEach, describe, expect, it } from '@jest/globals';
import type { JumpcloudSimulator } from '../../../../src/simulators/jumpcloud/simulator.js';
import { closeAll, event, NOW, post, startApi, WHOLE_DAY } from '../support.js';

afterEach(closeAll);

const [ORG_A, ORG_B] = ['a'.repeat(24), 'b'.repeat(24)];

async function ask(api: JumpcloudSimulator, headers: Record<string, string>): Promise<[number, number]> {
  const response = await post(api, WHOLE_DAY, { headers });
  const body: unknown = await response.json();
  return [response.status, Array.isArray(body) ? body.length : -1];
}

async function startWithThree(options: Parameters<typeof startApi>[0]): Promise<JumpcloudSimulator> {
  const api = await startApi(options);
  [ORG_A, ORG_B, null].forEach((organization) => api.add(event('08:00:00', { organization })));
  return api;
}

describe('an API key', () => {
  it('is needed, and must be the right one', async () => {
    const api = await startApi();
    expect((await post(api, WHOLE_DAY, { headers: { 'x-api-key': '' } })).status).toBe(401);
    expect((await post(api, WHOLE_DAY, { headers: { 'x-api-key': 'another' } })).status).toBe(401);
    expect((await post(api, WHOLE_DAY)).status).toBe(200);
  });

  it('stops to work when it is replaced', async () => {
    const api = await startApi();
    api.authentication.replaceKeys([{ key: 'new' }]);
    expect((await post(api, WHOLE_DAY)).status).toBe(401);
    expect((await post(api, WHOLE_DAY, { headers: { 'x-api-key': 'new' } })).status).toBe(200);
  });

  it('of a Command Runner gets 403, of an unlicensed organization 402', async () => {
    const api = await startApi({
      apiKeys: [
        { key: 'runner', role: 'command_runner' },
        { key: 'unpaid', licensed: false },
      ],
    });
    expect((await ask(api, { 'x-api-key': 'runner' }))[0]).toBe(403);
    expect((await ask(api, { 'x-api-key': 'unpaid' }))[0]).toBe(402);
  });
});

describe('the organization', () => {
  it('is chosen with x-org-id', async () => {
    const api = await startWithThree({ apiKeys: [{ key: 'k', organizations: [ORG_A, ORG_B] }] });
    expect(await ask(api, { 'x-api-key': 'k' })).toEqual([200, 2]);
    expect(await ask(api, { 'x-api-key': 'k', 'x-org-id': ORG_A })).toEqual([200, 1]);
    expect(await ask(api, { 'x-api-key': 'k', 'x-org-id': 'c'.repeat(24) })).toEqual([403, -1]);
  });

  it('is one with a strange name when several are folded into one value', async () => {
    const api = await startWithThree({ apiKeys: [{ key: 'k', organizations: [ORG_A, ORG_B] }] });
    expect(await ask(api, { 'x-api-key': 'k', 'x-org-id': `${ORG_A}, ${ORG_B}` })).toEqual([403, -1]);
  });

  it('must be named by a multi-tenant administrator, who may ask for the portal too', async () => {
    const api = await startWithThree({ apiKeys: [{ key: 'k', multiTenant: true }] });
    expect(await ask(api, { 'x-api-key': 'k' })).toEqual([400, -1]);
    expect(await ask(api, { 'x-api-key': 'k', 'x-org-id': ORG_B })).toEqual([200, 1]);
    expect(await ask(api, { 'x-api-key': 'k', 'x-provider-id': 'p' })).toEqual([200, 1]);
  });
});

describe('a service account', () => {
  const serviceAccount = { clientId: 'client', clientSecret: 'synthetic', organizations: [ORG_A] };

  function askToken(api: JumpcloudSimulator, pair: string, form: Record<string, string>): Promise<Response> {
    return fetch(`${api.url}/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
      body: new URLSearchParams(form),
    });
  }

  const FORM = { grant_type: 'client_credentials', scope: 'api' };

  it('gets a token that works with x-org-id until it expires or is revoked', async () => {
    let now = NOW;
    const api = await startWithThree({ serviceAccount, now: () => now });
    const answer = (await (await askToken(api, 'client:synthetic', FORM)).json()) as Record<string, unknown>;
    expect(answer).toMatchObject({ token_type: 'bearer', expires_in: 3600 });
    const bearer = { 'x-api-key': '', authorization: `Bearer ${String(answer.access_token)}` };
    expect((await ask(api, bearer))[0]).toBe(400);
    expect(await ask(api, { ...bearer, 'x-org-id': ORG_A })).toEqual([200, 1]);
    now += 3_600_000;
    expect((await ask(api, { ...bearer, 'x-org-id': ORG_A }))[0]).toBe(401);
    now = NOW;
    api.authentication.revokeTokens();
    expect((await ask(api, { ...bearer, 'x-org-id': ORG_A }))[0]).toBe(401);
  });

  it.each([
    ['the secret', 'client:wrong', FORM, 401],
    ['the scope', 'client:synthetic', { ...FORM, scope: '' }, 403],
    ['the grant type', 'client:synthetic', { ...FORM, grant_type: 'password' }, 400],
  ])('is refused when %s is wrong', async (_, pair, form, status) => {
    const api = await startApi({ serviceAccount });
    expect((await askToken(api, pair, form)).status).toBe(status);
  });

  it('that was not given the scope is told 403, not 401', async () => {
    const api = await startApi({ serviceAccount: { ...serviceAccount, scopes: [] } });
    expect((await askToken(api, 'client:synthetic', FORM)).status).toBe(403);
    expect((await askToken(api, 'client:wrong', FORM)).status).toBe(401);
  });

  it('may be given another secret', async () => {
    const api = await startApi({ serviceAccount });
    api.authentication.replaceServiceAccount({ ...serviceAccount, clientSecret: 'new' });
    expect((await askToken(api, 'client:synthetic', FORM)).status).toBe(401);
    expect((await askToken(api, 'client:new', FORM)).status).toBe(200);
  });

  it('has no token endpoint when there is none', async () => {
    expect((await askToken(await startApi(), 'a:b', FORM)).status).toBe(404);
  });
});

describe('the rate limit', () => {
  it('answers 429 with Retry-After, and recovers with time', async () => {
    let now = NOW;
    const api = await startApi({ now: () => now, rateLimit: { requestsPerSecond: 2, retryAfterSeconds: 3 } });
    const statuses = [];
    for (let index = 0; index < 3; index++) statuses.push((await post(api, WHOLE_DAY)).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await post(api, WHOLE_DAY)).headers.get('retry-after')).toBe('3');
    now += 500;
    expect((await post(api, WHOLE_DAY)).status).toBe(200);
    expect((await post(api, WHOLE_DAY)).status).toBe(429);
  });

  it('does not save up what was not used', async () => {
    let now = NOW;
    const api = await startApi({ now: () => now, rateLimit: { requestsPerSecond: 1 } });
    await post(api, WHOLE_DAY);
    now += 3_600_000;
    expect((await post(api, WHOLE_DAY)).status).toBe(200);
    expect((await post(api, WHOLE_DAY)).status).toBe(429);
  });

  it('may be silent about when to come back', async () => {
    const api = await startApi({ rateLimit: { requestsPerSecond: 1, burst: 1, retryAfterSeconds: null } });
    await post(api, WHOLE_DAY);
    const response = await post(api, WHOLE_DAY);
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, null]);
  });
});
