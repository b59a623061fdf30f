import { describe, expect, it } from '@jest/globals';

import { discover, type Discovery } from '../../../src/jumpcloud/discover.js';
import { KNOWN_SERVICES } from '../../../src/jumpcloud/services.js';
import { isAbort } from '../../../src/sdk/errors.js';
import { API_KEY, API_URL, pageAnswer } from '../../support/api.js';
import { ManualClock, MANUAL_CLOCK_START_MS } from '../../support/manual-clock.js';
import { type ScriptedAnswer, ScriptedTransport, textOf } from '../../support/scripted-transport.js';
import { seededRandom } from '../../support/seeded-random.js';

const DAY_MS = 86_400_000;
const DAYS = 10;

/** Events of one service: in the last day, in the days looked at, in all. */
interface Numbers {
  readonly lastDay?: number;
  readonly inDays?: number;
  readonly kept?: number;
  readonly isOutsideAll?: true;
}

interface Api {
  readonly services?: Readonly<Record<string, Numbers>>;
  /** What is said to a name that is no service's. */
  readonly refusal?: string;
  readonly distinct?: ScriptedAnswer;
  readonly interval?: ScriptedAnswer;
  readonly page?: ScriptedAnswer;
  readonly count?: ScriptedAnswer;
}

/** An API that knows these services and no other. */
function apiOf({ services = {}, ...answers }: Api): ScriptedTransport {
  const known = ['all', ...Object.keys(services)];
  const { refusal = `invalid service: must be one of [${known.join(', ')}]` } = answers;
  const inAll = Object.entries(services).filter(([, { isOutsideAll }]) => isOutsideAll !== true);
  return new ScriptedTransport(({ url, body }) => {
    const asked = JSON.parse(textOf(body)) as { service: [string]; start_time: string; end_time: string };
    const [service] = asked.service;
    const of = ({ lastDay = 0, inDays = lastDay, kept = inDays }: Numbers): number => {
      const days = Math.round((Date.parse(asked.end_time) - Date.parse(asked.start_time)) / DAY_MS);
      return days === 1 ? lastDay : days === DAYS ? inDays : kept;
    };
    if (!known.includes(service)) return { status: 400, body: JSON.stringify({ message: refusal }) };
    if (url.endsWith('/events')) return answers.page ?? pageAnswer(['{"id":"1"}', '{"id":"22"}'], { limit: 200 });
    if (url.endsWith('/interval')) return answers.interval ?? { body: '{"buckets":[{"key":1,"doc_count":9}]}' };
    if (url.endsWith('/distinct')) {
      const buckets = inAll.map(([key, numbers]) => ({ key, doc_count: of(numbers) }));
      return answers.distinct ?? { body: JSON.stringify({ buckets: buckets.filter((one) => one.doc_count > 0) }) };
    }
    const wanted = service === 'all' ? inAll : [[service, services[service] ?? {}] as const];
    const count = wanted.reduce((sum, [, numbers]) => sum + of(numbers), 0);
    return answers.count ?? { body: JSON.stringify({ count }) };
  });
}

function discovered(
  transport: ScriptedTransport,
  { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
): Promise<Discovery> {
  const clock = new ManualClock({ autoAdvance: true });
  const pace = { requestsPerSecond: 2, eventsPerRequest: 100 };
  const world = { clock, random: seededRandom(), transport, signal };
  return discover({ baseUrl: API_URL, apiKey: API_KEY }, { days: DAYS, pace }, world);
}

describe('discover', () => {
  it('tells of each service what it comes to, those with the most events first', async () => {
    const transport = apiOf({
      services: { ldap: {}, radius: { inDays: 5 }, mdm: { inDays: 5 }, sso: { lastDay: 3, inDays: 40, kept: 990 } },
    });
    const { services, ...rest } = await discovered(transport);
    expect(services.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'sso active',
      'mdm silent',
      'radius silent',
      'ldap empty',
    ]);
    expect(services[0]).toEqual({
      ...{ name: 'sso', state: 'active', isListed: true, isKnown: true, isOutsideAll: false },
      ...{ events: 40, eventsLastDay: 3, eventsPerDay: 4, eventsPeakDay: 9, bytesPerEvent: 10.5 },
    });
    expect(services[3]).toMatchObject({ events: 0, eventsPeakDay: 0, bytesPerEvent: undefined });
    // A thousand events, a hundred in a request, two requests a second; and one to see the end.
    expect(rest).toEqual({ days: DAYS, isListed: true, eventsKept: 1000, backfillMs: 5500, remarks: [] });
    expect(transport.openBodies).toBe(0);
    const ends = transport.queries.map(({ end_time: end }) => end).filter((end) => typeof end === 'string');
    expect(Date.parse(ends[0] ?? '')).toBeGreaterThanOrEqual(MANUAL_CLOCK_START_MS);
  });

  it('says that a service has events which all leaves out, also where all has none', async () => {
    const outside = { lastDay: 2, inDays: 7, kept: 8, isOutsideAll: true } as const;
    for (const sso of [{ lastDay: 1 }, {}]) {
      const { services, eventsKept, remarks } = await discovered(apiOf({ services: { sso, ldap: {}, pam: outside } }));
      expect(services.find(({ name }) => name === 'pam')).toMatchObject({ isOutsideAll: true, isKnown: false });
      expect(services.filter(({ isOutsideAll }) => isOutsideAll)).toHaveLength(1);
      expect(eventsKept).toBe(8 + (sso.lastDay ?? 0));
      expect(remarks).toContain("'pam' has events that 'all' does not return: name each service to collect it");
    }
  });

  it('says of privileged access without events that it may be outside all, and of new services how to name them', async () => {
    const { remarks } = await discovered(apiOf({ services: { sso: { lastDay: 1 }, ldap: {}, pam: {} } }));
    expect(remarks).toEqual([
      "'pam' is newly added: this version does not know it; 'all' or unlisted:pam collects it",
      "Privileged-access events ('pam') may not be returned by 'all'; there are none by now",
    ]);
  });

  it('takes alerts under the name by which they are listed, whatever they are shown as', async () => {
    const transport = apiOf({
      services: { sso: {}, ldap: {}, alert: { lastDay: 4 } },
      distinct: { body: '{"buckets":[{"key":"Alerts","doc_count":4}]}' },
    });
    const { services, remarks } = await discovered(transport);
    expect(services.map(({ name }) => name)).toEqual(['alert', 'ldap', 'sso']);
    expect(services[0]).toMatchObject({ events: 4, isOutsideAll: false });
    expect(remarks).toEqual(["Alerts are asked for as 'alert' here, not 'alerts'"]);
  });

  it('tries those that it knows where the API lists none, and leaves out what there is not', async () => {
    const { services, isListed, remarks } = await discovered(
      apiOf({ services: { sso: { lastDay: 1 }, newest: { lastDay: 2 } }, refusal: 'no such service' }),
    );
    expect(isListed).toBe(false);
    expect(services.map(({ name, isListed: listed }) => [name, listed])).toEqual([
      ['newest', undefined],
      ['sso', undefined],
    ]);
    expect(remarks[0]).toMatch(
      /^The API does not list its services \(.*answered 400.*\): those that this version knows/,
    );
    const tried = new Set(
      (await triedIn(apiOf({ services: {}, refusal: 'no' }))).filter((name) => KNOWN_SERVICES.includes(name)),
    );
    expect(tried.size).toBe(KNOWN_SERVICES.length);
  });

  it('counts each by itself where the API does not tell which have events', async () => {
    const { services, remarks } = await discovered(
      apiOf({ services: { sso: { lastDay: 1 }, ldap: {}, mdm: { lastDay: 2 } }, distinct: { status: 404 } }),
    );
    expect(services.map(({ events, isOutsideAll }) => [events, isOutsideAll])).toEqual([
      [2, false],
      [1, false],
      [0, false],
    ]);
    expect(remarks).toEqual([expect.stringMatching(/^The API does not tell which services have events \(.+404/)]);
  });

  it('tells how far numbers by service can be trusted', async () => {
    const buckets = [{ key: 'sso', doc_count: 1 }];
    const body = JSON.stringify({ buckets, doc_count_error_upper_bound: 3, sum_other_doc_count: 7 });
    const { remarks } = await discovered(
      apiOf({ services: { sso: { lastDay: 1 }, ldap: {}, mdm: {} }, distinct: { body } }),
    );
    expect(remarks).toEqual([
      'The API says that its numbers by service may be 3 too low: they were counted anew',
      '7 events are of services that the API did not name among the others',
    ]);
  });

  it('does without days and sample where these cannot be had', async () => {
    const services = { sso: { lastDay: 5, inDays: 45 }, ldap: {}, mdm: {} };
    const broken = pageAnswer([], { limit: 200 });
    const found = await discovered(
      apiOf({ services, interval: { status: 400 }, page: { ...broken, body: '[{"id":"1"},,' } }),
    );
    expect(found.services[0]).toMatchObject({ name: 'sso', eventsPeakDay: 5 });
    const empty = await discovered(apiOf({ services, page: broken }));
    expect(empty.services[0]?.bytesPerEvent).toBeUndefined();
  });

  it.each([
    ['the key is refused', { count: { status: 401 } }, 'SOURCE_CREDENTIAL_REFUSED'],
    ['numbers by service are not for this role', { distinct: { status: 403 } }, 'SOURCE_ROLE_REFUSED'],
    ['numbers by day are not for this role', { interval: { status: 403 } }, 'SOURCE_ROLE_REFUSED'],
    ['events are not for this role', { page: { status: 403 } }, 'SOURCE_ROLE_REFUSED'],
  ] as const)('fails where %s, rather than to tell half', async (_, answers, code) => {
    const failure = discovered(apiOf({ services: { sso: { lastDay: 1 }, ldap: {}, mdm: {} }, ...answers }));
    await expect(failure).rejects.toMatchObject({ code });
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const transport = apiOf({ services: { sso: { lastDay: 1 }, ldap: {}, mdm: {} } });
    const { script } = transport;
    transport.script = (request, n) => {
      if (n === 4) stop.abort();
      return script(request, n);
    };
    const thrown = await discovered(transport, { signal: stop.signal }).catch((error: unknown) => error);
    expect(isAbort(thrown)).toBe(true);
  });
});

/** The services that were asked for one by one. */
async function triedIn(transport: ScriptedTransport): Promise<string[]> {
  await discovered(transport);
  return transport.queries.flatMap(({ service }) => service as string[]);
}
