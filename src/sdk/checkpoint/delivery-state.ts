import type { Ledger, LedgerKey } from '../ledger/ledger.js';
import { LedgerStore } from '../ledger/ledger-store.js';
import type { Storage } from '../storage/storage.js';
import { type Checkpoint, type CheckpointContent, decodeCheckpoint, encodeCheckpoint } from './checkpoint-document.js';
import { type OwedInterval, OwedSet } from './owed-set.js';

const DOCUMENT = 'context.json';

/**
 * The Python connector rounds its position up to the next second, so what it calls seen may hold unseen events of the
 * second before.
 */
const FOREIGN_POSITION_SLACK_MS = 1000;

export interface DeliveryStateOptions {
  readonly storage: Storage;
  /** Where to begin where nothing is remembered, epoch milliseconds. Asked only then. */
  readonly startFromMs: number | (() => Promise<number>);
  /** How long behind the left edge ids are kept, milliseconds. */
  readonly keepMs: number;
  /** What the stream reads, in words. */
  readonly stream: string;
}

/** How a run began: what was found on the data path. */
export type Resumption =
  | { readonly kind: 'first-start' }
  | { readonly kind: 'resumed'; readonly previousStream: string }
  /** A position written by the Python connector, or by hand. */
  | { readonly kind: 'taken-over'; readonly positionMs: number };

/** What one commit says: these events were acknowledged, and this range is owed no more. */
export interface Progress {
  readonly keys: readonly LedgerKey[];
  readonly settled: { readonly fromMs: number; readonly toMs: number } | undefined;
}

/**
 * What is owed and what was delivered: the checkpoint and the ledger, in memory and on storage, committed together.
 * On storage the ledger may be ahead of the owed set, never behind.
 */
export class DeliveryState {
  #checkpoint: Checkpoint;
  #owed: OwedSet;
  /** Written to the ledger's memory, not yet to storage: a commit that failed is completed by the next. */
  #unwritten: LedgerKey[] = [];
  /** Segments to be removed once the document no longer names them. */
  #forgotten: string[] = [];

  /** Keys of the document that other programs wrote. */
  readonly #others: Readonly<Record<string, unknown>>;
  readonly resumption: Resumption;

  private constructor(
    private readonly options: DeliveryStateOptions & { readonly startFromMs: number },
    content: CheckpointContent,
    private readonly store: LedgerStore,
  ) {
    const { checkpoint, resumption } = resume(content, options);
    this.#checkpoint = { ...checkpoint, stream: options.stream };
    this.#owed = OwedSet.of(checkpoint.owed);
    this.#others = content.others;
    this.resumption = resumption;
  }

  /**
   * Reads the state of a data path, or begins it.
   * @throws ModuleError STATE_CORRUPT, STATE_UNAVAILABLE
   */
  static async open(options: DeliveryStateOptions): Promise<DeliveryState> {
    const { storage } = options;
    const content = decodeCheckpoint(await storage.read(DOCUMENT), storage.location);
    const store = await LedgerStore.open(storage, content.kind === 'own' ? content.checkpoint.segments : []);
    const { startFromMs } = options;
    const startMs = content.kind !== 'none' ? 0 : typeof startFromMs === 'number' ? startFromMs : await startFromMs();
    return new DeliveryState({ ...options, startFromMs: startMs }, content, store);
  }

  get owed(): OwedSet {
    return this.#owed;
  }

  get ledger(): Ledger {
    return this.store.ledger;
  }

  /** Earliest event time that may be read again without delivering twice what the ledger has forgotten. */
  get readableFromMs(): number {
    return Math.max(this.#checkpoint.collectedFromMs, this.#checkpoint.ledgerFromMs);
  }

  /**
   * Takes what lies before `beforeMs` out of the owed set, because the source has deleted it.
   * @returns the ranges given up, for the operator; durable with the next commit
   */
  giveUpBefore(beforeMs: number): OwedInterval[] {
    const lost = this.#owed.intervals
      .filter(({ fromMs }) => fromMs < beforeMs)
      .map(({ fromMs, toMs }) => ({ fromMs, toMs: Math.min(toMs ?? Infinity, beforeMs) }));
    this.#owed = this.#owed.settle(-Infinity, beforeMs);
    this.#checkpoint = {
      ...this.#checkpoint,
      collectedFromMs: Math.max(this.#checkpoint.collectedFromMs, beforeMs),
      unreachable: [...this.#checkpoint.unreachable, ...lost],
    };
    return lost;
  }

  /** Puts a range (back) among the owed; durable with the next commit. */
  owe(interval: OwedInterval): void {
    this.#owed = this.#owed.add(interval);
  }

  /**
   * Makes progress durable: first the ledger, then the owed set. After a failure the memory is ahead of the storage and
   * the same call may be made again, with nothing new, until it succeeds. One call at a time.
   * @throws ModuleError STATE_UNAVAILABLE
   */
  async commit({ keys, settled }: Progress): Promise<void> {
    for (const key of keys) if (this.ledger.add(key)) this.#unwritten.push(key);
    if (settled !== undefined) this.#owed = this.#owed.settle(settled.fromMs, settled.toMs);
    await this.store.append(this.#unwritten);
    this.#unwritten = [];
    this.#forgotten.push(...this.#forget());
    await this.#writeDocument();
    await this.#removeForgotten();
  }

  /** Segments that nothing names any more are only in the way: what cannot be removed now is removed later. */
  async #removeForgotten(): Promise<void> {
    const names = this.#forgotten;
    this.#forgotten = [];
    await this.store.remove(names).catch(() => this.#forgotten.push(...names));
  }

  /** Prunes by whole minutes behind the left edge, so that most commits have nothing to forget. */
  #forget(): string[] {
    const edgeMs = this.#owed.fromMs;
    if (edgeMs === undefined) return [];
    const ledgerFromMs = Math.floor((edgeMs - this.options.keepMs) / 60_000) * 60_000;
    if (ledgerFromMs <= this.#checkpoint.ledgerFromMs) return [];
    this.#checkpoint = { ...this.#checkpoint, ledgerFromMs };
    return this.store.prune(ledgerFromMs);
  }

  async #writeDocument(): Promise<void> {
    this.#checkpoint = { ...this.#checkpoint, owed: this.#owed.intervals, segments: this.store.names };
    await this.options.storage.write(DOCUMENT, encodeCheckpoint(this.#checkpoint, this.#others));
  }
}

function resume(
  content: CheckpointContent,
  options: { readonly startFromMs: number },
): { checkpoint: Checkpoint; resumption: Resumption } {
  if (content.kind === 'none') {
    return { checkpoint: beginAt(options.startFromMs), resumption: { kind: 'first-start' } };
  }
  if (content.kind === 'position') return takeOver(content.positionMs);
  if (content.movedToMs === undefined) {
    const { checkpoint } = content;
    return { checkpoint, resumption: { kind: 'resumed', previousStream: checkpoint.stream } };
  }
  // Somebody else collected, or set the position by hand: their word is taken, our memory of ids stays useful.
  const { checkpoint, resumption } = takeOver(content.movedToMs);
  const { segments, unreachable } = content.checkpoint;
  return { checkpoint: { ...checkpoint, segments, unreachable }, resumption };
}

function takeOver(positionMs: number): { checkpoint: Checkpoint; resumption: Resumption } {
  return {
    checkpoint: beginAt(positionMs - FOREIGN_POSITION_SLACK_MS),
    resumption: { kind: 'taken-over', positionMs },
  };
}

function beginAt(fromMs: number): Checkpoint {
  return {
    owed: [{ fromMs, toMs: undefined }],
    collectedFromMs: fromMs,
    ledgerFromMs: fromMs,
    segments: [],
    unreachable: [],
    stream: '',
  };
}
