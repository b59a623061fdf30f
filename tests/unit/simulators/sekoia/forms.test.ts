import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createEventGenerator } from '../../../../src/simulators/events/event-generator.js';
import { SYNTHETIC_INTAKE_KEY } from '../../../../src/simulators/sekoia/options.js';
import { batch, closeAll, messageOf, NOW, push, startIntake } from '../support.js';

afterEach(closeAll);

const KEY_HEADER = { 'X-SEKOIAIO-INTAKE-KEY': SYNTHETIC_INTAKE_KEY };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/;
const generator = createEventGenerator({ seed: 6, oddShare: 1, spacedShare: 0.5 });
const EVENTS = [
  ...generator.spread({ fromMs: NOW - 60_000, toMs: NOW, count: 200 }),
  generator.odd(NOW),
  generator.sized({ bytes: 20_000, occurredAtMs: NOW, script: 'wide' }),
].map(({ text }) => text);

describe('/batch', () => {
  it('takes the texts byte for byte and gives each an identifier of its own', async () => {
    const intake = await startIntake();
    const response = await push(intake, batch(EVENTS));
    expect(response.status).toBe(200);
    const { event_ids: ids } = (await response.json()) as { event_ids: string[] };
    expect(new Set(ids).size).toBe(EVENTS.length);
    expect(ids.every((id) => UUID.test(id))).toBe(true);
    expect(EVENTS.map((text) => intake.received.count(text))).toEqual(EVENTS.map(() => 1));
    expect(intake.received.events).toBe(EVENTS.length);
    expect(intake.received.bytes).toBe(EVENTS.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
  });

  it('takes texts of which every character beyond ASCII is escaped, as Python writes them', async () => {
    const intake = await startIntake();
    const escaped = JSON.stringify(batch(EVENTS)).replace(
      /[\u0080-\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    expect((await push(intake, escaped)).status).toBe(200);
    expect(EVENTS.map((text) => intake.received.count(text))).toEqual(EVENTS.map(() => 1));
  });

  it('tells an altered text from the original', async () => {
    const intake = await startIntake();
    await push(intake, batch(['{"a": 1.0}']));
    expect(intake.received.count('{"a": 1.0}')).toBe(1);
    expect(intake.received.count('{"a":1}')).toBe(0);
  });

  it('counts repeats', async () => {
    const intake = await startIntake();
    await push(intake, batch(['{}', '{}']));
    await push(intake, batch(['{}']));
    expect([intake.received.count('{}'), intake.received.events, intake.received.distinct]).toEqual([3, 3, 1]);
  });

  it.each([
    ['an element is not a string', batch([{ id: 1 }])],
    ['jsons is not a list', { intake_key: SYNTHETIC_INTAKE_KEY, jsons: '{}' }],
    ['there is no event', batch([])],
    ['the body is not JSON', 'nothing'],
    ['the body is a list', '[]'],
    ['the body is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])('answers 400 when %s', async (_, body) => {
    const intake = await startIntake();
    expect((await push(intake, body)).status).toBe(400);
    expect(intake.received.events).toBe(0);
  });

  it('answers 400 when the content type is another', async () => {
    const intake = await startIntake();
    expect((await push(intake, batch(['{}']), { headers: { 'content-type': 'text/plain' } })).status).toBe(400);
  });

  it('takes gzip, and nothing that only claims to be', async () => {
    const intake = await startIntake();
    const headers = { 'content-encoding': 'gzip' };
    expect((await push(intake, gzipSync(JSON.stringify(batch(EVENTS))), { headers })).status).toBe(200);
    expect(intake.received.events).toBe(EVENTS.length);
    expect((await push(intake, JSON.stringify(batch(['{}'])), { headers })).status).toBe(400);
    const brotli = { 'content-encoding': 'br' };
    expect((await push(intake, JSON.stringify(batch(['{}'])), { headers: brotli })).status).toBe(400);
  });
});

describe('the other forms', () => {
  it('take one event at the base', async () => {
    const intake = await startIntake();
    const response = await push(intake, { intake_key: SYNTHETIC_INTAKE_KEY, json: EVENTS[0] }, { path: '' });
    expect(((await response.json()) as { event_id: string }).event_id).toMatch(UUID);
    expect(intake.received.count(EVENTS[0]!)).toBe(1);
  });

  it('take /array, a key for each element', async () => {
    const intake = await startIntake();
    const body = EVENTS.map((json) => ({ intake_key: SYNTHETIC_INTAKE_KEY, json }));
    expect((await push(intake, body, { path: '/array' })).status).toBe(200);
    expect(intake.received.distinct).toBe(EVENTS.length);
    const wrong = [{ intake_key: 'wrong', json: '{}' }, ...body];
    expect((await push(intake, wrong, { path: '/array' })).status).toBe(403);
  });

  it('take /jsons, the elements as they stand in the body', async () => {
    const intake = await startIntake();
    const body = `[${EVENTS.join(' ,\n')}]`;
    expect((await push(intake, body, { path: '/jsons', headers: KEY_HEADER })).status).toBe(200);
    expect(EVENTS.map((text) => intake.received.count(text))).toEqual(EVENTS.map(() => 1));
  });

  it('take /jsons at a path', async () => {
    const intake = await startIntake();
    const path = '/jsons?path=$.a.records';
    const response = await push(intake, { a: { records: [{ n: 1 }, 'text'] } }, { path, headers: KEY_HEADER });
    expect(response.status).toBe(200);
    expect([intake.received.count('{"n":1}'), intake.received.count('text')]).toEqual([1, 1]);
    expect((await push(intake, { a: 1 }, { path, headers: KEY_HEADER })).status).toBe(400);
  });

  it('take /plain and /plain/batch', async () => {
    const intake = await startIntake();
    const single = await push(intake, 'one\nline', { path: '/plain', headers: KEY_HEADER });
    expect(await single.json()).toEqual({ event_id: expect.stringMatching(UUID) });
    const many = await push(intake, 'first\n\nsecond\n', { path: '/plain/batch', headers: KEY_HEADER });
    expect(((await many.json()) as { event_ids: string[] }).event_ids).toHaveLength(2);
    expect(['one\nline', 'first', 'second'].map((text) => intake.received.count(text))).toEqual([1, 1, 1]);
  });

  it('are below the base path, and nowhere else', async () => {
    const intake = await startIntake({ basePath: '/api/v1/intake-http' });
    expect(intake.url).toMatch(/\/api\/v1\/intake-http$/);
    expect((await push(intake, batch(['{}']))).status).toBe(200);
    const { origin } = new URL(intake.url);
    const body = JSON.stringify(batch(['{}']));
    const astray = await fetch(`${origin}/batch`, { method: 'POST', body });
    expect(astray.status).toBe(404);
    expect((await fetch(`${intake.url}/batch`)).status).toBe(405);
  });
});

describe('the intake key', () => {
  it('may come as header, password or parameter where the body has no place for it', async () => {
    const intake = await startIntake();
    const basic = { authorization: `Basic ${Buffer.from(`any:${SYNTHETIC_INTAKE_KEY}`).toString('base64')}` };
    const statuses = [
      await push(intake, 'a', { path: '/plain', headers: KEY_HEADER }),
      await push(intake, 'a', { path: '/plain', headers: basic }),
      await push(intake, 'a', { path: `/plain?intake_key=${SYNTHETIC_INTAKE_KEY}` }),
      await push(intake, 'a', { path: '/plain' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 200, 401]);
  });

  it('is refused when it is wrong or missing, and nothing is recorded', async () => {
    const intake = await startIntake({ wrongKeyStatus: 401 });
    expect((await push(intake, { jsons: ['{}'] })).status).toBe(401);
    expect((await push(intake, { intake_key: 'wrong', jsons: ['{}'] })).status).toBe(401);
    expect((await push(await startIntake(), { intake_key: 'wrong', jsons: ['{}'] })).status).toBe(403);
    expect(intake.received.events).toBe(0);
  });

  it('can be replaced', async () => {
    const intake = await startIntake();
    intake.replaceKeys(['new']);
    const refused = await push(intake, batch(['{}']));
    expect([refused.status, await messageOf(refused)]).toEqual([403, 'intake key is not valid']);
    expect((await push(intake, { intake_key: 'new', jsons: ['{}'] })).status).toBe(200);
  });
});
