import { describe, expect, it } from '@jest/globals';

import { triggers } from '../../src/modules.js';
import { runPlatformCommand } from '../../src/sdk/platform-command.js';
import type { HttpRequest, HttpResponse, HttpTransport } from '../../src/sdk/ports.js';
import { SYNTHETIC_API_KEY, SYNTHETIC_SERVICE_ACCOUNT } from '../../src/simulators/jumpcloud/options.js';
import { SYNTHETIC_INTAKE_KEY } from '../../src/simulators/sekoia/options.js';
import { API_HOST, apiEvent, ConnectorWorld, INTAKE_HOST } from '../support/connector-world.js';
import { fakeWorld } from '../support/fake-world.js';
import { ManualClock } from '../support/manual-clock.js';

const COMMAND = 'JumpcloudDirectoryInsightsConnector';
const IDS = Array.from({ length: 5 }, (_, index) => `5f1e0c2d9a4b7c6d8e9f000${index}`);
const OWN = IDS[2]!;
const OWN_KEY = 'synthetic-intake-key-of-one';
const NEW_OWN_KEY = 'synthetic-intake-key-of-one-after-rotation';
const NEW_KEY = 'synthetic-intake-key-of-all-after-rotation';
const NEW_API_KEY = 'synthetic-api-key-after-rotation';
// Without an organization: the arguments list them.
const BY_SERVICE_ACCOUNT = {
  client_id: SYNTHETIC_SERVICE_ACCOUNT.clientId,
  client_secret: SYNTHETIC_SERVICE_ACCOUNT.clientSecret,
};
const API_KEYS = [SYNTHETIC_API_KEY, NEW_API_KEY].map((key) => ({ key, multiTenant: true, organizations: IDS }));

/** Several organizations on the platform, in virtual time, with the configuration in files. */
function start(account: object) {
  const clock = new ManualClock();
  const ends = new ConnectorWorld({
    clock,
    jumpcloud: { serviceAccount: SYNTHETIC_SERVICE_ACCOUNT, apiKeys: API_KEYS.slice(0, 1) },
    sekoia: { intakeKeys: [SYNTHETIC_INTAKE_KEY, OWN_KEY] },
  });
  const fake = fakeWorld();
  const write = (file: string, values: object): void =>
    void fake.fileSystem.files.set(`/symphony/${file}`, Buffer.from(JSON.stringify(values)));
  const setAccount = (values: object): void =>
    write('module_configuration', {
      ...{ base_url: `https://${API_HOST}`, token_url: `https://${API_HOST}/oauth2/token` },
      ...values,
    });
  const setKeys = (intake_key: string, own: string): void =>
    write('connector_configuration', {
      ...{ intake_key, intake_server: `https://${INTAKE_HOST}`, frequency: 10, start_from: '5m' },
      ...{ organizations: IDS, organization_intake_keys: { [OWN]: own } },
    });
  setAccount(account);
  setKeys(SYNTHETIC_INTAKE_KEY, OWN_KEY);
  const shown = new Set<string>();
  const pushed: { key: string; texts: readonly string[] }[] = [];
  let spoil: ((request: HttpRequest) => HttpResponse | undefined) | undefined;
  const transport: HttpTransport = {
    async request(request) {
      const token = /^Bearer (.+)$/.exec(request.headers['authorization'] ?? '')?.[1];
      if (token !== undefined) shown.add(token);
      const spoilt = spoil?.(request);
      if (spoilt !== undefined) return spoilt;
      const response = await ends.transport.request(request);
      if (request.url.endsWith('/batch') && response.status === 200) {
        const body = JSON.parse(Buffer.from(request.body ?? '').toString()) as { intake_key: string; jsons: string[] };
        pushed.push({ key: body.intake_key, texts: body.jsons });
      }
      return response;
    },
  };
  const openTransport = () => ({ ...transport, close: async () => undefined });
  const ended = runPlatformCommand(triggers, COMMAND, { ...fake, clock, openTransport });
  let born = 0;
  /** An event a second, of one organization after the other. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      const [id, organization] = [`event-${(born += 1)}`, IDS[born % IDS.length]!];
      const atMs = clock.now() - 1000;
      const text = `{"id":"${id}","timestamp":"${new Date(atMs).toISOString()}","organization":"${organization}"}`;
      ends.add(apiEvent(id, atMs, { organization, text }));
      await clock.advance(1000);
    }
  };
  const stop = async (): Promise<void> => {
    await clock.advance(60_000);
    fake.signals.emit('SIGTERM');
    await clock.advance(5_000);
    expect(await ended).toBe(0);
    expect(ends.account()).toMatchObject({ lost: 0, duplicated: 0, unknown: 0, held: born, delivered: born });
  };
  const tokens = (): number => ends.api.stats.byEndpoint['/oauth2/token'] ?? 0;
  const keysOf = (isOwn: boolean): Set<string> =>
    new Set(pushed.filter(({ texts }) => texts.some((text) => text.includes(OWN)) === isOwn).map(({ key }) => key));
  const output = (): string => fake.stderr.text;
  const setSpoil = (next: typeof spoil): void => void (spoil = next);
  return { ends, pass, stop, setAccount, setKeys, tokens, shown, keysOf, output, setSpoil, clock };
}

function answer(status: number, text: string): HttpResponse {
  const body = (async function* () {
    yield Buffer.from(text);
  })();
  return { status, headers: {}, body };
}

describe('several organizations by one service account', () => {
  it('share one token, and one renewal of it, and need no organization_id', async () => {
    const { ends, pass, stop, tokens, shown, output } = start(BY_SERVICE_ACCOUNT);
    await pass(40);
    expect(tokens()).toBe(1);
    ends.api.authentication.revokeTokens();
    await pass(30);
    expect(tokens()).toBe(2);
    await stop();
    expect(shown.size).toBe(2);
    expect(output()).not.toMatch(/"level":"(error|critical)"/);
    expect(output()).not.toMatch(new RegExp([...shown, 'synthetic-client'].join('|')));
  });

  it('go on with a new secret, which nobody sees, nor a token that an answer quotes', async () => {
    const { ends, pass, stop, setAccount, tokens, shown, output, setSpoil } = start(BY_SERVICE_ACCOUNT);
    await pass(20);
    const client_secret = 'synthetic-client-secret-after-rotation';
    ends.api.authentication.replaceServiceAccount({ ...SYNTHETIC_SERVICE_ACCOUNT, clientSecret: client_secret });
    ends.api.authentication.revokeTokens();
    setAccount({ ...BY_SERVICE_ACCOUNT, client_secret });
    await pass(20);
    // The refusal of the old token has had the file read again: the old secret is not tried.
    expect(tokens()).toBe(2);
    const quoting = `${[...shown].join(' ')} ${client_secret} is not welcome`;
    setSpoil(({ url }) => (url.endsWith('/events') ? answer(403, JSON.stringify({ message: quoting })) : undefined));
    await pass(15);
    setSpoil(undefined);
    await pass(180);
    await stop();
    expect(output()).toContain('is not welcome');
    for (const secret of [...shown, client_secret, SYNTHETIC_SERVICE_ACCOUNT.clientSecret])
      expect(output()).not.toContain(secret);
  });
});

describe('an organization with its own intake key', () => {
  it('keeps it when the common one and the API key are replaced, and takes up its next one', async () => {
    const { ends, pass, stop, setAccount, setKeys, keysOf, output } = start({ apikey: SYNTHETIC_API_KEY });
    await pass(30);
    setKeys(NEW_KEY, OWN_KEY);
    ends.intake.replaceKeys([NEW_KEY, OWN_KEY]);
    setAccount({ apikey: SYNTHETIC_API_KEY });
    await pass(30);
    setAccount({ apikey: NEW_API_KEY });
    ends.api.authentication.replaceKeys(API_KEYS.slice(1));
    await pass(30);
    expect([...keysOf(true)]).toEqual([OWN_KEY]);
    expect([...keysOf(false)]).toEqual([SYNTHETIC_INTAKE_KEY, NEW_KEY]);
    setKeys(NEW_KEY, NEW_OWN_KEY);
    ends.intake.replaceKeys([NEW_KEY, NEW_OWN_KEY]);
    await pass(30);
    await stop();
    expect([...keysOf(true)]).toEqual([OWN_KEY, NEW_OWN_KEY]);
    expect([...keysOf(false)]).toEqual([SYNTHETIC_INTAKE_KEY, NEW_KEY]);
    for (const setting of ['arguments.intake_key', 'module.apikey', 'arguments.organization_intake_keys'])
      expect(output()).toContain(`Changed secrets are used from now on: ${setting}"`);
    expect(output()).not.toMatch(/"level":"(error|critical)"/);
    for (const key of [OWN_KEY, NEW_OWN_KEY, NEW_KEY, SYNTHETIC_INTAKE_KEY, SYNTHETIC_API_KEY, NEW_API_KEY])
      expect(output()).not.toContain(key);
  });

  it('hides its new key where an answer quotes it', async () => {
    const { ends, pass, stop, setKeys, output, setSpoil } = start({ apikey: SYNTHETIC_API_KEY });
    await pass(20);
    setKeys(SYNTHETIC_INTAKE_KEY, NEW_OWN_KEY);
    ends.intake.replaceKeys([SYNTHETIC_INTAKE_KEY, NEW_OWN_KEY]);
    await pass(20);
    setSpoil(({ url }) => (url.endsWith('/events') ? answer(500, `${NEW_OWN_KEY} is not welcome`) : undefined));
    await pass(15);
    setSpoil(undefined);
    await pass(60);
    await stop();
    expect(output()).toContain('is not welcome');
    expect(output()).not.toContain(NEW_OWN_KEY);
  });
});
