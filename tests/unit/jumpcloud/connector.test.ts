import { describe, expect, it } from '@jest/globals';

import { jumpcloudDirectoryInsightsConnector as connector } from '../../../src/jumpcloud/connector.js';
import { VERSION } from '../../../src/jumpcloud/user-agent.js';
import { ConfigurationError } from '../../../src/sdk/errors.js';
import { SYNTHETIC_API_KEY } from '../../../src/simulators/jumpcloud/options.js';
import { SYNTHETIC_INTAKE_KEY } from '../../../src/simulators/sekoia/options.js';
import { API_HOST, apiEvents, ConnectorWorld, fault, INTAKE_HOST } from '../../support/connector-world.js';
import { MANUAL_CLOCK_START_MS as START_MS, ManualClock } from '../../support/manual-clock.js';

describe('the configuration of the connector', () => {
  const module = { base_url: 'https://api.jumpcloud.com/', apikey: 'the-api-key' };
  const args = {
    intake_key: 'the-intake-key',
    intake_server: 'https://intake.example.test/',
    service: 'all, sso',
    frequency: 30,
    start_from: '6h',
    overlap: '10m',
    settling_horizon: '12h',
    reconcile_every: '1m',
    intake_format: 'batch',
    intake_compression: 'none',
    oversized_events: 'dead_letter',
    dead_letter_limit: 10,
    page_size: 100,
    requests_per_second: 5,
    chunk_size: 200,
    retry_for: '2h',
    log_level: 'info',
  };

  it.each([
    [30, 5, 30_000],
    [30, 0.01, 100_000],
  ])('with a cycle every %d s and %d requests a second has a pace of %d ms', (frequency, requests, paceMs) => {
    const slow = { ...args, frequency, requests_per_second: requests };
    const { settings } = connector.configure({ module, arguments: slow }, START_MS);
    expect(connector.profile(settings)).toEqual({ vendor: 'jumpcloud', intakeKey: 'the-intake-key', paceMs });
  });

  it('becomes settings in the units of the code, warnings, and the texts that no output may contain', () => {
    const { settings, warnings, secrets } = connector.configure({ module, arguments: args }, START_MS);
    expect(settings).toMatchObject({
      baseUrl: 'https://api.jumpcloud.com',
      intakeUrl: 'https://intake.example.test',
      services: ['all'],
      frequencyMs: 30_000,
      overlapMs: 600_000,
      settlingHorizonMs: 43_200_000,
      reconcileEveryMs: 60_000,
      oversizedEvents: 'dead_letter',
      deadLetterLimitBytes: 10_000_000,
      retryForMs: 7_200_000,
      startFrom: { ms: START_MS - 6 * 3_600_000 },
    });
    expect(warnings).toHaveLength(1);
    expect(secrets).toEqual(['the-api-key', 'the-intake-key']);
  });

  it('is refused with every problem at once, and never with a secret', () => {
    const configure = () =>
      connector.configure(
        { module: { ...module, base_url: 'nonsense' }, arguments: { ...args, overlap: 'x' } },
        START_MS,
      );
    expect(configure).toThrow(ConfigurationError);
    expect(configure).toThrow(/base_url[\s\S]*overlap/);
    expect(configure).not.toThrow(/the-(api|intake)-key/);
  });
});

describe('a run of the connector', () => {
  it('is named by its command', () => {
    expect(connector.command).toBe('JumpcloudDirectoryInsightsConnector');
  });

  it('collects every event once, by the settings', async () => {
    const world = new ConnectorWorld();
    world.add(...apiEvents(30, START_MS));
    const run = world.run({ arguments: { page_size: 10, chunk_size: 7, service: 'sso' } });
    await run.ended;
    expect(world.account()).toEqual({ held: 30, delivered: 30, lost: 0, duplicated: 0, unknown: 0, lostIds: [] });
    expect(run.queries()).toHaveLength(4);
    expect(run.queries()[0]).toMatchObject({ service: ['sso'], limit: 10 });
    expect(run.pushes().map(({ jsons }) => jsons.length)).toEqual([7, 7, 7, 7, 2]);
    expect(new Set(run.pushes().map(({ intake_key: key }) => key))).toEqual(new Set([SYNTHETIC_INTAKE_KEY]));
  });

  it('delivers nothing again when it is run again', async () => {
    const world = new ConnectorWorld();
    world.add(...apiEvents(30, START_MS));
    await world.run().ended;
    const again = world.run();
    await again.ended;
    expect(again.pushes()).toEqual([]);
    expect(again.log.at('info')[0]).toMatch(/^Resuming, owed: from 2030-01-02T03:04:05Z on/);
  });

  it('says who it is, and sends each key to its own side only', async () => {
    const world = new ConnectorWorld();
    world.add(...apiEvents(1, START_MS));
    const run = world.run({ module: { organization_id: 'org-1' } });
    await run.ended;
    const ofApi = run.requests.filter(({ url }) => new URL(url).host === API_HOST);
    const ofIntake = run.requests.filter(({ url }) => new URL(url).host === INTAKE_HOST);
    for (const { headers } of ofApi)
      expect(headers).toMatchObject({ 'x-api-key': SYNTHETIC_API_KEY, 'x-org-id': 'org-1' });
    expect(JSON.stringify(ofIntake.map(({ headers }) => headers))).not.toContain(SYNTHETIC_API_KEY);
    for (const { headers } of run.requests) {
      expect(headers['user-agent']).toBe(`sekoia-jumpcloud-directory-insights/${VERSION}`);
    }
  });

  it('keeps to the rate limit, retries included', async () => {
    const faults = [fault('jumpcloud', { kind: 'status', status: 500 }, { every_requests: 4 })];
    const world = new ConnectorWorld({ faults });
    world.add(...apiEvents(200, START_MS));
    await world.run({ arguments: { page_size: 10, requests_per_second: 2 } }).ended;
    expect(world.api.stats.maxPerSecond).toBeLessThanOrEqual(2);
    expect(world.account()).toMatchObject({ delivered: 200, duplicated: 0 });
  });

  it('tells the log and whoever listens', async () => {
    const world = new ConnectorWorld();
    world.add(...apiEvents(3, START_MS));
    const run = world.run();
    await run.ended;
    expect(run.told.map(({ kind }) => kind)).toEqual([
      ...['answered', 'committed', 'answered', 'read', 'answered', 'delivered', 'committed', 'committed', 'caught-up'],
      ...['answered', 'counted', 'compared'],
    ]);
    expect(run.log.at('info')).toEqual([
      expect.stringMatching(/^First start/),
      expect.stringMatching(/^Delivered 3 events/),
      expect.stringMatching(/^Stopped, owed/),
    ]);
  });

  it('tells where services or organization are others than before', async () => {
    const world = new ConnectorWorld();
    await world.run({ arguments: { service: 'sso,radius' } }).ended;
    const same = world.run({ arguments: { service: 'radius,sso' } });
    await same.ended;
    expect(same.log.at('warning')).toEqual([]);
    const other = world.run({ arguments: { service: 'sso' }, module: { organization_id: 'org-1' } });
    await other.ended;
    expect(other.log.at('warning')).toEqual([
      "The stream was 'services radius, sso' and is now 'services sso of organization org-1': " +
        'what is new in it is collected from the position on',
    ]);
  });

  it("lives by the API's clock: a clock of ours that is fast costs nothing, even without overlap", async () => {
    const clock = new ManualClock();
    const behindMs = 45_000;
    const world = new ConnectorWorld({ clock, jumpcloud: { now: () => clock.now() - behindMs } });
    const apiNow = START_MS - behindMs;
    const run = world.run({ once: false, arguments: { overlap: '0s', frequency: 20 } });
    for (let second = 0; second < 120; second += 1) {
      await clock.advance(1000);
      const atMs = apiNow + second * 1000;
      world.add(...apiEvents(1, atMs, 0).map((event) => ({ ...event, ...renamed(`s${second}`, event.text) })));
    }
    await clock.advance(60_000);
    run.stop.request();
    await run.ended;
    expect(world.intake.received.distinct).toBe(120);
    expect(world.intake.received.events).toBe(120);
  });
});

function renamed(id: string, text: string): { id: string; text: string } {
  return { id, text: text.replace('"e0"', `"${id}"`) };
}
