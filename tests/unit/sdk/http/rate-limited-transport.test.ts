import { describe, expect, it } from '@jest/globals';

import { isAbort } from '../../../../src/sdk/errors.js';
import { rateLimitedTransport } from '../../../../src/sdk/http/rate-limited-transport.js';
import { RateLimiter } from '../../../../src/sdk/http/rate-limiter.js';
import type { PipelineEvent } from '../../../../src/sdk/pipeline/pipeline-event.js';
import type { HttpRequest } from '../../../../src/sdk/ports.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { type Script, ScriptedTransport, systemError } from '../../../support/scripted-transport.js';

const REQUEST: HttpRequest = {
  method: 'POST',
  url: 'https://x.test/',
  headers: {},
  headersTimeoutMs: 1,
  bodyTimeoutMs: 1,
};

function limited(requestsPerSecond: number, script: Script = () => ({})) {
  const clock = new ManualClock();
  const begun: number[] = [];
  const inner = new ScriptedTransport((request, n) => {
    begun.push(clock.monotonic());
    return script(request, n);
  });
  const told: PipelineEvent[] = [];
  const listener = (event: PipelineEvent): void => void told.push(event);
  const transport = rateLimitedTransport(inner, new RateLimiter(clock, requestsPerSecond), { clock, listener });
  return { clock, begun, inner, transport, told };
}

describe('a rate-limited transport', () => {
  it('lets no more requests begin in a second than allowed', async () => {
    const { clock, begun, transport } = limited(2);
    const all = Promise.all(Array.from({ length: 5 }, () => transport.request(REQUEST)));
    await clock.advance(3000);
    await all;
    expect(begun).toEqual([0, 0, 1000, 1000, 2000]);
  });

  it('tells of each request that waited how long, and of no other', async () => {
    const { clock, told, transport } = limited(2);
    const all = Promise.all(Array.from({ length: 3 }, () => transport.request(REQUEST)));
    await clock.advance(1000);
    await all;
    expect(told).toEqual([{ kind: 'held-back', urgency: 'live', delayMs: 1000 }]);
  });

  it('keeps silent as long as the other side asked, and gives its answer to whoever asked', async () => {
    const { clock, begun, transport } = limited(10, (_, n) =>
      n === 1 ? { status: 429, headers: { 'Retry-After': '9' } } : {},
    );
    await expect(transport.request(REQUEST)).resolves.toMatchObject({ status: 429 });
    const next = transport.request(REQUEST);
    await clock.advance(8999);
    expect(begun).toEqual([0]);
    await clock.advance(1);
    await expect(next).resolves.toMatchObject({ status: 200 });
    expect(begun).toEqual([0, 9000]);
  });

  it('sends nothing for whoever has stopped waiting', async () => {
    const { clock, begun, transport } = limited(1);
    const stop = new AbortController();
    await transport.request(REQUEST);
    const waiting = transport.request({ ...REQUEST, signal: stop.signal }).catch((thrown: unknown) => thrown);
    await clock.advance(10);
    stop.abort();
    expect(isAbort(await waiting)).toBe(true);
    expect(begun).toEqual([0]);
    const last = transport.request(REQUEST);
    await clock.advance(1000);
    await last;
    expect(begun).toEqual([0, 1000]);
  });

  it('passes on the request as it is, and what the transport throws', async () => {
    const failure = systemError('ECONNREFUSED');
    const { inner, transport } = limited(5, () => Promise.reject(failure));
    await expect(transport.request(REQUEST)).rejects.toBe(failure);
    expect(inner.requests).toEqual([REQUEST]);
  });
});
