import { isUtf8 } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import { headerOf, type SimulatedRequest } from '../http/exchange.js';
import { type ParsedBytes, parseJsonBytes } from './parse-json-bytes.js';
import { readBatchQuickly } from './read-batch-quickly.js';
import { IntakeRefused } from './request-refused.js';
import { splitJsonArray } from './split-json-array.js';

/** What a request asks the intake to take in. */
export interface Submission {
  /** Exact bytes of the events. */
  readonly events: readonly Buffer[];
  /** The keys given, one for each event or one for all. */
  readonly keys: readonly (string | undefined)[];
  /** Whether the answer is that of a single event. */
  readonly single: boolean;
}

/** Reads one of the body forms (runtime page, D.2); refuses with 400 what does not have it. */
type ReadForm = (request: SimulatedRequest, body: Buffer) => Submission;

/** The forms by their path below the base. */
export const FORMS: Readonly<Record<string, ReadForm>> = {
  '': (request, body) => {
    const parsed = parseJson(request, body);
    const { intake_key: key, json } = asObject(parsed.value);
    return { events: [parsed.bytesOf(asText(json, 'json'))], keys: [asKey(key)], single: true };
  },
  '/batch': (request, body) => {
    requireJson(request);
    const quick = readBatchQuickly(body);
    if (quick !== undefined) return { events: quick.events, keys: [quick.key], single: false };
    const parsed = parseJson(request, body);
    const { intake_key: key, jsons } = asObject(parsed.value);
    if (!Array.isArray(jsons)) throw new IntakeRefused(400, 'jsons must be an array');
    const events = jsons.map((json) => parsed.bytesOf(asText(json, 'each of jsons')));
    return { events, keys: [asKey(key)], single: false };
  },
  '/array': (request, body) => {
    const parsed = parseJson(request, body);
    if (!Array.isArray(parsed.value)) throw new IntakeRefused(400, 'the body must be an array');
    const objects = parsed.value.map(asObject);
    return {
      events: objects.map(({ json }) => parsed.bytesOf(asText(json, 'json'))),
      keys: objects.map(({ intake_key: key }) => asKey(key)),
      single: false,
    };
  },
  '/jsons': (request, body) => ({ events: eventsAt(request, body), keys: [outerKey(request)], single: false }),
  '/plain': (request, body) => ({ events: [body], keys: [outerKey(request)], single: true }),
  '/plain/batch': (request, body) => ({ events: linesOf(body), keys: [outerKey(request)], single: false }),
};

/** Undoes `Content-Encoding`, minding the limit; refuses with 413, or with 400 what is not gzip or not UTF-8. */
export function decodeBody(request: SimulatedRequest, maxBytes: number): Buffer {
  const tooLarge = new IntakeRefused(413, 'request too large');
  if (request.bodyTooLarge === true || request.body.byteLength > maxBytes) throw tooLarge;
  const encoding = headerOf(request, 'content-encoding')?.toLowerCase() ?? 'identity';
  if (!['identity', 'gzip'].includes(encoding)) throw new IntakeRefused(400, `unsupported encoding ${encoding}`);
  let bytes: Buffer;
  try {
    bytes = encoding === 'gzip' ? gunzipSync(request.body, { maxOutputLength: maxBytes }) : request.body;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    throw code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge : new IntakeRefused(400, 'body is not gzip');
  }
  if (!isUtf8(bytes)) throw new IntakeRefused(400, 'body is not UTF-8');
  return bytes;
}

function requireJson(request: SimulatedRequest): void {
  const type = headerOf(request, 'content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new IntakeRefused(400, 'Content-Type must be application/json');
}

function parseJson(request: SimulatedRequest, body: Buffer): ParsedBytes {
  requireJson(request);
  try {
    return parseJsonBytes(body);
  } catch {
    throw new IntakeRefused(400, 'body is not valid JSON');
  }
}

/** Elements of the array that the query parameter `path` names, as they stand in the body. */
function eventsAt(request: SimulatedRequest, body: Buffer): Buffer[] {
  const path = request.query.get('path') ?? '$';
  const names = path === '$' ? [] : /^\$((?:\.\w+)+)$/.exec(path)?.[1]?.slice(1).split('.');
  if (names === undefined) throw new IntakeRefused(400, 'path must look like $.records');
  const parsed = parseJson(request, body);
  const at = names.reduce<unknown>((value, name) => asObject(value)[name], parsed.value);
  if (!Array.isArray(at)) throw new IntakeRefused(400, 'there is no array at the path');
  // Below the root, the text of an element is not at hand; it is written anew.
  const raw = names.length === 0 ? splitJsonArray(body) : at.map((item) => parsed.bytesOf(JSON.stringify(item)));
  return raw.map((bytes, index) => (typeof at[index] === 'string' ? parsed.bytesOf(at[index]) : bytes));
}

function linesOf(body: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < body.byteLength;) {
    const feed = body.indexOf(0x0a, start);
    const end = feed === -1 ? body.byteLength : feed;
    if (end > start) lines.push(body.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

function outerKey(request: SimulatedRequest): string | undefined {
  const basic = /^Basic (.+)$/i.exec(headerOf(request, 'authorization') ?? '')?.[1];
  const password = basic === undefined ? undefined : Buffer.from(basic, 'base64').toString().split(':')[1];
  return headerOf(request, 'x-sekoiaio-intake-key') ?? password ?? request.query.get('intake_key') ?? undefined;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new IntakeRefused(400, 'a JSON object was expected');
}

function asText(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new IntakeRefused(400, `${what} must be a string`);
}

function asKey(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
