/**
 * A Directory Insights API that costs next to nothing: the texts are there before the clock starts, and a page is sent
 * as a slice of them. The first argument is an `ApiOptions` as JSON.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

import { firstRowAt, timeOf, type Timeline } from '../timeline.js';
import { createEventTexts } from './event-text.js';
import { preciseNow, report, type Order } from './report.js';

export interface ApiOptions {
  readonly timeline: Timeline;
  readonly eventBytes: number;
  /** Before each answer. */
  readonly latencyMs: number;
  /** More are refused with 429. */
  readonly requestsPerSecond?: number;
}

interface Query {
  readonly start_time: string;
  readonly end_time?: string;
  readonly limit?: number;
  readonly search_after?: readonly [number, string];
  readonly interval_unit?: 's' | 'm' | 'h' | 'd' | 'w';
  readonly interval_value?: string;
}

const ROOT = '/insights/directory/v1';
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const MAX_LIMIT = 10_000;

const {
  timeline,
  eventBytes,
  latencyMs,
  requestsPerSecond = Infinity,
} = JSON.parse(process.argv[2] ?? '') as ApiOptions;
const texts = createEventTexts(timeline, eventBytes);
const none = { requests: 0, refused: 0, events: 0, bytes: 0 };
let stats = { ...none };
let tokens = Infinity;
let filledAtMs = 0;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (stats.requests === 0) report({ kind: 'first request', atMs: preciseNow() });
  stats.requests += 1;
  answer(request, response).catch((thrown: unknown) => response.destroy(thrown as Error));
});

process.on('disconnect', () => process.exit());
process.on('message', ({ ask }: Order) => {
  if (ask === 'stats') {
    report({ kind: 'stats', stats: { ...stats, freshnessMs: [] } });
    return;
  }
  stats = { ...none };
  tokens = Infinity;
});
server.listen(0, '127.0.0.1', () => report({ kind: 'ready', port: (server.address() as AddressInfo).port }));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const query = (await json(request)) as Query;
  response.setHeader('X-Request-Id', randomUUID());
  if (latencyMs > 0) await wait(latencyMs);
  if (isTooOften()) {
    stats.refused += 1;
    response.writeHead(429, { 'Retry-After': '1' }).end('{"message":"Too Many Requests"}');
    return;
  }
  const from = firstRowAt(timeline, Date.parse(query.start_time));
  const endMs = query.end_time === undefined ? Infinity : Date.parse(query.end_time);
  // Both bounds are inclusive, and nothing is shown before it happened.
  const to = firstRowAt(timeline, Math.min(endMs, Date.now()) + 1);
  if (request.url === `${ROOT}/events`) return sendPage(query, { from, to }, response);
  if (request.url === `${ROOT}/events/count`) {
    sendJson(response, { count: Math.max(0, to - from) });
    return;
  }
  if (request.url === `${ROOT}/events/interval`) {
    sendJson(response, { buckets: intervals(query, from, to) });
    return;
  }
  response.writeHead(404).end('{"message":"Not Found"}');
}

interface Rows {
  readonly from: number;
  readonly to: number;
}

async function sendPage(query: Query, rows: Rows, response: ServerResponse): Promise<void> {
  const limit = Math.min(query.limit ?? 1000, MAX_LIMIT);
  const from = query.search_after === undefined ? rows.from : Number(query.search_after[1]) + 1;
  const to = Math.max(from, Math.min(rows.to, from + limit));
  stats.events += to - from;
  stats.bytes += texts.byteLength(from, to);
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': texts.byteLength(from, to) + 2,
    'X-Result-Count': to - from,
    'X-Limit': limit,
    'X-Sort': 'ASC',
    'X-Search_after': JSON.stringify([timeOf(timeline, Math.max(0, to - 1)), String(to - 1)]),
  });
  await pipeline(arrayOf(texts.pieces(from, to)), response);
}

/** While a long page leaves, others are asked for: they come in between two pieces, not after the last. */
async function* arrayOf(pieces: Iterable<Buffer>): AsyncGenerator<string | Buffer> {
  yield '[';
  for (const piece of pieces) {
    yield piece;
    await nextTurn();
  }
  yield ']';
}

function intervals(query: Query, from: number, to: number): object[] {
  const widthMs = UNIT_MS[query.interval_unit ?? 'h'] * Number(query.interval_value ?? '1');
  const buckets: object[] = [];
  for (let row = from; row < to;) {
    const key = Math.floor(timeOf(timeline, row) / widthMs) * widthMs;
    const next = Math.min(to, firstRowAt(timeline, key + widthMs));
    buckets.push({ key, key_as_string: new Date(key).toISOString(), doc_count: next - row });
    row = next;
  }
  return buckets;
}

function sendJson(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

/** A token bucket, a tenth wider than the rate: requests that left at the right pace may arrive closer together. */
function isTooOften(): boolean {
  const nowMs = performance.now();
  tokens = Math.min(requestsPerSecond * 1.1, tokens + ((nowMs - filledAtMs) * requestsPerSecond) / 1000);
  filledAtMs = nowMs;
  if (tokens < 1) return true;
  tokens -= 1;
  return false;
}
