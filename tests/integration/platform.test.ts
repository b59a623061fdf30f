import { describe, expect, it } from '@jest/globals';

import { triggers } from '../../src/modules.js';
import { runPlatformCommand } from '../../src/sdk/platform-command.js';
import type { TabLine } from '../../src/sdk/platform/log-buffer.js';
import { SYNTHETIC_API_KEY } from '../../src/simulators/jumpcloud/options.js';
import { SYNTHETIC_INTAKE_KEY } from '../../src/simulators/sekoia/options.js';
import { API_HOST, apiEvent, ConnectorWorld, INTAKE_HOST } from '../support/connector-world.js';
import { fakeWorld } from '../support/fake-world.js';
import { ManualClock } from '../support/manual-clock.js';
import { systemError } from '../support/scripted-transport.js';
import { simulatedTransport, type Answering } from '../support/simulated-transport.js';

const COMMAND = 'JumpcloudDirectoryInsightsConnector';
const PLATFORM_HOST = 'platform.test';
const MINUTE = 60;

/** The connector as the platform runs it, between two simulators and a platform of a few lines, in virtual time. */
function startOnPlatform() {
  const clock = new ManualClock();
  const ends = new ConnectorWorld({ clock });
  const tab: TabLine[] = [];
  const state = { apiKey: SYNTHETIC_API_KEY, isApiDown: false };
  const platform: Answering = {
    handle({ path, body }) {
      if (path === '/logs') tab.push(...(JSON.parse(body.toString()) as { logs: TabLine[] }).logs);
      const answer = path === '/secrets' ? { value: { apikey: state.apiKey } } : {};
      return { status: 200, headers: [], body: Buffer.from(JSON.stringify(answer)) };
    },
  };
  const hosts = { [API_HOST]: ends.api, [INTAKE_HOST]: ends.intake, [PLATFORM_HOST]: platform };
  const fake = fakeWorld({
    environment: {
      TOKEN: 'token-of-this-test',
      URL_CALLBACK: `https://${PLATFORM_HOST}/callback`,
      INTAKE_URL: `https://${INTAKE_HOST}`,
      MODULE_CONFIGURATION: JSON.stringify({ base_url: `https://${API_HOST}` }),
      CONNECTOR_CONFIGURATION: JSON.stringify({ intake_key: SYNTHETIC_INTAKE_KEY, frequency: 10, start_from: '5m' }),
    },
  });
  const world = {
    ...fake,
    clock,
    openTransport: () => {
      // One for each request: it takes many requests for a loop.
      const transport = (): ReturnType<typeof simulatedTransport> => simulatedTransport(hosts, clock);
      return {
        request: (request: Parameters<ReturnType<typeof simulatedTransport>['request']>[0]) =>
          state.isApiDown && new URL(request.url).host === API_HOST
            ? Promise.reject(systemError('ECONNREFUSED'))
            : transport().request(request),
        close: async () => undefined,
      };
    },
  };
  const ended = runPlatformCommand(triggers, COMMAND, world);
  /** In steps, so that work that does not sleep gets its turns as well. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) await clock.advance(1000);
  };
  let born = 0;
  const add = (): void => {
    born += 1;
    ends.add(apiEvent(`event-${born}`, clock.now() - 1000));
  };
  const lines = (level: string): string[] => tab.filter((line) => line.level === level).map(({ message }) => message);
  return { clock, ends, tab, state, ended, pass, add, lines, signals: fake.signals };
}

describe('on the platform the log tab tells', () => {
  it('two hours without trouble in few lines', async () => {
    const { pass, add, tab, signals, ended } = startOnPlatform();
    await pass(10);
    for (let minute = 0; minute < 125; minute += 1) {
      add();
      await pass(MINUTE);
    }
    signals.emit('SIGTERM');
    await pass(5);
    expect(await ended).toBe(0);
    expect(tab.map(({ level, message }) => `${level} ${message.replace(/\d{4}-\S+Z/g, 'T')}`)).toEqual([
      `info Starting (trigger: ${COMMAND})`,
      'info First start on this data path: collecting from T on (stream: services all)',
      'info Collecting works: 1 event delivered so far, up to T',
      'info 60 events delivered in the last 1h, up to T',
      'info 60 events delivered in the last 1h, up to T',
      'info Stopping: finishing what is in flight',
      'info Stopped, owed: from T on',
    ]);
  }, 60_000);

  it('an outage at its begin and its end, and critical when it has lasted for half an hour and more', async () => {
    const { pass, add, state, lines, signals, ended, ends } = startOnPlatform();
    add();
    await pass(MINUTE);
    state.isApiDown = true;
    await pass(20 * MINUTE);
    expect(lines('warning').some((line) => line.includes('No answer from api.jumpcloud.test'))).toBe(true);
    expect(lines('critical')).toEqual([]);
    await pass(40 * MINUTE);
    expect(lines('critical')).toEqual([
      expect.stringMatching(
        /^Nothing could be collected for \d+m: \d+ tries in a row have failed, the last one with: No answer .*\[SOURCE_UNREACHABLE\]\n.*Nothing is lost/,
      ),
    ]);
    state.isApiDown = false;
    add();
    await pass(10 * MINUTE);
    expect(lines('info').some((line) => line.startsWith('The source works again'))).toBe(true);
    expect(ends.account()).toMatchObject({ lost: 0, duplicated: 0 });
    signals.emit('SIGTERM');
    await pass(5);
    expect(await ended).toBe(0);
  }, 60_000);

  it('a key that is refused at once, with the remedy, and once', async () => {
    const started = startOnPlatform();
    started.state.apiKey = 'jca_replaced-long-ago';
    await started.pass(30 * MINUTE);
    expect(started.lines('critical')).toEqual([
      expect.stringMatching(/answered 401.*Check the API key.*\[SOURCE_CREDENTIAL_REFUSED\]/s),
    ]);
    expect(started.tab.map(({ message }) => message).join()).not.toContain('jca_replaced');
    started.signals.emit('SIGTERM');
    await started.pass(5);
    expect(await started.ended).toBe(0);
  }, 60_000);
});
