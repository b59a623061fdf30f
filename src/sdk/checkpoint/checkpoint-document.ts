import { crc32 } from 'node:zlib';

import { ModuleError } from '../errors.js';
import { formatPythonTimestamp, formatTimestamp, parseTimestamp } from '../time/timestamp.js';
import type { OwedInterval } from './owed-set.js';

const VERSION = 1;

/** What the program remembers between runs, apart from the ledger's segments. All times epoch milliseconds. */
export interface Checkpoint {
  readonly owed: readonly OwedInterval[];
  /** Nothing before this is or was ever to be collected on this data path. */
  readonly collectedFromMs: number;
  /** Ids of events before this are not in the ledger any more. */
  readonly ledgerFromMs: number;
  /** Names of the ledger's segments. */
  readonly segments: readonly string[];
  /** Ranges that could not be had any more: the source had deleted them. */
  readonly unreachable: readonly OwedInterval[];
  /** What the stream reads, in the connector's words: to tell the operator when it changed. */
  readonly stream: string;
}

/** What `context.json` says: our own state, a position left by another connector, or nothing yet. */
export type CheckpointContent =
  | { readonly kind: 'none'; readonly others: Json }
  | { readonly kind: 'position'; readonly positionMs: number; readonly others: Json }
  | {
      readonly kind: 'own';
      readonly checkpoint: Checkpoint;
      readonly movedToMs: number | undefined;
      readonly others: Json;
    };

type Json = Readonly<Record<string, unknown>>;

/** The key of the platform's Python SDK: the left edge of what is owed, in Python's ISO form. */
const POSITION_KEY = 'most_recent_date_seen';
const OWN_KEY = 'delivery';

/**
 * The document as it is written. `others` are keys of other programs, kept as they were.
 *
 * `most_recent_date_seen` stands at the top for the Python connector, and again inside our own member: where the two
 * differ, somebody else moved the position.
 */
export function encodeCheckpoint(checkpoint: Checkpoint, others: Json): Uint8Array {
  const position = formatPythonTimestamp(checkpoint.owed[0]?.fromMs ?? checkpoint.collectedFromMs);
  const own = {
    version: VERSION,
    [POSITION_KEY]: position,
    owed: checkpoint.owed.map(encodeInterval),
    collected_from: formatTimestamp(checkpoint.collectedFromMs),
    ledger: { from: formatTimestamp(checkpoint.ledgerFromMs), segments: checkpoint.segments },
    unreachable: checkpoint.unreachable.map(encodeInterval),
    stream: checkpoint.stream,
  };
  const document = { ...others, [POSITION_KEY]: position, [OWN_KEY]: { ...own, checksum: checksum(own) } };
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}

/**
 * Reads `context.json`.
 * @throws ModuleError STATE_CORRUPT where it is not what this program or the Python connector writes
 */
export function decodeCheckpoint(content: Uint8Array | undefined, location: string): CheckpointContent {
  if (content === undefined) return { kind: 'none', others: {} };
  const document = parseObject(content, location);
  const { [POSITION_KEY]: position, [OWN_KEY]: own, ...others } = document;
  const positionMs = position === undefined ? undefined : instant(position, POSITION_KEY, location);
  if (own === undefined) {
    return positionMs === undefined ? { kind: 'none', others } : { kind: 'position', positionMs, others };
  }
  const decoded = decodeOwn(own, location);
  const moved = positionMs !== undefined && positionMs !== decoded.positionMs;
  return { kind: 'own', checkpoint: decoded.checkpoint, movedToMs: moved ? positionMs : undefined, others };
}

function decodeOwn(own: unknown, location: string): { checkpoint: Checkpoint; positionMs: number } {
  if (!isObject(own)) throw corrupt(location, `"${OWN_KEY}" is not an object`);
  if (own['version'] !== VERSION) {
    throw corrupt(location, `version ${JSON.stringify(own['version'])} is not known to this release`);
  }
  const { checksum: written, ...rest } = own;
  if (written !== checksum(rest)) throw corrupt(location, `the checksum of "${OWN_KEY}" does not match its content`);
  const ledger = rest['ledger'];
  if (!isObject(ledger)) throw corrupt(location, '"ledger" is not an object');
  const checkpoint = {
    owed: intervals(rest['owed'], 'owed', location),
    collectedFromMs: instant(rest['collected_from'], 'collected_from', location),
    ledgerFromMs: instant(ledger['from'], 'ledger.from', location),
    segments: texts(ledger['segments'], location),
    unreachable: intervals(rest['unreachable'], 'unreachable', location),
    stream: typeof rest['stream'] === 'string' ? rest['stream'] : '',
  };
  return { checkpoint, positionMs: instant(rest[POSITION_KEY], POSITION_KEY, location) };
}

function parseObject(content: Uint8Array, location: string): Json {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(content).toString('utf8'));
  } catch (cause) {
    throw corrupt(location, content.length === 0 ? 'it is empty' : 'it is not JSON', cause);
  }
  if (!isObject(document)) throw corrupt(location, 'it is not a JSON object');
  return document;
}

function encodeInterval({ fromMs, toMs }: OwedInterval): Json {
  return toMs === undefined
    ? { from: formatTimestamp(fromMs) }
    : { from: formatTimestamp(fromMs), to: formatTimestamp(toMs) };
}

function intervals(value: unknown, key: string, location: string): OwedInterval[] {
  if (!Array.isArray(value)) throw corrupt(location, `"${key}" is not a list`);
  return value.map((item: unknown) => {
    if (!isObject(item)) throw corrupt(location, `"${key}" holds something that is no interval`);
    const to = item['to'];
    return {
      fromMs: instant(item['from'], `${key}.from`, location),
      toMs: to === undefined ? undefined : instant(to, `${key}.to`, location),
    };
  });
}

function instant(value: unknown, key: string, location: string): number {
  const parsed = typeof value === 'string' ? parseTimestamp(value) : undefined;
  if (parsed === undefined) throw corrupt(location, `"${key}" is not a date and time with a zone`);
  return parsed.ms;
}

function texts(value: unknown, location: string): string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw corrupt(location, '"ledger.segments" is not a list of names');
  }
  return value;
}

/** Guards against a changed digit, not against an adversary. Key order is kept by every JSON tool we know of. */
function checksum(own: Json): string {
  return crc32(JSON.stringify(own)).toString(16).padStart(8, '0');
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function corrupt(location: string, what: string, cause?: unknown): ModuleError {
  return new ModuleError('STATE_CORRUPT', `The checkpoint ${location}/context.json cannot be used: ${what}.`, {
    cause,
    advice:
      'Nothing was collected and nothing was changed. Restore the file from a copy, or replace it by ' +
      '{"most_recent_date_seen": "<instant>"} with the time from which to collect again, and remove the ledger folder.',
  });
}
