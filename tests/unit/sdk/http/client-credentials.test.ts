import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { isAbort, ModuleError } from '../../../../src/sdk/errors.js';
import { unchanging } from '../../../../src/sdk/held-settings.js';
import { ClientCredentials, type OAuthClient } from '../../../../src/sdk/http/client-credentials.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { inTurn, type Script, ScriptedTransport, systemError, textOf } from '../../../support/scripted-transport.js';

const CLIENT: OAuthClient = { clientId: 'client', clientSecret: 'synthetic-secret-4242' };
const PAIR = Buffer.from(`client:${CLIENT.clientSecret}`).toString('base64');
const never = new AbortController().signal;

/** Tokens `token-1`, `token-2`, ..., each for an hour. */
const tokens: Script = (_, n) => ({
  body: JSON.stringify({ access_token: `token-${n}`, token_type: 'Bearer', expires_in: 3600 }),
});

function rig(script: Script, client = unchanging(CLIENT)) {
  const clock = new ManualClock();
  const transport = new ScriptedTransport(script);
  const hidden: string[] = [];
  const credentials = new ClientCredentials({
    ...{ url: 'https://tokens.example.test/oauth2/token', scope: 'api', client, userAgent: 'tests/1' },
    refusals: { 401: { code: 'SOURCE_CREDENTIAL_REFUSED', advice: 'Check the client.' } },
    ...{ transport, clock, hide: (secret: string) => void hidden.push(secret) },
  });
  return { credentials, clock, transport, hidden, token: (signal = never) => credentials.token(signal) };
}

async function failureOf(promise: Promise<unknown>): Promise<ModuleError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ModuleError) return thrown;
  throw new Error('It did not fail as it should', { cause: thrown });
}

describe('an access token', () => {
  it('is asked for as RFC 6749 has it, and hidden with what it was had for before it is used', async () => {
    const { token, transport, hidden } = rig(tokens);
    expect(await token()).toBe('token-1');
    expect(transport.requests).toHaveLength(1);
    const [request] = transport.requests;
    expect(request).toMatchObject({
      method: 'POST',
      headers: { authorization: `Basic ${PAIR}`, 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(Object.fromEntries(new URLSearchParams(textOf(request?.body)))).toEqual({
      grant_type: 'client_credentials',
      scope: 'api',
    });
    expect(hidden).toEqual([CLIENT.clientSecret, PAIR, 'token-1']);
  });

  it('is kept until 30 s before it expires', async () => {
    const { token, clock } = rig(tokens);
    await token();
    await clock.advance(3_569_999);
    expect(await token()).toBe('token-1');
    await clock.advance(1);
    expect(await token()).toBe('token-2');
  });

  it('of a short life is kept for half of it', async () => {
    const { token, clock } = rig((_, n) => ({ body: `{"access_token":"token-${n}","expires_in":10}` }));
    await token();
    await clock.advance(4_999);
    expect(await token()).toBe('token-1');
    await clock.advance(1);
    expect(await token()).toBe('token-2');
  });

  it('is one for all who ask at once', async () => {
    const { token, transport } = rig(tokens);
    expect(await Promise.all([token(), token(), token()])).toEqual(['token-1', 'token-1', 'token-1']);
    expect(transport.requests).toHaveLength(1);
  });

  it('is asked for anew where whoever asked first has left', async () => {
    const leaving = new AbortController();
    const { token, transport, clock } = rig((request, n) =>
      n > 1
        ? tokens(request, n)
        : new Promise((resolve) => request.signal?.addEventListener('abort', () => resolve({}))),
    );
    const [first, second] = [token(leaving.signal), token()];
    await clock.advance(0);
    leaving.abort();
    await expect(first).rejects.toThrow(/Stopped/);
    expect(await second).toBe('token-2');
    expect(transport.requests).toHaveLength(2);
  });

  it('does not hold back who leaves while another goes on waiting', async () => {
    const leaving = new AbortController();
    let answer = (): void => undefined;
    const { token, clock } = rig(
      (request, n) => new Promise((resolve) => (answer = () => resolve(tokens(request, n)))),
    );
    const [first, second] = [token(), token(leaving.signal)];
    await clock.advance(0);
    leaving.abort();
    expect(isAbort(await second.catch((error: unknown) => error))).toBe(true);
    answer();
    expect(await first).toBe('token-1');
  });

  it('that was refused is not handed out again; one that replaced it is', async () => {
    const { credentials, token } = rig(tokens);
    const refused = await token();
    credentials.discard(refused);
    expect(await token()).toBe('token-2');
    credentials.discard(refused);
    expect(await token()).toBe('token-2');
  });

  it('belongs to its client: another client gets another one', async () => {
    let current = CLIENT;
    const { token } = rig(tokens, { latest: () => Promise.resolve(current), refresh: () => Promise.resolve() });
    await token();
    current = { ...CLIENT, clientSecret: 'synthetic-secret-4243' };
    expect(await token()).toBe('token-2');
  });

  it.each([401, 403])('is asked for once more where a %d has shown that the client was replaced', async (status) => {
    let current = CLIENT;
    const next = { ...CLIENT, clientSecret: 'synthetic-secret-4243' };
    const held = { latest: () => Promise.resolve(current), refresh: async () => void (current = next) };
    const { token, transport } = rig((request, n) => (n === 1 ? { status } : tokens(request, n)), held);
    expect(await token()).toBe('token-2');
    expect(transport.requests[1]?.headers['authorization']).not.toBe(`Basic ${PAIR}`);
  });

  it('is not asked for twice where the client is the same; the error says what helps and quotes no secret', async () => {
    const { token, transport } = rig(() => ({ status: 401, body: `{"error":"no ${CLIENT.clientSecret} ${PAIR}"}` }));
    const failure = await failureOf(token());
    expect(failure).toMatchObject({ code: 'SOURCE_CREDENTIAL_REFUSED', status: 401, advice: 'Check the client.' });
    expect(failure.message).toContain('tokens.example.test answered 401');
    expect(failure.message).not.toMatch(new RegExp(`4242|${PAIR}`));
    expect(transport.requests).toHaveLength(1);
  });

  it('is waited for as long as the endpoint asks, by whoever asks next', async () => {
    const { token, clock, transport } = rig(
      inTurn({ status: 429, headers: { 'retry-after': '7' } }, { body: '{"access_token":"token-2"}' }),
    );
    expect(await failureOf(token())).toMatchObject({ code: 'SOURCE_RATE_LIMITED', retryAfterMs: 7000 });
    const next = token();
    await clock.advance(6_999);
    expect(transport.requests).toHaveLength(1);
    await clock.advance(1);
    expect(await next).toBe('token-2');
  });

  it.each<[string, Script, string]>([
    ['an outage', () => ({ status: 503 }), 'SOURCE_UNAVAILABLE'],
    ['a refused connection', inTurn(systemError('ECONNREFUSED')), 'SOURCE_UNREACHABLE'],
    [
      'an answer that breaks off',
      () => ({ body: '{"acc', breaksWith: systemError('ECONNRESET') }),
      'SOURCE_UNREACHABLE',
    ],
  ])('fails with a code that is tried again after %s', async (_, script, code) => {
    expect(await failureOf(rig(script).token())).toMatchObject({ code, retryable: true });
  });

  it.each([
    '<html>',
    '',
    '[]',
    '{"token_type":"bearer"}',
    '{"access_token":""}',
    '{"access_token":42}',
    '{"access_token":"two words"}',
    '{"access_token":"token-1","token_type":"mac"}',
    '{"access_token":"token-1","expires_in":"soon"}',
    '{"access_token":"token-1","expires_in":0}',
    '{"access_token":"token-1","expires_in":null}',
  ])('is not taken from %j', async (body) => {
    const failure = await failureOf(rig(() => ({ body })).token());
    expect(failure.code).toBe('SOURCE_ANSWER_INVALID');
    expect(failure.message).not.toContain('token-1');
  });

  it('is read from any answer, or refused without a word of it', async () => {
    const member = fc.oneof(fc.string(), fc.double(), fc.constant(null), fc.boolean());
    const answers = fc.oneof(
      fc.string(),
      fc.record({ access_token: member, token_type: fc.oneof(member, fc.constant('bearer')), expires_in: member }),
    );
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const { token } = rig(() => ({ body: typeof answer === 'string' ? answer : JSON.stringify(answer) }));
        const result = await token().catch((error: unknown) => error);
        if (typeof result === 'string') expect(result).toMatch(/^[\x21-\x7e]+$/);
        else expect(result).toMatchObject({ code: 'SOURCE_ANSWER_INVALID' });
      }),
      { numRuns: 200 },
    );
  });
});
