import { afterEach, describe, expect, it } from '@jest/globals';
import type { Fault, FaultEffect, FaultScenario } from '../../../../src/simulators/faults/fault-scenario.js';
import { SYNTHETIC_API_KEY } from '../../../../src/simulators/jumpcloud/options.js';
import type { JumpcloudSimulator } from '../../../../src/simulators/jumpcloud/simulator.js';
import { createEventGenerator } from '../../../../src/simulators/events/event-generator.js';
import {
  batch,
  closeAll,
  event,
  eventsEverySecond,
  messageOf,
  NOW,
  page,
  post,
  push,
  rawAnswer,
  rawHeaderNames,
  startApi,
  startIntake,
  WHOLE_DAY,
} from '../support.js';

afterEach(closeAll);

function scenario(effect: FaultEffect, fault: Partial<Fault> = {}): { scenario: FaultScenario } {
  const side = fault.side ?? 'jumpcloud';
  return { scenario: { version: 1, faults: [{ name: 'f', ...fault, side, effect }] } };
}

async function faultyApi(effect: FaultEffect, events = 10): Promise<JumpcloudSimulator> {
  const api = await startApi(scenario(effect));
  eventsEverySecond(events).forEach((one) => api.add(one));
  return api;
}

describe('an answer of another status', () => {
  it.each([401, 402, 403, 429, 500, 502, 503, 504])('%i comes with a JSON message', async (status) => {
    const response = await post(await faultyApi({ kind: 'status', status, message: 'm' }), WHOLE_DAY);
    expect([response.status, await messageOf(response), response.headers.get('retry-after')]).toEqual([
      status,
      'm',
      null,
    ]);
  });

  it('may say when to come back', async () => {
    const asked = async (retry_after: number | string): Promise<string | null> =>
      (await post(await faultyApi({ kind: 'status', status: 429, retry_after }), WHOLE_DAY)).headers.get('retry-after');
    expect(await asked(7)).toBe('7');
    expect(await asked('Mon, 11 Mar 2030 12:00:30 GMT')).toBe('Mon, 11 Mar 2030 12:00:30 GMT');
  });

  it('may be an HTML page, or empty', async () => {
    const page503 = await post(await faultyApi({ kind: 'status', status: 503, body: 'html' }), WHOLE_DAY);
    expect(page503.headers.get('content-type')).toContain('text/html');
    expect(await page503.text()).toContain('<html>');
    const empty502 = await post(await faultyApi({ kind: 'status', status: 502, body: 'empty' }), WHOLE_DAY);
    expect(await empty502.text()).toBe('');
  });

  it('may be an empty or HTML 200', async () => {
    const empty = await post(await faultyApi({ kind: 'empty_200' }), WHOLE_DAY);
    expect([empty.status, await empty.text()]).toEqual([200, '']);
    const html = await post(await faultyApi({ kind: 'html_200' }), WHOLE_DAY);
    expect([html.status, (await html.text()).startsWith('<!DOCTYPE html>')]).toEqual([200, true]);
  });

  it('keeps the intake from taking anything in', async () => {
    const intake = await startIntake(scenario({ kind: 'status', status: 503 }, { side: 'sekoia' }));
    expect((await push(intake, batch(['{}']))).status).toBe(503);
    expect(intake.received.events).toBe(0);
  });

  it('counts in the statistics', async () => {
    const api = await faultyApi({ kind: 'status', status: 503 });
    await post(api, WHOLE_DAY);
    expect(api.stats.byStatus).toEqual({ 503: 1 });
  });
});

describe('headers', () => {
  it('may be missing', async () => {
    const headers = ['X-Result-Count', 'x-limit', 'X-Sort', 'X-Search_after', 'Date'];
    const response = await post(await faultyApi({ kind: 'missing_headers', headers }), WHOLE_DAY);
    expect(headers.map((name) => response.headers.get(name))).toEqual(headers.map(() => null));
    expect(await response.json()).toHaveLength(10);
  });

  it.each([
    ['lower', 'x-search_after'],
    ['upper', 'X-SEARCH_AFTER'],
  ] as const)('may be written in %s case', async (style, name) => {
    const api = await faultyApi({ kind: 'header_case', style });
    const headers = { 'content-type': 'application/json', 'x-api-key': SYNTHETIC_API_KEY };
    const names = await rawHeaderNames(`${api.url}/insights/directory/v1/events`, headers, JSON.stringify(WHOLE_DAY));
    expect(names).toContain(name);
    const plain = await startApi();
    const asDocumented = await rawHeaderNames(
      `${plain.url}/insights/directory/v1/events`,
      headers,
      JSON.stringify(WHOLE_DAY),
    );
    expect(asDocumented).toEqual(expect.arrayContaining(['X-Result-Count', 'X-Limit', 'X-Sort', 'X-Search_after']));
  });

  it('may repeat the token of the request', async () => {
    const api = await faultyApi({ kind: 'repeated_token' });
    const query = { ...WHOLE_DAY, limit: 3 };
    const first = await page(api, query);
    const second = await page(api, { ...query, search_after: first.token });
    const third = await page(api, { ...query, search_after: second.token });
    expect(second.token).toEqual(first.token);
    expect(third.ids).toEqual(second.ids);
  });
});

describe('rows', () => {
  it('may come twice, and the page still has its size', async () => {
    const api = await faultyApi({ kind: 'duplicate_rows', rows: 2 });
    const query = { ...WHOLE_DAY, limit: 4 };
    const first = await page(api, query);
    expect([first.ids.length, new Set(first.ids).size, first.count]).toEqual([4, 2, 4]);
    const second = await page(api, { ...query, search_after: first.token });
    expect(second.ids.some((id) => first.ids.includes(id))).toBe(false);
  });

  it('may become visible late, a share of them', async () => {
    let now = NOW;
    const late: FaultEffect = { kind: 'late_visibility', min_seconds: 60, max_seconds: 60 };
    const api = await startApi({ ...scenario(late, { when: { probability: 0.5 } }), now: () => now });
    eventsEverySecond(100).forEach((one) => api.add(one));
    const early = (await page(api, WHOLE_DAY)).ids.length;
    expect(early).toBeGreaterThan(20);
    expect(early).toBeLessThan(80);
    now += 61_000;
    expect((await page(api, WHOLE_DAY)).ids).toHaveLength(100);
  });
});

describe('the connection', () => {
  it.each(['before_processing', 'after_processing'] as const)('may be reset before the answer (%s)', async (point) => {
    const intake = await startIntake(scenario({ kind: 'reset', point }, { side: 'sekoia' }));
    await expect(push(intake, batch(['{}']))).rejects.toThrow();
    expect(intake.received.events).toBe(point === 'before_processing' ? 0 : 1);
  });

  it('may be reset in the middle of the answer', async () => {
    const intake = await startIntake(scenario({ kind: 'reset', point: 'in_body' }, { side: 'sekoia' }));
    const headers = { 'content-type': 'application/json' };
    const { status, bytes } = await rawAnswer(`${intake.url}/batch`, headers, JSON.stringify(batch(['{}'])));
    expect(status).toBe(200);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan('{"event_ids":["00000000-0000-4000-8000-000000000001"]}'.length);
    expect(intake.received.events).toBe(1);
  });

  it.each([false, true])('may break in the middle of a body (compressed: %p)', async (zipped) => {
    const api = await faultyApi({ kind: 'truncated_body', keep_share: 0.5 }, 200);
    const response = await post(api, WHOLE_DAY, { headers: { 'accept-encoding': zipped ? 'gzip' : 'identity' } });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  it('may deliver half a body as if it were whole', async () => {
    const api = await faultyApi({ kind: 'truncated_body', keep_share: 0.5, honest_length: true });
    const text = await (await post(api, WHOLE_DAY)).text();
    expect(text.length).toBeGreaterThan(100);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  it('may stall until the client gives up', async () => {
    const api = await faultyApi({ kind: 'stall' });
    const answer = fetch(`${api.url}/insights/directory/v1/events`, {
      method: 'POST',
      signal: AbortSignal.timeout(30),
    });
    await expect(answer).rejects.toThrow();
  });

  it('does not keep the simulator from closing while it stalls', async () => {
    const api = await faultyApi({ kind: 'stall' });
    const answer = post(api, WHOLE_DAY).catch(() => 'broken');
    while (api.stats.requests === 0) await new Promise((resolve) => setImmediate(resolve));
    await api.close();
    expect(await answer).toBe('broken');
  });

  it('may be slow to answer, and slow to send', async () => {
    const waits: number[] = [];
    const sleep = async (ms: number): Promise<void> => void waits.push(ms);
    const faults: Fault[] = [
      { name: 'late', side: 'jumpcloud', effect: { kind: 'delay', delay_ms: 1500 } },
      { name: 'slow', side: 'jumpcloud', effect: { kind: 'slow_body', bytes_per_second: 5000 } },
    ];
    const api = await startApi({ scenario: { version: 1, faults }, sleep, latencyMs: 40, gzip: false });
    eventsEverySecond(10).forEach((one) => api.add(one));
    const text = await (await post(api, WHOLE_DAY)).text();
    expect(JSON.parse(text)).toHaveLength(10);
    const [latency, delay, ...pauses] = waits;
    expect([latency, delay]).toEqual([40, 1500]);
    const seconds = pauses.reduce((sum, ms) => sum + ms, 0) / 1000;
    expect(seconds).toBeCloseTo(text.length / 5000, 1);
  });
});

describe('the intake', () => {
  const bad = event('08:00:00', { members: { username: 'bad' } }).text;
  const good = event('08:00:01').text;

  it('may refuse single events by their text', async () => {
    const effect = { kind: 'refuse_events', as: 'event', status: 422, message: 'no' } as const;
    const intake = await startIntake({
      ...scenario(effect, { side: 'sekoia', when: { event_text_contains: '"username":"bad"' } }),
      rejectionShape: 'status_codes',
    });
    const answer = (await (await push(intake, batch([good, bad]))).json()) as { statuses: number[] };
    expect(answer.statuses).toEqual([200, 422]);
    expect([intake.received.count(good), intake.received.count(bad)]).toEqual([1, 0]);
    expect((await push(intake, batch([bad]))).status).toBe(422);
  });

  it.each([400, 413])('may refuse a whole request for the sake of one event (%i)', async (status) => {
    const effect = { kind: 'refuse_events', as: 'request', status } as const;
    const intake = await startIntake(scenario(effect, { side: 'sekoia', when: { event_text_contains: 'bad' } }));
    expect((await push(intake, batch([good, bad]))).status).toBe(status);
    expect(intake.received.events).toBe(0);
    expect((await push(intake, batch([good]))).status).toBe(200);
  });

  it('may break the connection for requests that carry a certain event', async () => {
    const wide = createEventGenerator({ seed: 1 }).sized({ bytes: 5000, occurredAtMs: NOW, script: 'wide' });
    const when = { event_text_contains: wide.id };
    const intake = await startIntake(scenario({ kind: 'reset', point: 'after_processing' }, { side: 'sekoia', when }));
    expect((await push(intake, batch([good]))).status).toBe(200);
    await expect(push(intake, batch([good, wide.text]))).rejects.toThrow();
    expect(intake.received.count(wide.text)).toBe(1);
  });
});
