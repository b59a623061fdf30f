import { ModuleError } from '../errors.js';
import type { PipelineListener } from '../pipeline/pipeline-event.js';
import type { Clock } from '../ports.js';
import type { Storage } from '../storage/storage.js';
import { formatTimestamp } from '../time/timestamp.js';
import {
  deadLetterFileName,
  deadLetterFileNumber,
  digestOf,
  isSound,
  listDeadLetterFiles,
} from './dead-letter-file.js';
import { readLines } from './dead-letter-file.js';
import { type DeadLetterEntry, encodeRecord, recordOf } from './dead-letter-record.js';

export type { DeadLetterEntry };

/** A file that has grown so large is left alone from then on. */
const FILE_BYTES = 1024 * 1024;
/** The texts in so many of the newest files are known, so that none of them is written again. */
const KNOWN_FILES = 64;
/** The share of the limit from which on the operator is warned. */
const WARNING_SHARE = 0.8;

export interface DeadLetterOptions {
  /** What all files together may take, bytes. No limit where it is not given. */
  readonly limitBytes?: number;
  /** Told when the dead letter is nearly full. */
  readonly listener?: PipelineListener;
}

interface KnownFile {
  readonly bytes: number;
  /** Of the events in it; empty where the file is not among the newest. */
  readonly digests: ReadonlySet<string>;
}

/** The file that grows, as it is on storage. */
interface GrowingFile {
  readonly name: string;
  readonly content: Buffer;
  readonly digests: ReadonlySet<string>;
}

const NOTHING: ReadonlySet<string> = new Set();

/**
 * What the destination refused or does not take, kept for an operator: files of one JSON object a line, `{"time",
 * "reason", "kind", "id", "event_type", "bytes", "batch", "delivered", "event"}`, where `event` is the event's exact text;
 * `event_base64` takes its place where the event is not valid UTF-8.
 *
 * The newest file grows, rewritten whole, up to about a megabyte; a damaged one is never written on. An event whose exact
 * text is there already, as after a crash between this and the commit, is not written again.
 */
export class DeadLetter {
  /** As far as seen: what was removed meanwhile, by whomever, is noticed with the next write. */
  readonly #files = new Map<string, KnownFile>();
  #growing: GrowingFile | undefined;
  /** The highest number used so far. */
  #number = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #isFilling = false;
  /** The most that a write needed and did not find room for, bytes. Smaller ones that came after it prove nothing. */
  #missingBytes = 0;
  #batches = 0;
  readonly #run: string;

  constructor(
    private readonly storage: Storage,
    private readonly clock: Clock,
    private readonly options: DeadLetterOptions = {},
  ) {
    this.#run = formatTimestamp(clock.now());
  }

  /** A name for a batch of which an event is to be kept: no other one has it, in this run or another. */
  nameBatch(): string {
    this.#batches += 1;
    return `${this.#run}-${this.#batches}`;
  }

  /**
   * Makes the entries durable.
   * @returns those that were not there yet
   * @throws ModuleError STATE_UNAVAILABLE: not all were kept, and the same call may be made again; DEAD_LETTER_FULL:
   *   nothing was kept
   */
  write(entries: readonly DeadLetterEntry[]): Promise<readonly DeadLetterEntry[]> {
    // One after the other: two at once would write the same file, and the second would undo the first.
    return this.#inTurn(async () => (entries.length === 0 ? [] : this.#keep(entries)));
  }

  /**
   * To be called before anything is sent that may have to be kept. Costs nothing unless a write found no room.
   * @throws ModuleError DEAD_LETTER_FULL as long as there is no room for what could not be kept; STATE_UNAVAILABLE
   */
  ensureRoom(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#missingBytes === 0) return;
      await this.#look();
      this.#claim(this.#missingBytes);
      this.#missingBytes = 0;
    });
  }

  #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #keep(entries: readonly DeadLetterEntry[]): Promise<DeadLetterEntry[]> {
    await this.#look();
    this.#warn();
    const known = [...this.#files.values()].slice(-KNOWN_FILES).map(({ digests }) => digests);
    const added = new Set<string>();
    const time = formatTimestamp(this.clock.now());
    const fresh = entries.flatMap((entry) => {
      const digest = digestOf(entry.event);
      if (added.has(digest) || known.some((digests) => digests.has(digest))) return [];
      added.add(digest);
      return [{ entry, digest, line: encodeRecord(recordOf(entry, time)) }];
    });
    this.#claim(fresh.reduce((sum, { line }) => sum + line.length, 0));
    await this.#append(fresh);
    this.#warn();
    return fresh.map(({ entry }) => entry);
  }

  /** Sees what is there: everything at first, then what came or went. */
  async #look(): Promise<void> {
    const names = await listDeadLetterFiles(this.storage);
    const present = new Set(names);
    for (const name of this.#files.keys()) if (!present.has(name)) this.#files.delete(name);
    if (this.#growing !== undefined && !present.has(this.#growing.name)) this.#growing = undefined;
    for (const [index, name] of names.entries()) {
      if (this.#files.has(name)) continue;
      const content = await this.storage.read(name);
      if (content === undefined) continue;
      const lines = index < names.length - KNOWN_FILES ? [] : readLines(content);
      const digests = new Set(lines.flatMap(({ record }) => (record === undefined ? [] : [digestOf(record.event)])));
      this.#files.set(name, { bytes: content.length, digests });
      const isNewest = index === names.length - 1;
      if (isNewest) this.#growing = isSound(lines) ? { name, content: Buffer.from(content), digests } : undefined;
      this.#number = Math.max(this.#number, deadLetterFileNumber(name));
    }
  }

  get #usedBytes(): number {
    return [...this.#files.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #claim(bytes: number): void {
    const { limitBytes = Infinity } = this.options;
    const used = this.#usedBytes;
    if (bytes === 0 || used + bytes <= limitBytes) return;
    this.#missingBytes = Math.max(this.#missingBytes, bytes);
    throw full(used, bytes, limitBytes);
  }

  async #append(fresh: readonly { readonly digest: string; readonly line: Buffer }[]): Promise<void> {
    let [file, lines] = [this.#growing ?? this.#begin(), [] as Buffer[]];
    let bytes = file.content.length;
    let digests = new Set(file.digests);
    for (const { digest, line } of fresh) {
      if (bytes > 0 && bytes + line.length > FILE_BYTES) {
        await this.#save(file.name, [file.content, ...lines], digests);
        [file, lines, bytes, digests] = [this.#begin(), [], 0, new Set()];
      }
      lines.push(line);
      digests.add(digest);
      bytes += line.length;
    }
    if (lines.length > 0) await this.#save(file.name, [file.content, ...lines], digests);
  }

  #begin(): GrowingFile {
    this.#number += 1;
    return { name: deadLetterFileName(this.#number), content: Buffer.alloc(0), digests: NOTHING };
  }

  async #save(name: string, parts: readonly Buffer[], digests: ReadonlySet<string>): Promise<void> {
    const content = Buffer.concat(parts);
    await this.storage.write(name, content);
    this.#growing = { name, content, digests };
    this.#files.set(name, { bytes: content.length, digests });
    const [old, file] = [...this.#files].at(-KNOWN_FILES - 1) ?? [];
    if (old !== undefined && file !== undefined) this.#files.set(old, { ...file, digests: NOTHING });
  }

  /** Once when the share is passed; again only after it was less for a while. */
  #warn(): void {
    const { limitBytes = Infinity, listener } = this.options;
    const bytes = this.#usedBytes;
    const isFilling = bytes > limitBytes * WARNING_SHARE;
    if (isFilling && !this.#isFilling) listener?.({ kind: 'dead-letter-filling', bytes, limitBytes });
    this.#isFilling = isFilling;
  }
}

function full(usedBytes: number, neededBytes: number, limitBytes: number): ModuleError {
  const figures = `${megabytes(usedBytes)} of ${megabytes(limitBytes)} MB are taken, ${megabytes(neededBytes)} MB more are needed`;
  const least = Math.ceil((usedBytes + neededBytes) / 1_000_000);
  return new ModuleError('DEAD_LETTER_FULL', `The dead letter is full: ${figures}`, {
    advice:
      `Raise dead_letter_limit to ${least} or more, if these are to be kept. ` +
      "Look into it ('sekoia-module dead-letter list'). Then send it again or delete it ('dead-letter replay', " +
      "'dead-letter purge', with the connector stopped). Nothing is lost: collection goes " +
      'on from where it stopped.',
  });
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}
