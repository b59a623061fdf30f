import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { SourceSimulator, SourceSimulatorOptions } from 'sekoia-jumpcloud-directory-insights/sdk';

const DAY_MS = 86_400_000;
/** Invented; it opens nothing. */
const TOKEN = 'synthetic-token-for-tests';
/** This request of each hundred is refused for a second, as an API does that is asked too much. */
const LIMITED = 3;

/** An event, and the instant at which it happened, epoch milliseconds. */
interface Held {
  readonly atMs: number;
  readonly text: string;
}

/** Plays the API on this machine, from its documents. */
export async function startSimulator(options: SourceSimulatorOptions): Promise<SourceSimulator> {
  const { events, days, liveEventsPerSecond, seed } = options;
  const startedMs = Date.now();
  const firstMs = startedMs - days * DAY_MS;
  const held: Held[] = [];
  for (let n = 0; n < events; n += 1) {
    held.push(eventAt(Math.floor(firstMs + (n * days * DAY_MS) / events), `${seed}:${n}`));
  }
  let liveEndsMs = Infinity;
  /** The events up to now, the live ones too. */
  const shown = (): readonly Held[] => {
    const untilMs = Math.min(Date.now(), liveEndsMs);
    for (let n = held.length - events; liveEventsPerSecond > 0; n += 1) {
      const atMs = Math.floor(startedMs + ((n + 1) * 1000) / liveEventsPerSecond);
      if (atMs > untilMs) break;
      held.push(eventAt(atMs, `${seed}:live:${n}`));
    }
    return held;
  };

  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    if (requests % 100 === LIMITED) refuse(response, 429, 'API call exceeded rate limit due to too many requests.');
    else answer(request, response, shown());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    account: { base_url: url, api_token: TOKEN },
    shown: () => shown().map(({ text }) => text),
    endLiveEvents: () => {
      liveEndsMs = Math.min(liveEndsMs, Date.now());
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** `GET /api/v1/logs`: `since` inclusive, `until` exclusive, ascending, and a Link header to the next page if there is one. */
function answer({ url: target, headers }: IncomingMessage, response: ServerResponse, events: readonly Held[]): unknown {
  const url = new URL(target ?? '/', `http://${headers.host ?? ''}`);
  if (url.pathname !== '/api/v1/logs') return refuse(response, 404, 'Not found');
  if (headers.authorization !== `SSWS ${TOKEN}`) return refuse(response, 401, 'Invalid token provided');
  const at = (name: string): number => Date.parse(url.searchParams.get(name) ?? '');
  const [sinceMs, untilMs, limit] = [at('since'), at('until'), Number(url.searchParams.get('limit') ?? 100)];
  const isAscending = url.searchParams.get('sortOrder') === 'ASCENDING';
  if (Number.isNaN(sinceMs + untilMs) || !isAscending || !(limit >= 1 && limit <= 1000)) {
    return refuse(response, 400, 'Bad request: since, until, sortOrder, limit');
  }
  const selected = events.filter(({ atMs }) => atMs >= sinceMs && atMs < untilMs);
  const from = Number(url.searchParams.get('after') ?? 0);
  const page = selected.slice(from, from + limit);
  const links = [`<${url.href}>; rel="self"`];
  if (from + limit < selected.length) {
    url.searchParams.set('after', String(from + limit));
    links.push(`<${url.href}>; rel="next"`);
  }
  response.setHeader('Link', links);
  response.setHeader('Content-Type', 'application/json');
  return response.end(`[${page.map(({ text }) => text).join(',')}]`);
}

function refuse(response: ServerResponse, status: number, errorSummary: string): ServerResponse {
  response.statusCode = status;
  // There is no Retry-After: the header names the second at which the limit begins anew.
  if (status === 429) response.setHeader('X-Rate-Limit-Reset', Math.ceil(Date.now() / 1000) + 1);
  response.setHeader('Content-Type', 'application/json');
  return response.end(JSON.stringify({ errorCode: `E${status}`, errorSummary }));
}

function eventAt(atMs: number, name: string): Held {
  const hash = createHash('sha256').update(name).digest('hex');
  const uuid = hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const eventType = ['user.session.start', 'user.authentication.sso', 'group.user_membership.add'][atMs % 3] ?? '';
  const actor = { type: 'User', alternateId: `user-${atMs % 50}@example.test` };
  const [published, result] = [new Date(atMs).toISOString(), atMs % 17 === 0 ? 'FAILURE' : 'SUCCESS'];
  const event = { actor, client: { ipAddress: `198.51.100.${atMs % 250}` }, eventType, outcome: { result }, published };
  // A number as no JavaScript program would write it: events have to arrive as they were sent.
  return { atMs, text: `${JSON.stringify({ ...event, severity: 'INFO', uuid }).slice(0, -1)},"risk":1.0}` };
}
