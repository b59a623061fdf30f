import { ModuleError } from '../errors.js';
import { REACH_MS } from '../ledger/border.js';
import type { Remembered } from '../ledger/bucket.js';
import { type Entries, EntryList } from '../ledger/entry-list.js';
import type { Ledger } from '../ledger/ledger.js';
import { LEDGER_FOLDER, LedgerStore } from '../ledger/ledger-store.js';
import { HOUR_MS, type HourRecord, HourStore, type Proof } from '../reconciliation/hour-store.js';
import { Lateness } from '../reconciliation/lateness.js';
import type { Clock } from '../ports.js';
import type { Storage } from '../storage/storage.js';
import {
  type Agreement,
  type Checkpoint,
  type CheckpointContent,
  decodeCheckpoint,
  encodeCheckpoint,
} from './checkpoint-document.js';
import { finishedPieces, MARGIN_MS, outside, overlap, wholeHours, within } from './backfill-ranges.js';
import { afterBackfill, alsoFor, earlierOf } from './earlier-streams.js';
import { type ClosedInterval, type OwedInterval, OwedSet } from './owed-set.js';
import { countedAfterMove, resume, type Resumption } from './resumption.js';

export type { Resumption } from './resumption.js';

export const CHECKPOINT_DOCUMENT = 'context.json';
/** A copy of it, written at each start and once an hour: what `state repair` falls back to. */
export const CHECKPOINT_COPY = 'backup/context.json';

/**
 * Hours of which no comparison agreed are forgotten so long after the others: long enough for an agreement to come, short
 * enough to bound what is remembered while a backlog is read.
 */
const UNPROVEN_GRACE_MS = 2 * HOUR_MS;
/** Ids that a gap needs are kept so much longer than others, in event time. */
const NEEDED_AT_MOST_MS = 7 * 24 * HOUR_MS;

/** Behind a write of delivered events there is a rest as long as it took, and never longer. */
const LONGEST_REST_MS = 100;

const NO_LEDGER = { segments: [], ledgerFromMs: -Infinity };

export interface DeliveryStateOptions {
  readonly storage: Storage;
  /** Where to begin where nothing is remembered, epoch milliseconds. Asked only then. */
  readonly startFromMs: number | (() => Promise<number>);
  /** How long behind the tail's edge ids are kept, milliseconds of event time. */
  readonly keepMs: number;
  /** What the stream reads, in words. */
  readonly stream: string;
  /** For rests between writes. Default: none. */
  readonly clock?: Clock;
}

/** What a lane has read to its end: a beginning of the tail, or (part of) a gap. */
export interface Settled extends ClosedInterval {
  readonly lane: 'tail' | 'gap' | 'backfill';
  /** True where a beginning of the tail was read together with its look-back. */
  readonly looksBack?: boolean;
}

/** What one commit says: these events are accounted for, and this is owed no more. */
export interface Progress {
  readonly entries: Entries;
  readonly settled: Settled | undefined;
}

/**
 * What is owed and what was delivered: the checkpoint, the ledger and the hours that left it, in memory and on storage,
 * committed together. On storage the ledger may be ahead of the owed set, never behind; an hour's numbers are written
 * before its ids are forgotten.
 */
export class DeliveryState {
  #checkpoint: Checkpoint;
  #owed: OwedSet;
  #lookedBackToMs: number;
  /** In memory, not yet on storage: a commit that failed is completed by the next. */
  #unwritten: EntryList[] = [];
  #unwrittenHours: HourRecord[] = [];
  /** What one write puts together; its memory serves the next. */
  readonly #allEntries = new EntryList();
  /** Beginnings of ranges that are being compared or read again. */
  readonly #rereading = new Set<{ readonly fromMs: number }>();
  /** Segments to be removed once the document no longer names them. */
  #forgotten: string[] = [];
  #lastWrite: Promise<void> = Promise.resolve();
  #nextWrite: Promise<void> | undefined;
  /** When the next write may begin, by the stopwatch. */
  #restUntilMs = -Infinity;
  #isCopied = false;
  #copyFailure: unknown;

  /** Keys of the document that other programs wrote. */
  readonly #others: Readonly<Record<string, unknown>>;
  readonly resumption: Resumption;
  readonly hours: HourStore;
  readonly lateness: Lateness;

  private constructor(
    private readonly options: DeliveryStateOptions & { readonly startFromMs: number },
    content: CheckpointContent,
    private readonly store: LedgerStore,
  ) {
    const { checkpoint, resumption } = resume(content, options, store.ledger);
    this.#checkpoint = checkpoint;
    this.#owed = OwedSet.of(checkpoint.owed);
    this.#lookedBackToMs = checkpoint.lookedBackToMs ?? Infinity;
    this.#others = content.others;
    this.resumption = resumption;
    this.hours = new HourStore(options.storage);
    this.lateness = new Lateness(checkpoint.lateness);
    // The oldest segments hold more than is remembered.
    this.ledger.prune(this.#remembered);
  }

  /**
   * Reads the state of a data path, or begins it.
   * @throws ModuleError STATE_CORRUPT, STATE_UNAVAILABLE
   */
  static async open(options: DeliveryStateOptions): Promise<DeliveryState> {
    const { storage } = options;
    const content = decodeCheckpoint(await storage.read(CHECKPOINT_DOCUMENT), storage.location);
    if (content.kind === 'none' && (await wasCollected(storage))) throw checkpointGone(storage.location);
    const { segments, ledgerFromMs } = content.kind === 'own' ? content.checkpoint : NO_LEDGER;
    const store = await LedgerStore.open(storage, segments, ledgerFromMs);
    const { startFromMs } = options;
    const startMs = content.kind !== 'none' ? 0 : typeof startFromMs === 'number' ? startFromMs : await startFromMs();
    const state = new DeliveryState({ ...options, startFromMs: startMs }, content, store);
    // The hours that will be written next: found corrupt only then, they would fail every commit.
    await state.hours.read(state.readableFromMs, state.readableFromMs + HOUR_MS);
    for (const { fromMs, toMs } of state.checkpoint.backfill) await state.hours.read(fromMs - HOUR_MS, toMs + HOUR_MS);
    return state;
  }

  get owed(): OwedSet {
    return this.#owed;
  }

  /** Where the tail's edge was when the last look-back began that has ended: the next one begins `overlap` before it. */
  get lookedBackToMs(): number {
    return Math.min(this.#lookedBackToMs, this.#owed.tailFromMs ?? Infinity);
  }

  get ledger(): Ledger {
    return this.store.ledger;
  }

  /** Why there is no copy of the checkpoint yet; undefined where there is one. Trying again is part of each commit. */
  get copyFailure(): unknown {
    return this.#copyFailure;
  }

  get checkpoint(): Readonly<Checkpoint> {
    return this.#checkpoint;
  }

  /** Earliest event time that may be read again without delivering twice what the ledger has forgotten. */
  get readableFromMs(): number {
    return Math.max(this.#checkpoint.collectedFromMs, this.#checkpoint.ledgerFromMs);
  }

  /** Earliest event time from which on the ledger can be counted. */
  get countableFromMs(): number {
    return Math.max(this.readableFromMs, this.#checkpoint.countedFromMs);
  }

  /** Gaps that a backfill is to read: they may be long, and older than the ids that are remembered otherwise. */
  get backfillGaps(): readonly ClosedInterval[] {
    return within(this.#owed.gaps, this.#checkpoint.backfill);
  }

  /** All other gaps: what comparing counts has found, and what is read again for other reasons. */
  get repairGaps(): readonly ClosedInterval[] {
    return outside(this.#owed.gaps, this.#checkpoint.backfill);
  }

  /** From here on everything up to the tail was read already: what a backfill has still to read lies before. */
  get steadyFromMs(): number {
    return Math.max(this.readableFromMs, this.backfillGaps.at(-1)?.toMs ?? -Infinity);
  }

  /** Whether what was collected of an hour is, in part at least, what another stream selected. */
  isUncounted({ fromMs }: Pick<ClosedInterval, 'fromMs'>): boolean {
    const startsMs = wholeHours(fromMs);
    const hour = { fromMs: startsMs, toMs: startsMs + HOUR_MS };
    return (this.#checkpoint.uncounted ?? []).some((range) => overlap(range, hour));
  }

  /** Whether an hour is being backfilled as a whole: what was written of it is about to be replaced. */
  isReadAnew({ fromMs }: Pick<ClosedInterval, 'fromMs'>): boolean {
    const startsMs = wholeHours(fromMs);
    return this.#checkpoint.backfill.some((range) => range.fromMs <= startsMs && range.toMs >= startsMs + HOUR_MS);
  }

  /** How many events the source should count between two borders, if nothing is missing. */
  expected({ fromMs, toMs }: ClosedInterval): number {
    const { delivered, deadLettered } = this.ledger.count(fromMs, toMs);
    return delivered + deadLettered + this.explainedIn({ fromMs, toMs });
  }

  /** How many events more than are accounted for the source counts between two borders, for reasons that are known. */
  explainedIn({ fromMs, toMs }: ClosedInterval): number {
    return this.#checkpoint.explained.reduce(
      (sum, { atMs, difference }) => (atMs >= fromMs && atMs < toMs ? sum + difference : sum),
      0,
    );
  }

  /** Remembers that the source counts so many more events in a range than are accounted for, and that none is missing. */
  explain({ fromMs, toMs }: ClosedInterval, difference: number): void {
    const others = this.#checkpoint.explained.filter(({ atMs }) => atMs < fromMs || atMs >= toMs);
    const here = difference === 0 ? [] : [{ atMs: fromMs, difference }];
    this.#checkpoint = { ...this.#checkpoint, explained: [...others, ...here] };
  }

  /**
   * The whole of what the ledger remembers agreed with the source's count. Hours of it that have left the settling horizon
   * by then are proven for good, and their ids are forgotten with the next commit.
   */
  agree(agreed: Agreement): void {
    this.#checkpoint = { ...this.#checkpoint, agreed };
  }

  /** The source's counts are of no use, for this reason: to be told to whoever looks. Durable with the next commit. */
  doubtCounts(reason: string, sinceMs: number): void {
    const { notCounted } = this.#checkpoint;
    this.#checkpoint = { ...this.#checkpoint, notCounted: { sinceMs: notCounted?.sinceMs ?? sinceMs, reason } };
  }

  /** They are compared again. */
  trustCounts(): void {
    this.#checkpoint = { ...this.#checkpoint, notCounted: undefined };
  }

  /** What a comparison of hours without ids has shown. Durable with the next commit. */
  judge(hours: readonly HourRecord[], proof: Proof): void {
    this.#unwrittenHours.push(...hours.map((hour) => ({ ...hour, proof })));
  }

  /** Nothing more can be shown of the hours without ids in this range. */
  closeUnproven(range: ClosedInterval): void {
    const unproven = OwedSet.of(this.#checkpoint.unproven).settleGap(range).gaps;
    this.#checkpoint = { ...this.#checkpoint, unproven };
  }

  /**
   * Takes what lies before `beforeMs` out of the owed set, because the source has deleted it.
   * @returns the ranges given up, for the operator; durable with the next commit
   */
  giveUpBefore(beforeMs: number): OwedInterval[] {
    const lost = this.#owed.intervals
      .filter(({ fromMs }) => fromMs < beforeMs)
      .map(({ fromMs, toMs }) => ({ fromMs, toMs: Math.min(toMs ?? Infinity, beforeMs) }));
    this.#owed = this.#owed.dropBefore(beforeMs);
    this.#lookedBackToMs = Math.max(this.#lookedBackToMs, beforeMs);
    this.#checkpoint = {
      ...this.#checkpoint,
      collectedFromMs: Math.max(this.#checkpoint.collectedFromMs, beforeMs),
      unreachable: [...this.#checkpoint.unreachable, ...lost],
    };
    return lost;
  }

  /**
   * Goes on from another instant, as an operator wants it: events after it that the ledger does not remember are delivered
   * again, events before it that were not read yet are skipped. Durable with the next commit.
   */
  moveTo(positionMs: number): void {
    const { collectedFromMs, ledgerFromMs, countedFromMs, stream } = this.#checkpoint;
    const skipsSomething = positionMs > (this.#owed.fromMs ?? positionMs);
    this.#owed = OwedSet.of([{ fromMs: positionMs, toMs: undefined }]);
    this.#lookedBackToMs = positionMs;
    this.#checkpoint = {
      ...this.#checkpoint,
      collectedFromMs: Math.min(collectedFromMs, positionMs),
      ledgerFromMs: Math.min(ledgerFromMs, positionMs),
      countedFromMs:
        skipsSomething || positionMs < ledgerFromMs ? countedAfterMove(this.#checkpoint, positionMs) : countedFromMs,
      agreed: undefined,
      backfill: [],
      earlier: alsoFor(earlierOf(this.#checkpoint), { fromMs: positionMs, toMs: Infinity }, stream),
    };
  }

  /**
   * Puts a range among the owed that is to be read beside the tail, however old it is: until all of an hour is read, its
   * ids are remembered, and then its numbers. Durable with the next commit.
   */
  backfill(range: ClosedInterval): void {
    this.#owed = this.#owed.add(range);
    const { backfill, collectedFromMs, ledgerFromMs, countedFromMs, uncounted = [] } = this.#checkpoint;
    // Whole hours that are read from their beginning on, of which nothing is remembered, are what is selected now.
    const anew = {
      fromMs: wholeHours(range.fromMs + HOUR_MS - 1),
      toMs: wholeHours(Math.min(range.toMs, ledgerFromMs)),
    };
    const isWhole = countedFromMs <= ledgerFromMs;
    this.#checkpoint = {
      ...this.#checkpoint,
      backfill: OwedSet.of([...backfill, range]).gaps,
      uncounted: outside(uncounted, outside([anew], backfill)),
      earlier: afterBackfill(this.#checkpoint, range),
      // What the ledger counts must go on to begin where no event lies.
      ledgerFromMs: range.fromMs < ledgerFromMs ? this.#ledgerBorder() : ledgerFromMs,
      collectedFromMs: Math.min(collectedFromMs, range.fromMs),
      countedFromMs: isWhole ? Math.min(countedFromMs, range.fromMs) : countedFromMs,
    };
  }

  /**
   * Leaves the beginning of the tail, up to `atMs`, to a backfill, with what it has to look back to: the tail goes on from
   * there. Durable with the next commit.
   */
  leaveToBackfill(atMs: number, overlapMs: number): void {
    const { gaps, tailFromMs } = this.#owed;
    if (tailFromMs === undefined || tailFromMs >= atMs) return;
    const fromMs = Math.min(tailFromMs, Math.max(this.lookedBackToMs - overlapMs, this.steadyFromMs));
    this.#owed = OwedSet.of([...gaps, { fromMs: atMs, toMs: undefined }]);
    this.#lookedBackToMs = atMs;
    this.backfill({ fromMs, toMs: atMs });
  }

  /**
   * Puts a range (back) among the owed; durable with the next commit. Where it is a tail that begins before everything that
   * was collected so far, the ledger begins there as well.
   */
  owe(interval: OwedInterval): void {
    this.#owed = this.#owed.add(interval);
    if (interval.toMs !== undefined || interval.fromMs >= this.readableFromMs) return;
    const { collectedFromMs, ledgerFromMs, countedFromMs } = this.#checkpoint;
    this.#checkpoint = {
      ...this.#checkpoint,
      collectedFromMs: Math.min(collectedFromMs, interval.fromMs),
      ledgerFromMs: Math.min(ledgerFromMs, interval.fromMs),
      countedFromMs: Math.min(countedFromMs, interval.fromMs),
    };
  }

  /** A look-back beside the tail, begun when its edge was here, has ended. Durable with the next commit. */
  lookedBack(toMs: number): void {
    this.#lookedBackToMs = Math.max(this.lookedBackToMs, toMs);
  }

  /** Forgets no id from `fromMs` on that is still known, until the reading has ended. */
  async remembering<Result>(fromMs: number, reading: () => Promise<Result>): Promise<Result> {
    const mark = { fromMs };
    this.#rereading.add(mark);
    try {
      return await reading();
    } finally {
      this.#rereading.delete(mark);
    }
  }

  /**
   * Makes progress durable: first the hours and the ledger, then the owed set. After a failure the memory is ahead of the
   * storage and the same call may be made again, with nothing new, until it succeeds. One write at a time: what several
   * lanes commit meanwhile, and in the rest behind it, is written together by the next.
   * @throws ModuleError STATE_UNAVAILABLE
   */
  commit({ entries, settled }: Progress): Promise<void> {
    const fresh = this.ledger.addAll(EntryList.from(entries));
    if (fresh.length > 0) this.#unwritten.push(fresh);
    if (settled?.lane === 'tail') this.#settleTail(settled);
    if (settled !== undefined && settled.lane !== 'tail') this.#owed = this.#owed.settleGap(settled);
    this.#nextWrite ??= this.#lastWrite.then(async () => {
      await this.#rest();
      this.#nextWrite = undefined;
      await this.#writeAndTellTime();
    });
    this.#lastWrite = this.#nextWrite.catch(() => undefined);
    return this.#nextWrite;
  }

  #settleTail({ toMs, looksBack }: Settled): void {
    const before = this.lookedBackToMs;
    this.#owed = this.#owed.settleTail(toMs);
    this.#lookedBackToMs = looksBack === true ? Math.max(before, toMs) : before;
  }

  async #rest(): Promise<void> {
    const { clock } = this.options;
    if (clock === undefined) return;
    const restMs = this.#restUntilMs - clock.monotonic();
    if (restMs > 0) await clock.sleep(restMs);
  }

  async #writeAndTellTime(): Promise<void> {
    const { clock } = this.options;
    const startedAt = clock?.monotonic() ?? 0;
    const tellsOfEvents = this.#unwritten.length > 0;
    try {
      await this.#write();
    } finally {
      const endedAt = clock?.monotonic() ?? 0;
      if (tellsOfEvents) this.#restUntilMs = endedAt + Math.min(endedAt - startedAt, LONGEST_REST_MS);
    }
  }

  async #write(): Promise<void> {
    const records = await this.#recordsOfBackfill();
    this.#forgotten.push(...this.#forget(records));
    const [entries, hours] = [this.#unwritten, this.#unwrittenHours];
    [this.#unwritten, this.#unwrittenHours] = [[], []];
    // What another lane adds while this is being written belongs to the next commit, together with what it settles.
    const checkpoint = {
      ...this.#checkpoint,
      owed: this.#owed.intervals,
      lookedBackToMs: this.lookedBackToMs,
      lateness: this.lateness.toJSON(),
    };
    try {
      await this.hours.write(hours);
      await this.store.append(this.#joined(entries), this.#remembered.fromMs);
    } catch (error) {
      this.#unwritten = [...entries, ...this.#unwritten];
      this.#unwrittenHours = hours.concat(this.#unwrittenHours);
      throw error;
    }
    const document = encodeCheckpoint({ ...checkpoint, segments: this.store.names }, this.#others);
    await this.options.storage.write(CHECKPOINT_DOCUMENT, document);
    if (hours.length > 0 || !this.#isCopied) this.#isCopied = await this.#copy(document);
    await this.#removeForgotten();
  }

  /** One list of what is in several: good until the next write. */
  #joined(lists: readonly EntryList[]): EntryList {
    this.#allEntries.truncate(0);
    for (const list of lists) this.#allEntries.append(list);
    return this.#allEntries;
  }

  /** What was to be committed is durable: a copy that cannot be written now is written with the next commit. */
  async #copy(document: Uint8Array): Promise<boolean> {
    this.#copyFailure = undefined;
    await this.options.storage.write(CHECKPOINT_COPY, document).catch((error: unknown) => {
      this.#copyFailure = error;
    });
    return this.#copyFailure === undefined;
  }

  /** Segments that nothing names any more are only in the way: what cannot be removed now is removed later. */
  async #removeForgotten(): Promise<void> {
    const names = this.#forgotten;
    this.#forgotten = [];
    await this.store.remove(names).catch(() => this.#forgotten.push(...names));
  }

  /**
   * Turns hours that a backfill has read, and those that left the horizon, into numbers.
   * @returns the segments that hold nothing else
   */
  #forget(records: readonly HourRecord[]): string[] {
    const closed = this.#closeBackfilled(records);
    const left = this.#leaveHorizon();
    return closed || left ? this.store.prune(this.#remembered) : [];
  }

  #leaveHorizon(): boolean {
    const { agreed } = this.#checkpoint;
    const provenToMs = agreed === undefined ? -Infinity : agreed.toMs - this.options.keepMs;
    const toMs = wholeHours(
      Math.min(Math.max(provenToMs, this.#boundedFromMs(UNPROVEN_GRACE_MS)), this.#neededFromMs()),
    );
    if (toMs <= this.#checkpoint.ledgerFromMs) return false;
    for (const hour of this.#hoursUpTo(toMs)) {
      this.#put({
        ...hour,
        proof: wholeHours(hour.toMs) <= provenToMs && isWithin(hour, agreed) ? 'proven' : 'unknown',
      });
    }
    return true;
  }

  /** What was written of the hours that can be closed now, and of those next to them. */
  async #recordsOfBackfill(): Promise<HourRecord[]> {
    const pieces = finishedPieces(this.#checkpoint.backfill, this.#owed.gaps);
    const [first, last] = [pieces[0], pieces.at(-1)];
    if (first === undefined || last === undefined) return [];
    const written = await this.hours.read(wholeHours(first.fromMs) - HOUR_MS, last.toMs + HOUR_MS);
    return [...written, ...this.#unwrittenHours];
  }

  /** Hours of which a backfill has read everything. Those that the ledger still holds are closed when they leave it. */
  #closeBackfilled(records: readonly HourRecord[]): boolean {
    // Only hours whose records were looked up: more may have been read meanwhile.
    const pieces = finishedPieces(this.#checkpoint.backfill, this.#owed.gaps);
    const known = new Map(records.map((record) => [wholeHours(record.fromMs), record]));
    for (const piece of pieces) {
      const backfill = OwedSet.of(this.#checkpoint.backfill).settleGap(piece).gaps;
      const { ledgerFromMs } = this.#checkpoint;
      this.#checkpoint = { ...this.#checkpoint, backfill };
      if (wholeHours(piece.fromMs) < wholeHours(ledgerFromMs)) {
        const hour = this.#closeHour(piece, known);
        known.set(wholeHours(piece.fromMs), hour);
        this.#put(hour);
      } else if (piece.fromMs + MARGIN_MS < ledgerFromMs) {
        const fromMs = this.#borderNear(piece.fromMs);
        this.#checkpoint = { ...this.#checkpoint, ledgerFromMs: fromMs };
      }
    }
    return pieces.length > 0;
  }

  /** The numbers of an hour, or of a part of one that joins what is known of it. */
  #closeHour(piece: ClosedInterval, known: ReadonlyMap<number, HourRecord>): HourRecord {
    const startsMs = wholeHours(piece.fromMs);
    const isWhole = piece.toMs - piece.fromMs === HOUR_MS;
    const same = isWhole ? undefined : known.get(startsMs);
    const [before, after] = [same ?? known.get(startsMs - HOUR_MS), same ?? known.get(startsMs + HOUR_MS)];
    const fromMs = ifNear(before?.toMs, piece.fromMs) ?? this.#borderNear(piece.fromMs);
    const toMs = ifNear(after?.fromMs, piece.toMs) ?? this.#borderNear(piece.toMs);
    const { explained: differences, ledgerFromMs } = this.#checkpoint;
    const explained = this.explainedIn({ fromMs, toMs });
    this.#checkpoint = {
      ...this.#checkpoint,
      explained: differences.filter(({ atMs }) => atMs < fromMs || atMs >= toMs),
      ledgerFromMs: ifNear(ledgerFromMs, piece.toMs) === undefined ? ledgerFromMs : toMs,
    };
    const hour = { fromMs, toMs, ...this.ledger.count(fromMs, toMs), explained, proof: 'unknown' } as const;
    if (same === undefined) return hour;
    // Written before, and ended before the checkpoint knew.
    if (same.toMs !== fromMs && same.fromMs !== toMs) return { ...same, proof: 'unknown' };
    return {
      fromMs: Math.min(fromMs, same.fromMs),
      toMs: Math.max(toMs, same.toMs),
      delivered: hour.delivered + same.delivered,
      deadLettered: hour.deadLettered + same.deadLettered,
      explained: hour.explained + same.explained,
      proof: 'unknown',
    };
  }

  /**
   * A border at an instant or shortly after it; the instant where events are too dense. What happened just before everything
   * that is collected is not known here, and must not be counted.
   */
  #borderNear(ms: number): number {
    const fromMs = Math.max(ms, this.#checkpoint.collectedFromMs + 2 * REACH_MS);
    return this.ledger.border(fromMs, ms + MARGIN_MS) ?? ms;
  }

  /**
   * A question about the beginning of the ledger reaches a little before it, and shows what is there again; as does one
   * about what is still to be backfilled.
   */
  get #remembered(): Remembered {
    const { ledgerFromMs, backfill } = this.#checkpoint;
    const also = backfill.map(({ fromMs, toMs }) => ({ fromMs: fromMs - MARGIN_MS, toMs: toMs + MARGIN_MS }));
    return { fromMs: ledgerFromMs - REACH_MS, also };
  }

  /** From here on ids have to be remembered, whatever was proven; `graceMs` is added. */
  #boundedFromMs(graceMs: number): number {
    return (this.#owed.tailFromMs ?? -Infinity) - this.options.keepMs - graceMs;
  }

  /** Ids around a gap are needed until it is read, though not for ever; those of a reading or comparison until it is over. */
  #neededFromMs(): number {
    const [gap] = this.repairGaps;
    const owedFromMs = gap === undefined ? Infinity : Math.max(gap.fromMs, this.#boundedFromMs(NEEDED_AT_MOST_MS));
    return Math.min(owedFromMs, ...[...this.#rereading].map(({ fromMs }) => fromMs));
  }

  /** The hours of the ledger that are over at `toMs`, from border to border. Moves the ledger's beginning. */
  *#hoursUpTo(toMs: number): Generator<Omit<HourRecord, 'proof'>> {
    for (;;) {
      const startsMs = wholeHours(this.#checkpoint.ledgerFromMs);
      const endsMs = startsMs + HOUR_MS;
      if (endsMs > toMs) return;
      if (this.#passBackfill({ fromMs: startsMs, toMs: endsMs })) continue;
      // Of an hour from before counting began there is nothing to say.
      const fromMs = this.countableFromMs < endsMs ? this.#firstBorder(endsMs - 1) : undefined;
      const hour = { fromMs: fromMs ?? endsMs, toMs: this.ledger.border(endsMs, endsMs + HOUR_MS - 1) ?? endsMs };
      const counted = { ...this.ledger.count(hour.fromMs, hour.toMs), explained: this.explainedIn(hour) };
      const explained = this.#checkpoint.explained.filter(({ atMs }) => atMs >= hour.toMs);
      this.#checkpoint = { ...this.#checkpoint, ledgerFromMs: hour.toMs, explained };
      if (fromMs !== undefined) yield { ...hour, ...counted };
    }
  }

  /** An hour that is being backfilled leaves the ledger as one of those that are closed when they are read. */
  #passBackfill(hour: ClosedInterval): boolean {
    const { backfill } = this.#checkpoint;
    if (!backfill.some((range) => overlap(range, hour))) return false;
    const rest = { fromMs: Math.max(hour.fromMs, this.countableFromMs), toMs: hour.toMs };
    this.#checkpoint = {
      ...this.#checkpoint,
      backfill: OwedSet.of([...backfill, rest]).gaps,
      ledgerFromMs: this.ledger.border(hour.toMs, hour.toMs + HOUR_MS - 1) ?? hour.toMs,
    };
    return true;
  }

  #ledgerBorder(): number {
    const { ledgerFromMs, countedFromMs } = this.#checkpoint;
    const untilMs = ledgerFromMs + HOUR_MS;
    // Ids from before the stream was changed are remembered as long as others.
    if (countedFromMs > untilMs) return this.ledger.border(ledgerFromMs, untilMs) ?? ledgerFromMs;
    return this.#firstBorder(untilMs) ?? ledgerFromMs;
  }

  /** Where the last hour ended, so that hours follow each other without a seam; or the first border at all. */
  #firstBorder(untilMs: number): number | undefined {
    const { ledgerFromMs, countedFromMs, collectedFromMs } = this.#checkpoint;
    const isSeam = ledgerFromMs > Math.max(countedFromMs, collectedFromMs);
    return isSeam ? ledgerFromMs : this.ledger.border(this.countableFromMs, untilMs);
  }

  #put(hour: HourRecord): void {
    this.#unwrittenHours.push(hour);
    if (hour.proof === 'proven' || this.isUncounted(hour)) return;
    const unproven = OwedSet.of([...this.#checkpoint.unproven, hour]).gaps;
    this.#checkpoint = { ...this.#checkpoint, unproven };
  }
}

/** Whether something was collected on a data path: its checkpoint is written before anything else, and never removed. */
export async function wasCollected(storage: Storage): Promise<boolean> {
  if ((await storage.read(CHECKPOINT_COPY)) !== undefined) return true;
  return (await storage.list(LEDGER_FOLDER)).length > 0;
}

/** Never to be taken for a first start, which would skip what lies between. */
export function checkpointGone(location: string): ModuleError {
  return new ModuleError('STATE_CORRUPT', `The checkpoint ${location}/${CHECKPOINT_DOCUMENT} is gone.`, {
    advice:
      "Nothing was collected and nothing was changed. Restore the file, or run 'sekoia-module state repair'; to forget " +
      "everything and begin anew, run 'sekoia-module state reset'.",
  });
}

function ifNear(ms: number | undefined, whereMs: number): number | undefined {
  return ms !== undefined && Math.abs(ms - whereMs) <= MARGIN_MS ? ms : undefined;
}

function isWithin({ fromMs, toMs }: ClosedInterval, agreed: Agreement | undefined): boolean {
  if (agreed === undefined || agreed.fromMs > fromMs || agreed.toMs < toMs) return false;
  return !agreed.disputed.some((range) => range.fromMs < toMs && fromMs < range.toMs);
}
