import { ModuleError } from '../errors.js';
import type { DeliveryOutcome, Rejection } from '../outcome.js';
import type { Random } from '../ports.js';
import type { Verdict } from './intake-answer.js';

/** Single events tried, spread over the batch, before it is taken that every one would be refused. */
const PROBES = 16;

/** Fewer refused events than this may well be at fault themselves. */
const ENOUGH_TO_BLAME_THE_DESTINATION = 3;

type State = 'pending' | 'accepted' | 'suspect' | 'rejected' | 'postponed';

/** The outcome of most batches. */
const ALL_ACCEPTED: DeliveryOutcome = { rejections: [], unsettled: [] };

/**
 * Which events of a batch are settled, and which to send next: all of them at first; where a request is refused as a
 * whole, its halves, down to single events.
 *
 * An event refused alone is only a suspect: a wrong key or a broken intake refuses good events as well. Once any other
 * event was accepted, of this batch or elsewhere, the destination works, and what was refused before that is tried once
 * more: what is refused then is rejected. To know soon, the first suspect makes single events from all over the batch
 * come next.
 */
export class Narrowing {
  readonly #states: State[];
  readonly #reasons = new Map<number, string>();
  /** Groups still to be sent, the next one last. */
  readonly #work: (readonly number[])[];
  #probing = false;
  #lastRefusal: ModuleError | undefined;

  /** All were accepted together. */
  #isOver = false;
  readonly #postponed = new Set<number>();
  #isTrusted = false;
  /** Requests sent so far. */
  requests = 0;
  /** Server errors in a row for the group that is next. */
  serverErrors = 0;
  readonly #troubledSince = new Map<number, number>();

  constructor(
    count: number,
    private readonly random: Random,
  ) {
    this.#states = new Array<State>(count).fill('pending');
    // Made as long as it will be: one that grows leaves as much again for the collector.
    const all = new Array<number>(count);
    for (let index = 0; index < count; index += 1) all[index] = index;
    this.#work = [all];
  }

  /**
   * Positions of the events to send in the next request; the same ones again until `record` or `refuse` was called.
   * Undefined where there is none.
   * @throws ModuleError DESTINATION_REFUSED where every event tried alone was refused
   */
  next(): readonly number[] | undefined {
    if (this.#isOver) return undefined;
    if (this.refusesEverything) throw this.#refusal();
    for (let group = this.#work.at(-1); group !== undefined; group = this.#work.at(-1)) {
      const isPending = (index: number): boolean => this.#states[index] === 'pending';
      if (group.length > 0 && group.every(isPending)) return group;
      const pending = group.filter(isPending);
      if (pending.length > 0) {
        this.#work[this.#work.length - 1] = pending;
        return pending;
      }
      this.#work.pop();
    }
    return undefined;
  }

  /** The destination accepted all of the events sent. */
  accept(indexes: readonly number[]): void {
    this.#isOver = indexes.length === this.#states.length;
    if (!this.#isOver) for (const index of indexes) this.#states[index] = 'accepted';
    this.trustDestination();
  }

  /** Takes down what the destination said of each of the events sent. */
  record(indexes: readonly number[], verdicts: readonly Verdict[]): void {
    // The accepted ones first: they vouch for the destination, and so for what it says of the others.
    indexes.forEach((index, n) => {
      if (verdicts[n]?.kind === 'accepted') this.#states[index] = 'accepted';
    });
    if (verdicts.some(({ kind }) => kind === 'accepted')) this.trustDestination();
    indexes.forEach((index, n) => {
      const verdict = verdicts[n];
      if (verdict?.kind === 'rejected') this.#blame(index, verdict.reason);
      else if (verdict?.kind === 'later') this.#postpone(index);
    });
  }

  /** The events were refused together: parts of them come next, each by itself. */
  refuse(indexes: readonly number[], error: ModuleError, parts = 2): void {
    this.#lastRefusal = error;
    const [first] = indexes;
    if (indexes.length === 1 && first !== undefined) {
      this.#blame(first, error.message);
      if (!this.#isTrusted && !this.#probing) this.#probe();
      return;
    }
    // The parts take its place: left below them, it would come again before others, once its parts were moved last.
    if (this.#work.at(-1) === indexes) this.#work.pop();
    const size = Math.ceil(indexes.length / parts);
    for (let part = parts - 1; part >= 0; part -= 1) this.#work.push(indexes.slice(part * size, (part + 1) * size));
  }

  /** Positions of the events refused alone of which it is not known whether they are at fault. */
  get suspects(): number[] {
    return this.#states.flatMap((state, index) => (state === 'suspect' ? [index] : []));
  }

  /** True where every event tried alone was refused: then the destination itself may be at fault. */
  get refusesEverything(): boolean {
    return !this.#isTrusted && this.#reasons.size >= Math.min(PROBES, this.#states.length);
  }

  /** The destination was seen to accept an event: it works, and what it refused before is tried once more. */
  trustDestination(): void {
    if (this.#isTrusted) return;
    this.#isTrusted = true;
    for (const index of this.#reasons.keys()) {
      this.#states[index] = 'pending';
      this.#work.push([index]);
    }
    this.#reasons.clear();
  }

  /** Whatever comes next is to come last, after everything else was tried. */
  moveLast(): void {
    const group = this.#work.pop();
    if (group !== undefined) this.#work.unshift(group);
  }

  /** The number of the request with which an event's server errors began: `request`, unless it was told before. */
  troubledSince(index: number, request: number): number {
    const since = this.#troubledSince.get(index) ?? request;
    this.#troubledSince.set(index, since);
    return since;
  }

  /** How many events the destination put off. */
  get postponed(): number {
    return this.#postponed.size;
  }

  takeUpPostponed(): void {
    const indexes = [...this.#postponed];
    this.#postponed.clear();
    for (const index of indexes) this.#states[index] = 'pending';
    if (indexes.length > 0) this.#work.push(indexes);
  }

  /** Where the batch stands. `failure` is what ended the delivery, if not every event was settled. */
  outcome(failure: Error | undefined): DeliveryOutcome {
    if (this.#isOver) return ALL_ACCEPTED;
    const rejections = [...this.#reasons].flatMap(([index, reason]): Rejection[] =>
      this.#states[index] === 'rejected' ? [{ index, reason }] : [],
    );
    const unsettled = this.#states.flatMap((state, index) =>
      state === 'accepted' || state === 'rejected' ? [] : [index],
    );
    if (unsettled.length === 0) return { rejections, unsettled };
    return { rejections, unsettled, failure: failure ?? this.#refusal() };
  }

  #postpone(index: number): void {
    this.#states[index] = 'postponed';
    this.#postponed.add(index);
  }

  #blame(index: number, reason: string): void {
    this.#states[index] = this.#isTrusted ? 'rejected' : 'suspect';
    this.#reasons.set(index, reason);
  }

  #probe(): void {
    this.#probing = true;
    const pending = this.#states.flatMap((state, index) => (state === 'pending' ? [index] : []));
    const step = Math.max(1, pending.length / (PROBES - 1));
    // Not the same ones at the next try: where most are at fault, chance finds the good ones.
    for (let at = step * this.random(); at < pending.length; at += step) {
      this.#work.push([pending[Math.floor(at)] ?? 0]);
    }
  }

  #refusal(): ModuleError {
    const tried = this.#reasons.size;
    const [reason] = this.#reasons.values();
    const what = tried === 1 ? 'the only event it was sent' : `each of ${tried} events it was sent one by one`;
    const code = tried < ENOUGH_TO_BLAME_THE_DESTINATION ? 'DESTINATION_REFUSES_EVENT' : 'DESTINATION_REFUSED';
    return new ModuleError(code, `The intake refuses ${what}: ${reason ?? 'no reason given'}`, {
      cause: this.#lastRefusal,
      advice:
        'Check the intake key and the intake server. If a single event is at fault, that shows as soon as another one ' +
        'is accepted after it.',
    });
  }
}
