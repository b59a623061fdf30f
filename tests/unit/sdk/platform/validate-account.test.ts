import { describe, expect, it } from '@jest/globals';

import { ConfigurationError, ModuleError } from '../../../../src/sdk/errors.js';
import { runPlatformCommand } from '../../../../src/sdk/platform-command.js';
import type { AccountCheck } from '../../../../src/sdk/registration.js';
import type { CheckResult } from '../../../../src/sdk/trigger.js';
import { fakeWorld } from '../../../support/fake-world.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { type Script, ScriptedTransport } from '../../../support/scripted-transport.js';
import { scriptedTrigger } from '../../../support/scripted-trigger.js';

const COMMAND = 'validate_module_configuration';
const TOKEN = 'token-of-this-test';
const KEY = 'secret-of-this-test';
const PLATFORM = { TOKEN, URL_CALLBACK: 'https://platform.test/callback' };
const HANDED_OVER = { body: JSON.stringify({ module_configuration: { value: { key: KEY, host: 'evil.test' } } }) };

interface Validation {
  readonly findings?: readonly CheckResult[];
  readonly check?: AccountCheck;
  readonly environment?: Readonly<Record<string, string>>;
  readonly script?: Script;
}

async function validate({ findings = [], environment = PLATFORM, script, ...given }: Validation) {
  const accounts: unknown[] = [];
  const check: AccountCheck =
    given.check ??
    async function* (module) {
      accounts.push(module);
      yield* findings;
    };
  const transport = new ScriptedTransport((request, n) =>
    request.url.endsWith('/callback') ? (script ?? (() => HANDED_OVER))(request, n) : {},
  );
  const world = {
    ...fakeWorld({ environment: { MODULE_CONFIGURATION: '{"key":"********"}', ...environment } }),
    clock: new ManualClock({ autoAdvance: true }),
    openTransport: () => ({ request: transport.request.bind(transport), close: async () => undefined }),
  };
  const { moduleSchema, ...registration } = scriptedTrigger();
  const withSecret = { ...moduleSchema, secrets: ['key'] };
  const code = await runPlatformCommand(
    [{ ...registration, moduleSchema: withSecret, accountCheck: check }],
    COMMAND,
    world,
  );
  const told = transport.requests
    .filter(({ method }) => method === 'PATCH')
    .map(({ body }) => JSON.parse(String(body)) as Record<string, unknown>);
  const tab = transport.requests.filter(({ url }) => url.endsWith('/logs')).map(({ body }) => String(body));
  return { code, told, accounts, tab, stderr: world.stderr, transport };
}

describe('an account', () => {
  it('that works is told to, with the secrets of the answer and nothing else of it', async () => {
    const { code, told, accounts, stderr } = await validate({
      findings: [
        { name: 'a', state: 'passed', detail: 'fine' },
        { name: 'b', state: 'warning', detail: 'hm' },
      ],
    });
    expect(code).toBe(0);
    expect(told).toEqual([{ status: 'running' }, { status: 'finished', results: { success: true } }]);
    expect(accounts).toEqual([{ key: KEY, host: 'example.test' }]);
    expect(stderr.text).toContain('The account works: fine');
  });

  it('that does not is told why and what to do, without its secret, there and in the log tab', async () => {
    const { code, told, tab, stderr } = await validate({
      findings: [
        { name: 'a', state: 'failed', detail: `answered 401 to ${KEY}`, remedy: 'Make a new key.' },
        { name: 'b', state: 'failed', detail: 'never asked' },
      ],
    });
    expect(code).toBe(0);
    expect(told[1]).toEqual({
      status: 'finished',
      results: { success: false },
      error: 'answered 401 to [redacted]. Make a new key.',
    });
    expect(tab.join()).toContain('The account does not work: answered 401 to [redacted]. Make a new key.');
    expect(stderr.text + tab.join()).not.toContain(KEY);
    expect(stderr.text + tab.join()).not.toContain(TOKEN);
  });

  it('whose secret has blanks around it is told so without it, as its vendor quotes it', async () => {
    const { told, tab, stderr } = await validate({
      script: () => ({ body: JSON.stringify({ module_configuration: { value: { key: ` ${KEY}\n` } } }) }),
      findings: [{ name: 'a', state: 'failed', detail: `no such key: '${KEY}'` }],
    });
    expect(told[1]).toMatchObject({ error: "no such key: '[redacted]'" });
    expect(stderr.text + tab.join()).not.toContain(KEY);
  });

  it('whose secret stands in another setting as well is told so without it', async () => {
    const check: AccountCheck = async function* () {
      yield* [];
      throw new ConfigurationError([{ setting: 'module.host', problem: `must be an address, not "${KEY}"` }]);
    };
    const { told, tab, stderr } = await validate({ check });
    expect(told[1]).toMatchObject({ error: 'host must be an address, not "[redacted]"' });
    expect(stderr.text + tab.join()).not.toContain(KEY);
  });

  it.each<[string, Validation, RegExp]>([
    ['lacks a secret', { script: () => ({ body: '{}' }) }, /^key is required$/],
    ['is no JSON', { environment: { ...PLATFORM, MODULE_CONFIGURATION: '{' } }, /^module_configuration is not JSON/],
    [
      'is refused with an error',
      {
        check: async function* () {
          yield* [];
          throw new ModuleError('SOURCE_UNAVAILABLE', 'host answered 503', { advice: 'Wait.' });
        },
      },
      /^host answered 503\. Wait\.$/,
    ],
    [
      'meets a defect',
      {
        check: async function* () {
          yield* [];
          throw new TypeError('no function');
        },
      },
      /^no function$/,
    ],
  ])('that %s is told so', async (_, validation, error) => {
    const { code, told } = await validate(validation);
    expect(code).toBe(0);
    expect(told[1]).toEqual({ status: 'finished', results: { success: false }, error: expect.stringMatching(error) });
  });

  it('is not examined where the platform refuses to hear of it', async () => {
    const { code, accounts, stderr } = await validate({ script: () => ({ status: 401 }) });
    expect(code).toBe(1);
    expect(accounts).toEqual([]);
    expect(stderr.text).toContain('PLATFORM_REFUSED');
  });

  it.each([
    [[], 0],
    [[{ name: 'a', state: 'failed', detail: 'no' } as const], 1],
  ])('is examined without a platform too, for the log: %j', async (findings, expected) => {
    const { code, transport } = await validate({
      findings,
      environment: { MODULE_CONFIGURATION: `{"key":"${KEY}"}` },
    });
    expect(code).toBe(expected);
    expect(transport.requests).toEqual([]);
  });
});

describe('the command', () => {
  it('is unknown to a module that cannot validate', async () => {
    const world = fakeWorld();
    expect(await runPlatformCommand([scriptedTrigger()], COMMAND, world)).toBe(2);
    expect(world.stderr.text).toContain('is unknown');
  });
});
