import { describeError, isAbort, ModuleError, type ErrorCode } from '../sdk/errors.js';
import { CONNECTION_STAGES, failedStage, STAGE_REMEDIES } from '../sdk/http/reachability.js';
import type { Window } from '../sdk/pipeline/source.js';
import type { CheckContext, CheckResult } from '../sdk/trigger.js';
import { checkIntake } from '../sdk/intake/check-intake.js';
import type { DirectoryInsightsClient } from './api/client.js';
import type { Selection } from './api/query.js';
import { createClient } from './create-client.js';
import { DirectoryInsightsSource } from './event-source.js';
import type { ConnectorSettings } from './settings.js';
import { USER_AGENT } from './user-agent.js';

const DAY_MS = 86_400_000;
/** Beyond this a machine's clock is worth mending; the connector itself goes by the API's. */
const CLOCK_TOLERANCE_MS = 60_000;

/** What one small query proves, in the order in which the API looks at it. */
const STAGES = [...CONNECTION_STAGES, 'address', 'API key', 'licence', 'role', 'services'] as const;
type Stage = (typeof STAGES)[number];

const STAGE_OF: Readonly<Partial<Record<ErrorCode, Stage>>> = {
  SOURCE_NOT_FOUND: 'address',
  SOURCE_UNAVAILABLE: 'address',
  SOURCE_RATE_LIMITED: 'address',
  SOURCE_ANSWER_INVALID: 'address',
  SOURCE_CREDENTIAL_REFUSED: 'API key',
  SOURCE_NOT_LICENSED: 'licence',
  SOURCE_ROLE_REFUSED: 'role',
  SOURCE_REQUEST_REFUSED: 'services',
};

/** Examines an account and its arguments: one small query to the API, and a look at the intake that sends nothing. */
export async function* checkConnector(
  settings: ConnectorSettings,
  context: CheckContext,
): AsyncGenerator<CheckResult, void, undefined> {
  const client = createClient(settings, { ...context, retryForMs: 0 });
  const nowMs = context.clock.now();
  const lastDay = { services: settings.services, fromMs: nowMs - DAY_MS, toMs: nowMs };
  const failure = await queryFailure(settings, client, lastDay, context.signal);
  yield* stageResults(settings, failure);
  if (failure === undefined) {
    yield clockResult(client.serverClock.offsetMs);
    yield await organizationResult(client, lastDay, settings.organizationId, context.signal);
  }
  yield* checkIntake({ url: settings.intakeUrl, intakeKey: settings.intakeKey, userAgent: USER_AGENT }, context);
}

/** Asks for one event. @returns what the API, or the way to it, has against that */
async function queryFailure(
  settings: ConnectorSettings,
  client: DirectoryInsightsClient,
  window: Window,
  signal: AbortSignal,
): Promise<ModuleError | undefined> {
  const source = new DirectoryInsightsSource({ client, services: settings.services, pageSize: 1 });
  try {
    // The first piece is enough; leaving early closes the connection.
    for await (const page of source.read(window, signal)) if (page.events.length > 0) break;
    return undefined;
  } catch (error) {
    if (error instanceof ModuleError) return error;
    throw error;
  }
}

/** What came before the failure passed, what comes after it could not be seen. */
function* stageResults(settings: ConnectorSettings, failure: ModuleError | undefined): Generator<CheckResult> {
  const { host, protocol } = new URL(settings.baseUrl);
  const failedAt = failure === undefined ? undefined : (STAGE_OF[failure.code] ?? failedStage(failure));
  const details: Readonly<Record<Stage, string>> = {
    'name resolution': host,
    connection: host,
    TLS: protocol === 'https:' ? 'the certificate is trusted' : 'not used: the address is on this machine',
    address: 'the Directory Insights API answers',
    'API key': 'accepted',
    licence: 'Directory Insights is part of the plan',
    role: 'the administrator may read events',
    services: settings.services.join(', '),
  };
  let seen = true;
  for (const stage of STAGES) {
    const name = `JumpCloud ${stage}`;
    if (stage === failedAt && failure !== undefined) {
      seen = false;
      const remedy = stageRemedy(stage, failure);
      yield { name, state: 'failed', detail: failure.message, ...(remedy === undefined ? {} : { remedy }) };
    } else if (seen) {
      yield { name, state: 'passed', detail: details[stage] };
    } else {
      yield { name, state: 'skipped', detail: `not reached: ${failedAt ?? ''} failed` };
    }
  }
}

function stageRemedy(stage: Stage, failure: ModuleError): string | undefined {
  const connection = CONNECTION_STAGES.find((each) => each === stage);
  return connection === undefined ? failure.advice : STAGE_REMEDIES[connection];
}

function clockResult(offsetMs: number): CheckResult {
  const name = 'clock';
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  if (Math.abs(offsetMs) <= CLOCK_TOLERANCE_MS)
    return { name, state: 'passed', detail: `within ${seconds} s of JumpCloud's` };
  return {
    name,
    state: 'warning',
    detail: `${seconds} s ${offsetMs > 0 ? 'behind' : 'ahead of'} JumpCloud's`,
    remedy: 'Set the clock of this machine by NTP. Collection goes by JumpCloud’s clock meanwhile.',
  };
}

/** Which organizations the key sees, told by the last day's events. */
async function organizationResult(
  client: DirectoryInsightsClient,
  selection: Selection,
  organizationId: string | undefined,
  signal: AbortSignal,
): Promise<CheckResult> {
  const name = 'JumpCloud organization';
  try {
    const buckets = await client.distinct(selection, 'organization', signal);
    const events = buckets.reduce((sum, { count }) => sum + count, 0);
    const seen = `${events} events of ${buckets.length} organizations in the last day`;
    if (buckets.length < 2 || organizationId !== undefined) return { name, state: 'passed', detail: seen };
    const remedy = 'Set organization_id to collect one organization only.';
    return { name, state: 'warning', detail: seen, remedy };
  } catch (error) {
    if (isAbort(error)) throw error;
    return { name, state: 'warning', detail: `not known: ${describeError(error)}` };
  }
}
