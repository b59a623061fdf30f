import { describe, expect, it } from '@jest/globals';

import { checkAccount } from '../../../src/jumpcloud/check-account.js';
import type { CheckResult } from '../../../src/sdk/trigger.js';
import { pageAnswer } from '../../support/api.js';
import { ManualClock } from '../../support/manual-clock.js';
import { inTurn, type Script, ScriptedTransport } from '../../support/scripted-transport.js';
import { seededRandom } from '../../support/seeded-random.js';

const ACCOUNT = { base_url: 'https://api.test', apikey: 'jca_secret', organization_id: 'org-1' };

async function examine(script: Script, module: Record<string, unknown> = ACCOUNT) {
  const clock = new ManualClock({ autoAdvance: true });
  const transport = new ScriptedTransport(script);
  const context = { clock, random: seededRandom(), transport, signal: new AbortController().signal };
  const results: CheckResult[] = [];
  for await (const result of checkAccount(module, context)) results.push(result);
  return { results, transport };
}

describe('an account', () => {
  it('works when one small query of every service is answered', async () => {
    const { results, transport } = await examine(() =>
      pageAnswer(['{"id":"1","timestamp":"2030-01-02T00:00:00Z"}'], { limit: 1, token: '[1]' }),
    );
    expect(new Set(results.map(({ state }) => state))).toEqual(new Set(['passed']));
    expect(transport.requests).toHaveLength(1);
    expect(transport.requests[0]?.headers).toMatchObject({ 'x-api-key': 'jca_secret', 'x-org-id': 'org-1' });
    expect(transport.queries[0]).toMatchObject({ service: ['all'], limit: 1 });
  });

  it.each([
    [401, 'API key'],
    [402, 'licence'],
    [403, 'role'],
    [404, 'address'],
  ])('does not where the answer is %d: it is said to be the %s', async (status, stage) => {
    const { results } = await examine(inTurn({ status }));
    const failed = results.filter(({ state }) => state === 'failed');
    expect(failed).toEqual([
      { name: `JumpCloud ${stage}`, state: 'failed', detail: expect.any(String), remedy: expect.any(String) },
    ]);
  });

  it('is refused before anything is asked where it cannot be one, with every problem', async () => {
    const module = { ...ACCOUNT, base_url: 'http://api.test', apikey: 'two words' };
    await expect(examine(inTurn({}), module)).rejects.toThrow(/module\.base_url: must be https.*module\.apikey/s);
  });

  it('works by a service account for several organizations, none of which it names, where that gets a token', async () => {
    const module = {
      ...{ base_url: 'https://api.test', token_url: 'https://tokens.test/oauth2/token' },
      ...{ client_id: 'client', client_secret: 'secret-of-client' },
    };
    const token = { body: '{"access_token":"synthetic-token-4242","token_type":"bearer","expires_in":3600}' };
    const { results, transport } = await examine(inTurn(token), module);
    expect(results.filter(({ state }) => state !== 'passed')).toEqual([]);
    expect(results.at(-1)?.detail).toMatch(/service account gets tokens/);
    expect(transport.requests.map(({ url }) => url)).toEqual([module.token_url]);
    const { results: refused } = await examine(inTurn({ status: 401 }), module);
    expect(refused.filter(({ state }) => state === 'failed')).toMatchObject([
      { name: 'JumpCloud service account client' },
    ]);
  });
});
