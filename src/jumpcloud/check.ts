import { describeError, isAbort } from '../sdk/errors.js';
import { CHECK_RETRY_FOR_MS, queryFailure } from '../sdk/check-source.js';
import { unchanging } from '../sdk/held-settings.js';
import type { Credential } from '../sdk/http/credential.js';
import { checkIntake } from '../sdk/intake/check-intake.js';
import { formatTimestamp } from '../sdk/time/timestamp.js';
import type { CheckContext, CheckResult } from '../sdk/trigger.js';
import type { DirectoryInsightsClient } from './api/client.js';
import type { Selection } from './api/query.js';
import { checkSignIn } from './check-sign-in.js';
import { createClient } from './create-client.js';
import { createCredential } from './credential.js';
import { DirectoryInsightsSource } from './event-source.js';
import { queryStages } from './query-stages.js';
import { describeSearchTerm, type SearchTerm } from './search-term.js';
import type { ConnectorSettings } from './settings.js';
import { USER_AGENT } from './user-agent.js';

const DAY_MS = 86_400_000;
/** Beyond this a machine's clock is worth mending; the connector itself goes by the API's. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Examines an account and its arguments: one small query to the API, and a look at the intake that sends nothing. */
export async function* checkConnector(
  settings: ConnectorSettings,
  context: CheckContext,
): AsyncGenerator<CheckResult, void, undefined> {
  yield startResult(settings);
  const credential = createCredential(unchanging(settings), context);
  if (yield* checkSignIn(settings, credential, context)) yield* checkApi(settings, credential, context);
  const foreignKey = { pattern: /^jca_/, name: 'a JumpCloud API key' };
  const { intakeUrl: url, intakeKey } = settings;
  yield* checkIntake({ url, intakeKey, userAgent: USER_AGENT, foreignKey }, context);
}

async function* checkApi(
  settings: ConnectorSettings,
  credential: Credential,
  context: CheckContext,
): AsyncGenerator<CheckResult, void, undefined> {
  const client = createClient(settings, { ...context, credential, retryForMs: CHECK_RETRY_FOR_MS });
  const nowMs = context.clock.now();
  const { services, searchTerm } = settings;
  const lastDay = { services, fromMs: nowMs - DAY_MS, toMs: nowMs, ...(searchTerm && { searchTerm }) };
  const source = new DirectoryInsightsSource({ client, services, pageSize: 1, ...(searchTerm && { searchTerm }) });
  const failure = await queryFailure(source, lastDay, context.signal);
  yield* queryStages(settings, failure);
  if (client.serverClock.isKnown) yield clockResult(client.serverClock.offsetMs);
  if (failure === undefined) yield await organizationResult(client, lastDay, settings.organizationId, context.signal);
  if (failure === undefined && searchTerm !== undefined) {
    yield await filterResult(client, { ...lastDay, searchTerm }, context.signal);
  }
}

/** The instant that `start_from` comes to; a position that was saved goes before it. */
function startResult({ startFrom }: ConnectorSettings): CheckResult {
  return { name: 'start', state: 'passed', detail: `the first run collects from ${formatTimestamp(startFrom.ms)} on` };
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
    const { buckets } = await client.distinct(selection, 'organization', signal);
    const events = buckets.reduce((sum, { count }) => sum + count, 0);
    const seen = `${plural(events, 'event')} of ${plural(buckets.length, 'organization')} in the last day`;
    if (buckets.length < 2 || organizationId !== undefined) return { name, state: 'passed', detail: seen };
    const remedy = 'Set organization_id to collect one organization only.';
    return { name, state: 'warning', detail: seen, remedy };
  } catch (error) {
    if (isAbort(error)) throw error;
    return { name, state: 'warning', detail: `not known: ${describeError(error)}` };
  }
}

/** A filter that lets nothing through looks like a quiet day: its numbers are told beside those without it. */
async function filterResult(
  client: DirectoryInsightsClient,
  { searchTerm, ...unfiltered }: Selection & { readonly searchTerm: SearchTerm },
  signal: AbortSignal,
): Promise<CheckResult> {
  const name = 'JumpCloud filter';
  try {
    const matching = await client.count({ ...unfiltered, searchTerm }, signal);
    const all = await client.count(unfiltered, signal);
    const detail = `${matching} of ${plural(all, 'event')} in the last day pass ${describeSearchTerm(searchTerm)}`;
    if (matching > 0 || all === 0) return { name, state: 'passed', detail };
    const remedy = 'Check the names of the fields in search_term, and that its values are in lower case.';
    return { name, state: 'warning', detail, remedy };
  } catch (error) {
    if (isAbort(error)) throw error;
    const remedy = 'Without counts, completeness cannot be proven: a simpler search_term may be counted.';
    return { name, state: 'warning', detail: `not counted: ${describeError(error)}`, remedy };
  }
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
