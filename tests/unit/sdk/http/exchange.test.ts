import { describe, expect, it } from '@jest/globals';

import { abortError, type ModuleError } from '../../../../src/sdk/errors.js';
import { brokenOff, exchange, requestReference } from '../../../../src/sdk/http/exchange.js';
import type { HttpRequest } from '../../../../src/sdk/ports.js';
import {
  inTurn,
  type ScriptedAnswer,
  ScriptedTransport,
  systemError,
  textOf,
} from '../../../support/scripted-transport.js';

const REQUEST: HttpRequest = {
  method: 'POST',
  url: 'https://host.example.test:8443/path?x=1',
  headers: {},
  headersTimeoutMs: 1,
  bodyTimeoutMs: 1,
};
const NOW_MS = Date.UTC(2030, 0, 2, 3, 4, 5);

type Side = 'source' | 'destination';

function tryOnce(answer: ScriptedAnswer | Error, side: Side = 'source') {
  const context = { side, nowMs: NOW_MS, redact: (text: string) => text.replaceAll('secret', '[redacted]') };
  return exchange(new ScriptedTransport(inTurn(answer)), REQUEST, context);
}

async function failureOf(answer: ScriptedAnswer | Error, side?: Side): Promise<ModuleError> {
  return tryOnce(answer, side).then(
    () => Promise.reject(new Error('it succeeded')),
    (thrown: unknown) => thrown as ModuleError,
  );
}

describe('an exchange', () => {
  it.each([200, 204, 301, 400, 401, 402, 403, 404, 405, 413, 422, 499, 501, 505])(
    'gives an answer of status %i to whoever asked, its body unread',
    async (status) => {
      const response = await tryOnce({ status, body: 'body' });
      expect(response.status).toBe(status);
      const pieces = [];
      for await (const piece of response.body) pieces.push(textOf(piece));
      expect(pieces).toEqual(['body']);
    },
  );

  it.each<[Side, number, string]>([
    ['source', 408, 'SOURCE_UNAVAILABLE'],
    ['source', 425, 'SOURCE_UNAVAILABLE'],
    ['source', 429, 'SOURCE_RATE_LIMITED'],
    ['source', 500, 'SOURCE_UNAVAILABLE'],
    ['source', 503, 'SOURCE_UNAVAILABLE'],
    ['source', 599, 'SOURCE_UNAVAILABLE'],
    ['destination', 429, 'DESTINATION_RATE_LIMITED'],
    ['destination', 502, 'DESTINATION_UNAVAILABLE'],
  ])('with the %s that answers %i throws %s, worth another try', async (side, status, code) => {
    const failure = await failureOf({ status, body: '{"message":"busy"}', headers: { 'X-Request-Id': 'r-1' } }, side);
    expect(failure).toMatchObject({ code, status, requestId: 'r-1', retryable: true });
    expect(failure.message).toBe(`host.example.test:8443 answered ${status}: busy (request r-1)`);
  });

  it.each([
    ['seconds', { 'Retry-After': '7' }, 7000],
    [
      'a date, by the clock of the answer',
      { 'Retry-After': 'Wed, 02 Jan 2030 05:00:30 GMT', Date: 'Wed, 02 Jan 2030 05:00:00 GMT' },
      30_000,
    ],
    ['a date, by ours', { 'Retry-After': 'Wed, 02 Jan 2030 03:04:10 GMT' }, 5000],
  ])('passes on a Retry-After in %s', async (_, headers, retryAfterMs) => {
    await expect(failureOf({ status: 429, headers })).resolves.toMatchObject({ retryAfterMs });
    await expect(failureOf({ status: 429, headers: {} })).resolves.toMatchObject({ retryAfterMs: undefined });
  });

  it('quotes no secret, not even a part of one at the end of a quotation', async () => {
    const failure = await failureOf({ status: 500, body: `${'x'.repeat(297)}secret and more` });
    expect(failure.message).not.toContain('sec');
    await expect(failureOf({ status: 429, body: 'the key secret' })).resolves.toMatchObject({
      message: 'host.example.test:8443 answered 429: the key [redacted]',
    });
  });

  it('says nothing more where the error answer cannot be read', async () => {
    const answer = { status: 502, body: ['<html>'], breaksWith: systemError('ECONNRESET') };
    await expect(failureOf(answer)).resolves.toMatchObject({ message: 'host.example.test:8443 answered 502' });
  });

  it.each<[Error, string]>([
    [systemError('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'), 'connect ECONNREFUSED 127.0.0.1:1'],
    [
      systemError('UND_ERR_HEADERS_TIMEOUT', 'Headers Timeout Error'),
      'Headers Timeout Error (UND_ERR_HEADERS_TIMEOUT)',
    ],
    [systemError('CERT_HAS_EXPIRED', 'certificate has expired'), 'certificate has expired (CERT_HAS_EXPIRED)'],
    [new TypeError(''), 'TypeError'],
  ])('without an answer (%s) says what happened and to which host', async (cause, what) => {
    const failure = await failureOf(cause, 'destination');
    expect(failure).toMatchObject({ code: 'DESTINATION_UNREACHABLE', retryable: true, cause });
    expect(failure.message).toBe(`No answer from host.example.test:8443: ${what}`);
    expect(failure.advice).toContain('host.example.test:8443');
    await expect(failureOf(cause)).resolves.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });

  it('that is aborted is no failure', async () => {
    const abort = abortError();
    expect(await failureOf(abort)).toBe(abort);
  });
});

describe('an answer that broke off', () => {
  it('is worth another try, and is named by its request', () => {
    const error = brokenOff(
      REQUEST,
      { headers: { 'x-request-id': 'r-1' } },
      'source',
      systemError('ECONNRESET', 'aborted'),
    );
    expect(error).toMatchObject({ code: 'SOURCE_UNREACHABLE', requestId: 'r-1', retryable: true });
    expect(error.message).toBe('The answer of host.example.test:8443 broke off: aborted (ECONNRESET) (request r-1)');
    expect(brokenOff(REQUEST, { headers: {} }, 'destination', 'text').message).toBe(
      'The answer of host.example.test:8443 broke off: text',
    );
  });
});

describe('the reference to a request', () => {
  it('is empty where the answer named none', () => {
    expect([requestReference('r-1'), requestReference(undefined)]).toEqual([' (request r-1)', '']);
  });
});
