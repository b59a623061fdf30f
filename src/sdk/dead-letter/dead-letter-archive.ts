import type { Storage } from '../storage/storage.js';
import { digestOf, listDeadLetterFiles, readLines } from './dead-letter-file.js';
import { type DeadLetterRecord, encodeRecord } from './dead-letter-record.js';

/** An entry, and where it stands. */
export interface ArchivedEntry {
  readonly kind: 'entry';
  /** Counted from 1, oldest first. It stays the same until something is removed. */
  readonly number: number;
  readonly file: string;
  readonly digest: string;
  readonly record: DeadLetterRecord;
}

/** A line that cannot be read as an entry. It stays where it is, whatever is done with the others. */
export interface DamagedLine {
  readonly kind: 'damaged';
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly bytes: number;
}

/** What to do about damaged lines. */
export const DAMAGE_ADVICE =
  'Nothing else is affected, and the lines are left as they are. Restore the file from a copy; or, with the connector ' +
  "stopped, see what the line still tells (the event's id) and delete it from the file.";

/** Damaged lines, one or more, in a sentence. */
export function describeDamage(damaged: readonly DamagedLine[]): string {
  const [first, ...others] = damaged;
  const where = first === undefined ? '' : `: ${first.file}, line ${first.line}`;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return `The dead letter has events that cannot be read${where}${more}`;
}

/** What is to become of an entry: another record in its place, or nothing. */
export type Revision = DeadLetterRecord | 'remove';

/** The dead letter as an operator sees it: read, and cleared. */
export class DeadLetterArchive {
  constructor(private readonly storage: Storage) {}

  /**
   * Every entry, oldest first, a file at a time; of entries with the same text the first, since a crash may have had one
   * written twice. Works beside a connector that writes.
   * @throws ModuleError STATE_UNAVAILABLE
   */
  async *read(): AsyncGenerator<ArchivedEntry | DamagedLine, void, undefined> {
    const seen = new Set<string>();
    for (const file of await listDeadLetterFiles(this.storage)) {
      const content = await this.storage.read(file);
      for (const [index, { bytes, record }] of readLines(content ?? new Uint8Array()).entries()) {
        if (record === undefined) {
          yield { kind: 'damaged', file, line: index + 1, bytes: bytes.length };
          continue;
        }
        const digest = digestOf(record.event);
        if (seen.has(digest)) continue;
        seen.add(digest);
        yield { kind: 'entry', number: seen.size, file, digest, record };
      }
    }
  }

  /**
   * The lines that cannot be read. Reads everything, a file at a time.
   * @throws ModuleError STATE_UNAVAILABLE
   */
  async damage(): Promise<DamagedLine[]> {
    const damaged: DamagedLine[] = [];
    for (const file of await listDeadLetterFiles(this.storage)) {
      const lines = readLines((await this.storage.read(file)) ?? new Uint8Array());
      for (const [index, { bytes, record }] of lines.entries()) {
        if (record === undefined) damaged.push({ kind: 'damaged', file, line: index + 1, bytes: bytes.length });
      }
    }
    return damaged;
  }

  /**
   * Revises entries of a file, by the digests of their texts, durably. A file of which nothing is left is removed.
   * @throws ModuleError STATE_UNAVAILABLE; the file is as it was then
   */
  async revise(file: string, revisions: ReadonlyMap<string, Revision>): Promise<void> {
    await this.#rewrite(file, (record) => revisions.get(digestOf(record.event)));
  }

  /**
   * Removes the entries that are not wanted any more, file by file.
   * @returns how many different texts were removed
   */
  async removeWhere(isUnwanted: (record: DeadLetterRecord) => boolean): Promise<number> {
    const removed = new Set<string>();
    for (const file of await listDeadLetterFiles(this.storage)) {
      await this.#rewrite(file, (record) => {
        if (!isUnwanted(record)) return undefined;
        removed.add(digestOf(record.event));
        return 'remove';
      });
    }
    return removed.size;
  }

  /** Removes what a crash had written twice: from then on, whoever removes an entry has removed its text. */
  async removeRepeats(): Promise<void> {
    const seen = new Set<string>();
    for (const file of await listDeadLetterFiles(this.storage)) {
      await this.#rewrite(file, (record) => {
        const digest = digestOf(record.event);
        if (seen.has(digest)) return 'remove';
        seen.add(digest);
        return undefined;
      });
    }
  }

  /** Writes a file anew where something in it changes. Lines that cannot be read are kept as they are. */
  async #rewrite(file: string, revise: (record: DeadLetterRecord) => Revision | undefined): Promise<void> {
    const content = await this.storage.read(file);
    if (content === undefined) return;
    const lines = readLines(content).map(({ bytes, record }) => ({ bytes, revision: record && revise(record) }));
    if (lines.every(({ revision }) => revision === undefined)) return;
    const kept = lines.flatMap(({ bytes, revision }) => {
      if (revision === undefined) return [bytes];
      return revision === 'remove' ? [] : [encodeRecord(revision)];
    });
    if (kept.length === 0) await this.storage.remove(file);
    else await this.storage.write(file, Buffer.concat(kept));
  }
}
