import { afterEach, describe, expect, it } from '@jest/globals';

import type { Fault, FaultEffect } from '../../src/simulators/faults/fault-scenario.js';
import { SYNTHETIC_TOKEN } from '../../src/simulators/sekoia/platform/services.js';
import { startPlatformSimulator } from '../../src/simulators/sekoia/platform/simulator.js';
import { happened, platformRig, tabText, until, type PlatformRig, type RigOptions } from '../support/platform-rig.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const WRONG_KEY = 'synthetic-key-that-does-not-work';
const BATCH = 50;
/** Four batches of the tail, twelve of the backlog. */
const UNDER_WAY = 16 * BATCH;
const newDirectory = temporaryDirectories();
const rigs: PlatformRig[] = [];

async function rig(options: Omit<RigOptions, 'directory'> = {}): Promise<PlatformRig> {
  const made = await platformRig({ directory: newDirectory(), ...options });
  rigs.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(rigs.splice(0).map((made) => made.close()));
});

function platformFault(service: 'secrets' | 'logs' | 'callback', effect: FaultEffect, times?: number): Fault {
  const when = { endpoints: [`/${service}`], ...(times !== undefined && { times }) };
  return { name: `${service} ${effect.kind}`, side: 'platform', when, effect };
}

const failing = (status: number): FaultEffect => ({ kind: 'status', status });

/** Everything that may be read by somebody. */
function expectNoSecret({ simulators, platform }: PlatformRig, ...outputs: readonly string[]): void {
  for (const text of [JSON.stringify([platform.logs, platform.reports]), ...outputs]) {
    for (const secret of [simulators.apiKey, simulators.intakeKey, SYNTHETIC_TOKEN, WRONG_KEY])
      expect(text).not.toContain(secret);
  }
}

const collected = ({ simulators }: PlatformRig): boolean => simulators.account().lost === 0;

describe('the validation of an account', () => {
  it('says running, then success, for a key that works, and never asks for the secrets elsewhere', async () => {
    // The platform's answer holds more than secrets: what is none must not be taken from it.
    const moduleConfiguration = { base_url: 'http://127.0.0.1:9' };
    const made = await rig({ platform: { secrets: { apikey: 'synthetic-api-key-for-tests' }, moduleConfiguration } });
    const { code, output, reports } = await made.validate();
    expect(reports).toEqual([{ status: 'running' }, { status: 'finished', results: { success: true } }]);
    expect(code).toBe(0);
    expect(Object.keys(made.platform.stats.byEndpoint).filter((path) => path.endsWith('/secrets'))).toEqual([]);
    expectNoSecret(made, output);
  }, 60_000);

  it.each([
    ['a key that is refused', { apikey: WRONG_KEY }, /^.*401.*Check the API key/],
    ['no key at all', {}, /apikey/],
  ])(
    'says why not for %s',
    async (_, secrets, why) => {
      const made = await rig({ platform: { secrets } });
      const { code, output, reports } = await made.validate();
      expect(reports).toEqual([
        { status: 'running' },
        { status: 'finished', results: { success: false }, error: expect.stringMatching(why) },
      ]);
      expect(code).toBe(0);
      expectNoSecret(made, output);
    },
    60_000,
  );

  it('says why not for an API that is not there', async () => {
    const made = await rig({ module: { base_url: 'http://127.0.0.1:9/' } });
    const { reports } = await made.validate();
    expect(reports.at(-1)).toMatchObject({
      results: { success: false },
      error: expect.stringContaining('127.0.0.1:9'),
    });
  }, 90_000);

  it('tells the platform again what it gave no answer to', async () => {
    const made = await rig({
      platform: { scenario: { version: 1, faults: [platformFault('callback', failing(503), 1)] } },
    });
    const { code, reports } = await made.validate();
    expect(reports).toEqual([{ status: 'running' }, { status: 'finished', results: { success: true } }]);
    expect(code).toBe(0);
  }, 60_000);

  it('gives up at once where the platform refuses it', async () => {
    const made = await rig({
      platform: { scenario: { version: 1, faults: [platformFault('callback', failing(404))] } },
    });
    const { code, output } = await made.validate();
    expect(code).toBe(1);
    expect(made.platform.stats.byStatus).toMatchObject({ 404: 1 });
    expectNoSecret(made, output);
  }, 60_000);
});

describe('a cold start', () => {
  it.each([
    ['nothing', {}],
    ['null', { apikey: null }],
    ['an empty text', { apikey: '' }],
    ['a mask', { apikey: '********' }],
  ])(
    'collects where the platform left %s in the place of the secret',
    async (_, module) => {
      const made = await rig({ module, region: 'FRA1', simulators: { events: 200 } });
      const supervisor = await made.start();
      await until(() => collected(made), 'everything delivered');
      expect(await supervisor.stop('asked')).toMatchObject({ code: 0 });
      expect(made.simulators.account()).toMatchObject({ held: 200, lost: 0, duplicated: 0, unknown: 0 });
      expect(happened(supervisor, 'started')).toBe(1);
    },
    60_000,
  );

  it('works as well with everything in the environment, JSON as base64', async () => {
    const made = await rig({ provision: 'environment', simulators: { events: 50 } });
    const supervisor = await made.start();
    await until(() => collected(made), 'everything delivered');
    expect(await supervisor.stop('asked')).toMatchObject({ code: 0 });
    expectNoSecret(made, supervisor.output);
  }, 60_000);

  it('goes where the platform says that its services are, and to the intake however its address ends', async () => {
    const elsewhere = await startPlatformSimulator({ secrets: { apikey: 'synthetic-api-key-for-tests' } });
    try {
      const at = (service: string): string => elsewhere.callbackUrl.replace('/callback', `/${service}`);
      const made = await rig({
        platform: { secrets: { apikey: WRONG_KEY } },
        simulators: { events: 50 },
        more: ({ intakeUrl }) => ({
          ...{ url_secrets: at('secrets'), url_logs: at('logs') },
          intake_url: `${intakeUrl}/`,
        }),
      });
      const supervisor = await made.start();
      await until(() => collected(made), 'everything delivered');
      await supervisor.stop('asked');
      expect(tabText(elsewhere.logs)).toContain('info Stopped');
      expect(made.platform.stats.requests).toBe(0);
    } finally {
      await elsewhere.close();
    }
  }, 60_000);

  it('is alive while it waits for its secrets, and leaves at once when it is stopped then', async () => {
    const faults = [platformFault('secrets', { kind: 'stall' })];
    const made = await rig({ platform: { scenario: { version: 1, faults } } });
    const supervisor = await made.start();
    await until(() => happened(supervisor, 'alive') === 1, 'it is alive');
    const askedAt = Date.now();
    expect(await supervisor.stop('asked')).toMatchObject({ code: 0, killed: false });
    expect(Date.now() - askedAt).toBeLessThan(5_000);
  }, 60_000);

  it('waits for a secrets service that fails, and for a log service that does, without losing a line', async () => {
    const faults = [platformFault('secrets', failing(502), 2), platformFault('logs', failing(500), 2)];
    const made = await rig({ simulators: { events: 100 }, platform: { scenario: { version: 1, faults } } });
    const supervisor = await made.start();
    await until(() => collected(made), 'everything delivered');
    await until(() => tabText(made.platform.logs).includes('The backfill is complete'), 'the backfill is told of');
    await supervisor.stop('asked');
    const text = tabText(made.platform.logs);
    expect(text).toMatch(/warning The secrets of the account cannot be had yet.*502/);
    expectInOrder(text, ['info Starting', 'info First start', 'info Backfilling']);
    // The tail delivers beside the backfill: which of them is told of first, nobody can say.
    expectInOrder(text, ['info First start', 'info Collecting works']);
    expect(made.simulators.account()).toMatchObject({ lost: 0, duplicated: 0 });
    expectNoSecret(made, supervisor.output);
  }, 60_000);

  it.each<[string, FaultEffect]>([
    ['never answers', { kind: 'stall' }],
    ['refuses the token', failing(401)],
    ['breaks every connection', { kind: 'reset', point: 'before_processing' }],
  ])(
    'collects although the log service %s',
    async (_, effect) => {
      const faults = [platformFault('logs', effect)];
      const made = await rig({ simulators: { events: 100 }, platform: { scenario: { version: 1, faults } } });
      const supervisor = await made.start();
      await until(() => collected(made), 'everything delivered');
      expect(await supervisor.stop('asked')).toMatchObject({ code: 0, killed: false });
    },
    60_000,
  );
});

describe('a life on the platform', () => {
  it('survives a restart by the probe without a loss, ends in time, and its log tab tells it all', async () => {
    // However fast the machine: nine requests at once, a sixth of a second each, take longer for all of them than the first
    // life lasts, and the fault comes near the end.
    const events = 30_000;
    const when = { endpoints: ['/batch'], from_request: 560, to_request: 561 };
    const faults = [{ name: 'busy', side: 'sekoia', when, effect: failing(503) } as const];
    const made = await rig({
      simulators: { events, days: 2, latencyMs: { jumpcloud: 20, sekoia: 165 }, scenario: { version: 1, faults } },
      arguments: { chunk_size: BATCH },
    });
    const { simulators, platform } = made;
    const supervisor = await made.start();
    await until(() => happened(supervisor, 'alive') === 1, 'the first process is alive');
    await until(() => platform.logs.length > 0, 'the first lines are in the log tab');
    const before = simulators.account();
    expect(before.delivered).toBeGreaterThan(0);
    expect(before.delivered).toBeLessThan(events);
    expect(before.duplicated).toBe(0);

    process.kill(supervisor.pid, 'SIGSTOP');
    await until(() => happened(supervisor, 'alive') === 2, 'the second process is alive');
    expect(supervisor.history).toContainEqual(expect.objectContaining({ kind: 'stopping', why: 'unhealthy' }));
    expect(supervisor.history).toContainEqual(expect.objectContaining({ kind: 'probe-failed', answer: 'no answer' }));
    await until(() => collected(made), 'everything delivered');
    await until(() => tabText(platform.logs).includes('The backfill is complete'), 'the backfill is told of');
    expect(await supervisor.stop('asked')).toMatchObject({ code: 0, killed: false });

    const account = simulators.account();
    expect(account).toMatchObject({ held: events, delivered: events, lost: 0, unknown: 0 });
    expect(account.duplicated).toBeLessThanOrEqual(UNDER_WAY);
    expect(happened(supervisor, 'started')).toBe(2);
    expectInOrder(tabText(platform.logs), [
      'info Starting (trigger: JumpcloudDirectoryInsightsConnector',
      'info First start on this data path: collecting from ',
      'info Backfilling ',
      // The first process was killed.
      'info Starting (trigger: JumpcloudDirectoryInsightsConnector',
      /^info Resuming, owed: /m,
      /^warning .* answered 503: injected fault 503; try 2 in /m,
      /^info The destination works again after /m,
      /^info The backfill is complete: \d+ events delivered in /m,
      'info Stopping: finishing what is in flight',
      /^info Stopped, owed: from \S+ on$/m,
    ]);
    expect(tabText(platform.logs)).toMatch(/^info Collecting works: \d+ events delivered so far, up to /m);
    expect(platform.logs.map(({ level }) => level)).not.toContain('error');
    expectNoSecret(made, supervisor.output);
  }, 120_000);

  it('says once, as critical, that its key was revoked, and ends for it in time', async () => {
    const made = await rig({ simulators: { events: 50 }, platform: { secrets: { apikey: WRONG_KEY } } });
    const supervisor = await made.start();
    await until(() => happened(supervisor, 'ended') === 1, 'it is stopped');
    expect(supervisor.history.at(-1)).toMatchObject({ kind: 'ended', code: 0, killed: false });
    expect(supervisor.history).toContainEqual(expect.objectContaining({ kind: 'stopping', why: 'critical' }));
    expect(happened(supervisor, 'started')).toBe(1);
    const critical = made.platform.logs.filter(({ level }) => level === 'critical');
    expect(critical).toHaveLength(1);
    expect(critical[0]?.message).toMatch(/401.*\[SOURCE_/s);
    expectNoSecret(made, supervisor.output);
  }, 60_000);

  it('says as critical what is wrong with its settings, and waits to be stopped instead of starting for ever', async () => {
    const made = await rig({ arguments: { service: 'no-such-service' } });
    const supervisor = await made.start();
    await until(() => happened(supervisor, 'ended') === 1, 'it is stopped');
    expect(supervisor.history.at(-1)).toMatchObject({ kind: 'ended', killed: false });
    expect(happened(supervisor, 'started')).toBe(1);
    expect(tabText(made.platform.logs)).toMatch(/^critical .*no-such-service/ms);
  }, 60_000);
});

/** Each text below the one before. */
function expectInOrder(text: string, sentences: readonly (string | RegExp)[]): void {
  let rest = text;
  for (const sentence of sentences) {
    expect(rest).toMatch(sentence);
    const at = typeof sentence === 'string' ? rest.indexOf(sentence) : rest.search(sentence);
    rest = rest.slice(rest.indexOf('\n', at));
  }
}
