import { describeError, ModuleError } from '../sdk/errors.js';
import { EventSplitter, MalformedArrayError } from '../sdk/json/event-splitter.js';
import type { CheckContext } from '../sdk/trigger.js';
import type { Distinct, DirectoryInsightsClient } from './api/client.js';
import type { Selection } from './api/query.js';
import { createClient } from './create-client.js';
import { readListedServices } from './listed-services.js';
import { KNOWN_SERVICES } from './services.js';
import { type AccountSettings, RETENTION_MS } from './settings.js';

const DAY_MS = 86_400_000;
/** No service will ever be called so. */
const IMPOSSIBLE_SERVICE = 'sekoia_module_discover';
/** Rows of a service to weigh. */
const SAMPLE_ROWS = 200;
/** Services looked at at the same time. */
const AT_ONCE = 4;
/** Somebody waits for the answer. */
const RETRY_FOR_MS = 30_000;

/** What is known of one service. */
export interface DiscoveredService {
  readonly name: string;
  /** Whether the API lists it; undefined where it lists none. */
  readonly isListed: boolean | undefined;
  /** Whether this version knows it. */
  readonly isKnown: boolean;
  /** Events in the days looked at. */
  readonly events: number;
  readonly eventsLastDay: number;
  readonly eventsPerDay: number;
  /** Of the day with the most. */
  readonly eventsPeakDay: number;
  /** On the average of a sample; undefined where there is none. */
  readonly bytesPerEvent: number | undefined;
  /** `silent`: events before, none in the last day. `empty`: none in the days looked at. */
  readonly state: 'active' | 'silent' | 'empty';
  /** Whether `all` leaves its events out. */
  readonly isOutsideAll: boolean;
}

/** What an account has to collect. */
export interface Discovery {
  readonly days: number;
  /** Those with the most events first. */
  readonly services: readonly DiscoveredService[];
  /** Whether the API told which services there are; else those that this version knows were tried. */
  readonly isListed: boolean;
  /** Events of the 90 days that JumpCloud keeps. */
  readonly eventsKept: number;
  /** Under the rate limit, milliseconds. */
  readonly backfillMs: number;
  /** What the reader should know, one sentence each. */
  readonly remarks: readonly string[];
}

/** How fast a collection may read. */
export interface DiscoverPace {
  readonly requestsPerSecond: number;
  readonly eventsPerRequest: number;
}

/**
 * Finds out which services an account has, and what a collection of them would come to. Reads counts and one small sample of each
 * service; delivers nothing.
 * @param days how far to look back
 * @throws ModuleError where the API cannot be asked
 */
export async function discover(
  account: AccountSettings,
  { days, pace }: { readonly days: number; readonly pace: DiscoverPace },
  context: CheckContext,
): Promise<Discovery> {
  const { requestsPerSecond } = pace;
  const client = createClient({ ...account, requestsPerSecond }, { ...context, retryForMs: RETRY_FOR_MS });
  const { signal } = context;
  const remarks: string[] = [];
  const listed = await listServices(client, context, remarks);
  const toMs = client.serverClock.now();
  const window = { fromMs: toMs - days * DAY_MS, toMs };
  const lastDay = { fromMs: toMs - DAY_MS, toMs };
  const shown = await distinctServices(client, { services: ['all'], ...window }, signal, remarks);
  const names = new Set([...(listed ?? KNOWN_SERVICES), ...(shown?.keys() ?? [])]);
  // Alerts are asked for by one of two names, and always shown by one of them.
  if (listed !== undefined) for (const name of twinsOf(listed)) names.delete(name);
  const examined: Numbers[] = [];
  const queue = [...names];
  const work = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const found = await examine(client, name, { window, lastDay, days }, signal);
      if (found !== undefined) examined.push(found);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const services = examined.map((found): DiscoveredService => {
    const { name, events } = found;
    const isInAll = shown === undefined || [name, twinOf(name)].some((each) => each !== undefined && shown.has(each));
    const isListed = listed?.includes(name);
    return { ...found, isListed, isKnown: KNOWN_SERVICES.includes(name), isOutsideAll: events > 0 && !isInAll };
  });
  services.sort((a, b) => b.events - a.events || (a.name < b.name ? -1 : 1));
  remarks.push(...remarksOn(services, listed));
  const kept = { fromMs: toMs - RETENTION_MS, toMs };
  let eventsKept = await client.count({ services: ['all'], ...kept }, signal);
  for (const { name, isOutsideAll } of services) {
    if (isOutsideAll) eventsKept += await client.count({ services: [name], ...kept }, signal);
  }
  const requests = Math.ceil(eventsKept / pace.eventsPerRequest) + 1;
  const backfillMs = Math.ceil((requests / requestsPerSecond) * 1000);
  return { days, services, isListed: listed !== undefined, eventsKept, backfillMs, remarks };
}

/** Asks for a service that there is none of: the refusal lists those that there are. */
async function listServices(
  client: DirectoryInsightsClient,
  { clock, signal }: CheckContext,
  remarks: string[],
): Promise<readonly string[] | undefined> {
  const nowMs = clock.now();
  const impossible = { services: [IMPOSSIBLE_SERVICE], fromMs: nowMs - DAY_MS, toMs: nowMs };
  let answer = 'no error';
  try {
    await client.count(impossible, signal);
  } catch (error) {
    if (!(error instanceof ModuleError) || error.status !== 400) throw error;
    const listed = readListedServices(error.answer ?? '', IMPOSSIBLE_SERVICE);
    if (listed !== undefined) return listed;
    answer = error.message;
  }
  remarks.push(`The API does not list its services (${answer}): those that this version knows were tried instead`);
  return undefined;
}

/** Numbers of events by service; undefined where the API does not tell: each service is counted by itself all the same. */
async function distinctServices(
  client: DirectoryInsightsClient,
  selection: Selection,
  signal: AbortSignal,
  remarks: string[],
): Promise<ReadonlyMap<string, number> | undefined> {
  let distinct: Distinct;
  try {
    distinct = await client.distinct(selection, 'service', signal);
  } catch (error) {
    if (!isAboutTheQuestion(error)) throw error;
    remarks.push(
      `The API does not tell which services have events (${describeError(error)}): each was counted by itself`,
    );
    return undefined;
  }
  const { buckets, errorBound, others } = distinct;
  if (errorBound > 0)
    remarks.push(`The API says that its numbers by service may be ${errorBound} too low: they were counted anew`);
  if (others > 0) remarks.push(`${others} events are of services that the API did not name among the others`);
  return new Map(buckets.map(({ key, count }) => [String(key).toLowerCase(), count]));
}

type Numbers = Omit<DiscoveredService, 'isListed' | 'isKnown' | 'isOutsideAll'>;

/** @returns undefined where the API has no such service */
async function examine(
  client: DirectoryInsightsClient,
  name: string,
  { window, lastDay, days }: { window: Range; lastDay: Range; days: number },
  signal: AbortSignal,
): Promise<Numbers | undefined> {
  const services = [name];
  let events: number;
  try {
    events = await client.count({ services, ...window }, signal);
  } catch (error) {
    if (error instanceof ModuleError && error.status === 400) return undefined;
    throw error;
  }
  const none = { name, events, eventsLastDay: 0, eventsPerDay: 0, eventsPeakDay: 0, bytesPerEvent: undefined };
  if (events === 0) return { ...none, state: 'empty' };
  const eventsLastDay = days === 1 ? events : await client.count({ services, ...lastDay }, signal);
  const byDay = await client.interval({ services, ...window }, 'd', 1, signal).catch((error: unknown) => {
    if (isAboutTheQuestion(error)) return [];
    throw error;
  });
  const eventsPerDay = events / days;
  return {
    ...{ name, events, eventsLastDay, eventsPerDay },
    eventsPeakDay: Math.max(Math.ceil(eventsPerDay), ...byDay.map(({ count }) => count)),
    bytesPerEvent: await weigh(client, { services, ...window }, signal),
    state: eventsLastDay > 0 ? 'active' : 'silent',
  };
}

type Range = Pick<Selection, 'fromMs' | 'toMs'>;

/** Bytes of an event, on the average of the first page. */
async function weigh(
  client: DirectoryInsightsClient,
  selection: Selection,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { body } = await client.openPage(selection, { limit: SAMPLE_ROWS, searchAfter: undefined }, signal);
  const splitter = new EventSplitter();
  let [rows, bytes] = [0, 0];
  try {
    for await (const piece of body) {
      for (const events of splitter.push(piece)) {
        for (let at = 0; at < events.count; at += 1) bytes += events.size(at);
        rows += events.count;
      }
    }
    splitter.end();
  } catch (error) {
    if (!(error instanceof MalformedArrayError)) throw error;
  } finally {
    splitter.close();
  }
  return rows === 0 ? undefined : bytes / rows;
}

function remarksOn(services: readonly DiscoveredService[], listed: readonly string[] | undefined): string[] {
  const remarks: string[] = [];
  const alert = listed?.find((name) => twinOf(name) !== undefined);
  if (alert !== undefined && !listed?.includes(twinOf(alert) ?? '')) {
    remarks.push(`Alerts are asked for as '${alert}' here, not '${twinOf(alert) ?? ''}'`);
  }
  for (const { name } of services.filter(({ isKnown }) => !isKnown)) {
    remarks.push(`'${name}' is newly added: this version does not know it; 'all' or unlisted:${name} collects it`);
  }
  for (const { name } of services.filter(({ isOutsideAll }) => isOutsideAll)) {
    remarks.push(`'${name}' has events that 'all' does not return: name each service to collect it`);
  }
  const privileged = listed?.filter((name) => /^pam|privileged/.test(name)) ?? [];
  for (const name of privileged.filter((each) => services.some((one) => one.name === each && one.events === 0))) {
    remarks.push(`Privileged-access events ('${name}') may not be returned by 'all'; there are none by now`);
  }
  return remarks;
}

/** The other spelling of a service that has two. */
function twinOf(name: string): string | undefined {
  return { alert: 'alerts', alerts: 'alert' }[name];
}

function twinsOf(listed: readonly string[]): string[] {
  return listed.map(twinOf).filter((name) => name !== undefined && !listed.includes(name)) as string[];
}

/** The API answers, and would not or could not answer this. */
function isAboutTheQuestion(error: unknown): error is ModuleError {
  if (!(error instanceof ModuleError)) return false;
  return ['SOURCE_REQUEST_REFUSED', 'SOURCE_NOT_FOUND', 'SOURCE_ANSWER_INVALID', 'SOURCE_UNAVAILABLE'].includes(
    error.code,
  );
}
