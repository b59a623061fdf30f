import { afterEach, describe, expect, it } from '@jest/globals';

import type { ModuleError } from '../../../../src/sdk/errors.js';
import { createUndiciTransport } from '../../../../src/sdk/http/undici-transport.js';
import type { LogFields, LogLevel } from '../../../../src/sdk/observability/log.js';
import { LogTab } from '../../../../src/sdk/platform/log-tab.js';
import type { TabLine } from '../../../../src/sdk/platform/log-buffer.js';
import { systemClock } from '../../../../src/sdk/system.js';
import { loopbackServer, type LoopbackServer } from '../../../support/loopback-server.js';
import { everybodyHadTheirTurn, ManualClock } from '../../../support/manual-clock.js';
import { inTurn, type Script, ScriptedTransport, systemError } from '../../../support/scripted-transport.js';

const TOKEN = 'token-of-this-test';
const URL = 'https://platform.test/logs';

function tabWith(script: Script) {
  const clock = new ManualClock();
  const transport = new ScriptedTransport(script);
  const troubles: (ModuleError | undefined)[] = [];
  const tab = new LogTab({ url: URL, token: TOKEN, transport, clock, onTrouble: (error) => troubles.push(error) });
  const write = (level: LogLevel, message: string, fields: LogFields = {}): void =>
    tab.write({ level, message, fields });
  const sent = (): TabLine[][] => transport.queries.map(({ logs }) => logs as TabLine[]);
  return { clock, transport, troubles, tab, write, sent };
}

describe('lines are sent', () => {
  it('together, five seconds after the first', async () => {
    const { clock, transport, write, sent } = tabWith(inTurn({}));
    write('info', 'one');
    await clock.advance(3_250);
    write('warning', 'two');
    expect(transport.requests).toHaveLength(0);
    await clock.advance(1_750);
    expect(sent()).toEqual([
      [
        { date: '2030-01-02T03:04:05', level: 'info', message: 'one' },
        { date: '2030-01-02T03:04:08.250000', level: 'warning', message: 'two' },
      ],
    ]);
    expect(transport.requests[0]).toMatchObject({
      method: 'POST',
      url: URL,
      headersTimeoutMs: 30_000,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    });
    await clock.advance(60_000);
    expect(transport.requests).toHaveLength(1);
    expect(clock.sleeping).toBe(0);
  });

  it('fifty at a time, and those beyond at their time', async () => {
    const { clock, write, sent } = tabWith(inTurn({}));
    for (let line = 0; line < 120; line += 1) write('info', `line ${line}`);
    await everybodyHadTheirTurn();
    await everybodyHadTheirTurn();
    expect(sent().map(({ length }) => length)).toEqual([50, 50, 20]);
    write('info', 'later');
    await clock.advance(4_999);
    expect(sent()).toHaveLength(3);
    await clock.advance(1);
    expect(sent().at(-1)).toEqual([expect.objectContaining({ message: 'later' })]);
  });

  it.each(['error', 'critical'] as const)('at once with an %s', async (level) => {
    const { write, sent } = tabWith(inTurn({}));
    write('info', 'before');
    write(level, 'now');
    await everybodyHadTheirTurn();
    expect(sent()).toEqual([[expect.objectContaining({ level: 'info' }), expect.objectContaining({ level })]]);
  });

  it('with their facts, code and remedy in the message, and without what helps nobody there', async () => {
    const { clock, write, sent } = tabWith(inTurn({}));
    write('warning', 'refused', {
      advice: 'Replace the key.',
      code: 'SOURCE_CREDENTIAL_REFUSED',
      status: 401,
      requestId: 'r-1',
      owed: undefined,
      stack: 'at x',
    });
    await clock.advance(5_000);
    expect(sent()[0]?.[0]?.message).toBe('refused (requestId: r-1) [SOURCE_CREDENTIAL_REFUSED]\nReplace the key.');
  });

  it('cut where one is endless', async () => {
    const { clock, write, sent } = tabWith(inTurn({}));
    write('info', 'x'.repeat(1_000_000));
    await clock.advance(5_000);
    expect(sent()[0]?.[0]?.message).toHaveLength(8_001);
  });
});

describe('of lines that say the same', () => {
  it('one a minute is sent for each level', async () => {
    const { clock, write, sent } = tabWith(inTurn({}));
    for (let second = 0; second < 120; second += 1) {
      write('info', 'same');
      write('debug', 'same');
      await clock.advance(1_000);
    }
    await clock.advance(5_000);
    const levels = sent().flatMap((lines) => lines.map(({ level }) => level));
    expect(levels).toEqual(['info', 'debug', 'info', 'debug']);
  });

  it('the first critical is sent as such, later ones as errors', async () => {
    const { clock, write, sent } = tabWith(inTurn({}));
    write('critical', 'broken');
    write('critical', 'broken');
    write('critical', 'broken');
    write('critical', 'broken otherwise');
    await clock.advance(5_000);
    expect(
      sent()
        .flat()
        .map(({ level, message }) => `${level} ${message}`),
    ).toEqual(['critical broken', 'error broken', 'error broken otherwise']);
  });
});

describe('where they cannot be sent', () => {
  it('they are tried again after 1, 2, 4, 8, 10, 10, ... seconds for ever, in order, and trouble is told once', async () => {
    const { clock, transport, troubles, write, sent } = tabWith((_, n) => ({ status: n < 14 ? 503 : 200 }));
    write('error', 'first');
    await everybodyHadTheirTurn();
    write('error', 'second');
    const tried: number[] = [];
    for (let second = 0; second <= 110; second += 1) {
      while (tried.length < transport.requests.length) tried.push(second);
      await clock.advance(1_000);
    }
    expect(tried.slice(0, 9).map((at, index) => at - (tried[index - 1] ?? 0))).toEqual([0, 1, 2, 4, 8, 10, 10, 10, 10]);
    expect(sent()[13]?.map(({ message }) => message)).toEqual(['first', 'second']);
    expect(troubles.map((error) => error?.code)).toEqual(['PLATFORM_UNAVAILABLE', undefined]);
    expect(transport.requests).toHaveLength(14);
  });

  it('the newest and the most severe thousand are kept, and the tab tells how many are missing', async () => {
    let isDown = true;
    const { clock, write, sent } = tabWith(() => {
      if (isDown) throw systemError('ECONNREFUSED');
      return {};
    });
    write('error', 'the cause');
    for (let line = 0; line < 1_200; line += 1) write('info', `line ${line}`);
    await clock.advance(30_000);
    isDown = false;
    await clock.advance(30_000);
    const failed = sent().findIndex((lines) => lines.some(({ message }) => message.includes('missing')));
    const lines = sent()
      .slice(sent().findLastIndex((each) => each[1]?.message === 'the cause'))
      .flat();
    expect(failed).toBeGreaterThan(-1);
    expect(lines[0]).toMatchObject({ level: 'warning', message: expect.stringMatching(/^201 lines are missing here/) });
    expect(lines.map(({ message }) => message).slice(1, 3)).toEqual(['the cause', 'line 201']);
    expect(lines).toHaveLength(1 + 1_000);
  });

  it('a refused token is asked with once in five minutes', async () => {
    const { clock, transport, write } = tabWith(inTurn({ status: 401 }));
    for (let minute = 0; minute < 59; minute += 1) {
      write('error', `minute ${minute}`);
      await clock.advance(60_000);
    }
    expect(transport.requests).toHaveLength(12);
  });

  it('lines that are refused for what they are do not stop the others', async () => {
    const { clock, write, sent } = tabWith(inTurn({ status: 413 }, {}));
    write('error', 'refused');
    await everybodyHadTheirTurn();
    write('error', 'next');
    await clock.advance(5_000);
    expect(
      sent()
        .at(-1)
        ?.map(({ message }) => message),
    ).toEqual(['A line is missing here: they could not be sent in time', 'next']);
  });

  it.each([400, 413, 422])('one line that is refused with %i costs one line, not those beside it', async (status) => {
    const taken: string[] = [];
    const { clock, transport, troubles, write } = tabWith(({ body }) => {
      const { logs } = JSON.parse(String(body)) as { logs: TabLine[] };
      if (logs.some(({ message }) => message === 'line 33')) return { status };
      taken.push(...logs.map(({ message }) => message));
      return {};
    });
    for (let line = 0; line < 120; line += 1) write('info', `line ${line}`);
    for (let second = 0; second < 60; second += 1) await clock.advance(1_000);
    const lines = taken.filter((message) => message.startsWith('line'));
    expect(lines).toEqual(
      Array.from({ length: 120 }, (_, line) => `line ${line}`).filter((each) => each !== 'line 33'),
    );
    expect(taken.filter((message) => message.includes('missing'))).toHaveLength(1);
    expect(troubles.map((error) => error?.status)).toEqual([status, undefined]);
    expect(transport.requests.length).toBeLessThan(30);
  });

  it('a platform that refuses every line is not hammered', async () => {
    const { clock, transport, write } = tabWith(inTurn({ status: 400 }));
    for (let line = 0; line < 500; line += 1) write('info', `line ${line}`);
    for (let minute = 0; minute < 10; minute += 1) await clock.advance(60_000);
    expect(transport.requests.length).toBeLessThan(100);
  });
});

describe('a critical line that the platform refused', () => {
  it('leaves the next one to be the first', async () => {
    const { clock, write, sent } = tabWith(inTurn({ status: 413 }, {}));
    write('critical', 'refused');
    await everybodyHadTheirTurn();
    write('critical', 'still broken');
    await clock.advance(5_000);
    expect(sent().at(-1)?.at(-1)).toMatchObject({ level: 'critical', message: 'still broken' });
  });
});

describe('at the end', () => {
  it('what is left is sent at once, and nothing is waited for', async () => {
    const { clock, tab, write, sent } = tabWith(inTurn({}));
    write('info', 'Stopped');
    await tab.close(3_000);
    expect(sent()).toEqual([[expect.objectContaining({ message: 'Stopped' })]]);
    expect(clock.monotonic()).toBe(0);
    expect(clock.sleeping).toBe(0);
    write('info', 'too late');
    await clock.advance(60_000);
    expect(sent()).toHaveLength(1);
  });

  it.each<[string, Script]>([
    ['fails', inTurn({ status: 503 })],
    ['does not answer', () => new Promise(() => undefined)],
  ])('a platform that %s is given the time that there is, and no more', async (_, script) => {
    const { clock, tab, write, transport } = tabWith(script);
    write('info', 'Stopped');
    let closed = false;
    const closing = tab.close(3_000).then(() => (closed = true));
    await clock.advance(2_999);
    expect(closed).toBe(false);
    expect(transport.requests.length).toBeLessThanOrEqual(6);
    await clock.advance(1);
    await closing;
    await clock.advance(60_000);
    expect(clock.sleeping).toBe(0);
    expect(transport.requests.length).toBeLessThanOrEqual(7);
  });

  it('a platform that refuses the token is asked once more, and not waited for', async () => {
    const { clock, tab, write, transport } = tabWith(inTurn({ status: 401 }));
    write('info', 'Stopped');
    await tab.close(3_000);
    expect(clock.monotonic()).toBe(0);
    expect(transport.requests).toHaveLength(1);
  });

  it('a wait after a failure is broken off for a last try', async () => {
    const { clock, tab, write, sent } = tabWith(inTurn({ status: 503 }, { status: 503 }, {}));
    write('error', 'x');
    await clock.advance(1_500);
    expect(sent()).toHaveLength(2);
    await tab.close(3_000);
    expect(sent()).toHaveLength(3);
    expect(clock.monotonic()).toBe(1_500);
  });
});

describe('over a socket', () => {
  let server: LoopbackServer | undefined;
  afterEach(() => server?.close());

  it('a server that hangs does not keep the process beyond the time for the last lines', async () => {
    server = await loopbackServer(() => 'never');
    const transport = createUndiciTransport();
    const tab = new LogTab({
      url: server.url,
      token: TOKEN,
      transport,
      clock: systemClock,
      onTrouble: () => undefined,
    });
    tab.write({ level: 'error', message: 'x', fields: {} });
    const startedAt = performance.now();
    await tab.close(300);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    await transport.close();
  });
});
