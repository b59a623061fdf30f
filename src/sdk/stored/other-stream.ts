import { isDeepStrictEqual } from 'node:util';

import { type Checkpoint, decodeCheckpoint } from '../checkpoint/checkpoint-document.js';
import { CHECKPOINT_DOCUMENT } from '../checkpoint/delivery-state.js';
import { earlierOf, streamsAt } from '../checkpoint/earlier-streams.js';
import type { ClosedInterval } from '../checkpoint/owed-set.js';
import { ModuleError } from '../errors.js';
import type { Log } from '../observability/log.js';
import type { Events } from '../pipeline/events.js';
import type { RawEvent } from '../pipeline/raw-event.js';
import type { Clock } from '../ports.js';
import type { Storage } from '../storage/storage.js';
import { STREAMS_DOCUMENT } from '../streams/streams-document.js';
import { formatTimestamp } from '../time/timestamp.js';
import type { KnownStream, StoredState } from './stored-state.js';

/** What is known of the other stream is looked up again after so long. */
const FRESH_MS = 10_000;

/** Whether an event is among those that a stream collects. */
export type StreamFilter = (event: RawEvent) => boolean;

/** Events that another stream delivers, by its own checkpoint. */
export interface EventsOfOthers {
  /** To be called before objects are read. @throws ModuleError where nobody can tell what the other stream delivers */
  begin(): Promise<void>;
  /** To be called now and then while they are. @throws ModuleError where it delivers something else by now: begin again */
  refresh(): Promise<void>;
  /** Whether the other stream delivers the event, sooner or later. */
  deliver(events: Events, index: number): boolean;
}

export interface OtherStreamOptions {
  /** Its state; only read. */
  readonly storage: Pick<Storage, 'read' | 'location'>;
  readonly clock: Clock;
  /** What is remembered of it here, and where to remember it. */
  readonly state: Pick<StoredState, 'beside' | 'knowBeside'>;
  /** Reads what a stream collects out of its own words; undefined where they are not understood. */
  readonly filterOf: (stream: string) => StreamFilter | undefined;
  readonly log: Pick<Log, 'info'>;
}

/** A range of which events are left to the other stream that one of these lets through. */
interface FilteredRange extends ClosedInterval {
  readonly filters: readonly StreamFilter[];
}

/**
 * The stream of a connector beside this one. It is responsible for what happened from the first instant on that it collects:
 * what it still owes of that it will deliver itself. Not of ranges that it has given up; and of those that it read under
 * another selection, for what that one let through.
 */
export class OtherStream implements EventsOfOthers {
  #fromMs = Infinity;
  #givenUp: Checkpoint['unreachable'] = [];
  #earlier: readonly FilteredRange[] = [];
  #filter: StreamFilter = () => false;
  #lookedAt = -Infinity;

  constructor(private readonly options: OtherStreamOptions) {}

  async begin(): Promise<void> {
    const { state, clock, log } = this.options;
    const checkpoint = await this.#checkpoint();
    const { unreachable, stream } = checkpoint;
    const filter = this.options.filterOf(stream);
    if (filter === undefined) throw this.#notUnderstood(stream);
    const before = state.beside;
    const known = knownOf(before, checkpoint);
    if (!isSame(before, known)) {
      await state.knowBeside(known, before !== undefined && deliversLess(before, known));
      log.info(`What happened from ${formatTimestamp(known.fromMs)} on is left to the other connector`, { stream });
    }
    [this.#fromMs, this.#givenUp, this.#filter] = [known.fromMs, unreachable, filter];
    // What a selection that is not understood let through is delivered here as well: better twice than never.
    this.#earlier = known.earlier.map(({ streams, ...range }) => ({
      ...range,
      filters: streams.map((name) => this.options.filterOf(name)).filter((found) => found !== undefined),
    }));
    this.#lookedAt = clock.monotonic();
  }

  async refresh(): Promise<void> {
    const { clock, state } = this.options;
    if (clock.monotonic() - this.#lookedAt < FRESH_MS) return;
    if (!isSame(state.beside, knownOf(state.beside, await this.#checkpoint()))) {
      throw new ModuleError('STATE_UNAVAILABLE', 'The other connector collects something else by now: beginning again');
    }
    this.#lookedAt = clock.monotonic();
  }

  deliver(events: Events, index: number): boolean {
    const ms = events.timestampMs(index);
    if (ms === undefined || ms < this.#fromMs) return false;
    if (this.#givenUp.some(({ fromMs, toMs = Infinity }) => ms >= fromMs && ms < toMs)) return false;
    const range = this.#earlier.find(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
    if (range === undefined) return this.#filter(events.at(index));
    return range.filters.some((isIts) => isIts(events.at(index)));
  }

  async #checkpoint(): Promise<Checkpoint> {
    const { storage } = this.options;
    if ((await storage.read(STREAMS_DOCUMENT)) !== undefined) throw severalStreams(storage.location);
    const content = decodeCheckpoint(await storage.read(CHECKPOINT_DOCUMENT), storage.location);
    if (content.kind === 'own') return content.checkpoint;
    throw new ModuleError('STATE_UNAVAILABLE', `There is no state of the other connector in ${storage.location} yet`, {
      advice:
        'Start that connector, or correct the setting: which events are left to it is known only then. Where it collects several ' +
        'organizations, name the folder of one: organizations/ID.',
    });
  }

  #notUnderstood(stream: string): ModuleError {
    const what = `The other connector, whose state is in ${this.options.storage.location}, collects '${stream}'`;
    return new ModuleError('STATE_REFUSED', `${what}: which events these are cannot be told`, {
      advice:
        'Use the same release for both connectors, without search_term and provider_id there; or leave api_data_path out, and ' +
        'what both collect comes twice.',
    });
  }
}

/** A checkpoint that was left at the root does not move any more: what it says is not so. */
function severalStreams(location: string): ModuleError {
  return new ModuleError(
    'STATE_REFUSED',
    `The other connector, whose state is in ${location}, collects several organizations`,
    {
      advice:
        `Name in api_data_path the folder of the organization whose events are stored here: ${location}/organizations/ID, ` +
        'or providers/ID for those of a provider.',
    },
  );
}

/**
 * One that gives up old ranges moves its beginning, and has delivered what lies before them: what it once collected from
 * counts. One that begins anew, having forgotten everything, has given up nothing since.
 */
function knownOf(before: KnownStream | undefined, checkpoint: Checkpoint): KnownStream {
  const { collectedFromMs, stream } = checkpoint;
  const givenUp = checkpoint.unreachable.length;
  const hasGivenUp = before !== undefined && givenUp > 0 && givenUp >= before.givenUp;
  const fromMs = hasGivenUp ? Math.min(before.fromMs, collectedFromMs) : collectedFromMs;
  return { fromMs, givenUp, stream, earlier: earlierOf(checkpoint).filter(({ toMs }) => toMs > fromMs) };
}

function isSame(a: KnownStream | undefined, b: KnownStream): boolean {
  return a !== undefined && isDeepStrictEqual(a, b);
}

/** Whether an event may have been left to it, by what was known before, that is not left to it any more. */
function deliversLess(before: KnownStream, now: KnownStream): boolean {
  if (now.fromMs > before.fromMs || now.givenUp !== before.givenUp) return true;
  const cuts = [...before.earlier, ...now.earlier].flatMap(({ fromMs, toMs }) => [fromMs, toMs]);
  return [before.fromMs, ...cuts.filter((ms) => ms > before.fromMs)].some((ms) => {
    const streams = streamsAt(now, ms);
    return streamsAt(before, ms).some((name) => !streams.includes(name));
  });
}
