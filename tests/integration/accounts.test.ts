import { afterEach, describe, expect, it } from '@jest/globals';

import { triggers } from '../../src/modules.js';
import { createUndiciTransport } from '../../src/sdk/http/undici-transport.js';
import { runPlatformCommand } from '../../src/sdk/platform-command.js';
import { systemClock } from '../../src/sdk/system.js';
import { SYNTHETIC_API_KEY, SYNTHETIC_SERVICE_ACCOUNT } from '../../src/simulators/jumpcloud/options.js';
import { SYNTHETIC_INTAKE_KEY } from '../../src/simulators/sekoia/options.js';
import { startSimulators, type Simulators, type SimulatorsOptions } from '../../src/simulators/serve.js';
import { API_HOST, apiEvent, apiEvents, ConnectorWorld, INTAKE_HOST } from '../support/connector-world.js';
import { fakeWorld, type FakeWorld } from '../support/fake-world.js';
import { ManualClock } from '../support/manual-clock.js';

const COMMAND = 'JumpcloudDirectoryInsightsConnector';
const ALL_DELIVERED = { lost: 0, duplicated: 0, unknown: 0 };
const NEW_KEY = 'synthetic-api-key-after-rotation';
const NEW_INTAKE_KEY = 'synthetic-intake-key-after-rotation';
const ORGANIZATION = 'org';
const BY_SERVICE_ACCOUNT = {
  client_id: SYNTHETIC_SERVICE_ACCOUNT.clientId,
  client_secret: SYNTHETIC_SERVICE_ACCOUNT.clientSecret,
  organization_id: ORGANIZATION,
};

function writeSettings(
  world: FakeWorld,
  file: 'module_configuration' | 'connector_configuration',
  values: object,
): void {
  world.fileSystem.files.set(`/symphony/${file}`, Buffer.from(JSON.stringify(values)));
}

describe('in virtual time, with the configuration in files', () => {
  function start(account: object) {
    const clock = new ManualClock();
    const serviceAccount = { ...SYNTHETIC_SERVICE_ACCOUNT, tokenLifetimeSeconds: 120 };
    const ends = new ConnectorWorld({ clock, jumpcloud: { serviceAccount } });
    const fake = fakeWorld();
    const setAccount = (values: object): void =>
      writeSettings(fake, 'module_configuration', {
        ...{ base_url: `https://${API_HOST}`, token_url: `https://${API_HOST}/oauth2/token` },
        ...values,
      });
    const setIntakeKey = (intake_key: string): void =>
      writeSettings(fake, 'connector_configuration', {
        ...{ intake_key, intake_server: `https://${INTAKE_HOST}`, frequency: 10, start_from: '5m' },
      });
    setAccount(account);
    setIntakeKey(SYNTHETIC_INTAKE_KEY);
    const openTransport = () => ({ ...ends.transport, close: async () => undefined });
    const ended = runPlatformCommand(triggers, COMMAND, { ...fake, clock, openTransport });
    let born = 0;
    const pass = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second += 1) {
        ends.add(apiEvent(`event-${(born += 1)}`, clock.now() - 1000));
        await clock.advance(1000);
      }
    };
    const stop = async (): Promise<void> => {
      // What came last is delivered as well.
      await clock.advance(30_000);
      fake.signals.emit('SIGTERM');
      await clock.advance(5_000);
      expect(await ended).toBe(0);
    };
    const output = (): string => fake.stderr.text;
    return { ends, pass, stop, setAccount, setIntakeKey, output };
  }

  it('a key of either side is rotated while events come, and none is lost', async () => {
    const { ends, pass, stop, setAccount, setIntakeKey, output } = start({ apikey: SYNTHETIC_API_KEY });
    await pass(30);
    setAccount({ apikey: NEW_KEY });
    ends.api.authentication.replaceKeys([{ key: NEW_KEY }]);
    await pass(30);
    setIntakeKey(NEW_INTAKE_KEY);
    ends.intake.replaceKeys([NEW_INTAKE_KEY]);
    await pass(30);
    await stop();
    expect(ends.account()).toMatchObject({ ...ALL_DELIVERED, held: 90, delivered: 90 });
    expect(output()).toContain('Changed secrets are used from now on: module.apikey');
    expect(output()).toContain('Changed secrets are used from now on: arguments.intake_key');
    expect(output()).not.toMatch(/"level":"(error|critical)"/);
    expect(output()).not.toMatch(new RegExp([SYNTHETIC_API_KEY, NEW_KEY, NEW_INTAKE_KEY].join('|')));
  });

  it('a new key is taken up before the old one is refused', async () => {
    const { ends, pass, stop, setAccount } = start({ apikey: SYNTHETIC_API_KEY });
    ends.api.authentication.replaceKeys([{ key: SYNTHETIC_API_KEY }, { key: NEW_KEY }]);
    await pass(5);
    setAccount({ apikey: NEW_KEY });
    await pass(301);
    ends.api.authentication.replaceKeys([{ key: NEW_KEY }]);
    await pass(20);
    await stop();
    expect(ends.account()).toMatchObject({ ...ALL_DELIVERED, delivered: 326 });
    expect(ends.api.stats.byStatus[401]).toBeUndefined();
  });

  it('a key that is revoked before its file has the next one costs a pause and no event', async () => {
    const { ends, pass, stop, setAccount, output } = start({ apikey: SYNTHETIC_API_KEY });
    await pass(20);
    ends.api.authentication.replaceKeys([{ key: NEW_KEY }]);
    await pass(30);
    expect(output()).toContain('"level":"critical"');
    setAccount({ apikey: NEW_KEY });
    await pass(130);
    await stop();
    expect(ends.account()).toMatchObject({ ...ALL_DELIVERED, delivered: 180 });
    expect(output()).toContain('Collecting again');
  });

  it('a service account goes on with the next token in time, over a revoked one, and with a new secret', async () => {
    const { ends, pass, stop, setAccount, output } = start(BY_SERVICE_ACCOUNT);
    const tokens = (): number => ends.api.stats.byEndpoint['/oauth2/token'] ?? 0;
    await pass(80);
    expect(tokens()).toBe(1);
    await pass(20);
    expect(tokens()).toBe(2);
    expect(ends.api.stats.byStatus[401]).toBeUndefined();
    ends.api.authentication.revokeTokens();
    await pass(20);
    expect(tokens()).toBe(3);
    const clientSecret = 'synthetic-client-secret-after-rotation';
    ends.api.authentication.replaceServiceAccount({ ...SYNTHETIC_SERVICE_ACCOUNT, clientSecret });
    ends.api.authentication.revokeTokens();
    setAccount({ ...BY_SERVICE_ACCOUNT, client_secret: clientSecret });
    await pass(20);
    await stop();
    expect(ends.account()).toMatchObject({ ...ALL_DELIVERED, delivered: 140 });
    expect(output()).not.toMatch(/"level":"(error|critical)"/);
    expect(output()).not.toMatch(/synthetic-client/);
  });

  it('a token that expires in the middle of a backlog is renewed between two pages', async () => {
    const clock = new ManualClock({ autoAdvance: true });
    const serviceAccount = { ...SYNTHETIC_SERVICE_ACCOUNT, tokenLifetimeSeconds: 4 };
    const ends = new ConnectorWorld({ clock, jumpcloud: { serviceAccount } });
    ends.add(...apiEvents(60, clock.now(), 30_000));
    const run = ends.run({
      module: { ...BY_SERVICE_ACCOUNT, apikey: undefined, token_url: `https://${API_HOST}/oauth2/token` },
      arguments: { page_size: 5, requests_per_second: 1 },
    });
    await run.ended;
    expect(ends.account()).toMatchObject({ ...ALL_DELIVERED, delivered: 60 });
    expect(ends.api.stats.byEndpoint['/oauth2/token']).toBeGreaterThan(3);
    expect(ends.api.stats.byStatus[401]).toBeUndefined();
    expect(run.log.text).not.toMatch(/Bearer|synthetic-client/);
  });
});

describe('over real sockets, by service account', () => {
  let simulators: Simulators;
  afterEach(() => simulators.close());

  async function run(options: SimulatorsOptions, onRequest: (n: number) => void = () => undefined) {
    let asked = 0;
    simulators = await startSimulators({ ...options, seed: 7, events: 400, days: 0.02 });
    const fake = fakeWorld();
    const [organization_id] = simulators.generator.organizations;
    writeSettings(fake, 'module_configuration', {
      ...{ ...BY_SERVICE_ACCOUNT, organization_id, base_url: simulators.jumpcloudUrl },
      token_url: `${simulators.jumpcloudUrl}/oauth2/token`,
    });
    writeSettings(fake, 'connector_configuration', {
      ...{ intake_key: SYNTHETIC_INTAKE_KEY, intake_server: simulators.intakeUrl },
      ...{ frequency: 1, start_from: '1h', page_size: 50, requests_per_second: 1000 },
    });
    const openTransport = () => {
      const transport = createUndiciTransport();
      return {
        request: (request: Parameters<typeof transport.request>[0]) => {
          if (request.url.endsWith('/events')) onRequest((asked += 1));
          return transport.request(request);
        },
        close: () => transport.close(),
      };
    };
    const validated = await runPlatformCommand(triggers, 'validate_module_configuration', {
      ...{ ...fake, clock: systemClock, openTransport },
    });
    const ended = runPlatformCommand(triggers, COMMAND, { ...fake, clock: systemClock, openTransport });
    return { fake, ended, validated };
  }

  it('validates, and collects while its tokens are revoked between pages', async () => {
    const serviceAccount = SYNTHETIC_SERVICE_ACCOUNT;
    const { fake, ended, validated } = await run({ jumpcloud: { serviceAccount } }, (n) => {
      if (n % 3 === 0) simulators.jumpcloud.authentication.revokeTokens();
    });
    expect(validated).toBe(0);
    while (simulators.account().lost > 0) await systemClock.sleep(10);
    fake.signals.emit('SIGTERM');
    expect(await ended).toBe(0);
    expect(simulators.account()).toMatchObject(ALL_DELIVERED);
    expect(simulators.jumpcloud.stats.byStatus[401]).toBeGreaterThan(0);
    expect(fake.stderr.text).toContain('The account works: its service account reads events');
    expect(fake.stderr.text).not.toMatch(/synthetic-client|critical/);
  });

  it.each([
    ['a wrong secret', { ...SYNTHETIC_SERVICE_ACCOUNT, clientSecret: 'another' }, /client ID or its secret is wrong/],
    ['a missing scope', { ...SYNTHETIC_SERVICE_ACCOUNT, scopes: [] }, /lacks the scope api/],
  ])('tells %s, in the validation and in the log', async (_, serviceAccount, advice) => {
    const { fake, ended, validated } = await run({ jumpcloud: { serviceAccount } });
    expect(validated).toBe(1);
    expect(fake.stderr.text).toMatch(advice);
    while (!fake.stderr.text.includes('critical')) await systemClock.sleep(10);
    fake.signals.emit('SIGTERM');
    expect(await ended).toBe(0);
    expect(simulators.jumpcloud.stats.byEndpoint['/insights/directory/v1/events']).toBeUndefined();
    expect(fake.stderr.text).not.toMatch(/synthetic-client/);
  });
});
