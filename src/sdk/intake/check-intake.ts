import { abortError, ModuleError } from '../errors.js';
import { readText } from '../http/body.js';
import { exchange } from '../http/exchange.js';
import { failedStage, STAGE_REMEDIES } from '../http/reachability.js';
import type { CheckContext, CheckResult } from '../trigger.js';

const TIMEOUT_MS = 10_000;

/** The intake that is examined. */
export interface CheckedIntake {
  /** Base URL. */
  readonly url: string;
  /** Only looked at: it is not sent. */
  readonly intakeKey: string;
  /** Product and version. */
  readonly userAgent: string;
  /** Keys of the other side, which people mistake for the intake's: how they look, and what they are called. */
  readonly foreignKey?: {
    /** What such keys look like. */
    readonly pattern: RegExp;
    /** As in `it looks like …`. */
    readonly name: string;
  };
}

/** Examines an intake without sending it anything: whether it answers, and whether the key looks like one. */
export async function* checkIntake(
  { url, intakeKey, userAgent, foreignKey }: CheckedIntake,
  { transport, clock, signal }: CheckContext,
): AsyncGenerator<CheckResult, void, undefined> {
  const name = 'intake reachable';
  const { host } = new URL(url);
  const timeouts = { headersTimeoutMs: TIMEOUT_MS, bodyTimeoutMs: TIMEOUT_MS };
  const request = { method: 'GET', url, headers: { 'user-agent': userAgent }, ...timeouts, signal } as const;
  const answers = { name, state: 'passed', detail: `${host} answers; nothing was sent` } as const;
  try {
    const response = await exchange(transport, request, { side: 'destination', nowMs: clock.now() });
    // Any answer will do: without a key and an event the intake has nothing good to say.
    await readText(response).catch(() => undefined);
    if (signal.aborted) throw abortError();
    yield answers;
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    yield error.code === 'DESTINATION_RATE_LIMITED' ? answers : unreachable(name, error);
  }
  yield keyForm(intakeKey, foreignKey);
}

function unreachable(name: string, error: ModuleError): CheckResult {
  const remedy = error.code === 'DESTINATION_UNREACHABLE' ? STAGE_REMEDIES[failedStage(error)] : error.advice;
  return { name, state: 'failed', detail: error.message, ...(remedy === undefined ? {} : { remedy }) };
}

/** The platform makes keys of letters and digits; nothing more of their form is documented. */
function keyForm(intakeKey: string, foreignKey: CheckedIntake['foreignKey']): CheckResult {
  const name = 'intake key form';
  const remedy = 'Copy the intake key again from the intake’s page in Sekoia.io.';
  if (foreignKey?.pattern.test(intakeKey) === true) {
    return { name, state: 'failed', detail: `it looks like ${foreignKey.name}`, remedy };
  }
  if (!/^[A-Za-z0-9_-]{8,}$/.test(intakeKey)) {
    return { name, state: 'warning', detail: 'unusual: not just letters and digits, or very short', remedy };
  }
  return {
    name,
    state: 'passed',
    detail: `${intakeKey.length} letters and digits; whether it is valid shows with the first events`,
  };
}
