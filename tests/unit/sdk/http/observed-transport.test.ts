import { describe, expect, it } from '@jest/globals';

import { abortError } from '../../../../src/sdk/errors.js';
import { observedTransport } from '../../../../src/sdk/http/observed-transport.js';
import type { PipelineEvent } from '../../../../src/sdk/pipeline/pipeline-event.js';
import type { HttpRequest } from '../../../../src/sdk/ports.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { type Script, ScriptedTransport, systemError } from '../../../support/scripted-transport.js';

const REQUEST: HttpRequest = {
  method: 'POST',
  url: 'https://x.test/insights/directory/v1/events?key=1',
  headers: {},
  headersTimeoutMs: 1,
  bodyTimeoutMs: 1,
};

async function tellOf(script: Script): Promise<readonly PipelineEvent[]> {
  const [clock, told]: [ManualClock, PipelineEvent[]] = [new ManualClock(), []];
  const slow = new ScriptedTransport(async (request, n) => {
    await clock.sleep(250);
    return script(request, n);
  });
  const transport = observedTransport(slow, { side: 'source', clock, listener: (event) => told.push(event) });
  const ended = transport.request(REQUEST).catch(() => undefined);
  await clock.advance(250);
  await ended;
  return told;
}

describe('an observed transport', () => {
  it('tells how long an answer took, whatever its status', async () => {
    const answered = { kind: 'answered', side: 'source', endpoint: 'events', durationMs: 250 };
    expect(await tellOf(() => ({ status: 503 }))).toEqual([{ ...answered, status: 503 }]);
  });

  it('tells how long none came', async () => {
    const told = await tellOf(() => {
      throw systemError('ECONNRESET');
    });
    expect(told).toMatchObject([{ status: undefined, durationMs: 250 }]);
  });

  it('says nothing of what was given up on purpose', async () => {
    const told = await tellOf(() => {
      throw abortError();
    });
    expect(told).toEqual([]);
  });

  it('is the transport itself where nobody listens', () => {
    const transport = new ScriptedTransport(() => ({}));
    const observation = { side: 'source', clock: new ManualClock(), listener: undefined } as const;
    expect(observedTransport(transport, observation)).toBe(transport);
  });
});
