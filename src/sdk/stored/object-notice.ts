import { isTooDeep } from '../json/depth.js';

/** An object of which a message tells. */
export interface NoticedObject {
  readonly name: string;
  /** Its version as a listing has it; '' where the message says nothing of it. */
  readonly version: string;
  readonly size: number | undefined;
}

/** What a message of a queue says. */
export type ObjectNotice =
  /** These objects were written. */
  | { readonly kind: 'objects'; readonly objects: readonly NoticedObject[] }
  /** Nothing that is to be read: a test message, an object that was removed. */
  | { readonly kind: 'nothing' }
  /** All that was written is outside of the prefix; the first of it. */
  | { readonly kind: 'outside'; readonly name: string }
  /** It is for somebody else, or in no form that is known. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** The objects that a message may be about. */
export interface NoticeScope {
  readonly bucket: string;
  readonly prefix: string;
}

type Json = Readonly<Record<string, unknown>>;
/** Of one object: that it was written, that nothing is to be read, or why it is not understood. */
type Finding = { readonly object: NoticedObject } | 'nothing' | { readonly reason: string };

/**
 * Reads a message about objects of a bucket: an S3 event notification, or the same event of EventBridge, each as it is or as
 * SNS wraps it. Total: whatever the text. A message of which one part is for another bucket is unknown as a whole.
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
  if (document['source'] === 'aws.s3') return noticeOf([ofEventBridge(document, scope)], scope);
  const { Records: records } = document;
  if (!Array.isArray(records)) return { kind: 'unknown', reason: 'it is not a notification of S3' };
  return noticeOf(
    (records as unknown[]).map((record) => ofRecord(record, scope)),
    scope,
  );
}

function noticeOf(findings: readonly Finding[], { prefix }: NoticeScope): ObjectNotice {
  const written: NoticedObject[] = [];
  for (const finding of findings) {
    if (finding === 'nothing') continue;
    if ('reason' in finding) return { kind: 'unknown', reason: finding.reason };
    written.push(finding.object);
  }
  const objects = written.filter(({ name }) => name.startsWith(prefix));
  if (objects.length > 0) return { kind: 'objects', objects };
  const [first] = written;
  return first === undefined ? { kind: 'nothing' } : { kind: 'outside', name: first.name };
}

/** A record of a notification. */
function ofRecord(record: unknown, { bucket }: NoticeScope): Finding {
  const { eventName, s3 } = isObject(record) ? record : {};
  const { bucket: itsBucket, object } = isObject(s3) ? s3 : {};
  if (typeof eventName !== 'string') return NO_OBJECT;
  const found = objectOf(itsBucket, object, bucket);
  // What is restored from an archive can be read only now.
  const isReadable = /^(?:s3:)?Object(?:Created:|Restore:Completed$)/.test(eventName);
  if ('reason' in found || !isReadable) return 'reason' in found ? found : 'nothing';
  const name = decodeKey(found.object.name);
  if (name === undefined) return { reason: 'the name of its object cannot be decoded' };
  return { object: { ...found.object, name } };
}

/** EventBridge has names as they are, and words of its own for what happened. */
function ofEventBridge({ 'detail-type': type, detail }: Json, { bucket }: NoticeScope): Finding {
  const { bucket: itsBucket, object } = isObject(detail) ? detail : {};
  const found = objectOf(itsBucket, object, bucket);
  if ('reason' in found) return found;
  return type === 'Object Created' || type === 'Object Restore Completed' ? found : 'nothing';
}

const LONGEST_BUCKET = 63;
const NO_OBJECT = { reason: 'it names no object' };

function objectOf(
  itsBucket: unknown,
  object: unknown,
  bucket: string,
): { readonly object: NoticedObject } | { readonly reason: string } {
  const name = isObject(itsBucket) ? itsBucket['name'] : undefined;
  const { key, size, eTag, etag = eTag } = isObject(object) ? object : {};
  if (typeof name !== 'string' || typeof key !== 'string') return NO_OBJECT;
  // Reasons are remembered, and a text of somebody else may be of any length.
  if (name !== bucket) return { reason: `it is about the bucket ${JSON.stringify(name.slice(0, LONGEST_BUCKET))}` };
  // An ETag stands between quotes, which messages leave out.
  const version = typeof etag === 'string' && etag !== '' ? `"${etag.replaceAll('"', '')}"` : '';
  return { object: { name: key, version, size: typeof size === 'number' ? size : undefined } };
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
