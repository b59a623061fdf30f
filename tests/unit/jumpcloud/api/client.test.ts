import { describe, expect, it } from '@jest/globals';
import { http, HttpResponse } from 'msw';

import type { DirectoryInsightsClient } from '../../../../src/jumpcloud/api/client.js';
import { abortError, isAbort, type ModuleError } from '../../../../src/sdk/errors.js';
import { API_KEY, API_URL, apiClient, REQUEST_ID } from '../../../support/api.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { mswTransport } from '../../../support/msw-transport.js';
import { inTurn, type ScriptedAnswer, ScriptedTransport, systemError } from '../../../support/scripted-transport.js';

const ROOT = `${API_URL}/insights/directory/v1`;
const FROM_MS = Date.UTC(2030, 2, 11, 8, 0, 0);
const SELECTION = { services: ['sso'], fromMs: FROM_MS, toMs: FROM_MS + 3_600_000 };
const never = (): AbortSignal => new AbortController().signal;

async function failureOf(run: Promise<unknown>): Promise<ModuleError> {
  return run.then(
    () => Promise.reject(new Error('it succeeded')),
    (thrown: unknown) => thrown as ModuleError,
  );
}

const open = (client: DirectoryInsightsClient): Promise<unknown> =>
  client.openPage(SELECTION, { limit: 2, searchAfter: undefined }, never());

/** Everything that an error says to whoever prints it. */
function everythingIn(error: ModuleError): string {
  const { message, advice, stack, requestId } = error;
  return `${message} ${advice ?? ''} ${stack ?? ''} ${requestId ?? ''} ${String(error.cause)} ${JSON.stringify(error)}`;
}

describe('a request', () => {
  it('carries the key, the content type and who asks', async () => {
    const transport = new ScriptedTransport(inTurn({ body: '{"count":1}' }));
    await apiClient(transport).client.count(SELECTION, never());
    expect(transport.requests[0]).toMatchObject({
      method: 'POST',
      url: `${ROOT}/events/count`,
      headers: {
        'x-api-key': API_KEY,
        'content-type': 'application/json',
        accept: 'application/json',
        'user-agent': 'tests/1',
      },
      headersTimeoutMs: 60_000,
      bodyTimeoutMs: 60_000,
    });
    expect(transport.requests[0]?.headers).not.toHaveProperty('x-org-id');
  });

  it('names the organization where there is one', async () => {
    const transport = new ScriptedTransport(inTurn({ body: '{"count":1}' }));
    await apiClient(transport, { organizationId: '5f0c' }).client.count(SELECTION, never());
    expect(transport.requests[0]?.headers).toMatchObject({ 'x-org-id': '5f0c' });
  });
});

describe('counting', () => {
  it('answers the number, for the selection asked', async () => {
    const asked: unknown[] = [];
    const { client } = apiClient(
      mswTransport(
        http.post(`${ROOT}/events/count`, async ({ request }) => {
          asked.push(await request.json());
          return HttpResponse.json({ count: 12_345 });
        }),
      ),
    );
    await expect(client.count(SELECTION, never())).resolves.toBe(12_345);
    expect(asked).toEqual([{ service: ['sso'], start_time: '2030-03-11T08:00:00Z', end_time: '2030-03-11T09:00:00Z' }]);
  });

  it.each(['{"count":"1"}', '{"count":-1}', '{"count":1.5}', '{}', '[]', '', 'null', '<html>', '{"count":'])(
    'asks again after the broken answer %j, and tells of it with the request id where that lasts',
    async (body) => {
      const broken = { body, headers: { 'X-Request-Id': REQUEST_ID } };
      const mended = new ScriptedTransport(inTurn(broken, { body: '{"count":0}' }));
      await expect(apiClient(mended).client.count(SELECTION, never())).resolves.toBe(0);
      const failure = await failureOf(
        apiClient(new ScriptedTransport(inTurn(broken))).client.count(SELECTION, never()),
      );
      expect(failure).toMatchObject({ code: 'SOURCE_ANSWER_INVALID', requestId: REQUEST_ID });
      expect(failure.message).toContain(REQUEST_ID);
    },
  );
});

describe('distinct values', () => {
  const buckets = [
    { key: 'login', doc_count: 3 },
    { key: 'logout', doc_count: 1 },
  ];

  it.each([
    ['at the top', { buckets, doc_count_error_upper_bound: 0 }],
    ["under the field's name", { event_type: buckets, sum_other_doc_count: 0 }],
    ["inside the field's name", { event_type: { buckets } }],
  ])('are read %s', async (_, answer) => {
    const asked: unknown[] = [];
    const handler = http.post(`${ROOT}/events/distinct`, async ({ request }) => {
      asked.push(await request.json());
      return HttpResponse.json(answer);
    });
    const { client } = apiClient(mswTransport(handler));
    await expect(client.distinct(SELECTION, 'event_type', never())).resolves.toEqual({
      buckets: [
        { key: 'login', count: 3 },
        { key: 'logout', count: 1 },
      ],
      ...{ errorBound: 0, others: 0 },
    });
    expect(asked).toMatchObject([{ field: 'event_type', service: ['sso'] }]);
  });

  it.each([{}, { buckets: [null] }, { buckets: [{ key: 'a' }] }, { buckets: [{ doc_count: 1 }] }, { event_type: 7 }])(
    'are an error where the answer is %j',
    async (answer) => {
      const { client } = apiClient(new ScriptedTransport(inTurn({ body: JSON.stringify(answer) })));
      await expect(client.distinct(SELECTION, 'event_type', never())).rejects.toMatchObject({
        code: 'SOURCE_ANSWER_INVALID',
      });
    },
  );
});

it('tells how far numbers by value can be trusted', async () => {
  const answer = { service: [{ key: 'sso', doc_count: 3 }], doc_count_error_upper_bound: 4, sum_other_doc_count: 5 };
  const { client } = apiClient(new ScriptedTransport(inTurn({ body: JSON.stringify(answer) })));
  const distinct = await client.distinct(SELECTION, 'service', never());
  expect(distinct).toEqual({ buckets: [{ key: 'sso', count: 3 }], errorBound: 4, others: 5 });
});

describe('numbers by interval', () => {
  it('are asked for with the value as a text, and keyed by epoch milliseconds', async () => {
    const transport = new ScriptedTransport(
      inTurn({ body: '{"buckets":[{"key":1899448200000,"key_as_string":"x","doc_count":4}]}' }),
    );
    const { client } = apiClient(transport);
    await expect(client.interval(SELECTION, 'm', 15, never())).resolves.toEqual([{ key: 1_899_448_200_000, count: 4 }]);
    expect(transport.queries[0]).toMatchObject({ interval_unit: 'm', interval_value: '15' });
  });
});

describe('a refusal', () => {
  it.each<[number, string, RegExp]>([
    [400, 'SOURCE_REQUEST_REFUSED', /services/],
    [401, 'SOURCE_CREDENTIAL_REFUSED', /apikey/],
    [402, 'SOURCE_NOT_LICENSED', /plan/],
    [403, 'SOURCE_ROLE_REFUSED', /role/],
    [404, 'SOURCE_NOT_FOUND', /base_url/],
    [302, 'SOURCE_NOT_FOUND', /redirects/],
    [418, 'SOURCE_REQUEST_REFUSED', /proxy/],
    [204, 'SOURCE_REQUEST_REFUSED', /proxy/],
  ])(
    'of status %i is %s, with the words of the API, the request id and a remedy, and is not tried again',
    async (status, code, advice) => {
      const transport = new ScriptedTransport(
        inTurn({ status, body: '{"message":"the API says\\n so"}', headers: { 'X-Request-Id': REQUEST_ID } }),
      );
      const failure = await failureOf(open(apiClient(transport).client));
      expect(failure).toMatchObject({ code, status, requestId: REQUEST_ID, retryable: false });
      expect(failure.message).toBe(`api.example.test answered ${status}: the API says so (request ${REQUEST_ID})`);
      expect(failure.advice).toMatch(advice);
      expect(transport.requests).toHaveLength(1);
    },
  );

  it('may come as HTML or as nothing', async () => {
    const html = { status: 403, body: '<html><h1>Access  denied</h1></html>' };
    expect((await failureOf(open(apiClient(new ScriptedTransport(inTurn(html))).client))).message).toBe(
      'api.example.test answered 403: Access denied',
    );
    const nothing = { status: 401, breaksWith: systemError('ECONNRESET') };
    expect((await failureOf(open(apiClient(new ScriptedTransport(inTurn(nothing))).client))).message).toBe(
      'api.example.test answered 401',
    );
  });
});

describe('a failure that passes', () => {
  it.each([408, 425, 429, 500, 502, 503, 504])('of status %i is tried again', async (status) => {
    const transport = new ScriptedTransport(inTurn({ status }, { status }, { body: '{"count":2}' }));
    await expect(apiClient(transport).client.count(SELECTION, never())).resolves.toBe(2);
    expect(transport.requests).toHaveLength(3);
  });

  it('is waited out as Retry-After says', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const limited = { status: 429, headers: { 'Retry-After': '17' } };
    const transport = new ScriptedTransport(inTurn(limited, { body: '{"count":2}' }));
    await apiClient(transport, { clock }).client.count(SELECTION, never());
    expect(clock.sleeps).toEqual([17_000]);
  });

  it('is told when it lasts for five minutes, with the request id', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const answer = { status: 503, body: 'Service unavailable', headers: { 'X-Request-Id': REQUEST_ID } };
    const failure = await failureOf(open(apiClient(new ScriptedTransport(inTurn(answer)), { clock }).client));
    expect(failure).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      requestId: REQUEST_ID,
      message: `api.example.test answered 503: Service unavailable (request ${REQUEST_ID})`,
    });
    expect(clock.monotonic()).toBeGreaterThan(240_000);
    expect(clock.monotonic()).toBeLessThanOrEqual(300_000);
  });

  it('may be a connection, a body that breaks, or one that is too long', async () => {
    const answers = [
      systemError('ENOTFOUND', 'getaddrinfo ENOTFOUND api.example.test'),
      { body: ['{"count"'], breaksWith: systemError('ECONNRESET') },
      { body: Array.from({ length: 9 }, () => 'x'.repeat(1024 * 1024)) },
      { body: '{"count":2}' },
    ];
    const { client, told } = apiClient(new ScriptedTransport(inTurn(...answers)));
    await expect(client.count(SELECTION, never())).resolves.toBe(2);
    expect(told.map((event) => (event.kind === 'retrying' ? event.side : event.kind))).toEqual([
      ...['counts', 'counts', 'counts', 'counted'],
    ]);
    expect(told.flatMap((event) => (event.kind === 'retrying' ? [event.error.message] : []))).toEqual([
      'No answer from api.example.test: getaddrinfo ENOTFOUND api.example.test',
      'The answer of api.example.test broke off: ECONNRESET',
      'The answer of api.example.test broke off: the answer is longer than 8388608 bytes',
    ]);
  });

  it('ends at once when told to stop, as an abort', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const run = failureOf(
      apiClient(new ScriptedTransport(inTurn({ status: 503 })), { clock }).client.count(SELECTION, stop.signal),
    );
    await clock.advance(0);
    stop.abort();
    expect(isAbort(await run)).toBe(true);
    expect(clock.monotonic()).toBe(0);
  });
});

describe('a stop while an answer arrives', () => {
  it('is an abort, not a failure of the API', async () => {
    const stop = new AbortController();
    const answer = { body: ['{"count"'], breaksWith: abortError() };
    const { client } = apiClient(new ScriptedTransport(inTurn(answer)));
    expect(isAbort(await failureOf(client.count(SELECTION, stop.signal)))).toBe(true);
  });
});

describe('the API key', () => {
  const echo = `you sent x-api-key: ${API_KEY}`;
  it.each<[string, ScriptedAnswer]>([
    ['a refusal', { status: 401, body: JSON.stringify({ message: echo }) }],
    ['a server error', { status: 500, body: `<pre>${echo}</pre>` }],
    ['a rate limit', { status: 429, body: JSON.stringify({ error: echo }) }],
    ['an answer that is cut where the key stands', { status: 403, body: `${'x'.repeat(285)}${API_KEY}` }],
  ])('is in no text and in no event, though %s quotes it', async (_, answer) => {
    const { client, told } = apiClient(new ScriptedTransport(inTurn(answer)));
    const failure = await failureOf(client.count(SELECTION, never()));
    expect(everythingIn(failure)).not.toContain('jca_secret');
    expect(told.map((event) => (event.kind === 'retrying' ? everythingIn(event.error) : '')).join()).not.toContain(
      API_KEY,
    );
    expect(failure.message).toMatch(/redacted|xxx/);
  });
});
