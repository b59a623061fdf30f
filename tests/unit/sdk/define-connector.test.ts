import { describe, expect, it } from '@jest/globals';

import { defineConnector, type ConnectorDefinition } from '../../../src/sdk/define-connector.js';
import { ConfigurationError } from '../../../src/sdk/errors.js';
import type { EventIdentity } from '../../../src/sdk/pipeline/event-identity.js';
import { parseAddress } from '../../../src/sdk/configuration/address.js';
import { Stop } from '../../../src/sdk/stop.js';
import type { CheckResult } from '../../../src/sdk/trigger.js';
import { linkTo } from '../../../src/sdk/source/link-header.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RecordingLog } from '../../support/recording-log.js';
import { inTurn, type Script, ScriptedTransport } from '../../support/scripted-transport.js';
import { seededRandom } from '../../support/seeded-random.js';

interface Account {
  readonly address: string;
  readonly token: string;
}
interface Arguments {
  readonly colour: string;
}

const DAY_MS = 86_400_000;
const WINDOW = { fromMs: Date.UTC(2030, 0, 1), toMs: Date.UTC(2030, 0, 2) };
const CONFIGURATION = {
  module: { address: 'https://api.example.test/v1/', token: 'a secret' },
  arguments: { intake_key: 'intake-key', intake_server: 'https://intake.example.test', colour: 'red' },
};

type Changes = Partial<ConnectorDefinition<Account, Arguments>>;

function define(changes: Changes = {}) {
  return defineConnector<Account, Arguments>({
    ...{ command: 'Test', name: 'Tests', vendor: 'tests', userAgent: 'tests/1', retentionMs: 30 * DAY_MS },
    identity: { id: 'key', timestamp: 'when' },
    account: { address: (text) => parseAddress(text, 'refuse') },
    secrets: ({ account }) => [account.token],
    describeStream: ({ arguments: { colour } }) => `${colour} events`,
    openApi: ({ account }) => ({ baseUrl: account.address, headers: { 'x-token': account.token } }),
    async openPage({ api, cursor, signal }) {
      const answer = await api.open({ path: cursor ?? '/events' }, signal);
      return { ...answer, next: linkTo(answer.headers['link'], 'next') };
    },
    ...changes,
  });
}

function open(script: Script, changes: Changes = {}) {
  const connector = define(changes);
  const { settings } = connector.configure(CONFIGURATION, WINDOW.toMs);
  const transport = new ScriptedTransport(script);
  const world = { clock: new ManualClock({ autoAdvance: true }), random: seededRandom(), transport, stop: new Stop() };
  const parts = connector.connect(settings, { ...world, log: new RecordingLog().log, once: true, retryForMs: 0 });
  const { source } = parts;
  const { signal } = new AbortController();
  const read = async () => {
    const events: { id: string | undefined; timestampMs: number | undefined; text: string }[] = [];
    for await (const page of source.read(WINDOW, signal)) {
      for (let index = 0; index < page.events.count; index += 1) {
        const { id, timestampMs, bytes } = page.events.at(index);
        events.push({ id, timestampMs, text: Buffer.from(bytes).toString() });
      }
    }
    return events;
  };
  return { source, parts, transport, read, signal };
}

const at = (seconds: number): string => new Date(WINDOW.fromMs + seconds * 1000).toISOString();
const page = (keys: readonly number[], next?: string) => ({
  body: `[${keys.map((key) => `{"key":"${key}","when":"${at(key)}"}`).join()}]`,
  headers: next === undefined ? {} : { link: `<${next}>; rel="next"` },
});

describe('the settings of a connector', () => {
  it('are the common ones, with defaults for what its schema does not declare, and its own', () => {
    const { settings, secrets } = define().configure(CONFIGURATION, WINDOW.toMs);
    expect(settings).toMatchObject({
      ...{ frequencyMs: 60_000, overlapMs: 300_000, reconcileEveryMs: 900_000, chunkSize: 10_000 },
      account: { address: 'https://api.example.test/v1', token: 'a secret' },
      arguments: { colour: 'red' },
      startFrom: { ms: WINDOW.toMs - 60_000 },
    });
    expect(secrets).toEqual(['intake-key', 'a secret']);
  });

  it('are refused with every problem at once', () => {
    const module = { address: 'http://api.example.test', token: '' };
    const refused = { module, arguments: { start_from: 'tomorrow' } };
    let problems: readonly { setting: string }[] = [];
    try {
      define().configure(refused, WINDOW.toMs);
    } catch (error) {
      if (error instanceof ConfigurationError) ({ problems } = error);
    }
    expect(problems.map(({ setting }) => setting)).toEqual([
      ...['module.address', 'arguments.intake_server', 'arguments.intake_key', 'arguments.start_from'],
    ]);
  });
});

describe("the account of a connector, for the platform's button", () => {
  const check = async (script: Script, changes: Changes = {}, module: object = CONFIGURATION.module) => {
    const transport = new ScriptedTransport(script);
    const clock = new ManualClock({ autoAdvance: true });
    const world = { clock, random: seededRandom(), transport, signal: new AbortController().signal };
    const results: CheckResult[] = [];
    // Of the arguments there are the defaults of their schema, and no intake.
    const configuration = { module: { ...module }, arguments: { colour: 'red' } };
    for await (const result of define(changes).checkAccount!(configuration, world)) results.push(result);
    return { transport, failed: results.filter(({ state }) => state === 'failed'), results };
  };

  it('works where a page can be read, and no more than one is asked for', async () => {
    const { transport, failed, results } = await check(inTurn(page([1], '/events?after=1'), page([2])));
    expect(failed).toEqual([]);
    expect(results.map(({ name }) => name)).toContain('Tests credential');
    expect(transport.requests).toMatchObject([{ headers: { 'x-token': 'a secret' } }]);
  });

  it('does not where the API refuses its credential, with the advice of the connector', async () => {
    const refusals = { 401: { code: 'SOURCE_CREDENTIAL_REFUSED', advice: 'Make a new token.' } } as const;
    const openApi: Changes['openApi'] = ({ account }) => ({ baseUrl: account.address, headers: {}, refusals });
    const { failed, transport } = await check(inTurn({ status: 401 }), { openApi });
    expect(failed).toMatchObject([{ name: 'Tests credential', remedy: 'Make a new token.' }]);
    expect(transport.requests).toHaveLength(1);
  });

  it('may be asked about in its own way', async () => {
    const checkAccount: Changes['checkAccount'] = ({ api, signal }) =>
      api.ask(
        { path: '/me' },
        (answer, invalid) => {
          if (!('active' in answer)) throw invalid('without "active"');
        },
        signal,
      );
    const good = await check(inTurn({ body: '{"active":true}' }), { checkAccount });
    expect([good.failed, good.transport.requests.map(({ url }) => url)]).toEqual([
      [],
      ['https://api.example.test/v1/me'],
    ]);
    const { failed } = await check(inTurn({ body: '{}' }), { checkAccount });
    expect(failed).toMatchObject([{ name: 'Tests answer', detail: expect.stringContaining('without "active"') }]);
  });

  it('is refused before anything is asked where it cannot be one, without a word of the intake', async () => {
    const problems = await check(inTurn({}), {}, { address: 'http://api.example.test', token: '' }).catch(
      (error: unknown) => (error as ConfigurationError).problems.map(({ setting }) => setting),
    );
    expect(problems).toEqual(['module.address']);
  });
});

describe('the pages of a connector', () => {
  it('are read to the last one, with the credential, events identified by their own members', async () => {
    const { read, transport } = open(inTurn(page([1, 2], 'https://api.example.test/v1/events?after=2'), page([3])));
    expect(await read()).toEqual([
      { id: '1', timestampMs: WINDOW.fromMs + 1000, text: `{"key":"1","when":"${at(1)}"}` },
      { id: '2', timestampMs: WINDOW.fromMs + 2000, text: `{"key":"2","when":"${at(2)}"}` },
      { id: '3', timestampMs: WINDOW.fromMs + 3000, text: `{"key":"3","when":"${at(3)}"}` },
    ]);
    expect(transport.requests).toMatchObject([
      { url: 'https://api.example.test/v1/events', headers: { 'x-token': 'a secret', 'user-agent': 'tests/1' } },
      { url: 'https://api.example.test/v1/events?after=2', headers: { 'x-token': 'a secret' } },
    ]);
  });

  it('may tell id and time in their own way', async () => {
    const identity: EventIdentity = (event) => {
      const { meta, ms } = event as { meta: { id: number }; ms: number };
      return { id: String(meta.id), timestampMs: ms };
    };
    const { read } = open(inTurn({ body: '[{"meta":{"id":7},"ms":5,"n":1.0}]' }), { identity });
    expect(await read()).toEqual([{ id: '7', timestampMs: 5, text: '{"meta":{"id":7},"ms":5,"n":1.0}' }]);
  });

  it('go on after an empty one, unless that is how the API ends', async () => {
    const answers = [page([], 'https://api.example.test/a'), page([1])];
    expect(await open(inTurn(...answers)).read()).toHaveLength(1);
    const { read, transport } = open(inTurn(...answers), { isEmptyPageLast: true });
    expect(await read()).toHaveLength(0);
    expect(transport.requests).toHaveLength(1);
  });

  it('are never asked of another server, which would be handed the credential', async () => {
    const { read, transport } = open(inTurn(page([1], 'https://evil.example.test/events'), page([2])));
    await expect(read()).rejects.toMatchObject({ code: 'SOURCE_ANSWER_INVALID' });
    expect(transport.requests).toHaveLength(1);
  });

  it.each([
    ['go round in a circle', page([1], 'https://api.example.test/a')],
    ['are no list', { body: '{"error":"no"}' }],
  ])('are refused where they %s', async (_, answer) => {
    const { read } = open(inTurn(answer, answer, answer));
    await expect(read()).rejects.toMatchObject({ code: 'SOURCE_ANSWER_INVALID' });
  });
});

describe('the counts of a connector', () => {
  it('are what it says they are', async () => {
    const { source, signal } = open(inTurn({ body: '{"total":3}' }), {
      count: ({ api, signal: aborted }) =>
        api.ask({ path: '/count' }, (answer) => (answer as { total: number }).total, aborted),
    });
    expect(await source.count(WINDOW, signal)).toBe(3);
  });

  it('are said not to be there where the API has none', async () => {
    const { source, signal, transport } = open(inTurn());
    await expect(source.count(WINDOW, signal)).rejects.toMatchObject({ code: 'SOURCE_CANNOT_COUNT', retryable: false });
    expect(transport.requests).toHaveLength(0);
  });
});
