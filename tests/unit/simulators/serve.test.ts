import { afterEach, describe, expect, it } from '@jest/globals';
import { type Simulators, type SimulatorsOptions, startSimulators } from '../../../src/simulators/serve.js';
import { allPages, batch, closeAll, closeLater, NOW, page, post, push } from './support.js';

afterEach(closeAll);

async function start(options: SimulatorsOptions): Promise<Simulators> {
  return closeLater(await startSimulators({ now: () => NOW, ...options }));
}

const QUERY = { service: ['all'], sort: 'ASC', limit: 500, start_time: '2030-03-01T00:00:00Z' };

/** Moves everything, as a connector would. */
async function moveAll({ jumpcloud, sekoia }: Simulators): Promise<void> {
  const response = await post(jumpcloud, { ...QUERY, limit: 10_000 });
  const count = Number(response.headers.get('x-result-count'));
  if (count === 0) return;
  const headers = { 'x-sekoiaio-intake-key': 'synthetic-intake-key-for-tests' };
  const pushed = await push(sekoia, await response.text(), { path: '/jsons', headers });
  if (pushed.status !== 200) throw new Error(String(pushed.status));
}

describe('both simulators together', () => {
  it('hold the events asked for, over the days asked for', async () => {
    const both = await start({ events: 3000, days: 3 });
    const pages = await allPages(both.jumpcloud, QUERY);
    expect(new Set(pages.flat()).size).toBe(both.account().held);
    expect(both.jumpcloud.store.size).toBe(3000);
    const { count } = (await (await post(both.jumpcloud, QUERY, { path: '/events/count' })).json()) as {
      count: number;
    };
    expect(count).toBe(both.account().held);
    const dayBefore = { ...QUERY, end_time: '2030-03-10T12:00:00Z' };
    expect((await allPages(both.jumpcloud, dayBefore)).flat().length).toBeGreaterThan(500);
  });

  it('give the keys and addresses that work', async () => {
    const both = await start({ sekoia: { intakeKeys: ['mine'], basePath: '/api/v1/intake-http' } });
    expect([both.jumpcloudUrl, both.intakeUrl]).toEqual([both.jumpcloud.url, both.sekoia.url]);
    expect(both.intakeKey).toBe('mine');
    const body = JSON.stringify({ intake_key: both.intakeKey, jsons: ['{}'] });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${both.intakeUrl}/batch`, { method: 'POST', headers, body })).status).toBe(200);
  });

  it('play the same day from the same seed', async () => {
    const ids = async (seed: number): Promise<string[]> =>
      (await page((await start({ events: 50, seed })).jumpcloud, QUERY)).ids;
    expect(await ids(3)).toEqual(await ids(3));
    expect(await ids(3)).not.toEqual(await ids(4));
  });

  it('go on with live events on the simulated clock', async () => {
    let now = NOW;
    const both = await start({ liveEventsPerSecond: 10, now: () => now, generator: { futureShare: 0 } });
    expect(both.account().held).toBe(0);
    now += 60_000;
    const { held } = both.account();
    expect(held).toBeGreaterThan(590);
    expect(both.jumpcloud.store.size).toBe(600);
    expect((await allPages(both.jumpcloud, QUERY)).flat()).toHaveLength(held);
  });

  it('end their live events when told to; what happened still becomes visible', async () => {
    let now = NOW;
    const lateMs = { min: 30_000, max: 30_000 };
    const both = await start({ liveEventsPerSecond: 10, lateShare: 1, lateMs, now: () => now });
    now += 20_000;
    both.endLiveEvents();
    now += 60_000;
    expect(both.account().held).toBe(200);
    expect(both.jumpcloud.store.size).toBe(200);
  });

  it('show some of the live events late', async () => {
    let now = NOW;
    const both = await start({
      liveEventsPerSecond: 10,
      lateShare: 0.5,
      lateMs: { min: 30_000, max: 30_000 },
      now: () => now,
    });
    now += 60_000;
    const early = both.account().held;
    expect(early).toBeLessThan(520);
    now += 30_500;
    expect(both.jumpcloud.store.size).toBe(600);
    expect(both.account().held).toBeGreaterThan(early);
  });
});

describe('the account', () => {
  it('is even when everything was moved once', async () => {
    const both = await start({ events: 800, generator: { oversizedShare: 0, oddShare: 0.5, futureShare: 0 } });
    const { held } = both.account();
    expect(both.account()).toMatchObject({ delivered: 0, lost: held, duplicated: 0, unknown: 0 });
    expect(both.account().lostIds).toHaveLength(20);
    await moveAll(both);
    expect(both.account()).toEqual({ held, delivered: held, lost: 0, duplicated: 0, unknown: 0, lostIds: [] });
  });

  it('names what is lost, repeated and altered', async () => {
    const both = await start({ events: 10, generator: { spacedShare: 0 } });
    const texts = Array.from({ length: 10 }, (_, row) => both.jumpcloud.store.text(row).toString());
    const [first, ...rest] = texts;
    await push(both.sekoia, batch([...rest, rest[0]!, rest[0]!, first!.replace('{', '{ ')]));
    expect(both.account()).toEqual({
      held: texts.length,
      delivered: texts.length - 1,
      lost: 1,
      duplicated: 2,
      unknown: 1,
      lostIds: [(JSON.parse(first!) as { id: string }).id],
    });
    expect(both.sekoia.received.texts).toEqual([first!.replace('{', '{ ')]);
  });

  it('leaves out what the API never showed', async () => {
    const both = await start({ events: 400, days: 100 });
    const { held } = both.account();
    expect(held).toBeLessThan(380);
    expect(held).toBeGreaterThan(330);
    expect((await allPages(both.jumpcloud, { ...QUERY, start_time: '2029-01-01T00:00:00Z' })).flat()).toHaveLength(
      held,
    );
  });
});
