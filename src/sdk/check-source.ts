import { type ErrorCode, ModuleError } from './errors.js';
import { connectionDetails, stageResults, stoppedAtStage } from './http/api-stages.js';
import { CONNECTION_STAGES } from './http/reachability.js';
import type { Source, Window } from './pipeline/source.js';
import { formatTimestamp } from './time/timestamp.js';
import type { CheckResult } from './trigger.js';
import type { StartFrom } from './configuration/start-from.js';

/** Long enough for a 429 or a 503 that passes at once; whoever checks waits for it. */
export const CHECK_RETRY_FOR_MS = 3_000;

const DAY_MS = 86_400_000;
const STAGES = [...CONNECTION_STAGES, 'address', 'answer', 'credential', 'licence', 'right', 'query'] as const;
type Stage = (typeof STAGES)[number];

const STAGE_OF: Readonly<Partial<Record<ErrorCode, Stage>>> = {
  SOURCE_NOT_FOUND: 'address',
  SOURCE_UNAVAILABLE: 'answer',
  SOURCE_RATE_LIMITED: 'answer',
  SOURCE_ANSWER_INVALID: 'answer',
  SOURCE_CREDENTIAL_REFUSED: 'credential',
  SOURCE_NOT_LICENSED: 'licence',
  SOURCE_ROLE_REFUSED: 'right',
  SOURCE_REQUEST_REFUSED: 'query',
};

/** An API to be examined by its source. */
export interface CheckedSource {
  /** What people call the API. */
  readonly name: string;
  readonly baseUrl: string;
  readonly source: Source;
  readonly startFrom: StartFrom;
}

/** Examines an API by asking for the events of the last day, and reads no more than their beginning. */
export async function* checkSource(
  { name, baseUrl, source, startFrom }: CheckedSource,
  nowMs: number,
  signal: AbortSignal,
): AsyncGenerator<CheckResult> {
  yield { name: 'start', state: 'passed', detail: `the first run collects from ${formatTimestamp(startFrom.ms)} on` };
  yield* apiStages({ name, baseUrl }, await lastDayFailure(source, nowMs, signal));
}

/** Asks for one event of the last day. @returns what the API, or the way to it, has against that */
export function lastDayFailure(source: Source, nowMs: number, signal: AbortSignal): Promise<ModuleError | undefined> {
  return queryFailure(source, { fromMs: nowMs - DAY_MS, toMs: nowMs }, signal);
}

/** What a question to an API shows of it, from its name to the right to read: up to what the failure tells of, if it failed. */
export function* apiStages(
  { name, baseUrl }: Pick<CheckedSource, 'name' | 'baseUrl'>,
  failure: ModuleError | undefined,
): Generator<CheckResult> {
  const details = {
    ...connectionDetails(baseUrl),
    address: 'found',
    answer: 'it answers',
    credential: 'accepted',
    licence: 'no objection',
    right: 'events may be read',
    query: 'understood',
  };
  yield* stageResults<Stage>({
    name,
    stages: STAGES,
    details,
    failure,
    stopped: failure && stoppedAtStage(failure, STAGE_OF),
  });
}

/** Asks for one event. @returns what the API, or the way to it, has against that */
export async function queryFailure(
  source: Source,
  window: Window,
  signal: AbortSignal,
): Promise<ModuleError | undefined> {
  try {
    // The first piece is enough; leaving early closes the connection.
    for await (const page of source.read(window, signal)) if (page.events.count > 0) break;
    return undefined;
  } catch (error) {
    if (error instanceof ModuleError) return error;
    throw error;
  }
}
