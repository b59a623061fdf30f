import { parseJson } from '../configuration/json.js';
import { ModuleError } from '../errors.js';
import { answerExcerpt, readText } from '../http/body.js';
import { brokenOff, exchange, requestReference } from '../http/exchange.js';
import { isTooDeep } from '../json/depth.js';
import { redactor } from '../observability/redactor.js';
import type { Clock, HttpRequest, HttpTransport } from '../ports.js';

const TIMEOUT_MS = 30_000;

export interface PlatformQuestion {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly url: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** What a question to the platform is put with. */
export interface PlatformSpeaker {
  readonly token: string;
  readonly transport: HttpTransport;
  readonly clock: Clock;
}

/**
 * One try of one request to the platform.
 * @returns its JSON answer; undefined where it answered something else, or nothing
 * @throws ModuleError PLATFORM_UNREACHABLE, PLATFORM_UNAVAILABLE, PLATFORM_RATE_LIMITED or PLATFORM_REFUSED
 */
export async function askPlatform(
  { method, url, body, signal }: PlatformQuestion,
  { token, transport, clock }: PlatformSpeaker,
): Promise<unknown> {
  const request: HttpRequest = {
    method,
    url,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    headersTimeoutMs: TIMEOUT_MS,
    bodyTimeoutMs: TIMEOUT_MS,
    ...(signal && { signal }),
  };
  const redact = redactor([token]);
  const response = await exchange(transport, request, { side: 'platform', nowMs: clock.now(), redact });
  const text = await readText(response).catch((cause: unknown) => {
    throw brokenOff(request, response, 'platform', cause);
  });
  if (response.status >= 300) throw refusal(request, response, redact(text));
  return isTooDeep(text) ? undefined : parseJson(text);
}

function refusal(
  { url }: Pick<HttpRequest, 'url'>,
  { status, headers }: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  text: string,
): ModuleError {
  const excerpt = answerExcerpt(text);
  const said = excerpt === '' ? '' : `: ${excerpt}`;
  const requestId = headers['x-request-id'];
  const what = `The platform (${new URL(url).host}) answered ${status}${said}${requestReference(requestId)}`;
  return new ModuleError('PLATFORM_REFUSED', what, {
    status,
    ...(requestId !== undefined && { requestId }),
    advice:
      status === 401 || status === 403
        ? 'The token of this run is not valid any more: stop the item in Sekoia.io and start it again.'
        : 'Start the item again; if it lasts, tell the support of Sekoia.io.',
  });
}
