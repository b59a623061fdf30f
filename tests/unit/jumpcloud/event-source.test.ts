import { describe, expect, it } from '@jest/globals';

import { DirectoryInsightsSource } from '../../../src/jumpcloud/event-source.js';
import { abortError, isAbort } from '../../../src/sdk/errors.js';
import { formatTimestamp } from '../../../src/sdk/time/timestamp.js';
import { apiClient, API_KEY, pageAnswer, REQUEST_ID } from '../../support/api.js';
import { testEvent } from '../../support/events.js';
import {
  inTurn,
  type Script,
  type ScriptedAnswer,
  ScriptedTransport,
  systemError,
} from '../../support/scripted-transport.js';

const FROM_MS = Date.UTC(2030, 2, 11, 8, 0, 0);
const TO_MS = FROM_MS + 3_600_000;
const token = (n: number): string => `[${1_899_448_275_704 + n}, "opaque-${n}"]`;
/** A row `seconds` after the window's begin. */
const row = (seconds: number, id = `e${seconds}`): string => testEvent(id, FROM_MS + seconds * 1000).text;

interface Reading {
  readonly rows: string[];
  readonly settledToMs: (number | undefined)[];
  readonly failure: unknown;
  readonly transport: ScriptedTransport;
  readonly told: readonly unknown[];
}

async function read(script: Script, pageSize = 2, signal = new AbortController().signal): Promise<Reading> {
  const transport = new ScriptedTransport(script);
  const { client, told } = apiClient(transport);
  const source = new DirectoryInsightsSource({ client, services: ['sso', 'radius'], pageSize });
  const rows: string[] = [];
  const settledToMs: (number | undefined)[] = [];
  let failure: unknown;
  try {
    for await (const page of source.read({ fromMs: FROM_MS, toMs: TO_MS }, signal)) {
      for (let index = 0; index < page.events.count; index += 1)
        rows.push(Buffer.from(page.events.text(index)).toString('utf8'));
      settledToMs.push(page.settledToMs);
    }
  } catch (thrown) {
    failure = thrown;
  }
  expect(transport.openBodies).toBe(0);
  return { rows, settledToMs, failure, transport, told };
}

describe('paging', () => {
  it('asks for the window by services, in ascending order, with the limit', async () => {
    const { transport } = await read(inTurn(pageAnswer([], { limit: 2 })));
    expect(transport.queries).toEqual([
      {
        service: ['sso', 'radius'],
        start_time: '2030-03-11T08:00:00Z',
        end_time: '2030-03-11T09:00:00Z',
        sort: 'ASC',
        limit: 2,
      },
    ]);
  });

  it('goes on while pages are full, and ignores the token of one that is not', async () => {
    const { rows, transport, failure } = await read(
      inTurn(
        pageAnswer([row(1), row(2)], { limit: 2, token: token(1) }),
        pageAnswer([row(3)], { limit: 2, token: token(2) }),
      ),
    );
    expect(failure).toBeUndefined();
    expect(rows).toEqual([row(1), row(2), row(3)]);
    expect(transport.requests).toHaveLength(2);
  });

  it('ends an exact multiple of the limit with an empty page', async () => {
    const { rows, transport } = await read(
      inTurn(
        pageAnswer([row(1), row(2)], { limit: 2, token: token(1) }),
        pageAnswer([], { limit: 2, token: token(2) }),
      ),
    );
    expect([rows.length, transport.requests.length]).toEqual([2, 2]);
  });

  it('sends the same query again with the token exactly as it came: a number stays that number', async () => {
    const odd = '[ 18446744073709551617,1.0, "a\\u0062/\\/" ]';
    const { transport } = await read(
      inTurn(pageAnswer([row(1), row(2)], { limit: 2, token: odd }), pageAnswer([], { limit: 2 })),
    );
    const [first, second] = transport.requests.map(({ body }) => String(body));
    expect(second).toBe(`${first!.slice(0, -1)},"search_after":${odd}}`);
  });

  it('compares with the limit that was applied, where that is lower than asked', async () => {
    const { rows, transport } = await read(
      inTurn(
        pageAnswer([row(1), row(2)], { limit: 2, token: token(1) }),
        pageAnswer([row(3), row(4)], { limit: 2, token: token(2) }),
        pageAnswer([row(5)], { limit: 2, token: token(3) }),
      ),
      1000,
    );
    expect([rows.length, transport.requests.length]).toEqual([5, 3]);
  });

  it('compares numbers, not texts', async () => {
    const full = pageAnswer([row(1), row(2)], {
      token: token(1),
      headers: { 'X-Limit': ' 02 ', 'X-Result-Count': '2 ' },
    });
    const { transport } = await read(inTurn(full, pageAnswer([], { limit: 2 })), 1000);
    expect(transport.requests).toHaveLength(2);
  });

  it.each(['X-Limit', 'X-Result-Count', 'X-Sort', 'X-Request-Id'])('does without %s', async (name) => {
    const stripped = (answer: ScriptedAnswer): ScriptedAnswer => ({
      ...answer,
      headers: Object.fromEntries(Object.entries(answer.headers ?? {}).filter(([each]) => each !== name)),
    });
    const { rows, failure } = await read(
      inTurn(
        stripped(pageAnswer([row(1), row(2)], { limit: 2, token: token(1) })),
        stripped(pageAnswer([row(3)], { limit: 2, token: token(2) })),
        stripped(pageAnswer([], { limit: 2, token: token(3) })),
      ),
    );
    expect([rows.length, failure]).toEqual([3, undefined]);
  });

  it.each(['0', '-1', 'none', ''])('takes X-Limit: %j as absent', async (limit) => {
    const { rows, transport } = await read(
      inTurn(
        pageAnswer([row(1), row(2)], { token: token(1), headers: { 'X-Limit': limit } }),
        pageAnswer([], { token: token(2), headers: { 'X-Limit': limit } }),
      ),
    );
    expect([rows.length, transport.requests.length]).toEqual([2, 2]);
  });

  it('fails where the token of the page before comes again, having yielded what came', async () => {
    const { rows, failure } = await read(
      inTurn(
        pageAnswer([row(1), row(2)], { limit: 2, token: token(1) }),
        pageAnswer([row(3), row(4)], { limit: 2, token: token(1) }),
      ),
    );
    expect(rows).toHaveLength(4);
    expect(failure).toMatchObject({ code: 'SOURCE_ANSWER_INVALID', message: expect.stringContaining(REQUEST_ID) });
  });
});

describe('a full page without a token', () => {
  const noToken = (first: number, second: number): ScriptedAnswer =>
    pageAnswer([row(first), row(second)], { limit: 2 });

  it('is followed by a new query just before its last event, so that nothing of that instant is left out', async () => {
    const { transport, rows, settledToMs } = await read(
      inTurn(noToken(1, 2), noToken(2, 3), pageAnswer([row(3)], { limit: 2 })),
    );
    expect(rows).toEqual([row(1), row(2), row(2), row(3), row(3)]);
    expect(transport.queries.map(({ start_time: start }) => start)).toEqual([
      '2030-03-11T08:00:00Z',
      '2030-03-11T08:00:01.999Z',
      '2030-03-11T08:00:02.999Z',
    ]);
    expect(transport.queries.every((query) => !('search_after' in query))).toBe(true);
    expect(settledToMs).toEqual([2, 3, 3].map((seconds) => FROM_MS + seconds * 1000));
  });

  it('is no break of the order, where the new query begins with an event of that earlier millisecond', async () => {
    const { settledToMs } = await read(inTurn(noToken(1.999, 2), pageAnswer([row(1.999), row(2)], { limit: 5 })));
    expect(settledToMs).toEqual([FROM_MS + 2000, FROM_MS + 2000]);
  });

  it.each(['not JSON', '{}', '[]', '"text"', 'null'])('is what one with the token %s is', async (bad) => {
    const { transport } = await read(
      inTurn(pageAnswer([row(1), row(2)], { limit: 2, token: bad }), pageAnswer([], { limit: 2 })),
    );
    expect(transport.queries[1]).toMatchObject({ start_time: '2030-03-11T08:00:01.999Z' });
  });

  it.each([3600, 3605])('%i s into a window of 3600 s asks for none that begins where it ends', async (seconds) => {
    const { transport, failure } = await read(inTurn(noToken(1, seconds), pageAnswer([row(seconds)], { limit: 2 })));
    expect(failure).toBeUndefined();
    for (const { start_time: start, end_time: end } of transport.queries)
      expect(String(start) < String(end)).toBe(true);
  });

  it.each([
    ['of one instant', pageAnswer([row(0, 'a'), row(0, 'b')], { limit: 2 })],
    [
      'of events without time',
      pageAnswer([testEvent('a', undefined).text, testEvent('b', undefined).text], { limit: 2 }),
    ],
    ['in descending order', pageAnswer([row(5), row(2)], { limit: 2, sort: 'DESC' })],
  ])('%s cannot be followed: it fails and says why', async (_, answer) => {
    const { failure, transport } = await read(inTurn(answer));
    expect(failure).toMatchObject({
      code: 'SOURCE_ANSWER_INVALID',
      message: `JumpCloud's answer is broken: a full page came with no token (X-Search_after), so the next one cannot be asked for (request ${REQUEST_ID})`,
    });
    expect(transport.requests).toHaveLength(1);
  });
});

describe('how far a window was read', () => {
  it('is the last event of an ascending page', async () => {
    const { settledToMs } = await read(inTurn(pageAnswer([row(1), row(7)], { limit: 3 })));
    expect(settledToMs).toEqual([FROM_MS + 7000]);
  });

  it('is not known where X-Sort is not ASC, though every event comes', async () => {
    const { settledToMs, rows } = await read(
      inTurn(
        pageAnswer([row(3), row(4)], { limit: 2, sort: 'DESC', token: token(1) }),
        pageAnswer([row(9)], { limit: 2 }),
      ),
    );
    expect(rows).toHaveLength(3);
    expect(settledToMs).toEqual([undefined, undefined]);
  });

  it('is not known any more after an event that is older than the one before', async () => {
    const { settledToMs } = await read(
      inTurn(pageAnswer([row(3), row(2)], { limit: 2, token: token(1) }), pageAnswer([row(9)], { limit: 2 })),
    );
    expect(settledToMs).toEqual([undefined, undefined]);
  });

  it('is told by the dated events alone, in nanoseconds cut down', async () => {
    const fine = '{"id":"a","timestamp":"2030-03-11T08:00:05.678901234Z"}';
    const { settledToMs } = await read(inTurn(pageAnswer([fine, testEvent('undated', undefined).text], { limit: 3 })));
    expect(settledToMs).toEqual([FROM_MS + 5678]);
  });

  it('is told piece by piece while a page arrives', async () => {
    const answer = { ...pageAnswer([row(1), row(2)], { limit: 3 }), body: ['[', `${row(1)},`, `${row(2)}]`] };
    const { settledToMs } = await read(inTurn(answer));
    expect(settledToMs).toEqual([FROM_MS + 1000, FROM_MS + 2000]);
  });
});

describe('a broken answer', () => {
  it.each<[string, ScriptedAnswer, RegExp]>([
    ['empty', { body: '' }, /it is empty/],
    ['HTML', { body: '<html><body>Gateway</body></html>' }, /begins with '<'/],
    ['an object', { body: '{"message":"hm"}' }, /begins with '\{'/],
    ['cut off', { body: `[${row(1)},${row(2).slice(0, 20)}` }, /it is cut off/],
    [
      'shorter than announced',
      { body: `[${row(1)}]`, headers: { 'X-Result-Count': '3' } },
      /announced 3 events and sent 1/,
    ],
  ])('(%s) is an error worth another try, with the request id', async (_, answer, what) => {
    const headers = { 'X-Request-Id': REQUEST_ID, ...answer.headers };
    const { failure } = await read(inTurn({ ...answer, headers }), 10);
    expect(failure).toMatchObject({ code: 'SOURCE_ANSWER_INVALID', retryable: true });
    expect(String(failure)).toMatch(what);
    expect(String(failure)).toContain(REQUEST_ID);
  });

  it('yields what came before it broke', async () => {
    const answer = {
      ...pageAnswer([]),
      body: [`[${row(1)},`, row(2).slice(0, 9)],
      breaksWith: systemError('ECONNRESET'),
    };
    const { rows, failure } = await read(inTurn({ ...answer, headers: { 'X-Request-Id': REQUEST_ID } }));
    expect(rows).toEqual([row(1)]);
    expect(failure).toMatchObject({ code: 'SOURCE_UNREACHABLE', requestId: REQUEST_ID });
    expect(String(failure)).toContain(`broke off: ECONNRESET (request ${REQUEST_ID})`);
  });
});

describe('a source', () => {
  it('retries what passes, and tells so', async () => {
    const { rows, told, failure } = await read(
      inTurn({ status: 503 }, systemError('ECONNREFUSED'), pageAnswer([row(1)], { limit: 2 })),
    );
    expect([rows.length, failure]).toEqual([1, undefined]);
    expect(told).toMatchObject([
      { kind: 'retrying', side: 'source', attempt: 1, error: { code: 'SOURCE_UNAVAILABLE' } },
      { kind: 'retrying', side: 'source', attempt: 2, error: { code: 'SOURCE_UNREACHABLE' } },
    ]);
    expect(JSON.stringify(told)).not.toContain(API_KEY);
  });

  it('ends at once when told to', async () => {
    const stop = new AbortController();
    const script: Script = () => {
      stop.abort();
      return pageAnswer([row(1), row(2)], { limit: 2, token: token(1) });
    };
    const { failure, transport } = await read(script, 2, stop.signal);
    expect(isAbort(failure)).toBe(true);
    expect(transport.requests).toHaveLength(1);
  });

  it('does not claim to have read the window, when told to end while the last page arrives', async () => {
    const stop = new AbortController();
    const { client } = apiClient(new ScriptedTransport(inTurn(pageAnswer([row(1)], { limit: 5 }))));
    const source = new DirectoryInsightsSource({ client, services: ['all'], pageSize: 5 });
    const pages = source.read({ fromMs: FROM_MS, toMs: TO_MS }, stop.signal);
    await pages.next();
    stop.abort();
    await expect(pages.next()).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('closes the connection of a page that its reader leaves', async () => {
    const pieces = ['[', `${row(1)},`, `${row(2)}]`];
    const transport = new ScriptedTransport(inTurn({ ...pageAnswer([], { limit: 5 }), body: pieces, headers: {} }));
    const { client } = apiClient(transport);
    const source = new DirectoryInsightsSource({ client, services: ['all'], pageSize: 5 });
    for await (const page of source.read({ fromMs: FROM_MS, toMs: TO_MS }, new AbortController().signal)) {
      expect(page.events.count).toBe(1);
      expect(transport.openBodies).toBe(1);
      break;
    }
    expect(transport.openBodies).toBe(0);
  });

  it("has the API's clock, once an answer told it", async () => {
    const transport = new ScriptedTransport(() => ({
      ...pageAnswer([]),
      headers: { Date: new Date(clock.now() + 3_600_000).toUTCString() },
    }));
    const { client, clock } = apiClient(transport);
    const source = new DirectoryInsightsSource({ client, services: ['all'], pageSize: 5 });
    expect(formatTimestamp(source.now())).toBe(formatTimestamp(clock.now()));
    for await (const page of source.read({ fromMs: FROM_MS, toMs: TO_MS }, new AbortController().signal))
      expect(page.events.count).toBe(0);
    expect(source.now() - clock.now()).toBe(3_600_000);
  });
});

describe('reading ahead', () => {
  const pieces = ['[', `${row(1)},`, `${row(2)}]`];
  const headers = { 'X-Limit': '2', 'X-Result-Count': '2', 'X-Search_after': token(1) };
  const full: ScriptedAnswer = { body: pieces, headers };
  const windowOf = { fromMs: FROM_MS, toMs: TO_MS };

  function begin(script: Script, signal = new AbortController().signal) {
    const transport = new ScriptedTransport(script);
    const source = new DirectoryInsightsSource({ client: apiClient(transport).client, services: ['all'], pageSize: 2 });
    return { transport, pages: source.read(windowOf, signal) };
  }

  it('asks for the next page while the rest of this one arrives', async () => {
    const { transport, pages } = begin(inTurn(full, pageAnswer([], { limit: 2 })));
    await pages.next();
    expect(transport.requests).toHaveLength(1);
    await pages.next();
    expect(transport.queries[1]).toMatchObject({ search_after: JSON.parse(token(1)) as unknown });
    await expect(pages.next()).resolves.toMatchObject({ done: true });
    expect(transport.requests).toHaveLength(2);
  });

  it('asks for nothing ahead where the headers do not say that more follows', async () => {
    const { transport, pages } = begin(inTurn({ body: pieces, headers: { ...headers, 'X-Result-Count': '1' } }));
    await pages.next();
    await pages.next();
    expect(transport.requests).toHaveLength(1);
    await pages.return(0);
  });

  it('gives up a page asked for ahead when its reader leaves, or is told to stop', async () => {
    for (const how of ['leaves', 'stops'] as const) {
      const stop = new AbortController();
      const { transport, pages } = begin(inTurn(full, new Promise(() => undefined) as never), stop.signal);
      await pages.next();
      await pages.next();
      expect(transport.requests[1]?.signal?.aborted).toBe(false);
      if (how === 'leaves') await pages.return(0);
      else stop.abort();
      expect(transport.requests[1]?.signal?.aborted).toBe(true);
      expect(transport.requests[0]?.signal?.aborted).toBe(true);
    }
  });
});

describe('the size of a page', () => {
  const limits = (transport: ScriptedTransport): unknown[] => transport.queries.map(({ limit }) => limit);

  it('is halved with each failure, but not below a hundred, and not by a rate limit', async () => {
    const { transport } = await read(
      inTurn(
        { status: 503 },
        { status: 429 },
        { status: 500 },
        systemError('ECONNRESET'),
        pageAnswer([], { limit: 100 }),
      ),
      500,
    );
    expect(limits(transport)).toEqual([500, 250, 250, 125, 100]);
  });

  const many = (from: number, rows: number): string[] => Array.from({ length: rows }, (_, n) => row(from + n));
  const fullPage = (from: number, rows: number): ScriptedAnswer =>
    pageAnswer(many(from, rows), { limit: rows, token: token(from) });

  it('stays the same from page to page of a query, whatever fails', async () => {
    const { transport, rows, failure } = await read(
      inTurn(
        fullPage(0, 200),
        { status: 503 },
        systemError('ECONNRESET'),
        fullPage(200, 200),
        pageAnswer([], { limit: 200 }),
      ),
      200,
    );
    expect(failure).toBeUndefined();
    expect(rows).toEqual(many(0, 400));
    const [first, ...others] = transport.queries;
    for (const { search_after: sent, ...query } of others) {
      expect(query).toEqual(first);
      expect(sent).toBeDefined();
    }
  });

  it('is halved after three failures of a page that goes on, by a new query just before the last event', async () => {
    const { transport, rows, failure } = await read(
      inTurn(
        fullPage(0, 200),
        { status: 503 },
        { status: 429 },
        { status: 503 },
        systemError('ECONNRESET'),
        pageAnswer(many(199, 5), { limit: 100 }),
      ),
      200,
    );
    expect(failure).toBeUndefined();
    expect(rows).toEqual([...many(0, 200), ...many(199, 5)]);
    expect(limits(transport)).toEqual([200, 200, 200, 200, 200, 100]);
    expect(transport.queries[5]).toMatchObject({ start_time: formatTimestamp(FROM_MS + 198_999) });
    expect(transport.queries[5]).not.toHaveProperty('search_after');
  });

  it('is asked for longer in the same size where no new query can go on from there', async () => {
    const unordered = pageAnswer([row(3), row(2)].concat(many(5, 198)), { limit: 200, token: token(1) });
    const failures = Array.from({ length: 6 }, () => ({ status: 503 }));
    const { failure, transport } = await read(inTurn(unordered, ...failures, pageAnswer([], { limit: 200 })), 200);
    expect(failure).toBeUndefined();
    expect(limits(transport)).toEqual(Array.from({ length: 8 }, () => 200));
  });

  it('is no smaller after a reading that was told to end', async () => {
    const stop = new AbortController();
    const transport = new ScriptedTransport((_, n) => {
      if (n > 1) return pageAnswer([], { limit: 200 });
      return { ...fullPage(0, 200), body: [`[${row(0)},`, `${row(1)},`, `${row(2)}]`], breaksWith: abortError() };
    });
    const source = new DirectoryInsightsSource({
      client: apiClient(transport).client,
      services: ['all'],
      pageSize: 200,
    });
    const window = { fromMs: FROM_MS, toMs: TO_MS };
    const reading = async (signal: AbortSignal): Promise<void> => {
      for await (const page of source.read(window, signal)) if (page.events.count > 0) stop.abort();
    };
    await expect(reading(stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
    await reading(new AbortController().signal);
    expect(limits(transport).at(-1)).toBe(200);
  });

  it('grows again after ten pages that succeed, by a new query', async () => {
    const pages = Array.from({ length: 10 }, (_, n) => fullPage(100 * n, 100));
    const { transport, rows } = await read(
      inTurn({ status: 503 }, ...pages, fullPage(999, 200), pageAnswer([], { limit: 200 })),
      200,
    );
    expect(rows).toEqual([...many(0, 1000), ...many(999, 200)]);
    expect(limits(transport)).toEqual([200, ...Array.from({ length: 10 }, () => 100), 200, 200]);
    expect(transport.queries.map((query) => 'search_after' in query)).toEqual([
      ...[false, false],
      ...Array.from({ length: 9 }, () => true),
      ...[false, true],
    ]);
  });

  it('stays small where events are in no order, since no new query can go on from there', async () => {
    const unordered = pageAnswer([row(3), row(2)].concat(many(5, 98)), { limit: 100, token: token(1) });
    const pages = Array.from({ length: 11 }, (_, n) => fullPage(200 + 100 * n, 100));
    const { transport, failure } = await read(
      inTurn({ status: 503 }, unordered, ...pages, pageAnswer([], { limit: 100 })),
      200,
    );
    expect(failure).toBeUndefined();
    expect(limits(transport)).toEqual([200, ...Array.from({ length: 13 }, () => 100)]);
  });
});
