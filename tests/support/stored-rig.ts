import { abortError } from '../../src/sdk/errors.js';
import type { PipelineEvent } from '../../src/sdk/pipeline/pipeline-event.js';
import { Stop } from '../../src/sdk/stop.js';
import { createMemoryStorage } from '../../src/sdk/storage/memory.js';
import type { Storage } from '../../src/sdk/storage/storage.js';
import type { ObjectStore, StoredObject } from '../../src/sdk/stored/object-store.js';
import { runStored, type StoredParts } from '../../src/sdk/stored/run-stored.js';
import { ManualClock } from './manual-clock.js';
import { RecordingDestination, type TextBatch } from './recording-destination.js';
import { RecordingLog } from './recording-log.js';
import { seededRandom } from './seeded-random.js';

/** An event as an export has it. */
export function exported(id: string, time = '2030-01-02T03:04:05Z', more: object = {}): string {
  return JSON.stringify({ id, timestamp: time, service: 'sso', ...more });
}

/** Objects in memory, listed two a page. */
export class MemoryObjects {
  readonly objects = new Map<string, { readonly text: string; readonly version: string }>();
  /** Names in the order in which they were opened. */
  readonly opened: string[] = [];
  /** Thrown by the next opening of an object, or in the middle of its content. */
  failure: ((name: string) => Error | undefined) | undefined;
  isReadOnce = false;
  #versions = 0;

  put(name: string, events: readonly string[]): void {
    this.#versions += 1;
    this.objects.set(name, { text: `${events.join('\n')}\n`, version: `v${this.#versions}` });
  }

  object(name: string, version = ''): StoredObject {
    return {
      ...{ name, version, size: this.objects.get(name)?.text.length },
      open: () => {
        this.opened.push(name);
        const failure = this.failure?.(name);
        if (failure !== undefined) return Promise.reject(failure);
        const found = this.objects.get(name);
        return Promise.resolve(
          found && { ...{ name, version: found.version, content: piecesOf(found.text) }, close: () => undefined },
        );
      },
    };
  }

  get store(): ObjectStore {
    const list = async function* (this: MemoryObjects, signal: AbortSignal): ReturnType<ObjectStore['list']> {
      const names = [...this.objects.keys()].sort();
      for (let at = 0; at < names.length; at += 2) {
        if (signal.aborted) throw abortError();
        yield names.slice(at, at + 2).map((name) => this.object(name, this.objects.get(name)?.version));
      }
      return Promise.resolve();
    };
    return { location: 'memory', isReadOnce: this.isReadOnce, list: list.bind(this), close: () => undefined };
  }
}

async function* piecesOf(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
  return Promise.resolve();
}

export interface StoredRigOptions {
  readonly objects: MemoryObjects;
  readonly storage?: Storage;
  readonly clock?: ManualClock;
  readonly once?: boolean;
  readonly destination?: RecordingDestination;
  readonly parts?: Partial<StoredParts<TextBatch>>;
}

/** A run over objects in memory, and what one sees of it. */
export function startStored({ objects, parts, once = true, ...given }: StoredRigOptions) {
  const { storage = createMemoryStorage(), clock = new ManualClock({ autoAdvance: once }) } = given;
  const destination = given.destination ?? new RecordingDestination();
  const [log, stop, told] = [new RecordingLog(), new Stop(), [] as PipelineEvent[]];
  const run = runStored(
    {
      ...{ store: objects.store, destination, listEveryMs: 60_000 },
      ...{ deadLetterLimitBytes: 1e9, idLimitBytes: 1e9 },
      listener: (event) => void told.push(event),
      ...parts,
    },
    { storage, clock, log: log.log, stop, once, random: seededRandom(1), transport: NO_TRANSPORT },
  );
  return { run, storage, clock, destination, log, stop, told };
}

const NO_TRANSPORT = { request: () => Promise.reject(new Error('nothing is asked over HTTP')) };
