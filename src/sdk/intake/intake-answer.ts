/** What the intake said of one event. */
export type Verdict =
  | { readonly kind: 'accepted' }
  /** Refused for what it is. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** Not taken now, but may be later: a status of 429 or 5xx for this one event. */
  | { readonly kind: 'later'; readonly reason: string };

/** What the intake said of a request that it did not refuse as a whole. */
export type IntakeAnswer =
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
 * understood, whatever its name.
 */
export function readIntakeAnswer(body: string, count: number): IntakeAnswer {
  const answer = parse(body);
  if (answer === undefined) {
    return { kind: 'invalid', reason: body.trim() === '' ? 'an empty answer' : 'an answer that is not JSON' };
  }
  if (Array.isArray(answer)) return fromStatuses(answer, undefined, count) ?? noAcknowledgement();
  if (!isObject(answer)) return noAcknowledgement();
  const ids = answer['event_ids'];
  const lists = Object.entries(answer).filter(([name, value]) => name !== 'event_ids' && Array.isArray(value));
  for (const [, list] of lists) {
    const read = fromStatuses(list as unknown[], Array.isArray(ids) ? ids : undefined, count);
    if (read !== undefined) return read;
  }
  if (!Array.isArray(ids)) return noAcknowledgement();
  return fromIds(ids, count);
}

function fromIds(ids: readonly unknown[], count: number): IntakeAnswer {
  if (ids.length > count) return { kind: 'invalid', reason: `${ids.length} event ids for ${count} events` };
  if (ids.length < count) return { kind: 'ambiguous', acknowledged: ids.filter(isId).length };
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
  const positions = list.map(positionOf);
  if (positions.every((at): at is number => at !== undefined && at < count)) {
    return fromPositions(list, positions, ids, count);
  }
  if (list.length !== count || !list.every(tellsOfAnEvent)) return undefined;
  return { kind: 'verdicts', verdicts: list.map(verdictOf) };
}

/** Those that are named got a verdict; the others are accepted only if the number of event ids says so. */
function fromPositions(
  list: readonly unknown[],
  positions: readonly number[],
  ids: readonly unknown[] | undefined,
  count: number,
): IntakeAnswer | undefined {
  const verdicts: (Verdict | undefined)[] = Array.from({ length: count }, () => undefined);
  positions.forEach((at, n) => (verdicts[at] = verdictOf(list[n])));
  const unnamed = verdicts.filter((verdict) => verdict === undefined).length;
  const acknowledged = ids?.filter(isId).length;
  const refused = verdicts.filter((verdict) => verdict !== undefined && verdict.kind !== 'accepted').length;
  if (unnamed > 0 && acknowledged !== count - refused) return undefined;
  return { kind: 'verdicts', verdicts: verdicts.map((verdict) => verdict ?? ACCEPTED) };
}

function positionOf(item: unknown): number | undefined {
  if (!isObject(item)) return undefined;
  const at = [item['index'], item['position']].find((value) => value !== undefined);
  return typeof at === 'number' && Number.isInteger(at) && at >= 0 ? at : undefined;
}

function tellsOfAnEvent(item: unknown): boolean {
  if (typeof item === 'number') return item >= 100 && item < 600;
  return isObject(item) && ['status', 'status_code', 'code', 'success', 'error'].some((name) => name in item);
}

function verdictOf(item: unknown): Verdict {
  if (typeof item === 'number') return fromStatusCode(item, undefined);
  const { status, status_code: statusCode, code, success, error, message, reason } = item as Json;
  const said = [error, reason, message].find((text): text is string => typeof text === 'string' && text !== '');
  const number = [status, statusCode, code].map(Number).find((value) => value >= 100 && value < 600);
  if (number !== undefined) return fromStatusCode(number, said);
  if (success === false || (error !== undefined && error !== null && error !== false && error !== '')) {
    return { kind: 'rejected', reason: said ?? 'no reason given' };
  }
  if (typeof status === 'string' && /reject|error|fail|refus|invalid|too.?large/i.test(status)) {
    return { kind: 'rejected', reason: said ?? status };
  }
  return ACCEPTED;
}

function fromStatusCode(status: number, said: string | undefined): Verdict {
  if (status < 400) return ACCEPTED;
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
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
