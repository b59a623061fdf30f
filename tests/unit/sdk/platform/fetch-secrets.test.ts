import { describe, expect, it } from '@jest/globals';

import { createLayer } from '../../../../src/sdk/configuration/layer.js';
import { resolveConfiguration } from '../../../../src/sdk/configuration/resolve.js';
import type { SettingsSchema } from '../../../../src/sdk/configuration/schema.js';
import { fetchSecrets, withSecrets } from '../../../../src/sdk/platform/fetch-secrets.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { RecordingLog } from '../../../support/recording-log.js';
import { inTurn, type Script, ScriptedTransport, systemError } from '../../../support/scripted-transport.js';

const TOKEN = 'token-of-this-test';
const URL = 'https://platform.test/secrets';

function fetching(script: Script) {
  const clock = new ManualClock({ autoAdvance: true });
  const transport = new ScriptedTransport(script);
  const recording = new RecordingLog();
  const stopped = new AbortController();
  const request = { url: URL, log: recording.log, requested: stopped.signal };
  return { clock, transport, recording, stopped, secrets: fetchSecrets(request, { token: TOKEN, transport, clock }) };
}

describe('the secrets of the account', () => {
  it('are asked for with the token, within thirty seconds', async () => {
    const { secrets, transport } = fetching(inTurn({ body: '{"value":{"apikey":"k"}}' }));
    expect(await secrets).toEqual({ apikey: 'k' });
    expect(transport.requests).toEqual([
      expect.objectContaining({
        method: 'GET',
        url: URL,
        headers: { accept: 'application/json', authorization: `Bearer ${TOKEN}` },
        headersTimeoutMs: 30_000,
        bodyTimeoutMs: 30_000,
      }),
    ]);
  });

  it.each<[string, Script]>([
    ['a server error', inTurn({ status: 500 })],
    ['no answer', inTurn(systemError('ECONNREFUSED'))],
    ['a refusal', inTurn({ status: 403, body: `{"message":"token ${TOKEN} is unknown"}` })],
    ['an answer without them', inTurn({ body: '{"values":{}}' })],
    ['a page', inTurn({ body: '<html>' })],
    ['a list', inTurn({ body: '{"value":["k"]}' })],
    ['an answer that breaks off', inTurn({ body: '{"val', breaksWith: systemError('ECONNRESET') })],
  ])('are tried for ten times, after %s as well', async (_, script) => {
    const { secrets, clock, transport, recording } = fetching(script);
    await expect(secrets).rejects.toMatchObject({ code: expect.stringMatching(/^PLATFORM_/) });
    expect(transport.requests).toHaveLength(10);
    expect(clock.sleeps).toEqual([1, 2, 4, 8, 10, 10, 10, 10, 10].map((seconds) => seconds * 1000));
    expect(recording.at('warning')).toHaveLength(9);
    expect(recording.text).not.toContain(TOKEN);
    await expect(secrets).rejects.not.toThrow(TOKEN);
  });

  it('are taken when they come at last', async () => {
    const { secrets } = fetching((_, n) => (n < 10 ? { status: 502 } : { body: '{"value":{"apikey":"late"}}' }));
    expect(await secrets).toEqual({ apikey: 'late' });
  });

  it('are not waited for any more after a stop', async () => {
    const { secrets, stopped, transport } = fetching(inTurn({ status: 500 }));
    stopped.abort();
    await expect(secrets).rejects.toMatchObject({ name: 'AbortError' });
    expect(transport.requests).toHaveLength(1);
  });
});

describe('what the platform left of a secret', () => {
  const schema: SettingsSchema = {
    type: 'object',
    properties: { apikey: { type: 'string' }, stars: { type: 'string' } },
    required: ['apikey'],
    secrets: ['apikey'],
  };
  const resolved = async (given: Record<string, unknown>, secrets: Record<string, unknown>): Promise<unknown> => {
    const account = withSecrets({ layers: [createLayer(given, 'the platform')] }, ['apikey'], secrets);
    return (await resolveConfiguration({ module: { ...account, schema } })).values.module;
  };

  it.each([{}, { apikey: null }, { apikey: '' }, { apikey: '********' }, { apikey: '••••' }, { apikey: 'old' }])(
    'gives way to the value: %j',
    async (given) => {
      expect(await resolved(given, { apikey: 'value' })).toEqual({ apikey: 'value' });
    },
  );

  it.each([{}, { apikey: null }, { apikey: '  ' }, { apikey: '********' }])(
    'is none where there is no value: %j',
    async (given) => {
      await expect(resolved(given, {})).rejects.toThrow(/module.apikey: is required/);
      await expect(resolved(given, { apikey: null })).rejects.toThrow(/module.apikey: is required/);
    },
  );

  it('counts where it is the value itself, and stars in other settings do', async () => {
    expect(await resolved({ apikey: 'plain', stars: '***' }, {})).toEqual({ apikey: 'plain', stars: '***' });
  });
});
