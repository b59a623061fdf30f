import { ModuleError } from '../errors.js';
import type { ApiAnswer } from '../http/api-client.js';
import { findMembers } from '../json/find-members.js';

/** Longest answer that is kept whole, bytes. */
const LONGEST_BYTES = 64 * 1024 * 1024;

/** An answer that is a JSON object with the events in one of its members. */
export interface ListInObject {
  /** The list alone, as it was sent. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The text of the member with the cursor, parsed; undefined where there is none, or no string. */
  readonly next: string | undefined;
}

/**
 * For APIs that wrap the list of events: `{"items": [...], "next_page": "..."}`. Reads the whole answer, at most 64 MiB, to
 * find both.
 * @param names members of the object's top level: the one with the events, and the one with the cursor if there is one
 * @throws ModuleError SOURCE_ANSWER_INVALID where there is no such list
 */
export async function listInObject(
  { body, requestId }: Pick<ApiAnswer, 'body' | 'requestId'>,
  { list, next = '' }: { readonly list: string; readonly next?: string },
): Promise<ListInObject> {
  const invalid = (what: string): ModuleError =>
    new ModuleError('SOURCE_ANSWER_INVALID', `The answer ${what}`, { ...(requestId !== undefined && { requestId }) });
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > LONGEST_BYTES) throw invalid(`is longer than ${LONGEST_BYTES} bytes`);
    pieces.push(Uint8Array.from(piece));
  }
  const whole = Buffer.concat(pieces);
  const [events, cursor] = findMembers(whole, [list, next]);
  if (events === undefined) throw invalid(`has no member '${list}'`);
  return { body: once(whole.subarray(events.start, events.end)), next: cursor && textOf(whole, cursor) };
}

function textOf(whole: Buffer, { start, end }: { start: number; end: number }): string | undefined {
  try {
    const value: unknown = JSON.parse(whole.toString('utf8', start, end));
    return typeof value === 'string' && value !== '' ? value : undefined;
  } catch {
    return undefined;
  }
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
