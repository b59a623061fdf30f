import { isAbort, ModuleError, type ErrorCode } from '../errors.js';
import type { HttpRequest, HttpResponse, HttpTransport } from '../ports.js';
import type { Redactor } from '../observability/redactor.js';
import { answerExcerpt, readText } from './body.js';
import { statedWaitMs } from './retry-after.js';

/** Which end of the pipeline the other side is, or the platform around it; it decides the codes of errors. */
export type Side = 'source' | 'destination' | 'platform';

const CODES: Readonly<Record<Side, Record<'unreachable' | 'unavailable' | 'limited', ErrorCode>>> = {
  source: { unreachable: 'SOURCE_UNREACHABLE', unavailable: 'SOURCE_UNAVAILABLE', limited: 'SOURCE_RATE_LIMITED' },
  destination: {
    unreachable: 'DESTINATION_UNREACHABLE',
    unavailable: 'DESTINATION_UNAVAILABLE',
    limited: 'DESTINATION_RATE_LIMITED',
  },
  platform: {
    unreachable: 'PLATFORM_UNREACHABLE',
    unavailable: 'PLATFORM_UNAVAILABLE',
    limited: 'PLATFORM_RATE_LIMITED',
  },
};

interface Context {
  readonly side: Side;
  readonly nowMs: number;
  /** Applied to what is quoted of an answer: it may repeat the request, with the credential in it. */
  readonly redact?: Redactor;
  /** Told of every answer, also of one that is thrown as an error. */
  readonly onAnswer?: (response: HttpResponse) => void;
}

/**
 * One try of one exchange, with the failures that pass by themselves told apart from answers.
 * @returns any answer but a 408, 425, 429 or 5xx
 * @throws ModuleError UNREACHABLE, UNAVAILABLE or RATE_LIMITED of its side: all worth another try
 */
export async function exchange(
  transport: HttpTransport,
  request: HttpRequest,
  context: Context,
): Promise<HttpResponse> {
  const response = await transport.request(request).catch((cause: unknown) => {
    throw isAbort(cause) || cause instanceof ModuleError ? cause : unreachable(request, context.side, cause);
  });
  context.onAnswer?.(response);
  if (isWorthRetrying(response.status)) throw await refusedForNow(request, response, context);
  return response;
}

/** Statuses after which the same request may succeed: 408, 425, 429 and every 5xx but 501 and 505. */
function isWorthRetrying(status: number): boolean {
  if (status === 501 || status === 505) return false;
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** The error for a connection that was refused, broken or silent. */
function unreachable(request: Pick<HttpRequest, 'url'>, side: Side, cause: unknown): ModuleError {
  const { host } = new URL(request.url);
  return new ModuleError(CODES[side].unreachable, `No answer from ${host}: ${connectionFault(cause)}`, {
    cause,
    advice: `Check that this machine can reach ${host}: name resolution, proxy, firewall, certificates.`,
  });
}

/** The error for an answer whose body ended before its time. */
export function brokenOff(
  request: Pick<HttpRequest, 'url'>,
  response: Pick<HttpResponse, 'headers'>,
  side: Side,
  cause: unknown,
): ModuleError {
  const { host } = new URL(request.url);
  const requestId = response.headers['x-request-id'];
  const what = `The answer of ${host} broke off: ${connectionFault(cause)}${requestReference(requestId)}`;
  return new ModuleError(CODES[side].unreachable, what, {
    cause,
    ...(requestId === undefined ? {} : { requestId }),
    advice: 'If it lasts, look for a proxy or firewall that cuts long answers.',
  });
}

/** ` (request …)` where the answer names its request, for the end of a message. */
export function requestReference(requestId: string | undefined): string {
  return requestId === undefined ? '' : ` (request ${requestId})`;
}

function connectionFault(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as { code?: unknown };
  const text = cause.message === '' ? cause.name : cause.message;
  return typeof code === 'string' && !text.includes(code) ? `${text} (${code})` : text;
}

async function refusedForNow(
  request: HttpRequest,
  response: HttpResponse,
  { side, nowMs, redact = (text) => text }: Context,
): Promise<ModuleError> {
  const { status, headers } = response;
  const excerpt = answerExcerpt(redact(await readText(response).catch(() => '')));
  const requestId = headers['x-request-id'];
  const retryAfterMs = statedWaitMs(response, nowMs);
  const said = excerpt === '' ? '' : `: ${excerpt}`;
  return new ModuleError(
    status === 429 ? CODES[side].limited : CODES[side].unavailable,
    `${new URL(request.url).host} answered ${status}${said}${requestReference(requestId)}`,
    {
      status,
      ...(requestId === undefined ? {} : { requestId }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      advice:
        status === 429
          ? 'Nothing to do: the work goes on at the pace that is allowed.'
          : 'Nothing to do if it passes; if it lasts, look at the status page of the service.',
    },
  );
}
