import { afterEach, describe, expect, it } from '@jest/globals';

import { ConfigurationError, ModuleError } from '../../../../src/sdk/errors.js';
import { createUndiciTransport } from '../../../../src/sdk/http/undici-transport.js';
import { STREAM_ONLY } from '../../../../src/sdk/observability/log.js';
import { runPlatformCommand } from '../../../../src/sdk/platform-command.js';
import type { TabLine } from '../../../../src/sdk/platform/log-buffer.js';
import type { TriggerRegistration } from '../../../../src/sdk/registration.js';
import type { StopSignal } from '../../../../src/sdk/signals.js';
import { systemClock } from '../../../../src/sdk/system.js';
import { fakeWorld } from '../../../support/fake-world.js';
import { freePort } from '../../../support/free-port.js';
import { loopbackServer, type LoopbackAnswer, type LoopbackServer } from '../../../support/loopback-server.js';
import { MemoryFiles } from '../../../support/memory-files.js';
import { runUntilForced, runUntilStopped, scriptedTrigger } from '../../../support/scripted-trigger.js';

const TOKEN = 'token-of-this-test';
const KEY = 'secret-of-this-test';
const servers: LoopbackServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** A trigger whose key the platform keeps, run between a real server and real time. */
async function onPlatform(
  behaviour: Parameters<typeof scriptedTrigger>[0] = {},
  given: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly answer?: (path: string) => LoopbackAnswer | undefined;
    readonly fileSystem?: MemoryFiles;
  } = {},
) {
  const server = await loopbackServer(
    ({ path }) => given.answer?.(path) ?? (path === '/secrets' ? { body: { value: { key: KEY } } } : {}),
  );
  servers.push(server);
  let openTransports = 0;
  const fake = fakeWorld({
    environment: {
      TOKEN: `${TOKEN}\n`,
      URL_CALLBACK: `${server.url}/callback`,
      MODULE_CONFIGURATION: '{"key": null}',
      CONNECTOR_CONFIGURATION: '{}',
      ...given.environment,
    },
  });
  const world = {
    ...fake,
    ...(given.fileSystem && { fileSystem: given.fileSystem }),
    clock: systemClock,
    openTransport: () => {
      const transport = createUndiciTransport();
      openTransports += 1;
      return { ...transport, close: () => ((openTransports -= 1), transport.close()) };
    },
  };
  const scripted = scriptedTrigger(behaviour);
  const registration: TriggerRegistration = {
    ...scripted,
    moduleSchema: { ...scripted.moduleSchema, secrets: ['key'] },
  };
  const tab = (): TabLine[] =>
    server.requests
      .filter(({ path }) => path === '/logs')
      .flatMap(({ body }) => (JSON.parse(body) as { logs: TabLine[] }).logs);
  const ended = runPlatformCommand([registration], 'ScriptedTrigger', world);
  return {
    ended,
    server,
    tab,
    runs: scripted.runs,
    stderr: fake.stderr,
    signals: fake.signals,
    open: () => openTransports,
  };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries += 1) {
    if (tries > 500) throw new Error('it did not come to that');
    await systemClock.sleep(10);
  }
}

describe('on the platform a trigger', () => {
  it('runs with the secrets that were fetched, tells the log tab, and leaves nothing open', async () => {
    const { ended, runs, tab, signals, server, stderr, open } = await onPlatform({
      run: async (settings, context) => {
        context.log.info(`the key is ${settings.key}, the token ${TOKEN}`);
        context.log.info('a line of every cycle', { [STREAM_ONLY]: true });
        await runUntilStopped(settings, context);
      },
    });
    await until(() => stderr.text.includes('a line of every cycle'));
    signals.emit('SIGTERM');
    expect(await ended).toBe(0);
    expect(runs.map(({ settings }) => settings.key)).toEqual([KEY]);
    const messages = tab().map(({ message }) => message);
    expect(messages[0]).toMatch(/^Starting \(trigger: ScriptedTrigger\)$/);
    expect(messages).toContain('the key is [redacted], the token [redacted]');
    expect(messages.at(-1)).toMatch(/^Stopping: finishing what is in flight/);
    expect(messages.join()).not.toContain('every cycle');
    expect(stderr.text + messages.join()).not.toMatch(new RegExp(`${KEY}|${TOKEN}`));
    const asked = server.requests.filter(({ path }) => path === '/secrets');
    expect(asked.map(({ method, headers }) => [method, headers.authorization])).toEqual([['GET', `Bearer ${TOKEN}`]]);
    expect(open()).toBe(0);
  });

  it('is run again after it failed, and its failure is counted in /health until then', async () => {
    const port = await freePort();
    let fails = 0;
    const { ended, runs, signals, tab } = await onPlatform(
      {
        run: async (settings, context) => {
          if ((fails += 1) === 1) throw new ModuleError('SOURCE_UNAVAILABLE', 'host answered 503', { status: 503 });
          await runUntilStopped(settings, context);
        },
      },
      { environment: { LIVENESS_PORT: String(port), LISTEN_HOST: '127.0.0.1' } },
    );
    await until(() => runs.length === 2);
    const health = (await (await fetch(`http://127.0.0.1:${port}/health`)).json()) as Record<string, unknown>;
    expect(health['error_count']).toBe(1);
    signals.emit('SIGTERM');
    expect(await ended).toBe(0);
    expect(tab().filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({ message: 'host answered 503 [SOURCE_UNAVAILABLE]' }),
    ]);
  });

  it('waits for a predecessor that has not left its data yet, and says nothing critical of it', async () => {
    const files = new MemoryFiles();
    const lock = await files.tryLock('/symphony_data/.lock');
    const { ended, runs, signals, tab, stderr } = await onPlatform({ run: runUntilStopped }, { fileSystem: files });
    await until(() => stderr.text.includes('waiting for it to leave'));
    expect(runs).toHaveLength(0);
    await lock!.release();
    await until(() => runs.length === 1);
    signals.emit('SIGTERM');
    expect(await ended).toBe(0);
    expect(tab().filter(({ level }) => level !== 'info')).toEqual([]);
  });

  it('says critical at once for a configuration that cannot work, with every problem, and stays for the stop', async () => {
    const { ended, signals, tab, runs } = await onPlatform(
      {},
      { environment: { CONNECTOR_CONFIGURATION: '{"pace": 13}' } },
    );
    await until(() => tab().length > 0);
    expect(tab()).toEqual([
      expect.objectContaining({
        level: 'critical',
        message: expect.stringMatching(
          /^Configuration error arguments\.pace: is unlucky .*\[CONFIGURATION_INVALID\]\nCorrect the settings named above\.$/,
        ),
      }),
    ]);
    let hasEnded = false;
    void ended.then(() => (hasEnded = true));
    await systemClock.sleep(100);
    expect(hasEnded).toBe(false);
    signals.emit('SIGTERM');
    expect(await ended).toBe(2);
    expect(runs).toHaveLength(0);
  });

  it('says the same for a configuration error of the run', async () => {
    const run = (): Promise<void> => Promise.reject(new ConfigurationError([{ setting: 'a', problem: 'b' }]));
    const { ended, signals, tab } = await onPlatform({ run });
    await until(() => tab().some(({ level }) => level === 'critical'));
    signals.emit('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('needs the required secret after the merge, not before', async () => {
    const answer = (path: string): LoopbackAnswer | undefined =>
      path === '/secrets' ? { body: { value: {} } } : undefined;
    const { ended, signals, tab } = await onPlatform({}, { answer });
    await until(() => tab().some(({ level }) => level === 'critical'));
    expect(tab()[0]?.message).toContain('module.key: is required');
    signals.emit('SIGTERM');
    expect(await ended).toBe(2);
  });

  it.each<[StopSignal, number]>([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ])(
    'that is stopped while it waits for its secrets leaves with its last lines sent, by %s with %i',
    async (signal, code) => {
      const answer = (path: string): LoopbackAnswer | undefined => (path === '/secrets' ? { status: 503 } : undefined);
      const { ended, signals, runs, stderr, tab, open } = await onPlatform({}, { answer });
      await until(() => stderr.text.includes('cannot be had yet'));
      signals.emit(signal);
      expect(await ended).toBe(code);
      expect(runs).toHaveLength(0);
      expect(tab().map(({ message }) => message)).toEqual([
        expect.stringContaining('cannot be had yet'),
        expect.stringContaining('Stopped before the work began'),
      ]);
      expect([signals.listenerCount(signal), open()]).toEqual([0, 0]);
    },
  );

  it('that is stopped while the secrets never come does not wait for them', async () => {
    const answer = (path: string): LoopbackAnswer | undefined => (path === '/secrets' ? 'never' : undefined);
    const { ended, signals, server } = await onPlatform({}, { answer });
    await until(() => server.requests.some(({ path }) => path === '/secrets'));
    signals.emit('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('ends within the grace period though the log tab hangs', async () => {
    const answer = (path: string): LoopbackAnswer | undefined => (path === '/logs' ? 'never' : undefined);
    const { ended, signals, runs } = await onPlatform({ run: runUntilForced }, { answer });
    await until(() => runs.length === 1);
    signals.emit('SIGTERM');
    const startedAt = performance.now();
    signals.emit('SIGTERM');
    expect(await ended).toBe(1);
    expect(performance.now() - startedAt).toBeLessThan(4_500);
  });

  it('collects though the log tab refuses every line, and says so in its own log', async () => {
    const answer = (path: string): LoopbackAnswer | undefined => (path === '/logs' ? { status: 403 } : undefined);
    const { ended, signals, stderr } = await onPlatform(
      {
        run: async (settings, context) => {
          context.log.error('at once');
          await runUntilStopped(settings, context);
        },
      },
      { answer },
    );
    await until(() => stderr.text.includes('The log tab of the platform takes no lines'));
    signals.emit('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('reports to Sentry where it is given a project, with the context of the playbook', async () => {
    const sentry = await loopbackServer(() => ({}));
    servers.push(sentry);
    const { ended, signals } = await onPlatform(
      {
        run: async (settings, context) => {
          context.log.error(`failed with ${settings.key}`);
          await runUntilStopped(settings, context);
        },
      },
      {
        environment: {
          SENTRY_DSN: `${sentry.url.replace('http://', 'http://public@')}/7`,
          COMMUNITY_UUID: 'c-1',
          PLAYBOOK_UUID: 'p-1',
          ENVIRONMENT: 'staging',
        },
      },
    );
    await until(() => sentry.requests.length === 1);
    signals.emit('SIGTERM');
    expect(await ended).toBe(0);
    const event = JSON.parse(sentry.requests[0]!.body.split('\n')[2] ?? '') as Record<string, unknown>;
    expect(event).toMatchObject({
      message: 'failed with [redacted]',
      environment: 'staging',
      tags: { community_uuid: 'c-1', playbook_uuid: 'p-1', command: 'ScriptedTrigger' },
    });
  });
});

describe('a command that is unknown', () => {
  it('is told to the log tab too, and ends the process at once', async () => {
    const server = await loopbackServer(() => ({}));
    servers.push(server);
    const fake = fakeWorld({ environment: { TOKEN, URL_CALLBACK: `${server.url}/callback` } });
    const world = { ...fake, clock: systemClock, openTransport: () => createUndiciTransport() };
    expect(await runPlatformCommand([scriptedTrigger()], 'Nothing', world)).toBe(2);
    expect(server.requests.map(({ body }) => body).join()).toContain('is unknown');
  });
});
