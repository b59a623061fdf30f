import { createHash } from 'node:crypto';

import type { Slice } from '../../sdk/backfill/plan-slices.js';
import { isJsonObject } from '../../sdk/configuration/json.js';
import { formatTimestamp, parseTimestamp } from '../../sdk/time/timestamp.js';

/** Whose events a job is about, and where they go. */
export interface Identity {
  /** What is read, in words: services, organization. */
  readonly stream: string;
  /** A fingerprint of account and intake, with their keys: those that differ in it must not do each other's work. */
  readonly account: string;
}

/** A slice of a backfill as a job: all that Redis gets to know. */
export interface SliceData extends Identity {
  readonly from: string;
  readonly to: string;
  readonly events: number | null;
}

/** How far a worker is with a slice. */
export interface SliceProgress {
  /** Events delivered by now, as far as this try knows. */
  readonly delivered: number;
}

/** @param account what tells accounts apart: credential, intake key, addresses. None of it can be told from the result. */
export function identityOf(stream: string, account: readonly string[]): Identity {
  const hash = createHash('sha256').update(JSON.stringify(['sekoia-module queue', ...account]));
  return { stream, account: hash.digest('hex').slice(0, 16) };
}

/** The same slice has the same name, so that adding it again changes nothing. */
export function jobIdOf({ fromMs, toMs }: Slice): string {
  return `slice-${fromMs}-${toMs}`;
}

export function encodeSlice({ fromMs, toMs, events }: Slice, { stream, account }: Identity): SliceData {
  return { stream, account, from: formatTimestamp(fromMs), to: formatTimestamp(toMs), events: events ?? null };
}

/** Undefined where it is no slice. */
export function decodeSlice(data: unknown): (Slice & Identity) | undefined {
  if (!isJsonObject(data)) return undefined;
  const { stream, account, from, to, events } = data;
  if (typeof stream !== 'string' || typeof account !== 'string') return undefined;
  const [fromMs, toMs] = [from, to].map((text) => (typeof text === 'string' ? parseTimestamp(text)?.ms : undefined));
  if (fromMs === undefined || toMs === undefined || fromMs >= toMs) return undefined;
  return { stream, account, fromMs, toMs, events: typeof events === 'number' ? events : undefined };
}

/** Who coordinates a backfill: undefined where it is no identity. */
export function decodeLeader(text: string): (Identity & { readonly version: string | undefined }) | undefined {
  try {
    const data: unknown = JSON.parse(text);
    if (!isJsonObject(data)) return undefined;
    const { stream, account, version } = data;
    if (typeof stream !== 'string' || typeof account !== 'string') return undefined;
    return { stream, account, version: typeof version === 'string' ? version : undefined };
  } catch {
    return undefined;
  }
}

export function isSame(a: Identity, b: Identity): boolean {
  return a.stream === b.stream && a.account === b.account;
}

/** How far a worker has told that it is. */
export function deliveredOf(progress: unknown): number {
  return isJsonObject(progress) && typeof progress['delivered'] === 'number' ? progress['delivered'] : 0;
}
