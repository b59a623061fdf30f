import type { Now } from '../timing.js';
import type { SimulatedAnswer, SimulatedRequest } from './exchange.js';

/** One request that a simulator has answered. */
interface LoggedRequest {
  /** When it was answered, epoch milliseconds. */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly headers: SimulatedRequest['headers'];
  /** The body's beginning, at most 4 KiB; empty when it was compressed. */
  readonly body: string;
  readonly status: number;
}

/** What a simulator has been asked so far. */
export interface SimulatorStats {
  /** Requests answered or deliberately broken off. */
  readonly requests: number;
  /** Requests by path. */
  readonly byEndpoint: Readonly<Record<string, number>>;
  /** Answers by status; those broken off count under the status they would have had. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** The most requests in one second of the simulator's clock. */
  readonly maxPerSecond: number;
  /** The last requests, oldest first. */
  readonly recent: readonly LoggedRequest[];
}

const MAX_RECENT = 200;
const MAX_BODY_CHARACTERS = 4096;

/** Counts requests. */
interface RequestLog {
  readonly stats: SimulatorStats;
  add(request: SimulatedRequest, answer: SimulatedAnswer): void;
}

/** Creates an empty log. */
export function createRequestLog(now: Now): RequestLog {
  const byEndpoint: Record<string, number> = {};
  const byStatus: Record<string, number> = {};
  const recent: LoggedRequest[] = [];
  const stats = { requests: 0, byEndpoint, byStatus, maxPerSecond: 0, recent };
  let second = Number.NaN;
  let inSecond = 0;

  return {
    stats,
    add(request, answer) {
      const atMs = now();
      if (Math.floor(atMs / 1000) !== second) {
        second = Math.floor(atMs / 1000);
        inSecond = 0;
      }
      inSecond++;
      stats.requests++;
      stats.maxPerSecond = Math.max(stats.maxPerSecond, inSecond);
      byEndpoint[request.path] = (byEndpoint[request.path] ?? 0) + 1;
      byStatus[answer.status] = (byStatus[answer.status] ?? 0) + 1;
      const zipped = request.headers['content-encoding'] !== undefined;
      recent.push({
        atMs,
        method: request.method,
        path: request.path,
        headers: request.headers,
        body: zipped ? '' : request.body.toString('utf8', 0, MAX_BODY_CHARACTERS),
        status: answer.status,
      });
      if (recent.length > MAX_RECENT) recent.shift();
    },
  };
}
