import { isUtf8 } from 'node:buffer';

import { isTooDeep } from '../json/depth.js';
import { memberText } from '../json/json-text.js';

export const DEAD_LETTER_KINDS = ['refused', 'oversized'] as const;

/** `refused` by the destination, or `oversized`: never sent, because it exceeds what the destination takes. */
export type DeadLetterKind = (typeof DEAD_LETTER_KINDS)[number];

/** An event that could not be delivered, whole, and why. */
export interface DeadLetterEntry {
  readonly kind: DeadLetterKind;
  readonly id: string | undefined;
  /** In the destination's words, or the limit that was exceeded. */
  readonly reason: string;
  /** The exact text of the event, UTF-8 as a rule. */
  readonly event: Uint8Array;
  /** Identifier of the batch that it was in; undefined where it never was in one. */
  readonly batch?: string;
  /** Set where a trimmed copy was sent in its place. */
  readonly delivered?: 'trimmed';
}

/** An entry as it is kept. */
export interface DeadLetterRecord extends DeadLetterEntry {
  /** When it was refused last, RFC 3339. */
  readonly time: string;
  /** Undefined where the event has none that can be read. */
  readonly eventType: string | undefined;
}

export function recordOf(entry: DeadLetterEntry, time: string): DeadLetterRecord {
  return { ...entry, time, eventType: memberText(entry.event, 'event_type') };
}

/** The members of a record as its line has them, all but the event's text. */
export function describeRecord(record: DeadLetterRecord): Readonly<Record<string, string | number | undefined>> {
  const { time, reason, kind, id, eventType, event, batch, delivered } = record;
  return { time, reason, kind, id, event_type: eventType, bytes: event.length, batch, delivered };
}

/** The event's exact text as a member: `event`, or `event_base64` where it is not valid UTF-8. */
export function describeEvent({
  event,
}: DeadLetterEntry): { readonly event: string } | { readonly event_base64: string } {
  const bytes = Buffer.from(event.buffer, event.byteOffset, event.length);
  return isUtf8(bytes) ? { event: bytes.toString('utf8') } : { event_base64: bytes.toString('base64') };
}

/** A record as one line of JSON, line break included. */
export function encodeRecord(record: DeadLetterRecord): Buffer {
  return Buffer.from(`${JSON.stringify({ ...describeRecord(record), ...describeEvent(record) })}\n`);
}

/** Reads a line. Undefined where it is no record, or one whose event is not as long as it says. */
export function decodeRecord(line: Uint8Array): DeadLetterRecord | undefined {
  const members = parseObject(line);
  const event = members === undefined ? undefined : eventOf(members);
  if (members === undefined || event === undefined) return undefined;
  const { time, reason, kind, id, event_type: eventType, bytes, batch, delivered } = members;
  if (typeof time !== 'string' || typeof reason !== 'string' || bytes !== event.length) return undefined;
  return {
    time,
    reason,
    // The first version kept no kind.
    kind: kind === 'oversized' ? 'oversized' : 'refused',
    id: typeof id === 'string' ? id : undefined,
    eventType: typeof eventType === 'string' ? eventType : undefined,
    event,
    ...(typeof batch === 'string' && { batch }),
    ...(delivered === 'trimmed' && { delivered }),
  };
}

function eventOf({ event, event_base64: base64 }: Readonly<Record<string, unknown>>): Buffer | undefined {
  if (typeof event === 'string') return Buffer.from(event);
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : undefined;
}

function parseObject(line: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const text = Buffer.from(line).toString('utf8');
  if (isTooDeep(text)) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}
