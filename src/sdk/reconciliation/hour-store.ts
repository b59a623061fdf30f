import { documentReader } from '../checkpoint/document-reader.js';
import { parseDocument, seal, unseal } from '../checkpoint/sealed-document.js';
import { ModuleError } from '../errors.js';
import type { Storage } from '../storage/storage.js';
import { formatTimestamp, parseTimestamp } from '../time/timestamp.js';

/** The folder of the records. */
export const PROOFS_FOLDER = 'proofs';
const VERSION = 1;
export const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Of so many days it is tried whether there is a document, without asking first which there are. */
const MOST_DAYS_TO_TRY = 31;
/** Longer than sources keep events; a range that a damaged document tells may be without end. */
const MOST_DAYS_NAMED = 400;

/**
 * What is known of an hour whose ids were forgotten: `proven`, that the source's count agreed with what was accounted for;
 * `short`, that the source held more; `unknown`, that there was no comparison yet.
 */
export type Proof = 'proven' | 'unknown' | 'short';
const PROOFS: readonly unknown[] = ['proven', 'unknown', 'short'] satisfies readonly Proof[];

/** An hour that left the settling horizon: numbers instead of ids. */
export interface HourRecord {
  /** The borders that it lies between, at or shortly after the full hour; epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly delivered: number;
  readonly deadLettered: number;
  /** How many more events the source counts than are accounted for, shown to be none that is missing. */
  readonly explained: number;
  readonly proof: Proof;
}

/** How many events of an hour the source should count. */
export function expectedOf({ delivered, deadLettered, explained }: HourRecord): number {
  return delivered + deadLettered + explained;
}

/** Records of hours, in one document a day: `proofs/2030-01-02.json`. */
export class HourStore {
  /** The day written last: hours leave the horizon one after the other. */
  #latest: { readonly day: number; readonly hours: readonly HourRecord[] } | undefined;

  constructor(private readonly storage: Storage) {}

  /**
   * The hours that begin in `[fromMs, toMs)`, ascending.
   * @throws ModuleError STATE_CORRUPT, STATE_UNAVAILABLE
   */
  async read(fromMs: number, toMs: number): Promise<HourRecord[]> {
    const found: HourRecord[] = [];
    for (const day of await this.#days(fromMs, toMs)) found.push(...(await this.#day(day)));
    return found.filter((hour) => hour.fromMs >= fromMs && hour.fromMs < toMs);
  }

  /** Makes records durable, each in place of an earlier one of the same hour. */
  async write(records: readonly HourRecord[]): Promise<void> {
    for (const day of new Set(records.map(({ fromMs }) => dayOf(fromMs)))) {
      const hours = new Map((await this.#day(day)).map((hour) => [hourOf(hour.fromMs), hour]));
      for (const record of records) if (dayOf(record.fromMs) === day) hours.set(hourOf(record.fromMs), record);
      const sorted = [...hours.values()].sort((a, b) => a.fromMs - b.fromMs);
      await this.storage.write(documentName(day), encode(sorted));
      this.#latest = { day, hours: sorted };
    }
  }

  /** The days of a range, ascending; of a long one only those that there is a document of. */
  async #days(fromMs: number, toMs: number): Promise<number[]> {
    const [first, end] = [dayOf(fromMs), Math.ceil(toMs / DAY_MS)];
    if (end - first <= MOST_DAYS_TO_TRY) return Array.from({ length: Math.max(0, end - first) }, (_, n) => first + n);
    const names = await this.storage.list(PROOFS_FOLDER);
    const days = names.map((name) => dayOf(parseTimestamp(`${name.slice(0, 10)}T00:00:00Z`)?.ms ?? NaN));
    return days.filter((day) => day >= first && day < end).sort((a, b) => a - b);
  }

  async #day(day: number): Promise<readonly HourRecord[]> {
    if (this.#latest?.day === day) return this.#latest.hours;
    const content = await this.storage.read(documentName(day));
    return content === undefined ? [] : decodeHours(content, `${this.storage.location}/${documentName(day)}`);
  }
}

/** The documents of the days of a range, by their names below `PROOFS_FOLDER`. Of a very long one, the latest. */
export function proofsOf(fromMs: number, toMs: number): string[] {
  const [first, last] = [dayOf(fromMs), dayOf(toMs)];
  const days = Math.max(0, Math.min(MOST_DAYS_NAMED, last - first + 1));
  return Array.from({ length: days }, (_, n) => nameOf(last - days + 1 + n));
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS);
}

function documentName(day: number): string {
  return `${PROOFS_FOLDER}/${nameOf(day)}`;
}

function nameOf(day: number): string {
  return `${formatTimestamp(day * DAY_MS).slice(0, 10)}.json`;
}

function encode(hours: readonly HourRecord[]): Uint8Array {
  const rows = hours.map(({ fromMs, toMs, delivered, deadLettered, explained, proof }) => ({
    from: formatTimestamp(fromMs),
    to: formatTimestamp(toMs),
    delivered,
    dead_lettered: deadLettered,
    explained,
    proof,
  }));
  return Buffer.from(`${JSON.stringify(seal({ version: VERSION, hours: rows }), null, 1)}\n`);
}

/**
 * Reads one day's document.
 * @throws ModuleError STATE_CORRUPT where it is not what `HourStore` writes
 */
export function decodeHours(content: Uint8Array, location: string): HourRecord[] {
  const broken = (what: string, cause?: unknown): ModuleError => corrupt(location, what, cause);
  const read = documentReader(broken);
  const { version, hours } = unseal(parseDocument(content, broken), broken);
  if (version !== VERSION) throw broken(`version ${JSON.stringify(version)} is not known to this release`);
  return read.list(hours, 'hours').map((item) => {
    const { from, to, delivered, dead_lettered: deadLettered, explained, proof } = read.object(item, 'hours');
    if (!PROOFS.includes(proof)) throw broken('"proof" is no such word');
    return {
      fromMs: read.instant(from, 'from'),
      toMs: read.instant(to, 'to'),
      delivered: read.wholeNumber(delivered, 'delivered'),
      deadLettered: read.wholeNumber(deadLettered, 'dead_lettered'),
      explained: read.wholeNumber(explained, 'explained'),
      proof: proof as Proof,
    };
  });
}

function corrupt(location: string, what: string, cause: unknown): ModuleError {
  return new ModuleError('STATE_CORRUPT', `The proofs ${location} cannot be used: ${what}.`, {
    cause,
    advice:
      "Restore the file from a copy, or run 'sekoia-module state repair': it lays the file aside, and the hours in it " +
      'are not proven any more. No event is lost or repeated by that.',
  });
}
