import { ModuleError } from '../errors.js';
import { LATENESS_STEPS_MS, type LatenessHistogram } from '../reconciliation/lateness.js';
import { formatPythonTimestamp, formatTimestamp } from '../time/timestamp.js';
import { documentReader, type DocumentReader } from './document-reader.js';
import type { EarlierRange } from './earlier-streams.js';
import type { ClosedInterval, OwedInterval } from './owed-set.js';
import { isObject, type Json, parseDocument, seal, unseal } from './sealed-document.js';

const VERSION = 2;
/** Written before counts were compared: it lacks what comparisons need, which then begin at the edge. */
const VERSION_WITHOUT_COUNTS = 1;

/** How many more events than are accounted for the source counts around an instant, shown to be none that is missing. */
export interface Explained {
  readonly atMs: number;
  /** Negative where events have vanished from the source. */
  readonly difference: number;
}

/** The last comparison of the whole ledger with the source that found them equal. */
export interface Agreement extends ClosedInterval {
  /** When it was made, by the source's clock. */
  readonly atMs: number;
  /** Ranges within it of which the source contradicted itself: these are not proven. */
  readonly disputed: readonly ClosedInterval[];
}

/** The source's counts are of no use, so that they are not compared. */
export interface NotCounted {
  /** By the source's clock. */
  readonly sinceMs: number;
  /** In words. */
  readonly reason: string;
}

/** What the program remembers between runs, apart from the ledger's segments. All times epoch milliseconds. */
export interface Checkpoint {
  readonly owed: readonly OwedInterval[];
  /** Where the tail's edge was when the last look-back began that has ended. Default: where it is. */
  readonly lookedBackToMs?: number;
  /** Nothing before this is or was ever to be collected on this data path. */
  readonly collectedFromMs: number;
  /** Ids of events before this are not in the ledger any more. */
  readonly ledgerFromMs: number;
  /** From here on the ledger holds every event that was accounted for, so that it can be counted. */
  readonly countedFromMs: number;
  /** Names of the ledger's segments. */
  readonly segments: readonly string[];
  readonly explained: readonly Explained[];
  readonly agreed: Agreement | undefined;
  readonly notCounted?: NotCounted | undefined;
  /** Ranges whose ids were forgotten before their counts agreed with the source's. */
  readonly unproven: readonly ClosedInterval[];
  /** Ranges that are being backfilled: hours of them that the ledger has left behind are remembered until they are read. */
  readonly backfill: readonly ClosedInterval[];
  /**
   * Whole hours of which what was collected is, in part at least, what another stream selected: services or a filter were
   * changed since. Their numbers say nothing about what is selected now.
   */
  readonly uncounted?: readonly ClosedInterval[];
  /**
   * Ranges that were read while the stream was another: services or filter were changed since. All else is of `stream`. Absent
   * where the release that wrote it did not take that down.
   */
  readonly earlier?: readonly EarlierRange[];
  /** Ranges that could not be had any more: the source had deleted them. */
  readonly unreachable: readonly OwedInterval[];
  readonly lateness: Readonly<Record<string, LatenessHistogram>>;
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

/** The key of the platform's Python SDK, in Python's ISO form: the left edge of what is owed, and somewhat earlier. */
const POSITION_KEY = 'most_recent_date_seen';
const OWN_KEY = 'delivery';

/**
 * How much earlier each connector begins than where the other one stopped. The Python connector rounds its position up to the
 * next second and never looks back, while the source shows events some time after they happen: what it had not shown yet
 * would be skipped by both.
 */
export const EXCHANGE_SLACK_MS = 60_000;

/**
 * The document as it is written. `others` are keys of other programs, kept as they were.
 *
 * `most_recent_date_seen` stands at the top for the Python connector, and again inside our own member: where the two
 * differ, somebody else moved the position.
 */
export function encodeCheckpoint(checkpoint: Checkpoint, others: Json): Uint8Array {
  const { collectedFromMs } = checkpoint;
  const edgeMs = checkpoint.owed[0]?.fromMs ?? collectedFromMs;
  const position = formatPythonTimestamp(Math.max(collectedFromMs, edgeMs - EXCHANGE_SLACK_MS));
  const { agreed, notCounted, uncounted = [], earlier, lookedBackToMs = Infinity } = checkpoint;
  const tailFromMs = checkpoint.owed.find(({ toMs }) => toMs === undefined)?.fromMs ?? -Infinity;
  const own = {
    version: VERSION,
    [POSITION_KEY]: position,
    owed: checkpoint.owed.map(encodeInterval),
    ...(lookedBackToMs < tailFromMs && { looked_back_to: formatTimestamp(lookedBackToMs) }),
    collected_from: formatTimestamp(collectedFromMs),
    ledger: {
      from: formatTimestamp(checkpoint.ledgerFromMs),
      counted_from: formatTimestamp(checkpoint.countedFromMs),
      segments: checkpoint.segments,
    },
    explained: checkpoint.explained.map(({ atMs, difference }) => ({ at: formatTimestamp(atMs), difference })),
    ...(agreed && { agreed: encodeAgreement(agreed) }),
    ...(notCounted && {
      not_counted: { since: formatTimestamp(notCounted.sinceMs), reason: notCounted.reason },
    }),
    unproven: checkpoint.unproven.map(encodeInterval),
    ...(checkpoint.backfill.length > 0 && { backfill: checkpoint.backfill.map(encodeInterval) }),
    ...(uncounted.length > 0 && { uncounted: uncounted.map(encodeInterval) }),
    ...(earlier && { earlier: encodeEarlier(earlier) }),
    unreachable: checkpoint.unreachable.map(encodeInterval),
    lateness: checkpoint.lateness,
    stream: checkpoint.stream,
  };
  const document = { ...others, [POSITION_KEY]: position, [OWN_KEY]: seal(own) };
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}

/**
 * Reads `context.json`.
 * @throws ModuleError STATE_CORRUPT where it is not what this program or the Python connector writes
 */
export function decodeCheckpoint(content: Uint8Array | undefined, location: string): CheckpointContent {
  if (content === undefined) return { kind: 'none', others: {} };
  const broken = (what: string, cause?: unknown): ModuleError => corrupt(location, what, cause);
  const read = documentReader(broken);
  const document = parseDocument(content, broken);
  const { [POSITION_KEY]: position, [OWN_KEY]: own, ...others } = document;
  const positionMs = position === undefined ? undefined : read.instant(position, POSITION_KEY);
  if (own === undefined) {
    return positionMs === undefined ? { kind: 'none', others } : { kind: 'position', positionMs, others };
  }
  if (!isObject(own)) throw broken(`"${OWN_KEY}" is not an object`);
  if (own['version'] !== VERSION && own['version'] !== VERSION_WITHOUT_COUNTS) {
    throw broken(`version ${JSON.stringify(own['version'])} is not known to this release`);
  }
  const members = unseal(own, broken);
  const moved = positionMs !== undefined && positionMs !== read.instant(members[POSITION_KEY], POSITION_KEY);
  const checkpoint = decodeOwn(members, read);
  return { kind: 'own', checkpoint, movedToMs: moved ? positionMs : undefined, others };
}

function decodeOwn(own: Json, read: DocumentReader): Checkpoint {
  const ledger = read.object(own['ledger'], 'ledger');
  const owed = read.intervals(own['owed'], 'owed');
  const lookedBackTo = own['looked_back_to'];
  const common = {
    owed,
    ...(lookedBackTo !== undefined && { lookedBackToMs: read.instant(lookedBackTo, 'looked_back_to') }),
    collectedFromMs: read.instant(own['collected_from'], 'collected_from'),
    ledgerFromMs: read.instant(ledger['from'], 'ledger.from'),
    segments: texts(ledger['segments'], read),
    backfill: own['backfill'] === undefined ? [] : closedIntervals(own['backfill'], 'backfill', read),
    ...(own['uncounted'] !== undefined && { uncounted: closedIntervals(own['uncounted'], 'uncounted', read) }),
    ...(own['earlier'] !== undefined && { earlier: decodeEarlier(own['earlier'], 'earlier', read) }),
    unreachable: read.intervals(own['unreachable'], 'unreachable'),
    stream: typeof own['stream'] === 'string' ? own['stream'] : '',
  };
  if (own['version'] === VERSION_WITHOUT_COUNTS) {
    const countedFromMs = owed.at(-1)?.fromMs ?? common.ledgerFromMs;
    return { ...common, countedFromMs, explained: [], agreed: undefined, unproven: [], lateness: {} };
  }
  return {
    ...common,
    countedFromMs: read.instant(ledger['counted_from'], 'ledger.counted_from'),
    explained: read.list(own['explained'], 'explained').map((item) => {
      const { at, difference } = read.object(item, 'explained');
      return { atMs: read.instant(at, 'explained.at'), difference: read.wholeNumber(difference, 'difference') };
    }),
    agreed: own['agreed'] === undefined ? undefined : decodeAgreement(read.object(own['agreed'], 'agreed'), read),
    notCounted:
      own['not_counted'] === undefined
        ? undefined
        : decodeNotCounted(read.object(own['not_counted'], 'not_counted'), read),
    unproven: closedIntervals(own['unproven'], 'unproven', read),
    lateness: histograms(read.object(own['lateness'], 'lateness'), read),
  };
}

function encodeAgreement({ atMs, disputed, ...range }: Agreement): Json {
  return { ...encodeInterval(range), at: formatTimestamp(atMs), disputed: disputed.map(encodeInterval) };
}

function decodeAgreement({ from, to, at, disputed }: Json, read: DocumentReader): Agreement {
  return {
    fromMs: read.instant(from, 'agreed.from'),
    toMs: read.instant(to, 'agreed.to'),
    atMs: read.instant(at, 'agreed.at'),
    disputed: closedIntervals(disputed, 'agreed.disputed', read),
  };
}

function decodeNotCounted({ since, reason }: Json, read: DocumentReader): NotCounted {
  return { sinceMs: read.instant(since, 'not_counted.since'), reason: typeof reason === 'string' ? reason : '' };
}

function closedIntervals(value: unknown, key: string, read: DocumentReader): ClosedInterval[] {
  return read.intervals(value, key).map(({ fromMs, toMs = fromMs }) => ({ fromMs, toMs }));
}

function histograms(value: Json, read: DocumentReader): Record<string, LatenessHistogram> {
  return Object.fromEntries(
    Object.entries(value).map(([service, counts]) => {
      const numbers = read.list(counts, 'lateness').map((count) => read.wholeNumber(count, 'lateness'));
      return [service, [...LATENESS_STEPS_MS, Infinity].map((_, at) => numbers[at] ?? 0)];
    }),
  );
}

/** As the document has them. */
export function encodeEarlier(earlier: readonly EarlierRange[]): Json[] {
  return earlier.map(({ streams, ...range }) => ({ ...encodeInterval(range), streams }));
}

/** What `encodeEarlier` has written. */
export function decodeEarlier(value: unknown, key: string, read: DocumentReader): EarlierRange[] {
  return read.list(value, key).map((item) => {
    const { from, to, streams } = read.object(item, key);
    const names = read.list(streams, key).map((name) => {
      if (typeof name === 'string') return name;
      throw read.broken(`"${key}" has a stream that is no text`);
    });
    return { fromMs: read.instant(from, key), toMs: read.instant(to, key), streams: names };
  });
}

function encodeInterval({ fromMs, toMs }: OwedInterval): Json {
  return toMs === undefined
    ? { from: formatTimestamp(fromMs) }
    : { from: formatTimestamp(fromMs), to: formatTimestamp(toMs) };
}

function texts(value: unknown, read: DocumentReader): string[] {
  return read.list(value, 'ledger.segments').map((name) => {
    if (typeof name === 'string' && /^[\w.-]+$/.test(name) && !name.startsWith('.')) return name;
    throw read.broken('"ledger.segments" is not a list of names');
  });
}

function corrupt(location: string, what: string, cause?: unknown): ModuleError {
  return new ModuleError('STATE_CORRUPT', `The checkpoint ${location}/context.json cannot be used: ${what}.`, {
    cause,
    advice:
      "Nothing was collected and nothing was changed. Restore the file from a copy, or run 'sekoia-module state repair'; " +
      'or replace it by {"most_recent_date_seen": "<instant>"} with the time from which to collect again, and remove the ' +
      'ledger folder.',
  });
}
