import { isTooDeep } from '../json/depth.js';
import type { HttpResponse } from '../ports.js';

/** Longest small answer read into memory, bytes: counts, acknowledgements, error messages. */
const LONGEST_TEXT_BYTES = 8 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * The whole body of a small answer as text.
 * @throws Error where it is longer than 8 MiB, or breaks off
 */
export async function readText(response: Pick<HttpResponse, 'body'>): Promise<string> {
  return (await readBytes(response)).toString('utf8');
}

/**
 * The whole body of a small answer.
 * @param memory to read it into, as far as it is large enough
 * @throws Error where it is longer than 8 MiB, or breaks off
 */
export async function readBytes(response: Pick<HttpResponse, 'body'>, memory: Buffer = NOTHING): Promise<Buffer> {
  let bytes = memory;
  let length = 0;
  for await (const piece of response.body) {
    const needed = length + piece.length;
    if (needed > LONGEST_TEXT_BYTES) throw new Error(`the answer is longer than ${LONGEST_TEXT_BYTES} bytes`);
    if (needed > bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * length));
      bytes.copy(larger, 0, 0, length);
      bytes = larger;
    }
    bytes.set(piece, length);
    length = needed;
  }
  return bytes.subarray(0, length);
}

/**
 * What an error answer says, fit for one line of a log: the `message` (or `error`) of a JSON body, or else the beginning
 * of the text without its tags. Never throws: a proxy may answer anything.
 */
export function answerExcerpt(body: string): string {
  const message = jsonMessage(body) ?? body.replace(/<[^<>]*>/g, ' ');
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

function jsonMessage(body: string): string | undefined {
  if (isTooDeep(body)) return undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { message, error } = parsed as { message?: unknown; error?: unknown };
    return [message, error].find((text): text is string => typeof text === 'string' && text !== '');
  } catch {
    return undefined;
  }
}
