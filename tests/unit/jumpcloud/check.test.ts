import { describe, expect, it } from '@jest/globals';

import { jumpcloudDirectoryInsightsConnector } from '../../../src/jumpcloud/connector.js';
import { connectorArgumentsSchema, moduleConfigurationSchema } from '../../../src/jumpcloud/configuration.generated.js';
import { isAbort } from '../../../src/sdk/errors.js';
import type { HttpRequest, HttpTransport } from '../../../src/sdk/ports.js';
import type { CheckResult } from '../../../src/sdk/trigger.js';
import { pageAnswer } from '../../support/api.js';
import { apiEvent, API_HOST, ConnectorWorld, defaultsOf, fault, INTAKE_HOST } from '../../support/connector-world.js';
import { ManualClock, MANUAL_CLOCK_START_MS } from '../../support/manual-clock.js';
import {
  inTurn,
  type Script,
  type ScriptedAnswer,
  ScriptedTransport,
  systemError,
} from '../../support/scripted-transport.js';
import { seededRandom } from '../../support/seeded-random.js';

const API_KEY = 'jca_secret-of-this-test';
const INTAKE_KEY = 'IntakeSecretOfThisTest';

const STAGES = [
  'name resolution',
  'connection',
  'TLS',
  'address',
  'answer',
  'API key',
  'licence',
  'role',
  'query',
  'services',
].map((stage) => `JumpCloud ${stage}`);

/** One event, and one organization that it is of. */
const HEALTHY: Script = ({ url }) =>
  url.endsWith('/distinct')
    ? { body: '{"buckets":[{"key":"org-1","doc_count":7}]}' }
    : pageAnswer(['{"id":"1","timestamp":"2030-01-02T00:00:00Z"}'], { limit: 1, token: '[1]' });

interface Examination {
  readonly module?: Readonly<Record<string, unknown>>;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly clock?: ManualClock;
  readonly signal?: AbortSignal;
}

async function examine(transport: HttpTransport, options: Examination = {}): Promise<CheckResult[]> {
  const { clock = new ManualClock({ autoAdvance: true }), signal = new AbortController().signal } = options;
  const connector = jumpcloudDirectoryInsightsConnector;
  const account = { base_url: `https://${API_HOST}`, apikey: API_KEY };
  const server = { intake_key: INTAKE_KEY, intake_server: `https://${INTAKE_HOST}` };
  const configuration = {
    module: { ...defaultsOf(moduleConfigurationSchema), ...account, ...options.module },
    arguments: { ...defaultsOf(connectorArgumentsSchema), ...server, ...options.arguments },
  };
  const { settings } = connector.configure(configuration, clock.now());
  const results: CheckResult[] = [];
  for await (const result of connector.check(settings, { clock, random: seededRandom(), transport, signal }))
    results.push(result);
  return results;
}

/** The API answers as scripted; the intake as it does a request without a key. */
function apiAnswers(script: Script): ScriptedTransport {
  let asked = 0;
  return new ScriptedTransport((request) => {
    if (new URL(request.url).host === INTAKE_HOST) return { status: 405 };
    asked += 1;
    return script(request, asked);
  });
}

function toApi({ requests }: ScriptedTransport): HttpRequest[] {
  return requests.filter(({ url }) => new URL(url).host === API_HOST);
}

function finding(results: readonly CheckResult[], name: string): CheckResult | undefined {
  return results.find((result) => result.name === name);
}

function refused(status: number, message: string): ScriptedAnswer {
  return { status, body: JSON.stringify({ message }), headers: { date: 'Wed, 02 Jan 2030 03:04:05 GMT' } };
}

function dateHeader(aheadMs: number): string {
  return new Date(MANUAL_CLOCK_START_MS + aheadMs).toUTCString();
}

describe('check', () => {
  it('passes every stage of a healthy account, in order, and says where the first run begins', async () => {
    const results = await examine(apiAnswers(HEALTHY), { arguments: { start_from: '2030-01-01T05:00:00+02:00' } });
    expect(results.map(({ name }) => name)).toEqual([
      'start',
      ...STAGES,
      'JumpCloud organization',
      'intake reachable',
      'intake key form',
    ]);
    expect(new Set(results.map(({ state }) => state))).toEqual(new Set(['passed']));
    expect(results[0]?.detail).toBe('the first run collects from 2030-01-01T03:00:00Z on');
  });

  it('asks for a single event, though the account has many', async () => {
    const transport = apiAnswers(HEALTHY);
    await examine(transport);
    const asked = toApi(transport).map(({ url }) => new URL(url).pathname.split('/v1')[1]);
    expect(asked).toEqual(['/events', '/events/distinct']);
    expect(JSON.parse(String(toApi(transport)[0]?.body))).toMatchObject({ limit: 1 });
    expect(transport.openBodies).toBe(0);
  });

  it.each<[string, ScriptedAnswer | Error, string, readonly [RegExp, RegExp]]>([
    ['a name that does not resolve', systemError('ENOTFOUND'), 'name resolution', [/ENOTFOUND/, /spelling.*DNS/]],
    ['a resolver out of order', systemError('EAI_AGAIN'), 'name resolution', [/EAI_AGAIN/, /spelling.*DNS/]],
    [
      'a refused connection',
      systemError('ECONNREFUSED'),
      'connection',
      [/ECONNREFUSED/, /port, firewalls and proxies/],
    ],
    ['silence', systemError('UND_ERR_HEADERS_TIMEOUT'), 'connection', [/TIMEOUT/, /port, firewalls and proxies/]],
    [
      'a self-signed certificate',
      systemError('DEPTH_ZERO_SELF_SIGNED_CERT'),
      'TLS',
      [/SELF_SIGNED/, /NODE_EXTRA_CA_CERTS/],
    ],
    ['an expired certificate', systemError('CERT_HAS_EXPIRED'), 'TLS', [/EXPIRED/, /clock of this machine/]],
    ['a 404', { status: 404 }, 'address', [/answered 404/, /https:\/\/api\.eu\.jumpcloud\.com/]],
    ['a redirect', { status: 302 }, 'address', [/answered 302/, /redirects are not followed/]],
    [
      'an answer in HTML',
      { body: '<html>sign in</html>' },
      'answer',
      [/no list of events/, /no proxy answers in place/],
    ],
    ['an empty answer', { body: '' }, 'answer', [/no list of events/, /no proxy answers in place/]],
    ['a 429', { status: 429 }, 'answer', [/answered 429/, /again in a minute.*same API key/]],
    ['a 429 for an hour', { status: 429, headers: { 'retry-after': '3600' } }, 'answer', [/429/, /again in a minute/]],
    ['a 500', { status: 500 }, 'answer', [/answered 500/, /status page/]],
    ['a 503', { status: 503 }, 'answer', [/answered 503/, /status page/]],
    ['a 405', { status: 405 }, 'answer', [/answered 405/, /no proxy answers in place/]],
    ['a 409', { status: 409 }, 'answer', [/answered 409/, /no proxy answers in place/]],
    ['a 501', { status: 501 }, 'answer', [/answered 501/, /no proxy answers in place/]],
    [
      'a 401',
      refused(401, 'Unauthorized'),
      'API key',
      [/401: Unauthorized/, /API key \(apikey\).*base_url is the region/],
    ],
    ['a 402', refused(402, 'not enabled'), 'licence', [/402: not enabled/, /ask JumpCloud to enable it/]],
    ['a 403', refused(403, 'Forbidden'), 'role', [/403: Forbidden/, /role that may.*API access enabled/]],
    ['times refused', refused(400, 'Start Time in the future'), 'query', [/Start Time in the future/, /clock .* NTP/]],
    [
      'a missing organization',
      refused(400, 'x-org-id is required'),
      'query',
      [/x-org-id/, /settings that the answer names/],
    ],
    ['an unknown service', refused(400, 'unknown service "x"'), 'services', [/unknown service/, /unlisted:NAME/]],
    ['a service and its time', refused(400, 'bad service at this time'), 'services', [/bad service/, /unlisted:NAME/]],
  ])('stops at the stage of %s, and names its remedy', async (_, answer, stage, [detail, remedy]) => {
    const results = await examine(apiAnswers(inTurn(answer)));
    const at = STAGES.indexOf(`JumpCloud ${stage}`);
    const states = STAGES.map((name) => finding(results, name)?.state);
    expect(states).toEqual(STAGES.map((__, index) => (index < at ? 'passed' : index === at ? 'failed' : 'skipped')));
    const failed = finding(results, `JumpCloud ${stage}`);
    expect(failed?.detail).toMatch(detail);
    expect(failed?.detail).not.toContain('\n');
    expect(failed?.remedy).toMatch(remedy);
    for (const name of STAGES.slice(at + 1))
      expect(finding(results, name)?.detail).toBe(`not reached: ${stage} failed`);
    expect(finding(results, 'JumpCloud organization')).toBeUndefined();
    expect(finding(results, 'intake reachable')?.state).toBe('passed');
  });

  it('judges a refusal by what the API says, not by the name of its host', async () => {
    const transport = new ScriptedTransport(() => refused(400, 'start_time is not a date'));
    const results = await examine(transport, { module: { base_url: 'https://service.example.test' } });
    expect(finding(results, 'JumpCloud query')?.state).toBe('failed');
  });

  it.each([429, 503])('tries a %i again for a moment', async (status) => {
    const clock = new ManualClock({ autoAdvance: true });
    const busy = { status, headers: { 'retry-after': '1' } };
    const transport = apiAnswers((request, n) => (n === 1 ? busy : HEALTHY(request, n)));
    const results = await examine(transport, { clock });
    expect(results.every(({ state }) => state === 'passed')).toBe(true);
    expect(clock.monotonic()).toBeLessThan(5000);
  });

  it('gives up soon where the trouble stays', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    await examine(apiAnswers(inTurn({ status: 503 })), { clock });
    expect(clock.monotonic()).toBeLessThan(5000);
  });

  it('does not hammer an API that refuses the key', async () => {
    const transport = apiAnswers(inTurn(refused(401, 'Unauthorized')));
    await examine(transport);
    expect(toApi(transport)).toHaveLength(1);
  });

  it.each([
    ['is right', 0, 'passed', /^within 0 s of JumpCloud's$/],
    ['is a little late', 30_000, 'passed', /^within 30 s/],
    ['is behind', 3_600_000, 'warning', /^3600 s behind JumpCloud's$/],
    // The header counts whole seconds: up to one of them is not known.
    ['is ahead', -3_600_000, 'warning', /^3(600|599) s ahead of JumpCloud's$/],
  ])('says when the clock of this machine %s', async (_, aheadMs, state, detail) => {
    const headers = { date: dateHeader(aheadMs) };
    const results = await examine(apiAnswers((request, n) => merge(HEALTHY(request, n) as ScriptedAnswer, headers)));
    const clock = finding(results, 'clock');
    expect(clock).toMatchObject({ state, detail: expect.stringMatching(detail) });
    if (state === 'warning') expect(clock?.remedy).toMatch(/NTP/);
    else expect(clock).not.toHaveProperty('remedy');
  });

  it('says so after a failure too, where it may be the cause', async () => {
    const answer = merge(refused(400, 'Start Time in the future'), { date: dateHeader(-3 * 86_400_000) });
    const results = await examine(apiAnswers(inTurn(answer)));
    expect(finding(results, 'clock')).toMatchObject({ state: 'warning', detail: expect.stringContaining('ahead of') });
  });

  it.each([
    ['one', ['a'], undefined, { state: 'passed', detail: '5 events of 1 organization in the last day' }],
    ['none', [], undefined, { state: 'passed', detail: '0 events of 0 organizations in the last day' }],
    ['several', ['a', 'b'], undefined, { state: 'warning', remedy: expect.stringContaining('organization_id') }],
    [
      'several, one chosen',
      ['a', 'b'],
      'a',
      { state: 'passed', detail: '10 events of 2 organizations in the last day' },
    ],
  ])('counts the organizations: %s', async (_, keys, chosen, expected) => {
    const buckets = keys.map((key) => ({ key, doc_count: 5 }));
    const transport = apiAnswers((request, n) =>
      request.url.endsWith('/distinct') ? { body: JSON.stringify({ buckets }) } : HEALTHY(request, n),
    );
    const results = await examine(transport, { module: chosen === undefined ? {} : { organization_id: chosen } });
    expect(finding(results, 'JumpCloud organization')).toMatchObject(expected);
    expect(toApi(transport).every(({ headers }) => headers['x-org-id'] === chosen)).toBe(true);
  });

  it.each([
    [3, 'passed'],
    [0, 'warning'],
  ] as const)('tells how many events pass the filter: %i', async (passing, state) => {
    const transport = apiAnswers((request, n) => {
      if (!request.url.endsWith('/count')) return HEALTHY(request, n);
      const isFiltered = Buffer.from(request.body ?? '')
        .toString()
        .includes('search_term');
      return { body: `{"count":${isFiltered ? passing : 9}}` };
    });
    const results = await examine(transport, { arguments: { search_term: { and: [{ success: 'false' }] } } });
    const detail = `${passing} of 9 events in the last day pass {"and":[{"success":"false"}]}`;
    expect(finding(results, 'JumpCloud filter')).toMatchObject({ state, detail });
    const read = toApi(transport).filter(({ url }) => url.endsWith('/events'));
    for (const { body } of read) expect(Buffer.from(body ?? '').toString()).toContain('"search_term":{"and"');
    expect(read.length).toBeGreaterThan(0);
  });

  it('goes on where the organizations are not known', async () => {
    const transport = apiAnswers((request, n) =>
      request.url.endsWith('/distinct') ? { status: 500 } : HEALTHY(request, n),
    );
    const results = await examine(transport);
    expect(finding(results, 'JumpCloud organization')).toMatchObject({
      state: 'warning',
      detail: expect.stringMatching(/^not known: .*answered 500/),
    });
    expect(results.at(-1)?.name).toBe('intake key form');
  });

  it('writes no secret, though the other side repeats it', async () => {
    const answer = { status: 401, body: `{"message":"no such key ${API_KEY} of ${API_KEY}"}` };
    const results = await examine(apiAnswers(inTurn(answer)));
    expect(JSON.stringify(results)).not.toMatch(new RegExp(`${API_KEY}|${INTAKE_KEY}`));
    expect(finding(results, 'JumpCloud API key')?.detail).toContain('no such key');
  });

  it('posts nothing to the intake and gives it no key', async () => {
    const transport = apiAnswers(HEALTHY);
    await examine(transport);
    const asked = transport.requests.filter(({ url }) => new URL(url).host === INTAKE_HOST);
    expect(asked).toMatchObject([{ method: 'GET' }]);
    expect(asked[0]).not.toHaveProperty('body');
    expect(JSON.stringify(asked)).not.toContain(INTAKE_KEY);
  });

  it.each([
    ['while the API is silent', () => new Promise<ScriptedAnswer>(() => undefined)],
    ['between two tries', () => ({ status: 503 })],
  ])('ends at once when it is told to, %s', async (_, answer) => {
    const controller = new AbortController();
    const transport: HttpTransport = {
      request: async (request) => {
        queueMicrotask(() => controller.abort());
        const scripted = new ScriptedTransport(answer).request({ ...request });
        const aborted = new Promise<never>((__, reject) => {
          request.signal?.addEventListener('abort', () =>
            reject(Object.assign(new Error('x'), { name: 'AbortError' })),
          );
        });
        return Promise.race([scripted, aborted]);
      },
    };
    const ended = examine(transport, { clock: new ManualClock(), signal: controller.signal });
    expect(isAbort(await ended.catch((thrown: unknown) => thrown))).toBe(true);
  });

  it('lets a defect of its own be seen', async () => {
    const transport = apiAnswers((request, n) => HEALTHY(request, n));
    const broken: HttpTransport = {
      request: async (request) => ({ ...(await transport.request(request)), headers: null as never }),
    };
    await expect(examine(broken)).rejects.toThrow(TypeError);
  });
});

describe('check against the simulated API', () => {
  function world(options: ConstructorParameters<typeof ConnectorWorld>[0]): ConnectorWorld {
    const made = new ConnectorWorld(options);
    const text = '{"id":"e1","timestamp":"2030-01-02T03:03:05Z","service":"sso","organization":"org"}';
    made.add(apiEvent('e1', Date.UTC(2030, 0, 2, 3, 3, 5), { text }));
    return made;
  }

  it('finds the API, the organization and the intake, and leaves no event behind', async () => {
    const { transport, clock, intake } = world({ jumpcloud: { apiKeys: [{ key: API_KEY }] } });
    const results = await examine(transport, { clock });
    expect(results.filter(({ state }) => state !== 'passed')).toEqual([]);
    expect(finding(results, 'JumpCloud organization')?.detail).toBe('1 event of 1 organization in the last day');
    expect(intake.received.events).toBe(0);
  });

  it.each([
    ['another key', { apiKeys: [{ key: 'other' }] }, 'API key'],
    ['no licence', { apiKeys: [{ key: API_KEY, licensed: false }] }, 'licence'],
    ['a role without access', { apiKeys: [{ key: API_KEY, role: 'command_runner' as const }] }, 'role'],
    ['several tenants', { apiKeys: [{ key: API_KEY, multiTenant: true }] }, 'query'],
    ['services of its own', { apiKeys: [{ key: API_KEY }], supportedServices: ['ldap'] }, 'services'],
  ])('recognises %s', async (_, jumpcloud, stage) => {
    const { transport, clock } = world({ jumpcloud });
    const results = await examine(transport, { clock, arguments: { service: 'sso' } });
    expect(results.filter(({ state }) => state === 'failed')).toMatchObject([
      { name: `JumpCloud ${stage}`, remedy: expect.stringMatching(/\w/) },
    ]);
  });

  it('waits a fault of the API out', async () => {
    const jumpcloud = { apiKeys: [{ key: API_KEY }] };
    const busy = fault('jumpcloud', { kind: 'status', status: 503 }, { to_request: 1 });
    const { transport, clock } = world({ jumpcloud, faults: [busy] });
    expect((await examine(transport, { clock })).filter(({ state }) => state === 'failed')).toEqual([]);
  });

  it('tells of a clock so far ahead that the API refuses its times', async () => {
    const { transport } = world({ jumpcloud: { apiKeys: [{ key: API_KEY }] } });
    const clock = new ManualClock({ autoAdvance: true, nowMs: MANUAL_CLOCK_START_MS + 3 * 86_400_000 });
    const results = await examine(transport, { clock });
    expect(finding(results, 'JumpCloud query')).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('Start Time in the future'),
      remedy: expect.stringContaining('NTP'),
    });
    expect(finding(results, 'clock')).toMatchObject({ state: 'warning', detail: expect.stringContaining('ahead') });
  });
});

function merge(answer: ScriptedAnswer, headers: Readonly<Record<string, string>>): ScriptedAnswer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

describe('check by service account', () => {
  const TOKEN_HOST = 'tokens.example.test';
  const SERVICE_ACCOUNT = {
    apikey: undefined,
    client_id: 'client-of-this-test',
    client_secret: 'synthetic-secret-4242',
    organization_id: 'org-1',
    token_url: `https://${TOKEN_HOST}/oauth2/token`,
  };
  const TOKEN = { body: '{"access_token":"synthetic-token-4242","token_type":"bearer","expires_in":3600}' };

  async function examineBy(token: ScriptedAnswer | Error, api: Script = HEALTHY) {
    const transport = apiAnswers((request, n) => {
      if (new URL(request.url).host !== TOKEN_HOST) return api(request, n);
      if (token instanceof Error) throw token;
      return token;
    });
    const results = await examine(transport, { module: SERVICE_ACCOUNT });
    expect(JSON.stringify(results)).not.toMatch(/4242|client-of-this-test/);
    return { transport, results, failed: results.filter(({ state }) => state === 'failed') };
  }

  it('passes with one token, and says that it is by service account', async () => {
    const { transport, results, failed } = await examineBy(TOKEN);
    expect(failed).toEqual([]);
    expect(finding(results, 'JumpCloud service account scope')?.state).toBe('passed');
    expect(finding(results, 'JumpCloud access token')?.state).toBe('passed');
    expect(finding(results, 'JumpCloud API key')).toBeUndefined();
    expect(transport.requests.filter(({ url }) => url === SERVICE_ACCOUNT.token_url)).toHaveLength(1);
  });

  it.each<[string, ScriptedAnswer | Error, string, RegExp]>([
    ['a wrong client', { status: 401, body: '{"error":"invalid_client"}' }, 'client', /client_id and client_secret/],
    ['a missing scope', { status: 403, body: '{"error":"invalid_scope"}' }, 'scope', /lacks the scope api/],
    ['a wrong address', { status: 404 }, 'address', /token_url/],
    ['what it does not understand', { status: 400 }, 'request', /token_url/],
    ['no token in the answer', { body: '{}' }, 'answer', /token endpoint/],
    ['an outage', { status: 503 }, 'answer', /status page/],
    ['no such name', systemError('ENOTFOUND'), 'name resolution', /spelling/],
  ])('stops at %s of the token endpoint, before the API', async (_, answer, stage, remedy) => {
    const { transport, results, failed } = await examineBy(answer);
    expect(failed).toMatchObject([
      { name: `JumpCloud service account ${stage}`, remedy: expect.stringMatching(remedy) },
    ]);
    expect(finding(results, 'JumpCloud API')?.state).toBe('skipped');
    expect(toApi(transport)).toEqual([]);
    expect(finding(results, 'intake reachable')?.state).toBe('passed');
  });

  it.each([
    [401, 'access token', /service account.*base_url or region/],
    [403, 'role', /service account.*organization_id/],
  ])('tells a %d of the API from one of the token endpoint', async (status, stage, remedy) => {
    const { failed } = await examineBy(TOKEN, () => ({ status }));
    expect(failed).toMatchObject([{ name: `JumpCloud ${stage}`, remedy: expect.stringMatching(remedy) }]);
  });
});
