import { describe, expect, it } from '@jest/globals';

import { tellTaskState } from '../../../../src/sdk/platform/callback.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { inTurn, type Script, ScriptedTransport, systemError } from '../../../support/scripted-transport.js';

const url = 'https://platform.test/callback';

function telling(script: Script) {
  const clock = new ManualClock({ autoAdvance: true });
  const transport = new ScriptedTransport(script);
  const requested = new AbortController().signal;
  const answer = tellTaskState({ url, state: { status: 'running' }, requested }, { token: 't', transport, clock });
  return { clock, transport, answer };
}

describe('the state of a task', () => {
  it('is told by PATCH, and the answer is handed on', async () => {
    const { answer, transport } = telling(inTurn({ body: '{"module_configuration":{"value":{}}}' }));
    expect(await answer).toEqual({ module_configuration: { value: {} } });
    expect(transport.requests[0]).toMatchObject({ method: 'PATCH', url, headers: { authorization: 'Bearer t' } });
    expect(transport.queries).toEqual([{ status: 'running' }]);
  });

  it.each([{ status: 204 }, { body: '' }, { body: 'OK' }, { body: '[]' }])('needs no answer: %j', async (answer) => {
    expect(await telling(inTurn(answer)).answer).toEqual({});
  });

  it.each([400, 401, 403, 404, 408, 409, 422, 425, 429])('is not told again after a %d', async (status) => {
    const { answer, transport } = telling(inTurn({ status }));
    await expect(answer).rejects.toMatchObject({ status });
    expect(transport.requests).toHaveLength(1);
  });

  it.each<[string, Script]>([
    ['500', inTurn({ status: 500 })],
    ['501', inTurn({ status: 501 })],
    ['503', inTurn({ status: 503 })],
    ['no answer', inTurn(systemError('ECONNRESET'))],
  ])('is tried to be told ten times, in growing distances, after %s', async (_, script) => {
    const { answer, transport, clock } = telling(script);
    await expect(answer).rejects.toMatchObject({ code: expect.stringMatching(/^PLATFORM_/) });
    expect(transport.requests).toHaveLength(10);
    expect(clock.sleeps).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512].map((seconds) => seconds * 1000));
  });
});
