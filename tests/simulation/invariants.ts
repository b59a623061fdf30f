import type { Answer } from './answer.js';
import {
  type Context,
  deadLetterTexts,
  type Fingerprint,
  fingerprintOf,
  fingerprintsIn,
  isDeadLetter,
  isLedgerSegment,
  readContext,
} from './durable-documents.js';
import type { Scenario } from './scenario.js';
import type { IntakeListener } from './simulated-intake.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { Sent, Side } from './wire.js';
import type { WorldEvent } from './world-event.js';

/** What must never be, by name. */
export type InvariantName =
  | 'every event is delivered or in the dead letter'
  | 'nothing is delivered twice without a reason'
  | 'a crash repeats no more than what was under way'
  | 'what is owed no more is settled'
  | 'the ledger is not behind what is owed'
  | 'bytes are untouched'
  | 'what is held is bounded'
  | 'requests keep to the rate'
  | 'a requested silence is kept'
  | 'every request is one that the API allows'
  | 'the dead letter has only what was refused'
  | 'the connector recovers'
  | 'the connector goes on by itself'
  | 'a stop ends the run'
  | 'the first start begins where it was told to'
  | 'counts agree with what was delivered';

export interface Violation {
  readonly invariant: InvariantName;
  readonly detail: string;
  readonly atMs: number;
}

interface Acceptance {
  readonly process: SimulatedProcess;
  /** Whether the sender knows: not yet, plainly, or it will never. */
  state: 'pending' | 'acknowledged' | 'lost';
  /** The process ended before this was durable: it has to be repeated. */
  isForgiven: boolean;
}

interface EventState {
  readonly event: WorldEvent;
  readonly fingerprint: Fingerprint;
  readonly acceptances: Acceptance[];
  isDeadLettered: boolean;
  /** In the ledger on storage. */
  isInLedger: boolean;
  /** The document on storage says that it is not owed. */
  isOutside: boolean;
  /** It was visible when its time was (put back) among the owed: a reading since then shows it. */
  wasVisibleWhenOwed: boolean;
  /** When the intake first refused it by itself. */
  firstRefusedAtMs?: number;
  /** True once that happened shortly after the intake had accepted something from the same process. */
  wasRefusedWhileOthersWere?: boolean;
}

interface ProcessState {
  readonly begunMs: number[];
  readonly silentUntilMs: Record<Side, number>;
  readonly silentSinceMs: Record<Side, number>;
  pushes: number;
  lastAcceptedAtMs: number;
  /** The API has begun to answer, and so told its time. */
  hasHeardTheApi: boolean;
}

/** Batches under way at the most: four of the tail, one of a gap, and twelve of a backfill. */
const PARALLEL_DELIVERIES = 4;
const PARALLEL_OF_GAPS = 1;
const PARALLEL_OF_BACKFILL = 12;
const LARGEST_EVENT_BYTES = 250_000;
const RETENTION_MS = 90 * 86_400_000;
/** An event that is refused this soon after others were accepted is taken to be at fault itself. */
const EVIDENCE_MS = 60_000;
/** Comparing begins at the first border, a few milliseconds after the start. */
const BLIND_MS = 6;
/** Whole seconds and milliseconds are all that clocks and documents tell. */
const ROUNDING_MS = 1;
/** A bound may leave out its own instant, and a fraction may be rounded. */
const BORDER_MS = 3;

export interface InvariantsWorld {
  readonly scenario: Scenario;
  readonly events: readonly WorldEvent[];
  nowMs(): number;
  apiNowMs(): number;
  onViolation(violation: Violation): void;
}

/** Watches a run and tells the first thing that must not be. */
export class Invariants implements IntakeListener {
  readonly #states: readonly EventState[];
  readonly #byText = new Map<string, EventState>();
  readonly #processes = new Map<SimulatedProcess, ProcessState>();
  /** Accepted, and not yet known to storage. */
  readonly #held = new Set<EventState>();
  /** The texts in the dead letter's files as they are now. */
  readonly #deadLetters = new Map<string, readonly string[]>();
  readonly #mostHeld: number;
  readonly #mostPushes: number;
  /** The request whose events the intake is about to judge. */
  #sent: Sent | undefined;
  #firstPositionMs: number | undefined;
  context: Context | undefined;

  constructor(private readonly world: InvariantsWorld) {
    const { events, scenario } = world;
    this.#states = events.map((event) => ({
      event,
      fingerprint: fingerprintOf(event),
      acceptances: [],
      isDeadLettered: false,
      isInLedger: false,
      isOutside: false,
      wasVisibleWhenOwed: false,
    }));
    for (const state of this.#states)
      if (!this.#byText.has(state.event.text)) this.#byText.set(state.event.text, state);
    this.#mostPushes = PARALLEL_DELIVERIES + PARALLEL_OF_GAPS + PARALLEL_OF_BACKFILL;
    this.#mostHeld = this.#mostPushes * scenario.settings.chunkSize;
  }

  onSent({ process, side }: Sent): void {
    const { scenario } = this.world;
    const nowMs = this.world.nowMs();
    const state = this.#of(process);
    if (nowMs < state.silentUntilMs[side] && nowMs > state.silentSinceMs[side]) {
      this.#violated(
        'a requested silence is kept',
        `a request to the ${side} comes ${state.silentUntilMs[side] - nowMs} ms early`,
      );
    }
    if (side === 'intake') {
      state.pushes += 1;
      if (state.pushes > this.#mostPushes) this.#violated('what is held is bounded', `${state.pushes} pushes at once`);
      return;
    }
    const { requestsPerSecond } = scenario.settings;
    const limit = Math.max(1, Math.floor(requestsPerSecond));
    const windowMs = requestsPerSecond >= 1 ? 1000 : 1000 / requestsPerSecond;
    state.begunMs.push(nowMs);
    const before = state.begunMs.at(-1 - limit);
    if (before !== undefined && nowMs - before < windowMs - 0.001) {
      this.#violated('requests keep to the rate', `${limit + 1} requests within ${nowMs - before} ms`);
    }
  }

  /** To be called before the intake judges a request. */
  onPush(sent: Sent): void {
    this.#sent = sent;
  }

  onSettled({ process, side, answeredAtMs }: Sent, answer: Answer | undefined): void {
    const state = this.#of(process);
    if (side === 'intake') state.pushes -= 1;
    if (side === 'api' && answeredAtMs !== undefined) state.hasHeardTheApi = true;
    const silenceMs = answer === undefined ? undefined : requestedSilenceMs(answer);
    if (silenceMs === undefined) return;
    const nowMs = this.world.nowMs();
    state.silentSinceMs[side] = Math.max(nowMs, state.silentUntilMs[side] > nowMs ? state.silentSinceMs[side] : nowMs);
    state.silentUntilMs[side] = Math.max(state.silentUntilMs[side], (answeredAtMs ?? 0) + silenceMs - ROUNDING_MS);
  }

  onRefused(event: WorldEvent): void {
    const state = this.#byText.get(event.text)!;
    const nowMs = this.world.nowMs();
    state.firstRefusedAtMs ??= nowMs;
    state.wasRefusedWhileOthersWere ||= nowMs - this.#of(this.#sent!.process).lastAcceptedAtMs < EVIDENCE_MS;
  }

  onAccepted(events: readonly WorldEvent[]): (acknowledged: boolean) => void {
    const sent = this.#sent!;
    if (events.length > 0) this.#of(sent.process).lastAcceptedAtMs = this.world.nowMs();
    const news = events.map((event) => this.#accept(this.#byText.get(event.text)!, sent));
    if (this.#held.size > this.#mostHeld) {
      this.#violated('what is held is bounded', `${this.#held.size} events are accepted and not durable`);
    }
    return (acknowledged) => {
      for (const acceptance of news) {
        if (acceptance.state === 'pending') acceptance.state = acknowledged ? 'acknowledged' : 'lost';
      }
      // What was not acknowledged is sent again: nobody holds that it was accepted.
      if (!acknowledged) for (const event of events) this.#held.delete(this.#byText.get(event.text)!);
    };
  }

  onUnknown(text: string): void {
    if (this.#isTrimmed(text)) return;
    this.#violated('bytes are untouched', `the intake accepted ${text.slice(0, 200)}`);
  }

  onWritten(name: string, content: Buffer): void {
    if (isLedgerSegment(name)) this.#onSegment(content);
    else if (isDeadLetter(name)) this.#onDeadLetter(name, content);
    else if (name === 'context.json') this.#onContext(readContext(content));
  }

  onRemoved(name: string): void {
    this.#deadLetters.delete(name);
  }

  /** The process is gone. What storage does not know by now has to be repeated. */
  onEnd(process: SimulatedProcess, how: 'crashed' | 'stopped'): void {
    let repeated = 0;
    for (const state of this.#states) {
      for (const acceptance of state.acceptances) {
        if (acceptance.process !== process) continue;
        const isUnknown = !state.isInLedger && !state.isDeadLettered && !acceptance.isForgiven;
        if (isUnknown && acceptance.state !== 'lost') repeated += 1;
        if (acceptance.state === 'pending') acceptance.state = 'lost';
        if (isUnknown) acceptance.isForgiven = true;
      }
      if (state.acceptances.every(({ isForgiven, state: known }) => isForgiven || known === 'lost'))
        this.#held.delete(state);
    }
    if (repeated > this.#mostHeld) {
      this.#violated('a crash repeats no more than what was under way', `${how} with ${repeated} events to repeat`);
    }
  }

  /** Whether a clean stop left behind what was acknowledged. */
  unknownToStorage(process: SimulatedProcess): number {
    return this.#states.filter(
      ({ acceptances, isInLedger, isDeadLettered }) =>
        !isInLedger &&
        !isDeadLettered &&
        acceptances.some((one) => one.process === process && one.state === 'acknowledged'),
    ).length;
  }

  /** Events that are required to be settled by an instant of the API's clock, and are not. */
  missing(apiNowMs: number): WorldEvent[] {
    const kept = new Set([...this.#deadLetters.values()].flat());
    const settled = this.#states.filter(({ event, acceptances }) => acceptances.length > 0 || kept.has(event.text));
    const texts = new Set(settled.map(({ event }) => event.text));
    const ids = new Set(settled.flatMap(({ event }) => event.id ?? []));
    return this.#states
      .map(({ event }) => event)
      .filter(
        (event) =>
          this.#isRequired(event, apiNowMs) && !texts.has(event.text) && !(event.id !== undefined && ids.has(event.id)),
      );
  }

  /** Events that were delivered or dead-lettered, by their own time, both ends included. */
  settledBetween(fromMs: number, toMs: number): number {
    return this.#states.filter(
      ({ event, acceptances, isDeadLettered }) =>
        event.atMs >= fromMs && event.atMs <= toMs && (isDeadLettered || acceptances.length > 0),
    ).length;
  }

  fail(invariant: InvariantName, detail: string): void {
    this.#violated(invariant, detail);
  }

  #isRequired({ atMs, visibleFromMs, goneFromMs }: WorldEvent, apiNowMs: number): boolean {
    return (
      this.#isAfterStart({ atMs, visibleFromMs }) &&
      visibleFromMs <= apiNowMs &&
      goneFromMs > apiNowMs &&
      atMs <= apiNowMs &&
      atMs > apiNowMs - RETENTION_MS
    );
  }

  /** No count reaches a late event in the milliseconds after the very instant of the start. */
  #isAfterStart({ atMs, visibleFromMs }: Pick<WorldEvent, 'atMs' | 'visibleFromMs'>): boolean {
    const { strict } = this.world.scenario;
    const positionMs = this.#firstPositionMs ?? Infinity;
    return !strict && visibleFromMs > atMs ? atMs > positionMs + BLIND_MS : atMs >= positionMs;
  }

  #accept(state: EventState, sent: Sent): Acceptance {
    const isStale = sent.isAbandoned || !sent.process.isAlive;
    const acceptance: Acceptance = { process: sent.process, state: isStale ? 'lost' : 'pending', isForgiven: false };
    const earlier = state.acceptances.find(({ state: known, isForgiven }) => known !== 'lost' && !isForgiven);
    if (earlier !== undefined && !isStale) {
      const what = `${describe(state.event)}, ${earlier.state} in life ${earlier.process.number}, is accepted again in life ${sent.process.number}`;
      this.#violated('nothing is delivered twice without a reason', what);
    }
    state.acceptances.push(acceptance);
    if (!isStale && !state.isInLedger && !state.isDeadLettered) this.#held.add(state);
    return acceptance;
  }

  #onSegment(content: Buffer): void {
    const known = new Set(fingerprintsIn(content));
    for (const state of this.#states) {
      if (state.isInLedger || !known.has(state.fingerprint)) continue;
      state.isInLedger = true;
      this.#held.delete(state);
    }
  }

  #onDeadLetter(name: string, content: Buffer): void {
    const texts = deadLetterTexts(content);
    this.#deadLetters.set(name, texts);
    for (const text of texts) {
      const state = this.#byText.get(text);
      if (state === undefined) {
        this.#violated('bytes are untouched', `the dead letter has ${text.slice(0, 200)}`);
        continue;
      }
      state.isDeadLettered = true;
      this.#held.delete(state);
      if (!this.#isRightlyKept(state))
        this.#violated('the dead letter has only what was refused', describe(state.event));
    }
  }

  /** A good event may be taken for a bad one only where the intake refused it, and took others about that time. */
  #isRightlyKept({ event, firstRefusedAtMs, wasRefusedWhileOthersWere }: EventState): boolean {
    if (event.spec.refusal !== undefined || event.bytes.length > LARGEST_EVENT_BYTES) return true;
    if (firstRefusedAtMs === undefined) return false;
    const lastAcceptedAtMs = Math.max(...[...this.#processes.values()].map((one) => one.lastAcceptedAtMs));
    return wasRefusedWhileOthersWere === true || lastAcceptedAtMs > firstRefusedAtMs;
  }

  #onContext(context: Context): void {
    const isFirst = this.context === undefined;
    this.context = context;
    if (isFirst) {
      this.#firstPositionMs = context.positionMs;
      this.#checkStart(context.positionMs);
    }
    for (const state of this.#states) {
      const wasOutside = state.isOutside;
      state.isOutside = isOutside(state.event.atMs, context);
      if (wasOutside) {
        const isVisible = state.event.visibleFromMs <= this.world.apiNowMs();
        state.wasVisibleWhenOwed = isVisible && isWellInside(state.event.atMs, context);
      }
      if (!isFirst && state.isOutside && !wasOutside) this.#checkPassed(state, context);
    }
  }

  /** What the document ceases to owe must be settled, where it could be seen, and the ledger must know it. */
  #checkPassed(state: EventState, context: Context): void {
    const { event, acceptances, isDeadLettered, isInLedger, wasVisibleWhenOwed } = state;
    const apiNowMs = this.world.apiNowMs();
    const isGone = event.goneFromMs <= apiNowMs || event.atMs <= apiNowMs - RETENTION_MS;
    const isShown = !event.wasLeftOut && !isGone && this.#isAfterStart(event);
    const wasOnTime = event.visibleFromMs <= event.atMs && isShown;
    const isSettled = isDeadLettered || acceptances.some((one) => one.state !== 'pending' && !one.isForgiven);
    if ((wasOnTime || (wasVisibleWhenOwed && isShown)) && !isSettled && !this.#hasTwin(event)) {
      this.#violated(
        'what is owed no more is settled',
        `${describe(event)} is not owed, and neither acknowledged nor kept`,
      );
    }
    const isAcknowledged = acceptances.some((one) => one.state === 'acknowledged' && !one.isForgiven);
    // A late one lies outside before it is sent: what is owed says nothing of it.
    if (wasOnTime && isAcknowledged && !isInLedger && event.atMs > context.ledgerFromMs) {
      this.#violated('the ledger is not behind what is owed', `${describe(event)} is not owed, and not in the ledger`);
    }
  }

  /** Of two events with one id the connector may take either. */
  #hasTwin({ id, index }: WorldEvent): boolean {
    return id !== undefined && this.#states.some(({ event }) => event.id === id && event.index !== index);
  }

  #checkStart(positionMs: number): void {
    const { scenario } = this.world;
    // An API that cannot be reached tells no time: our clock counts then, which is known to be a weakness.
    const isUnheard = !scenario.strict && [...this.#processes.values()].at(-1)?.hasHeardTheApi === false;
    const aheadMs = isUnheard ? scenario.clockDifferenceMs : 0;
    const expectedMs = this.world.apiNowMs() + aheadMs - scenario.settings.startFrom * 1000;
    // Counted from the API's time, known to two seconds; it is written a moment after it was worked out.
    const lateMs = positionMs - expectedMs;
    if (lateMs > 3000) this.#violated('the first start begins where it was told to', `it begins ${lateMs} ms late`);
  }

  /** A copy of an oversized event of which nothing differs but what had to be cut. */
  #isTrimmed(text: string): boolean {
    if (this.world.scenario.settings.oversizedEvents !== 'trim' || text.length > LARGEST_EVENT_BYTES) return false;
    const copy = JSON.parse(text) as Record<string, unknown>;
    return this.#states.some(({ event }) => {
      if (event.bytes.length <= LARGEST_EVENT_BYTES) return false;
      const members = Object.entries(JSON.parse(event.text) as Record<string, unknown>);
      return members.every(
        ([name, value]) => name === 'filling' || JSON.stringify(copy[name]) === JSON.stringify(value),
      );
    });
  }

  #of(process: SimulatedProcess): ProcessState {
    let state = this.#processes.get(process);
    if (state === undefined) {
      const never = { api: -Infinity, intake: -Infinity };
      state = {
        begunMs: [],
        silentUntilMs: { ...never },
        silentSinceMs: { ...never },
        pushes: 0,
        lastAcceptedAtMs: -Infinity,
        hasHeardTheApi: false,
      };
      this.#processes.set(process, state);
    }
    return state;
  }

  #violated(invariant: InvariantName, detail: string): void {
    this.world.onViolation({ invariant, detail, atMs: this.world.nowMs() });
  }
}

export function describe({ index, id, atMs, nanos }: WorldEvent): string {
  return `event ${index} (${id ?? 'without id'}, ${new Date(atMs).toISOString()} + ${nanos} ns)`;
}

function isOutside(atMs: number, { owed }: Context): boolean {
  return owed.every(({ fromMs, toMs }) => atMs < fromMs - ROUNDING_MS || atMs >= toMs + ROUNDING_MS);
}

/** Where it is shown however bounds and fractions of a millisecond are read. */
function isWellInside(atMs: number, { owed }: Context): boolean {
  return owed.some(({ fromMs, toMs }) => atMs > fromMs + BORDER_MS && atMs < toMs - BORDER_MS);
}

/** As the sides may say it: seconds, or a date to be measured against theirs. */
function requestedSilenceMs({ status, headers }: Answer): number | undefined {
  const text = headers['retry-after'];
  if (text === undefined || (status !== 429 && status !== 503)) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Without a date of theirs it is measured against our clock, which runs on to a second.
  const theirsMs = Date.parse(headers['date'] ?? '');
  return Number.isNaN(theirsMs) ? undefined : Date.parse(text) - theirsMs;
}
