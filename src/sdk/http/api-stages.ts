import type { ErrorCode, ModuleError } from '../errors.js';
import type { CheckResult } from '../trigger.js';
import { type ConnectionStage, failedStage, STAGE_REMEDIES } from './reachability.js';

/** Where a failure stopped a query, and what to do about it. */
export interface StoppedAt<Stage extends string> {
  readonly stage: Stage;
  readonly remedy: string | undefined;
}

/** Total: a failure that is of none of these stages is of the way to the API. */
export function stoppedAtStage<Stage extends string>(
  failure: ModuleError,
  stageOf: Readonly<Partial<Record<ErrorCode, Stage>>>,
): StoppedAt<Stage | ConnectionStage> {
  const stage = stageOf[failure.code];
  if (stage !== undefined) return { stage, remedy: failure.advice };
  const connection = failedStage(failure);
  return { stage: connection, remedy: STAGE_REMEDIES[connection] };
}

/** What one small query proves, in the order in which the way to an API, and the API itself, look at it. */
export interface StageReport<Stage extends string> {
  /** Whose stages they are, for the names of findings. */
  readonly name: string;
  readonly stages: readonly Stage[];
  /** What to say of a stage that was passed. */
  readonly details: Readonly<Record<Stage, string>>;
  readonly failure?: ModuleError | undefined;
  readonly stopped?: StoppedAt<Stage> | undefined;
}

/** A finding for each stage: what came before the failure passed, what comes after it could not be seen. */
export function* stageResults<Stage extends string>(report: StageReport<Stage>): Generator<CheckResult> {
  const { stages, details, failure, stopped } = report;
  let seen = true;
  for (const stage of stages) {
    const name = `${report.name} ${stage}`;
    if (failure !== undefined && stopped !== undefined && stage === stopped.stage) {
      seen = false;
      const { remedy } = stopped;
      yield { name, state: 'failed', detail: failure.message, ...(remedy === undefined ? {} : { remedy }) };
    } else if (seen) {
      yield { name, state: 'passed', detail: details[stage] };
    } else {
      yield { name, state: 'skipped', detail: `not reached: ${stopped?.stage ?? ''} failed` };
    }
  }
}

/** What is to be said of the stages of a connection that was made. */
export function connectionDetails(baseUrl: string): Record<ConnectionStage, string> {
  const { host, protocol } = new URL(baseUrl);
  return {
    'name resolution': host,
    connection: host,
    TLS: protocol === 'https:' ? 'the certificate is trusted' : 'not used: the address is on this machine',
  };
}
