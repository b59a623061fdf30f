import { isTooDeep } from '../json/depth.js';

/** What the intake said of one event. */
export type Verdict =
  | { readonly kind: 'accepted' }
  /** Refused for what it is. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** Not taken now, but may be later: a status of 429 or 5xx for this one event. */
  | { readonly kind: 'later'; readonly reason: string };

/** What the intake said of a request that it did not refuse as a whole. */
export type IntakeAnswer =
  /** Every event was accepted. */
  | { readonly kind: 'accepted' }
  | { readonly kind: 'verdicts'; readonly verdicts: readonly Verdict[] }
  /** Fewer acknowledgements than events, and no word on which. */
  | { readonly kind: 'ambiguous'; readonly acknowledged: number }
  /** No acknowledgement in it at all: empty, HTML, something else. */
  | { readonly kind: 'invalid'; readonly reason: string };

type Json = Readonly<Record<string, unknown>>;
const ACCEPTED: Verdict = { kind: 'accepted' };

/**
 * Reads the answer to a batch of `count` events. Documented: `{"event_ids": [one per event]}`, and, in words only, "a
 * status per event" whose shape is not given; so any list of that length, or of entries that name their position, is
 * understood, whatever its name. What is not plainly a yes is not taken for one.
 */
export function readIntakeAnswer(body: string, count: number): IntakeAnswer {
  const answer = parse(body);
  if (answer === undefined) {
    return { kind: 'invalid', reason: body.trim() === '' ? 'an empty answer' : 'an answer that is not JSON' };
  }
  if (Array.isArray(answer)) return fromStatuses(answer, undefined, count) ?? noAcknowledgement();
  if (!isObject(answer)) return noAcknowledgement();
  const ids = Array.isArray(answer['event_ids']) ? (answer['event_ids'] as unknown[]) : undefined;
  for (const [name, list] of Object.entries(answer)) {
    if (name === 'event_ids' || !Array.isArray(list)) continue;
    const read = fromStatuses(list, ids, count);
    if (read !== undefined) return read;
  }
  return ids === undefined ? noAcknowledgement() : fromIds(ids, count);
}

function fromIds(ids: readonly unknown[], count: number): IntakeAnswer {
  if (ids.length > count) return { kind: 'invalid', reason: `${ids.length} event ids for ${count} events` };
  if (ids.length < count) return { kind: 'ambiguous', acknowledged: ids.filter(isId).length };
  if (ids.every(isId)) return { kind: 'accepted' };
  return {
    kind: 'verdicts',
    verdicts: ids.map((id) => (isId(id) ? ACCEPTED : { kind: 'rejected', reason: 'the intake gave it no event id' })),
  };
}

/** A list that tells of each event in order, or of some by their position. Undefined where it is neither. */
function fromStatuses(
  list: readonly unknown[],
  ids: readonly unknown[] | undefined,
  count: number,
): IntakeAnswer | undefined {
  if (list.length === 0) return undefined;
  const positions = positionsOf(list, count);
  if (positions !== undefined) return fromPositions(list, positions, { ids, count });
  if (list.length !== count || !list.every(tellsOfAnEvent)) return undefined;
  return agreeing(list.map(verdictOf), ids);
}

/** Those that are named got a verdict; of the others only the number of event ids says that they were accepted. */
function fromPositions(
  list: readonly unknown[],
  positions: readonly number[],
  { ids, count }: { ids: readonly unknown[] | undefined; count: number },
): IntakeAnswer | undefined {
  const verdicts: (Verdict | undefined)[] = Array.from({ length: count }, () => undefined);
  positions.forEach((at, n) => (verdicts[at] = verdictOf(list[n])));
  const named = new Set(positions);
  if (ids === undefined && named.size < count) return undefined;
  return agreeing(
    verdicts.map((verdict, at) => (named.has(at) ? verdict : ACCEPTED)),
    ids,
  );
}

/**
 * Verdicts as an answer, where each was plain, or the ids vouch for those that were not, and where they do not contradict
 * the ids. An id for every event, the refused ones included, is no contradiction.
 */
function agreeing(verdicts: readonly (Verdict | undefined)[], ids: readonly unknown[] | undefined): IntakeAnswer {
  const acknowledged = ids?.filter(isId).length;
  const everyoneHasAnId = acknowledged === verdicts.length;
  const read = verdicts.map((verdict) => verdict ?? (everyoneHasAnId ? ACCEPTED : undefined));
  const accepted = read.filter((verdict) => verdict?.kind === 'accepted').length;
  const isPlain = read.every((verdict): verdict is Verdict => verdict !== undefined);
  if (isPlain && (acknowledged === undefined || everyoneHasAnId || acknowledged === accepted)) {
    return { kind: 'verdicts', verdicts: read };
  }
  return { kind: 'ambiguous', acknowledged: Math.min(acknowledged ?? accepted, verdicts.length - 1) };
}

/**
 * Positions counted from zero. An `index` does so, unless it names one past the end; a `position` may count from one as
 * well, and is understood only where one of the ends gives it away. Undefined where that is not so for every entry.
 */
function positionsOf(list: readonly unknown[], count: number): number[] | undefined {
  const indexes = list.map((item) => wholeNumber(item, 'index'));
  const written = list.map((item, n) => indexes[n] ?? wholeNumber(item, 'position'));
  if (!written.every((at): at is number => at !== undefined && at <= count)) return undefined;
  if (written.includes(count)) return written.includes(0) ? undefined : written.map((at) => at - 1);
  return written.includes(0) || !indexes.includes(undefined) ? written : undefined;
}

function wholeNumber(item: unknown, name: string): number | undefined {
  const value = isObject(item) ? item[name] : undefined;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

const TELLING = ['status', 'status_code', 'code', 'success', 'accepted', 'error'];

function tellsOfAnEvent(item: unknown): boolean {
  if (typeof item === 'number') return item >= 100 && item < 600;
  if (typeof item === 'string') return verdictOfWord(item, undefined) !== undefined;
  return isObject(item) && TELLING.some((name) => name in item);
}

/** Undefined where it is neither plainly a yes nor plainly a no. */
function verdictOf(item: unknown): Verdict | undefined {
  if (typeof item === 'number') return fromStatusCode(item, undefined);
  if (typeof item === 'string') return verdictOfWord(item, undefined);
  const { status, status_code: statusCode, code, success, accepted, error, message, reason } = item as Json;
  const said = [error, reason, message].find((text): text is string => typeof text === 'string' && text !== '');
  const number = [status, statusCode, code].map(asNumber).find((value) => value >= 100 && value < 600);
  if (number !== undefined) return fromStatusCode(number, said);
  const saysNoError = 'error' in (item as Json) && (error === null || error === false || error === '');
  const flags = [success, accepted].map((flag) => (typeof flag === 'string' ? flag === 'true' : flag));
  if (flags.includes(false) || (error !== undefined && !saysNoError)) {
    return { kind: 'rejected', reason: said ?? 'no reason given' };
  }
  if (typeof status === 'string') return verdictOfWord(status, said);
  return flags.includes(true) || saysNoError ? ACCEPTED : undefined;
}

/** What is neither a number nor a text is no status, and may not even be made one. */
function asNumber(value: unknown): number {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : NaN;
}

const YES = /^(ok|accepted|success(ful)?|created|received|queued|delivered|ingested|stored|done)$/i;
const LATER = /throttl|retry|busy|unavailable|later/i;
const NO = /reject|error|fail|refus|invalid|large|discard|drop|denied|ignor|skip/i;

function verdictOfWord(word: string, said: string | undefined): Verdict | undefined {
  if (YES.test(word)) return ACCEPTED;
  if (LATER.test(word)) return { kind: 'later', reason: said ?? word };
  return NO.test(word) ? { kind: 'rejected', reason: said ?? word } : undefined;
}

function fromStatusCode(status: number, said: string | undefined): Verdict | undefined {
  if (status >= 200 && status < 300) return ACCEPTED;
  if (status < 400) return undefined;
  const reason = said === undefined ? `status ${status}` : `status ${status}: ${said}`;
  const passing = status === 408 || status === 429 || status >= 500;
  return { kind: passing ? 'later' : 'rejected', reason };
}

function noAcknowledgement(): IntakeAnswer {
  return { kind: 'invalid', reason: 'an answer without event ids' };
}

function isId(value: unknown): boolean {
  return typeof value === 'string' ? value !== '' : typeof value === 'number';
}

function parse(body: string): unknown {
  if (isTooDeep(body)) return undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
