import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { abortError } from '../errors.js';
import { retry } from '../http/retry.js';
import type { DeliveryOutcome } from '../outcome.js';
import type { DeliverySignals, Destination } from '../pipeline/destination.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { Clock, Random } from '../ports.js';
import { LineBatch, type LineGroup } from './line-batch.js';
import { objectName } from './object-name.js';
import type { ObjectStore } from './object-store.js';

const compress = promisify(gzip);

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 10_000;
/** Memory that is kept for the batches to come: new memory costs more time than what is written into it. */
const MOST_SPARE = 12;

/** What a {@link StoreDestination} is made of. */
export interface StoreDestinationOptions {
  /** Where the objects go. */
  readonly store: ObjectStore;
  /** Events in a batch at the most, and so in an object; bytes may decide before. */
  readonly maxEvents: number;
  /** How long a failing write is tried again before it is reported, milliseconds. */
  readonly retryForMs: number;
  /** For the waits between tries. */
  readonly clock: Clock;
  /** For their jitter. */
  readonly random: Random;
  /** To be told of tries that failed. */
  readonly listener?: PipelineListener;
}

/**
 * Events as objects of gzip NDJSON, one folder for each hour of the events' time. An object is named after its first time
 * and its contents, so that a write that is repeated replaces itself. An event is acknowledged once its object is durable.
 */
export class StoreDestination implements Destination<LineBatch> {
  readonly #spareMemory: Buffer[] = [];

  /** Nothing is written yet. */
  constructor(private readonly options: StoreDestinationOptions) {}

  /** An empty batch. */
  createBatch(): LineBatch {
    const { maxEvents } = this.options;
    return new LineBatch({ maxEvents, memory: () => this.#spareMemory.pop() });
  }

  /** Writes an object for each hour, one after the other. Those that were written stay acknowledged where another fails. */
  async deliver(batch: LineBatch, signals: DeliverySignals): Promise<DeliveryOutcome> {
    const groups = batch.byHour();
    const failure = await this.#writeAll(batch, groups, signals);
    if (failure !== undefined) {
      return { rejections: [], unsettled: groups.flatMap(({ indexes }) => indexes).sort((a, b) => a - b), failure };
    }
    if (this.#spareMemory.length < MOST_SPARE) this.#spareMemory.push(batch.memory);
    return { rejections: [], unsettled: [] };
  }

  /** Takes away the groups that were written. @returns why the others were not */
  async #writeAll(batch: LineBatch, groups: LineGroup[], signals: DeliverySignals): Promise<Error | undefined> {
    try {
      for (let group = groups[0]; group !== undefined; group = groups[0]) {
        await this.#write(batch, group, signals);
        groups.shift();
      }
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #write(
    batch: LineBatch,
    { indexes, firstMs }: LineGroup,
    { requested, forced }: DeliverySignals,
  ): Promise<void> {
    const { store, clock, random, retryForMs, listener } = this.options;
    const lines = batch.lines(indexes);
    const name = objectName(firstMs, lines);
    const content = await compress(lines);
    await retry(() => unlessAborted(forced, () => store.write(name, content)), {
      policy: { firstDelayMs: FIRST_DELAY_MS, longestDelayMs: LONGEST_DELAY_MS, deadlineMs: retryForMs },
      clock,
      random,
      requested,
      onRetry: (failure) => listener?.({ kind: 'retrying', side: 'destination', ...failure }),
    });
  }
}

/** A write cannot be called back: whoever does not wait for it any more does not know what became of it. */
async function unlessAborted(signal: AbortSignal, write: () => Promise<void>): Promise<void> {
  if (signal.aborted) throw abortError();
  let giveUp = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(abortError());
    signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    await Promise.race([write(), aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
