import { isTooDeep } from '../json/depth.js';

/** What a message of a queue says. */
export type ObjectNotice =
  /** These objects were written. */
  | { readonly kind: 'objects'; readonly names: readonly string[] }
  /** Nothing that is to be read: a test message, an object that was removed, one that is none of ours. */
  | { readonly kind: 'nothing' }
  /** It is for somebody else, or in no form that is known. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** The objects that a message may be about. */
export interface NoticeScope {
  readonly bucket: string;
  readonly prefix: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a message about objects of a bucket: an S3 event notification, as it is or as SNS wraps it. Total: whatever the text.
 * A message of which one part is for another bucket is unknown as a whole.
 */
export function readNotice(text: string, scope: NoticeScope): ObjectNotice {
  const document = parse(text);
  if (document === undefined) return { kind: 'unknown', reason: 'it is not a JSON object' };
  if (document['Type'] === 'Notification' && typeof document['Message'] === 'string') {
    const inner = parse(document['Message']);
    return inner === undefined
      ? { kind: 'unknown', reason: 'what SNS wrapped is not a JSON object' }
      : readEvent(inner, scope);
  }
  return readEvent(document, scope);
}

function readEvent(document: Json, scope: NoticeScope): ObjectNotice {
  if (document['Event'] === 's3:TestEvent') return { kind: 'nothing' };
  const { Records: records } = document;
  if (!Array.isArray(records)) return { kind: 'unknown', reason: 'it is not a notification of S3' };
  const names: string[] = [];
  for (const record of records as unknown[]) {
    const found = nameIn(record, scope);
    if ('reason' in found) return { kind: 'unknown', reason: found.reason };
    if (found.name !== undefined) names.push(found.name);
  }
  return names.length === 0 ? { kind: 'nothing' } : { kind: 'objects', names };
}

function nameIn(record: unknown, { bucket, prefix }: NoticeScope): { name: string | undefined } | { reason: string } {
  const { eventName, s3 } = isObject(record) ? record : {};
  const { bucket: itsBucket, object } = isObject(s3) ? s3 : {};
  const name = isObject(itsBucket) ? itsBucket['name'] : undefined;
  const key = isObject(object) ? object['key'] : undefined;
  if (typeof eventName !== 'string' || typeof name !== 'string' || typeof key !== 'string') {
    return { reason: 'it names no object' };
  }
  if (name !== bucket) return { reason: `it is about the bucket ${JSON.stringify(name)}` };
  if (!eventName.replace(/^s3:/, '').startsWith('ObjectCreated:')) return { name: undefined };
  const decoded = decodeKey(key);
  if (decoded === undefined) return { reason: 'the name of its object cannot be decoded' };
  return { name: decoded.startsWith(prefix) ? decoded : undefined };
}

/** Names are encoded as in a form: blanks are '+'. */
function decodeKey(key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function parse(text: string): Json | undefined {
  if (isTooDeep(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
