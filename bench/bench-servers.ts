import { ServerProcess } from './server-process.js';
import type { Timeline } from './timeline.js';

/** What there is to move, and how far away both ends are. */
export interface Workload {
  readonly events: number;
  readonly eventBytes: number;
  /** Time over which the events are spread. Default 12 hours. */
  readonly spanMs?: number;
  /** Events a second that happen from now on. */
  readonly livePerSecond?: number;
  /** They have done so for as long. Default: from the start of the servers on. */
  readonly liveForMs?: number;
  readonly latencyMs?: { readonly api: number; readonly intake: number };
  readonly requestsPerSecond?: number;
}

/** Both servers, ready. */
export interface BenchServers {
  readonly api: ServerProcess;
  readonly intake: ServerProcess;
  readonly timeline: Timeline;
  close(): void;
}

const HOUR_MS = 3_600_000;
/** The backlog ends so long ago: no look-back touches it. */
const ENDED_AGO_MS = 600_000;

export async function startServers(workload: Workload): Promise<BenchServers> {
  const {
    events,
    eventBytes,
    spanMs = 12 * HOUR_MS,
    livePerSecond,
    liveForMs = 0,
    latencyMs,
    requestsPerSecond,
  } = workload;
  const nowMs = Date.now();
  const toMs = nowMs - ENDED_AGO_MS;
  const timeline: Timeline = {
    backlog: { count: events, fromMs: toMs - spanMs, toMs },
    ...(livePerSecond !== undefined && { live: { perSecond: livePerSecond, fromMs: nowMs - liveForMs } }),
  };
  const [api, intake] = await Promise.all([
    ServerProcess.start('api', {
      ...{ timeline, eventBytes, latencyMs: latencyMs?.api ?? 0 },
      ...(requestsPerSecond !== undefined && { requestsPerSecond }),
    }),
    ServerProcess.start('intake', { timeline, latencyMs: latencyMs?.intake ?? 0 }),
  ]);
  return {
    ...{ api, intake, timeline },
    close: () => {
      api.close();
      intake.close();
    },
  };
}
