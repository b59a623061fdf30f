import { DirectoryInsightsClient } from '../../../src/jumpcloud/api/client.js';
import { DirectoryInsightsSource } from '../../../src/jumpcloud/event-source.js';
import type { HttpTransport } from '../../../src/sdk/ports.js';
import type { SeededRandom } from '../../../src/simulators/random.js';
import { byApiKey } from '../../support/by-api-key.js';
import { mutateBytes, mutateJson } from './mutate.js';
import { answerOf, faultOf, hurriedClock, NOW_MS, type Target } from './target.js';

const WINDOW = { fromMs: NOW_MS - 3_600_000, toMs: NOW_MS };
/** Then the API becomes honest, so that a case ends. */
const MOST_HOSTILE_ANSWERS = 8;

/** What the API answers to a query for events, to a count, and to those that group. */
export const apiAnswers: Target = {
  name: 'an answer of the API',
  attack: (random) => (random.chance(0.6) ? readEvents(random) : ask(random)),
};

async function readEvents(random: SeededRandom): Promise<string | undefined> {
  const isHonest = random.chance(0.1);
  const sent: Buffer[] = [];
  const expected: string[] = [];
  const client = clientOf(() => {
    if (sent.length > MOST_HOSTILE_ANSWERS) return { status: 200, headers: headersOf(0, 10), body: Buffer.from('[]') };
    const rows = random.below(5);
    const events = Array.from({ length: rows }, (_, n) => eventOf(random, sent.length * 10 + n));
    const headers = { ...headersOf(rows, rows === 0 || sent.length === 3 ? 10 : rows), ...tokenOf(sent.length) };
    if (isHonest) {
      const body = Buffer.from(`[${events.map((event) => JSON.stringify(event)).join(' ,\n')}]`);
      sent.push(body);
      expected.push(...events.map((event) => JSON.stringify(event)));
      return { status: 200, headers, body, isWhole: true };
    }
    const body = random.chance(0.7) ? mutateJson(events, random) : Buffer.from(JSON.stringify(events));
    sent.push(body);
    return { status: statusOf(random), headers: mutateHeaders(headers, random), body };
  }, random);
  const source = new DirectoryInsightsSource({ client, services: ['all'], pageSize: 100 });
  const seen: string[] = [];
  try {
    const reader = source.read(WINDOW, new AbortController().signal);
    for (let next = await reader.next(); ; next = await reader.next()) {
      if (next.done === true) {
        if (!Number.isFinite(next.value) || next.value > WINDOW.toMs) return `it says it read up to ${next.value}`;
        break;
      }
      const { events } = next.value;
      for (let index = 0; index < events.count; index += 1) {
        const text = Buffer.from(events.text(index));
        if (!sent.some((body) => body.includes(text))) return 'an event is not what was sent';
        seen.push(text.toString('utf8'));
      }
      events.keys(NOW_MS);
    }
  } catch (error) {
    return isHonest ? `honest pages are refused: ${String(error)}` : faultOf(error, /^SOURCE_/);
  }
  return isHonest && seen.join() !== expected.join() ? 'honest pages are read as something else' : undefined;
}

async function ask(random: SeededRandom): Promise<string | undefined> {
  const question = random.pick(['count', 'distinct', 'interval'] as const);
  const honest = question === 'count' ? { count: random.below(9) } : bucketsOf(random);
  const answers: { status: number; body: Buffer }[] = [];
  const client = clientOf(() => {
    const body = random.chance(0.2) ? Buffer.from(JSON.stringify(honest)) : mutateJson(honest, random);
    const status = answers.length >= MOST_HOSTILE_ANSWERS ? 400 : statusOf(random);
    answers.push({ status, body });
    return { status, headers: mutateHeaders(headersOf(0, 1), random), body };
  }, random);
  const { signal } = new AbortController();
  const selection = { services: ['all'], ...WINDOW };
  try {
    if (question === 'count') {
      const count = await client.count(selection, signal);
      const said = JSON.parse(answers.at(-1)?.body.toString('utf8') ?? '') as { count?: unknown };
      return said.count === count && Number.isSafeInteger(count) && count >= 0 ? undefined : `it counts ${count}`;
    }
    const buckets =
      question === 'distinct'
        ? (await client.distinct(selection, 'service', signal)).buckets
        : await client.interval(selection, 'h', 1, signal);
    return buckets.every(({ count }) => typeof count === 'number') ? undefined : 'a bucket without a number';
  } catch (error) {
    return faultOf(error, /^SOURCE_/);
  }
}

interface Drawn {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly isWhole?: boolean;
}

function clientOf(draw: () => Drawn, random: SeededRandom): DirectoryInsightsClient {
  const clock = hurriedClock();
  const transport: HttpTransport = {
    request: () => {
      const { isWhole = false, ...answer } = draw();
      if (!isWhole && random.chance(0.02)) return Promise.reject(new Error('connect ECONNREFUSED'));
      const whole = { ...answer, body: inOnePiece(answer.body) };
      return Promise.resolve(isWhole ? whole : answerOf(answer, random));
    },
  };
  return new DirectoryInsightsClient({
    ...{ baseUrl: 'https://api.test', userAgent: 'fuzz', transport, clock },
    ...byApiKey('synthetic-api-key'),
    random: () => random.fraction(),
  });
}

function eventOf(random: SeededRandom, n: number): object {
  const timestamp = new Date(WINDOW.fromMs + n * 1000).toISOString();
  return { id: random.hex(8), timestamp, service: random.pick(['sso', 'directory']), client_ip: '192.0.2.1', n };
}

function bucketsOf(random: SeededRandom): object {
  const buckets = Array.from({ length: random.below(4) }, (_, n) => ({ key: `k${n}`, doc_count: n }));
  return random.chance(0.5) ? { buckets } : { service: buckets };
}

function headersOf(rows: number, limit: number): Record<string, string> {
  return {
    'content-type': 'application/json',
    date: new Date(NOW_MS).toUTCString(),
    'x-result-count': String(rows),
    'x-limit': String(limit),
    'x-sort': 'ASC',
    'x-request-id': 'r1',
  };
}

function tokenOf(page: number): Record<string, string> {
  return { 'x-search_after': `[${page},"a"]` };
}

function statusOf(random: SeededRandom): number {
  return random.chance(0.8)
    ? 200
    : random.pick([204, 206, 301, 400, 401, 402, 403, 404, 408, 413, 429, 500, 503, 599, 999]);
}

function mutateHeaders(honest: Readonly<Record<string, string>>, random: SeededRandom): Record<string, string> {
  const entries = Object.entries({
    ...honest,
    'retry-after': random.pick(['1', '1e9', '-1', 'Fri, 31 Dec 9999 23:59:59 GMT']),
  });
  return Object.fromEntries(
    entries.flatMap(([name, value]) => {
      if (random.chance(0.1)) return [];
      return [[name, random.chance(0.15) ? mutateBytes(Buffer.from(value), random).toString('latin1') : value]];
    }),
  );
}

async function* inOnePiece(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(body);
}
