import { describe, expect, it } from '@jest/globals';

import { createClient } from '../../../src/jumpcloud/create-client.js';
import { USER_AGENT } from '../../../src/jumpcloud/user-agent.js';
import type { PipelineEvent } from '../../../src/sdk/pipeline/pipeline-event.js';
import { ManualClock } from '../../support/manual-clock.js';
import { inTurn, type Script, ScriptedTransport } from '../../support/scripted-transport.js';
import { seededRandom } from '../../support/seeded-random.js';

const SETTINGS = { baseUrl: 'https://api.example.test', apiKey: 'key-of-this-test', requestsPerSecond: 0.5 };
const EVERYTHING = { services: ['all'], fromMs: 0, toMs: 1000 };
const signal = new AbortController().signal;

function world(script: Script) {
  const told: PipelineEvent[] = [];
  const transport = new ScriptedTransport(script);
  const clock = new ManualClock({ autoAdvance: true });
  const listener = (event: PipelineEvent): void => void told.push(event);
  return { transport, clock, random: seededRandom(), told, listener };
}

const COUNTED = inTurn({ body: '{"count":1}' });

describe('createClient', () => {
  it('asks with the key and the name of this program, for no organization in particular', async () => {
    const { transport, clock, random } = world(COUNTED);
    await createClient(SETTINGS, { transport, clock, random }).count(EVERYTHING, signal);
    expect(transport.requests).toMatchObject([{ headers: { 'x-api-key': SETTINGS.apiKey, 'user-agent': USER_AGENT } }]);
    expect(transport.requests[0]?.headers).not.toHaveProperty('x-org-id');
  });

  it('names the organization that is set', async () => {
    const made = world(COUNTED);
    await createClient({ ...SETTINGS, organizationId: 'org-1' }, made).count(EVERYTHING, signal);
    expect(made.transport.requests[0]?.headers).toMatchObject({ 'x-org-id': 'org-1' });
  });

  it('names the provider instead, where its own events are wanted', async () => {
    const made = world(COUNTED);
    const settings = { ...SETTINGS, organizationId: 'org-1', providerId: 'provider-1' };
    await createClient(settings, made).count(EVERYTHING, signal);
    expect(made.transport.requests[0]?.headers).toMatchObject({ 'x-provider-id': 'provider-1' });
    expect(made.transport.requests[0]?.headers).not.toHaveProperty('x-org-id');
  });

  it('keeps to the rate limit that it shares with others', async () => {
    const made = world(COUNTED);
    const asked: unknown[] = [];
    const limiter = {
      admit: (_: AbortSignal, urgency: unknown) => Promise.resolve(void asked.push(urgency)),
      hold: () => undefined,
    };
    await createClient(SETTINGS, { ...made, share: { limiter } }).count(EVERYTHING, signal);
    expect(asked).toEqual(['live']);
  });

  it('keeps to the rate limit', async () => {
    const made = world(COUNTED);
    const client = createClient(SETTINGS, made);
    for (let n = 0; n < 4; n += 1) await client.count(EVERYTHING, signal);
    expect(made.clock.monotonic()).toBe(6000);
  });

  it('tries for five minutes where nothing else is said, and tells the listener', async () => {
    const made = world(inTurn({ status: 503 }));
    await expect(createClient(SETTINGS, made).count(EVERYTHING, signal)).rejects.toMatchObject({ status: 503 });
    expect(made.clock.monotonic()).toBeGreaterThan(240_000);
    expect(made.clock.monotonic()).toBeLessThanOrEqual(302_000);
    expect(made.told.filter(({ kind }) => kind === 'retrying')).toHaveLength(made.transport.requests.length - 1);
  });

  it('tries for as long as it is told', async () => {
    const made = world(inTurn({ status: 503 }));
    await expect(createClient(SETTINGS, { ...made, retryForMs: 0 }).count(EVERYTHING, signal)).rejects.toThrow('503');
    expect(made.transport.requests).toHaveLength(1);
  });
});
