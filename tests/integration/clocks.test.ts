import { describe, expect, it } from '@jest/globals';

import type { HttpTransport } from '../../src/sdk/ports.js';
import { apiEvent, ConnectorWorld } from '../support/connector-world.js';
import { MANUAL_CLOCK_START_MS as START_MS, ManualClock } from '../support/manual-clock.js';

const MINUTE_MS = 60_000;

/** A world whose API has a clock of its own, and an event for each of its seconds, visible at once. */
function worldOf({ aheadMs = 0 }: { readonly aheadMs?: number } = {}) {
  const clock = new ManualClock();
  const apiNow = (): number => START_MS + aheadMs + clock.monotonic();
  let born = 0;
  const world: ConnectorWorld = new ConnectorWorld({
    clock,
    jumpcloud: {
      now: apiNow,
      beforeRequest: () => {
        for (; born * 1000 <= clock.monotonic(); born += 1) {
          world.add(apiEvent(`live-${born}`, START_MS + aheadMs + born * 1000));
        }
      },
    },
  });
  return { world, clock };
}

/** What became of the events that were visible some seconds before the end. */
async function runFor(
  minutes: number,
  { world, clock }: ReturnType<typeof worldOf>,
  options: { readonly transport?: HttpTransport; readonly halfTime?: () => void; readonly startFrom?: string } = {},
): Promise<{ missing: string[]; duplicated: number; criticals: number }> {
  const run = world.run({
    once: false,
    arguments: { frequency: 5, overlap: '30s', start_from: options.startFrom ?? '1m' },
    ...(options.transport === undefined ? {} : { transport: options.transport }),
  });
  await pass(clock, (minutes * MINUTE_MS) / 2);
  options.halfTime?.();
  await pass(clock, (minutes * MINUTE_MS) / 2);
  run.stop.request();
  await run.ended;
  const due = Math.floor(clock.monotonic() / 1000) - 10;
  const { store } = world.api;
  const missing: string[] = [];
  for (let row = 0; row < store.size; row += 1) {
    const { id } = JSON.parse(store.text(row).toString()) as { id: string };
    if (Number(id.slice(5)) < due && world.intake.received.count(store.text(row)) === 0) missing.push(id);
  }
  return { missing, duplicated: world.account().duplicated, criticals: run.log.at('critical').length };
}

/** In steps, so that work that does not sleep gets its turns as well. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1000) await clock.advance(1000);
}

const NOTHING_AMISS = { missing: [], duplicated: 0, criticals: 0 };

describe('clocks that disagree', () => {
  it.each([
    ['ahead by ten minutes', -10 * MINUTE_MS],
    ['ahead by a day', -1440 * MINUTE_MS],
    ['behind by ten minutes', 10 * MINUTE_MS],
    ['behind by a day', 1440 * MINUTE_MS],
  ])('our clock %s at the first start costs no event and repeats none', async (_, aheadMs) => {
    expect(await runFor(10, worldOf({ aheadMs }))).toEqual(NOTHING_AMISS);
  });

  it.each([
    ['2d', -3 * 1440 * MINUTE_MS],
    ['retention', -30 * 1440 * MINUTE_MS],
    ['2d', 3 * 1440 * MINUTE_MS],
  ])('a first start from %s is counted by the clock of the API', async (startFrom, aheadMs) => {
    const parts = worldOf({ aheadMs });
    const fromMs = START_MS + aheadMs - (startFrom === '2d' ? 2 : 90) * 86_400_000;
    parts.world.add(...[1, 60, 3600].map((s) => apiEvent(`live--${s}`, fromMs + s * 1000)));
    expect(await runFor(5, parts, { startFrom })).toEqual(NOTHING_AMISS);
  });

  it.each([3_600_000, -3_600_000, 200 * 86_400_000, -START_MS])(
    'our clock stepping by %d ms costs nothing',
    async (stepMs) => {
      const parts = worldOf();
      expect(await runFor(20, parts, { halfTime: () => parts.clock.jump(stepMs) })).toEqual(NOTHING_AMISS);
    },
  );

  it.each([3_600_000, -3_600_000, -START_MS])('one Date header wrong by %d ms costs nothing', async (wrongMs) => {
    const parts = worldOf();
    let asked = 0;
    const transport: HttpTransport = {
      async request(request) {
        const response = await parts.world.transport.request(request);
        asked += 1;
        if (asked !== 20) return response;
        const date = new Date(Date.parse(response.headers['date'] ?? '') + wrongMs).toUTCString();
        return { ...response, headers: { ...response.headers, date } };
      },
    };
    expect(await runFor(10, parts, { transport })).toEqual(NOTHING_AMISS);
    expect(asked).toBeGreaterThan(20);
  });

  it('our clock being far ahead while the API cannot be reached gives nothing up', async () => {
    const parts = worldOf();
    let isDown = false;
    const transport: HttpTransport = {
      request: (request) =>
        isDown && request.url.includes('/insights/')
          ? Promise.reject(new Error('connect ECONNREFUSED'))
          : parts.world.transport.request(request),
    };
    const halfTime = (): void => {
      isDown = true;
      parts.clock.jump(200 * 86_400_000);
      void parts.clock.sleep(10 * MINUTE_MS).then(() => {
        isDown = false;
        parts.clock.jump(-200 * 86_400_000);
      });
    };
    expect(await runFor(40, parts, { transport, halfTime })).toEqual(NOTHING_AMISS);
  });

  it('asking for the time asks for nothing but the services that are collected', async () => {
    const { world, clock } = worldOf();
    const run = world.run({ once: false, arguments: { service: 'sso,radius', start_from: '1m' } });
    await pass(clock, 5000);
    run.stop.request();
    await run.ended;
    const bodies = run.requests
      .filter(({ url }) => url.includes('/insights/'))
      .map(({ body }) => JSON.parse(Buffer.from(body ?? '').toString('utf8')) as Record<string, unknown>);
    expect(bodies.length).toBeGreaterThan(1);
    for (const body of bodies) expect(body).toMatchObject({ service: ['sso', 'radius'], sort: 'ASC' });
  });

  it('a restart with a clock that went wrong meanwhile costs nothing', async () => {
    const parts = worldOf();
    expect(await runFor(5, parts)).toEqual(NOTHING_AMISS);
    for (const stepMs of [-3_600_000, 7_200_000]) {
      parts.clock.jump(stepMs);
      expect(await runFor(5, parts)).toEqual(NOTHING_AMISS);
    }
  });
});
