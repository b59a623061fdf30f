import { hash64 } from '../../src/sdk/ledger/hash.js';
import type { LedgerEntry } from '../../src/sdk/ledger/ledger-entry.js';
import { decodeSegment } from '../../src/sdk/ledger/segment.js';
import type { WorldEvent } from './world-event.js';

/*
 * What the documents on storage say. This is the one place that knows how the ledger is written down; the rest of the
 * simulation sees sets of events.
 */

/** Stands for an event's identity in the ledger: its hash, and the minute of its time where it has one. */
export type Fingerprint = string;

export function fingerprintOf({ id, bytes, atMs, spec }: WorldEvent): Fingerprint {
  const isDated = spec.written !== 'none' && spec.written !== 'unreadable';
  return fingerprint(
    hash64(id === undefined ? bytes : Buffer.from(id)),
    isDated ? Math.floor(atMs / 60_000) : undefined,
  );
}

/** The identities in a segment of the ledger. */
export function fingerprintsIn(segment: Uint8Array): Fingerprint[] {
  // Without a time an entry has the minute in which it was first seen, negated and less one.
  return decodeSegment(segment, 'a segment').map((entry) =>
    fingerprint(entry, entry.bucket < 0 ? undefined : entry.bucket),
  );
}

export function isLedgerSegment(name: string): boolean {
  return name.startsWith('ledger/');
}

export function isDeadLetter(name: string): boolean {
  return name.startsWith('dead-letter/');
}

/** The exact texts of the events in a file of the dead letter. */
export function deadLetterTexts(content: Buffer): string[] {
  const lines = content.toString('utf8').split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const { event, event_base64: base64 } = JSON.parse(line) as { event?: string; event_base64?: string };
      return event ?? Buffer.from(base64 ?? '', 'base64').toString('utf8');
    });
}

/** What `context.json` says; epoch milliseconds. */
export interface Context {
  readonly owed: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** Older ids are not in the ledger any more. */
  readonly ledgerFromMs: number;
  readonly positionMs: number;
}

interface WrittenContext {
  readonly most_recent_date_seen: string;
  readonly delivery: {
    readonly owed: readonly { readonly from: string; readonly to?: string }[];
    readonly ledger: { readonly from: string };
  };
}

export function readContext(content: Buffer): Context {
  const { most_recent_date_seen: position, delivery } = JSON.parse(content.toString('utf8')) as WrittenContext;
  const owed = delivery.owed.map(({ from, to }) => ({
    fromMs: Date.parse(from),
    toMs: to === undefined ? Infinity : Date.parse(to),
  }));
  return {
    owed,
    ledgerFromMs: Date.parse(delivery.ledger.from),
    // The position itself is somewhat earlier, for the Python connector.
    positionMs: owed[0]?.fromMs ?? Date.parse(position),
  };
}

function fingerprint({ high, low }: Pick<LedgerEntry, 'high' | 'low'>, minute: number | undefined): Fingerprint {
  return `${minute ?? 'undated'} ${high} ${low}`;
}
