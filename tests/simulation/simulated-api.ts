import { type Answer, htmlAnswer, jsonAnswer, statusAnswer } from './answer.js';
import { longestLateness } from './promise.js';
import type { ApiBehaviour, ApiEffect, Scenario } from './scenario.js';
import type { WorldEvent } from './world-event.js';

const RETENTION_MS = 90 * 86_400_000;
const MAXIMUM_LIMIT = 10_000;
const ROOT = '/insights/directory/v1';
/** Rows are left out only where a look-back is sure to see them again. */
const LEAVING_MARGIN_MS = 10;

interface Query {
  readonly fromMs: number;
  readonly toMs: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Position {
  readonly at: number;
  readonly query: string;
}

/** A Directory Insights API, by its documents, for a few hundred events: small and quick. */
export class SimulatedApi {
  /** In the order of the index. */
  readonly #rows: readonly WorldEvent[];
  readonly #keys: readonly number[];
  readonly #tokens = new Map<string, Position>();

  constructor(
    private readonly scenario: Scenario,
    events: readonly WorldEvent[],
    /** Told of each request that is none by the API's documents. */
    private readonly onRefused: (why: string) => void,
  ) {
    const { sortPrecision } = scenario.api;
    this.#rows = [...events].sort(
      (a, b) => indexMs(a, sortPrecision) - indexMs(b, sortPrecision) || shuffled(a.index) - shuffled(b.index),
    );
    this.#keys = this.#rows.map((row) => indexMs(row, sortPrecision));
  }

  /** @param nowMs the API's clock, epoch milliseconds */
  answer(url: string, body: string, nowMs: number, effect: ApiEffect | undefined): Answer {
    const { missingHeaders } = this.scenario.api;
    const answer = onWire(this.#answer(url, body, nowMs, effect), effect);
    const headers: Record<string, string> = { date: new Date(nowMs).toUTCString(), ...answer.headers };
    const kept = Object.entries(headers).filter(([name]) => !missingHeaders.includes(name));
    return { ...answer, headers: Object.fromEntries(kept) };
  }

  /** How many events the API shows in a range, by its own reading of the bounds. */
  count(fromMs: number, toMs: number, nowMs: number): number {
    return this.#select({ fromMs, toMs, body: {} }, nowMs).length;
  }

  #answer(url: string, text: string, nowMs: number, effect: ApiEffect | undefined): Answer {
    if (effect?.kind === 'status') return statusAnswer(effect.status, effect.retryAfter, nowMs);
    if (effect?.kind === 'html') return htmlAnswer();
    const path = url.slice(url.indexOf(ROOT) + ROOT.length);
    const query = readQuery(text);
    if (typeof query === 'string') return this.#refuse(query);
    // Who does not know the API's clock yet cannot know better.
    if (query.fromMs > nowMs) return jsonAnswer(400, { message: 'Start Time in the future' });
    if (path === '/events') return this.#page(query, nowMs, effect);
    if (path !== '/events/count') return jsonAnswer(404, { message: 'Not Found' });
    const count = this.#select(query, nowMs).length;
    return jsonAnswer(200, { count: effect?.kind === 'wrong-count' ? Math.max(0, count + effect.by) : count });
  }

  #refuse(why: string): Answer {
    this.onRefused(why);
    return jsonAnswer(400, { message: why });
  }

  #page(query: Query, nowMs: number, effect: ApiEffect | undefined): Answer {
    const { search_after: token, limit: asked, sort } = query.body;
    const fingerprint = JSON.stringify({ ...query.body, search_after: null });
    const position = token === undefined ? { at: -1, query: fingerprint } : this.#tokens.get(JSON.stringify(token));
    if (position?.query !== fingerprint) return this.#refuse('search_after does not belong to this query');
    if (sort !== 'ASC') return this.#refuse('the simulation knows ascending order only');
    const limit = Math.min(
      typeof asked === 'number' && asked <= MAXIMUM_LIMIT ? asked : 1000,
      this.scenario.api.mostRows,
    );
    const visible = this.#select(query, nowMs, position.at + 1);
    const shown = effect?.kind === 'left-out' ? this.#leavingOut(visible, query.toMs, nowMs) : visible;
    const rows = shown.slice(0, limit);
    const next = this.#issue(rows.at(-1) ?? position.at, fingerprint);
    const sent = effect?.kind === 'fewer-than-announced' ? rows.slice(0, -1) : rows;
    const headers = {
      'content-type': 'application/json',
      'x-result-count': String(rows.length),
      'x-limit': String(limit),
      'x-sort': 'ASC',
      'x-search_after': effect?.kind === 'repeated-token' && token !== undefined ? JSON.stringify(token) : next,
      'x-request-id': `r${this.#tokens.size}`,
    };
    const body = Buffer.from(`[${sent.map((at) => this.#rows[at]!.text).join(',')}]`);
    return { status: 200, headers, body };
  }

  /** Places in the index of what a query is about, from a place on. */
  #select({ fromMs, toMs }: Query, nowMs: number, firstPlace = 0): number[] {
    const { startInclusive, endInclusive } = this.scenario.api;
    const oldestMs = nowMs - RETENTION_MS;
    const places: number[] = [];
    for (let at = Math.max(firstPlace, this.#firstFrom(Math.max(fromMs, oldestMs))); at < this.#rows.length; at += 1) {
      const key = this.#keys[at]!;
      if (key > toMs || (key === toMs && !endInclusive)) break;
      if (key === fromMs && !startInclusive) continue;
      const row = this.#rows[at]!;
      if (row.visibleFromMs <= nowMs && row.goneFromMs > nowMs) places.push(at);
    }
    return places;
  }

  #firstFrom(fromMs: number): number {
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#keys[middle]! < fromMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Every third row, where the connector has promised to look again. */
  #leavingOut(places: readonly number[], toMs: number, nowMs: number): number[] {
    const { reconciliation, settings } = this.scenario;
    const lookBackFromMs = toMs - settings.overlap * 1000;
    const comparedFromMs = reconciliation ? nowMs - longestLateness(this.scenario) / 2 : Infinity;
    const fromMs = Math.min(lookBackFromMs, comparedFromMs) + LEAVING_MARGIN_MS;
    return places.filter((at, n) => {
      const row = this.#rows[at]!;
      const leavesOut = n % 3 === 0 && this.#keys[at]! > fromMs;
      if (leavesOut) row.wasLeftOut = true;
      return !leavesOut;
    });
  }

  #issue(at: number, query: string): string {
    const token = JSON.stringify([this.#rows[at]?.atMs ?? 0, `t${this.#tokens.size}`]);
    this.#tokens.set(token, { at, query });
    return token;
  }
}

/** @returns what is wrong with it, where it is refused */
function readQuery(text: string): Query | string {
  const body = JSON.parse(text) as Record<string, unknown>;
  const [fromMs, toMs] = [instant(body['start_time']), instant(body['end_time'])];
  if (!Array.isArray(body['service']) || body['service'].length === 0) return 'service is required';
  if (Number.isNaN(fromMs) || Number.isNaN(toMs)) return 'not an RFC 3339 date-time';
  if (fromMs >= toMs)
    return `Start Time not after End Time ${String(body['start_time'])} > ${String(body['end_time'])}`;
  return { fromMs, toMs, body };
}

function instant(value: unknown): number {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value)
    ? Date.parse(value)
    : NaN;
}

function indexMs({ atMs, nanos }: WorldEvent, precision: ApiBehaviour['sortPrecision']): number {
  if (precision === 'ms') return atMs;
  // Of the times of today a number holds a quarter of a microsecond: more digits would round up to the next millisecond.
  return precision === 'rounded' ? atMs + Math.round(nanos / 1_000_000) : atMs + Math.floor(nanos / 1000) / 1000;
}

/** Within an instant the order is arbitrary, and always the same. */
function shuffled(index: number): number {
  return Math.imul(index + 1, 0x9e3779b1) >>> 0;
}

function onWire(answer: Answer, effect: ApiEffect | undefined): Answer {
  switch (effect?.kind) {
    case 'reset':
    case 'stall':
    case 'reset-in-body':
    case 'stall-in-body':
      return { ...answer, wire: effect.kind };
    default:
      return answer;
  }
}
