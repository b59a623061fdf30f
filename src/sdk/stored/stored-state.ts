import { decodeEarlier, encodeEarlier } from '../checkpoint/checkpoint-document.js';
import { documentReader } from '../checkpoint/document-reader.js';
import type { EarlierRange } from '../checkpoint/earlier-streams.js';
import { type Json, parseDocument, seal, unseal } from '../checkpoint/sealed-document.js';
import { ModuleError } from '../errors.js';
import type { LedgerEntry } from '../ledger/ledger.js';
import type { Storage } from '../storage/storage.js';
import { formatTimestamp } from '../time/timestamp.js';
import { DeliveredIds } from './delivered-ids.js';
import { type FinishedObject, FinishedObjects } from './finished-objects.js';
import type { HashFilesMark } from './hash-files.js';

export const STORED_DOCUMENT = 'objects.json';
const VERSION = 1;
const NO_FILES: HashFilesMark = { from: 1, count: 0 };

/** How far an object is delivered that is not finished. */
export interface Position {
  readonly name: string;
  readonly version: string;
  /** Bytes of its content without compression: every event before it is accounted for. */
  readonly offset: number;
  /** Whether events before it were left to another stream. */
  readonly leftSome: boolean;
}

/** What was known last of a stream beside this one. */
export interface KnownStream {
  /** From here on it delivers what happens, epoch milliseconds. */
  readonly fromMs: number;
  /** How many ranges it has given up. */
  readonly givenUp: number;
  /** What it collects, in its own words. */
  readonly stream: string;
  /** Where that is not what it has collected. */
  readonly earlier: readonly EarlierRange[];
}

/** What one commit says. */
export interface StoredProgress {
  readonly entries: readonly LedgerEntry[];
  readonly finished: readonly FinishedObject[];
  /** All objects that are read in part. */
  readonly positions: readonly Position[];
}

export interface StoredStateOptions {
  readonly storage: Storage;
  /** Ids that are remembered at the most. */
  readonly mostIds: number;
  /** Told once when the oldest ids had to be forgotten. */
  readonly onForgotten: () => void;
}

interface Document {
  readonly ids: HashFilesMark;
  readonly objects: HashFilesMark;
  readonly positions: readonly Position[];
  readonly beside: KnownStream | undefined;
}

/**
 * What is remembered of objects of events: which are finished, how far others are, and the ids that were delivered. On storage
 * the ids may be ahead of the objects, and these of the positions, never behind.
 */
export class StoredState {
  #positions: readonly Position[];
  #beside: KnownStream | undefined;
  #hasForgotten = false;

  private constructor(
    private readonly options: StoredStateOptions,
    readonly ids: DeliveredIds,
    readonly objects: FinishedObjects,
    { positions, beside }: Document,
  ) {
    this.#positions = positions;
    this.#beside = beside;
  }

  /** @throws ModuleError STATE_CORRUPT, STATE_UNAVAILABLE */
  static async open(options: StoredStateOptions): Promise<StoredState> {
    const { storage, mostIds: most } = options;
    const document = decode(await storage.read(STORED_DOCUMENT), storage.location);
    const ids = await DeliveredIds.open(storage, document.ids, { most });
    return new StoredState(options, ids, await FinishedObjects.open(storage, document.objects), document);
  }

  get beside(): KnownStream | undefined {
    return this.#beside;
  }

  /**
   * What is known of the stream beside this one has changed. Where it delivers less than was thought, everything of which
   * events were left to it is read again. Durable at once.
   */
  async knowBeside(beside: KnownStream | undefined, deliversLess: boolean): Promise<void> {
    if (deliversLess) {
      this.objects.forgetPartlyRead();
      this.#positions = this.#positions.filter(({ leftSome }) => !leftSome);
    }
    this.#beside = beside;
    await this.commit({ entries: [], finished: [], positions: this.#positions });
  }

  /** Where to go on in an object of this version. */
  positionOf(name: string, version: string): Position | undefined {
    return this.#positions.find((position) => position.name === name && position.version === version);
  }

  /**
   * Makes progress durable: ids, then objects, then positions. After a failure the same call may be made again without
   * entries and objects, until it succeeds. One call at a time.
   * @throws ModuleError STATE_UNAVAILABLE, STATE_LOCKED
   */
  async commit({ entries, finished, positions }: StoredProgress): Promise<void> {
    this.ids.add(entries);
    this.objects.add(finished);
    this.#positions = positions;
    const hasForgotten = await this.ids.write();
    await this.objects.write();
    const { mark: ids } = this.ids;
    const { mark: objects } = this.objects;
    await this.options.storage.write(STORED_DOCUMENT, encode({ ids, objects, positions, beside: this.#beside }));
    await this.ids.removeLeft();
    await this.objects.removeLeft();
    if (hasForgotten && !this.#hasForgotten) this.options.onForgotten();
    this.#hasForgotten ||= hasForgotten;
  }
}

function encode({ ids, objects, positions, beside }: Document): Uint8Array {
  const document = {
    version: VERSION,
    ids,
    objects,
    positions,
    ...(beside && {
      beside: {
        from: formatTimestamp(beside.fromMs),
        given_up: beside.givenUp,
        stream: beside.stream,
        earlier: encodeEarlier(beside.earlier),
      },
    }),
  };
  return Buffer.from(`${JSON.stringify(seal(document), undefined, 2)}\n`);
}

function decode(content: Uint8Array | undefined, location: string): Document {
  if (content === undefined) return { ids: NO_FILES, objects: NO_FILES, positions: [], beside: undefined };
  const broken = (what: string, cause?: unknown): ModuleError => corrupt(location, what, cause);
  const read = documentReader(broken);
  const document = unseal(parseDocument(content, broken), broken);
  if (document['version'] !== VERSION) throw broken('its version is not known to this release');
  const mark = (name: string): HashFilesMark => {
    const { from, count } = read.object(document[name], name);
    return { from: read.wholeNumber(from, `${name}.from`), count: read.wholeNumber(count, `${name}.count`) };
  };
  const beside = document['beside'] === undefined ? undefined : read.object(document['beside'], 'beside');
  return {
    ids: mark('ids'),
    objects: mark('objects'),
    positions: read.list(document['positions'], 'positions').map((item) => {
      const { name, version, offset, leftSome }: Json = read.object(item, 'positions');
      if (typeof name !== 'string' || typeof version !== 'string') throw broken('a position names no object');
      return { name, version, offset: read.wholeNumber(offset, 'offset'), leftSome: leftSome !== false };
    }),
    beside: beside && {
      fromMs: read.instant(beside['from'], 'beside.from'),
      givenUp: read.wholeNumber(beside['given_up'], 'beside.given_up'),
      stream: String(beside['stream']),
      earlier: decodeEarlier(beside['earlier'], 'beside.earlier', read),
    },
  };
}

function corrupt(location: string, what: string, cause?: unknown): ModuleError {
  return new ModuleError('STATE_CORRUPT', `The document ${location}/${STORED_DOCUMENT} cannot be used: ${what}.`, {
    cause,
    advice:
      'Nothing was collected and nothing was changed. Restore the file from a copy. Or remove it: objects that are not ' +
      'finished are read from their beginning then, and nothing is delivered twice that is remembered in the folder ids.',
  });
}
