import { createHash } from 'node:crypto';

import type { Storage } from '../storage/storage.js';
import { decodeRecord, type DeadLetterRecord } from './dead-letter-record.js';

const FOLDER = 'dead-letter';
const NAME = /^(\d{8})\.ndjson$/;
const LINE_FEED = 0x0a;

/** A line of a dead letter's file. */
export interface DeadLetterLine {
  /** The bytes as they are, line break included where there is one. */
  readonly bytes: Uint8Array;
  /** Undefined where the line is damaged. */
  readonly record: DeadLetterRecord | undefined;
}

/** The documents of the dead letter, oldest first. Whatever else lies in the folder is nobody's business here. */
export async function listDeadLetterFiles(storage: Storage): Promise<string[]> {
  const names = await storage.list(FOLDER);
  return names.filter((name) => NAME.test(name)).map((name) => `${FOLDER}/${name}`);
}

export function deadLetterFileName(number: number): string {
  return `${FOLDER}/${String(number).padStart(8, '0')}.ndjson`;
}

export function deadLetterFileNumber(name: string): number {
  return Number(NAME.exec(name.slice(FOLDER.length + 1))?.[1]);
}

/** Takes a file apart. A line that cannot be read hides none of the others. */
export function readLines(content: Uint8Array): DeadLetterLine[] {
  const lines: DeadLetterLine[] = [];
  for (let start = 0; start < content.length;) {
    const feed = content.indexOf(LINE_FEED, start);
    const end = feed < 0 ? content.length : feed + 1;
    const bytes = content.subarray(start, end);
    lines.push({ bytes, record: decodeRecord(bytes) });
    start = end;
  }
  return lines;
}

/** Whether a file can be written on: every line is whole. */
export function isSound(lines: readonly DeadLetterLine[]): boolean {
  return lines.every(({ record }) => record !== undefined) && (lines.at(-1)?.bytes.at(-1) ?? LINE_FEED) === LINE_FEED;
}

/** Two events have the same digest only where they are the same text. */
export function digestOf(event: Uint8Array): string {
  return createHash('sha256').update(event).digest('base64');
}
