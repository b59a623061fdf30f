import { type Checkpoint, decodeCheckpoint } from '../checkpoint/checkpoint-document.js';
import { CHECKPOINT_DOCUMENT } from '../checkpoint/delivery-state.js';
import { ModuleError } from '../errors.js';
import type { Log } from '../observability/log.js';
import type { Events } from '../pipeline/events.js';
import type { RawEvent } from '../pipeline/raw-event.js';
import type { Clock } from '../ports.js';
import { HOUR_MS } from '../reconciliation/hour-store.js';
import type { Storage } from '../storage/storage.js';
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

/**
 * The stream of a connector beside this one. It is responsible for what happened from the first instant on that it collects:
 * what it still owes of that it will deliver itself. Not of ranges that it has given up, and not of those of which it may have
 * collected something else, before its services were changed.
 */
export class OtherStream implements EventsOfOthers {
  #fromMs = Infinity;
  /** Of what happened then it has not delivered everything that it is described to collect, and will not. */
  #notIts: Checkpoint['unreachable'] = [];
  #filter: StreamFilter = () => false;
  #lookedAt = -Infinity;

  constructor(private readonly options: OtherStreamOptions) {}

  async begin(): Promise<void> {
    const { state, clock, log } = this.options;
    const { collectedFromMs, unreachable, uncounted = [], stream } = await this.#checkpoint();
    const filter = this.options.filterOf(stream);
    if (filter === undefined) throw this.#notUnderstood(stream);
    const before = state.beside;
    const known = knownOf(before, { collectedFromMs, givenUp: unreachable.length, stream });
    if (!isSame(before, known)) {
      await state.knowBeside(known, before !== undefined && deliversLess(before, known));
      log.info(`What happened from ${formatTimestamp(known.fromMs)} on is left to the other connector`, { stream });
    }
    // It was changed within the hour behind the last whole one.
    const changed = uncounted.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs + HOUR_MS }));
    [this.#fromMs, this.#notIts, this.#filter] = [known.fromMs, [...unreachable, ...changed], filter];
    this.#lookedAt = clock.monotonic();
  }

  async refresh(): Promise<void> {
    const { clock, state } = this.options;
    if (clock.monotonic() - this.#lookedAt < FRESH_MS) return;
    const { collectedFromMs, unreachable, stream } = await this.#checkpoint();
    if (!isSame(state.beside, knownOf(state.beside, { collectedFromMs, givenUp: unreachable.length, stream }))) {
      throw new ModuleError('STATE_UNAVAILABLE', 'The other connector collects something else by now: beginning again');
    }
    this.#lookedAt = clock.monotonic();
  }

  deliver(events: Events, index: number): boolean {
    const ms = events.timestampMs(index);
    if (ms === undefined || ms < this.#fromMs) return false;
    if (this.#notIts.some(({ fromMs, toMs = Infinity }) => ms >= fromMs && ms < toMs)) return false;
    return this.#filter(events.at(index));
  }

  async #checkpoint(): Promise<Checkpoint> {
    const { storage } = this.options;
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

interface Seen {
  readonly collectedFromMs: number;
  readonly givenUp: number;
  readonly stream: string;
}

/**
 * One that gives up old ranges moves its beginning, and has delivered what lies before them: what it once collected from
 * counts. One that begins anew, having forgotten everything, has given up nothing since.
 */
function knownOf(before: KnownStream | undefined, { collectedFromMs, givenUp, stream }: Seen): KnownStream {
  const hasGivenUp = before !== undefined && givenUp > 0 && givenUp >= before.givenUp;
  const fromMs = hasGivenUp ? Math.min(before.fromMs, collectedFromMs) : collectedFromMs;
  return { fromMs, givenUp, stream };
}

function isSame(a: KnownStream | undefined, b: KnownStream): boolean {
  return a?.fromMs === b.fromMs && a.givenUp === b.givenUp && a.stream === b.stream;
}

function deliversLess(before: KnownStream, now: KnownStream): boolean {
  return now.fromMs > before.fromMs || now.givenUp !== before.givenUp || now.stream !== before.stream;
}
