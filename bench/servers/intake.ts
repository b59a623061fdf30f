/**
 * An intake that costs next to nothing: it counts the ids that pass by, and answers with as many. The first argument is
 * an `IntakeSinkOptions` as JSON.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';

import { timeOf, type Timeline } from '../timeline.js';
import { EventCounter } from './event-counter.js';
import { preciseNow, report, type Order } from './report.js';

export interface IntakeSinkOptions {
  readonly timeline: Timeline;
  /** Before each answer. */
  readonly latencyMs: number;
}

const EVENT_ID = '"00000000-0000-4000-8000-000000000000",';
const eventIds = Buffer.from(EVENT_ID.repeat(100_000), 'latin1');

const { timeline, latencyMs } = JSON.parse(process.argv[2] ?? '') as IntakeSinkOptions;
const isLive = timeline.live !== undefined;
const none = { requests: 0, refused: 0, events: 0, bytes: 0 };
let stats = { ...none };
let freshnessMs: number[] = [];
let expected = Infinity;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  answer(request, response).catch((thrown: unknown) => response.destroy(thrown as Error));
});

process.on('disconnect', () => process.exit());
process.on('message', (order: Order) => {
  if (order.ask === 'stats') {
    report({ kind: 'stats', stats: { ...stats, freshnessMs } });
    return;
  }
  stats = { ...none };
  freshnessMs = [];
  expected = order.expected;
});
server.listen(0, '127.0.0.1', () => report({ kind: 'ready', port: (server.address() as AddressInfo).port }));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const rows: number[] = [];
  const counter = new EventCounter(isLive ? (row) => rows.push(row) : undefined);
  request.on('data', (piece: Buffer) => (stats.bytes += piece.length));
  const body: Readable = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
  // An iterator over the pieces would cost more than looking at them does.
  body.on('data', (piece: Buffer) => counter.push(piece));
  await finished(body, { writable: false });
  if (latencyMs > 0) await wait(latencyMs);
  stats.requests += 1;
  const ids = eventIds.subarray(0, Math.max(0, counter.count * EVENT_ID.length - 1));
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': ids.length + 16 });
  response.write('{"event_ids":[');
  response.write(ids);
  response.end(']}', () => acknowledged(counter.count, rows));
}

function acknowledged(count: number, rows: readonly number[]): void {
  const nowMs = preciseNow();
  const wasComplete = stats.events >= expected;
  stats.events += count;
  for (const row of rows) if (row >= timeline.backlog.count) freshnessMs.push(nowMs - timeOf(timeline, row));
  if (!wasComplete && stats.events >= expected) report({ kind: 'complete', atMs: nowMs });
}
