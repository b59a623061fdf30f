import { ModuleError } from '../errors.js';
import type { DeliveryOutcome, Rejection } from '../outcome.js';
import type { Random } from '../ports.js';
import type { Verdict } from './intake-answer.js';

/** Single events tried, spread over the batch, before it is taken that every one would be refused. */
const PROBES = 16;

/** Fewer refused events than this may well be at fault themselves. */
const ENOUGH_TO_BLAME_THE_DESTINATION = 3;

type State = 'pending' | 'accepted' | 'suspect' | 'postponed';

/**
 * Which events of a batch are settled, and which to send next: all of them at first; where a request is refused as a
 * whole, its halves, down to single events.
 *
 * An event refused alone is only a suspect: a wrong key or a broken intake refuses good events as well. Suspects become
 * rejections when any other event of the batch was accepted, or when the destination is known to work otherwise. To know
 * that soon, the first suspect makes single events from all over the batch come next.
 */
export class Narrowing {
  readonly #states: State[];
  readonly #reasons = new Map<number, string>();
  /** Groups still to be sent, the next one last. */
  readonly #work: number[][];
  #accepted = 0;
  #probing = false;
  #lastRefusal: ModuleError | undefined;

  #isTrusted = false;

  constructor(
    count: number,
    private readonly random: Random,
  ) {
    this.#states = Array.from({ length: count }, () => 'pending');
    this.#work = [this.#states.map((_, index) => index)];
  }

  /**
   * Positions of the events to send in the next request; the same ones again until `record` or `refuse` was called.
   * Undefined where there is none.
   * @throws ModuleError DESTINATION_REFUSED where every event tried alone was refused
   */
  next(): readonly number[] | undefined {
    if (this.refusesEverything) throw this.#refusal();
    for (let group = this.#work.at(-1); group !== undefined; group = this.#work.at(-1)) {
      const pending = group.filter((index) => this.#states[index] === 'pending');
      if (pending.length > 0) {
        this.#work[this.#work.length - 1] = pending;
        return pending;
      }
      this.#work.pop();
    }
    return undefined;
  }

  /** Takes down what the destination said of each of the events sent. */
  record(indexes: readonly number[], verdicts: readonly Verdict[]): void {
    indexes.forEach((index, n) => {
      const verdict = verdicts[n];
      if (verdict === undefined) return;
      if (verdict.kind === 'accepted') this.#accept(index);
      else if (verdict.kind === 'rejected') this.#suspect(index, verdict.reason);
      else this.#states[index] = 'postponed';
    });
  }

  /** The events were refused together: parts of them come next, each by itself. */
  refuse(indexes: readonly number[], error: ModuleError, parts = 2): void {
    this.#lastRefusal = error;
    this.#work.pop();
    const [first] = indexes;
    if (indexes.length === 1 && first !== undefined) {
      this.#suspect(first, error.message);
      if (!this.#isGuiltProven && !this.#probing) this.#probe();
      return;
    }
    const size = Math.ceil(indexes.length / parts);
    for (let part = parts - 1; part >= 0; part -= 1) this.#work.push(indexes.slice(part * size, (part + 1) * size));
  }

  /** True where every event tried alone was refused: then the destination itself may be at fault. */
  get refusesEverything(): boolean {
    return !this.#isGuiltProven && this.#reasons.size >= Math.min(PROBES, this.#states.length);
  }

  /** The destination was seen to accept other events meanwhile: suspects are at fault themselves. */
  trustDestination(): void {
    this.#isTrusted = true;
  }

  /** How many events the destination put off. */
  get postponed(): number {
    return this.#states.filter((state) => state === 'postponed').length;
  }

  takeUpPostponed(): void {
    const indexes = this.#states.flatMap((state, index) => (state === 'postponed' ? [index] : []));
    for (const index of indexes) this.#states[index] = 'pending';
    if (indexes.length > 0) this.#work.push(indexes);
  }

  /** Where the batch stands. `failure` is what ended the delivery, if not every event was settled. */
  outcome(failure: Error | undefined): DeliveryOutcome {
    const suspects = [...this.#reasons].map(([index, reason]): Rejection => ({ index, reason }));
    const convicted = this.#isGuiltProven ? suspects : [];
    const unsettled = this.#states.flatMap((state, index) => {
      const settled = state === 'accepted' || (state === 'suspect' && this.#isGuiltProven);
      return settled ? [] : [index];
    });
    if (unsettled.length === 0) return { rejections: convicted, unsettled };
    return { rejections: convicted, unsettled, failure: failure ?? this.#refusal() };
  }

  get #isGuiltProven(): boolean {
    return this.#accepted > 0 || this.#isTrusted;
  }

  #accept(index: number): void {
    this.#states[index] = 'accepted';
    this.#accepted += 1;
  }

  #suspect(index: number, reason: string): void {
    this.#states[index] = 'suspect';
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
