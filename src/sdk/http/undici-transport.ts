// The package's index loads fetch, WebSocket and more, and makes Node.js load its own copy of them: twice the time.
import send from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';

import { abortError } from '../errors.js';
import type { HttpRequest, HttpResponse, HttpTransport } from '../ports.js';
import { decompressed } from './decompress.js';
import { Pieces } from './pieces.js';

/** Longest wait for a connection to be made, name resolution and TLS included, milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** A transport with connections of its own to be given back. */
export interface ClosableTransport extends HttpTransport {
  /** Closes every connection at once; requests still under way reject. */
  close(): Promise<void>;
}

/**
 * HTTP/1.1 over kept-alive connections.
 *
 * Failures to get an answer reject with what undici or Node threw (`code` tells which: ENOTFOUND, ECONNREFUSED,
 * UND_ERR_HEADERS_TIMEOUT, CERT_HAS_EXPIRED, ...), and so does the body when it is cut off, silent for too long or
 * compressed wrongly. After an abort both reject with an error named AbortError, whatever the signal's reason. Headers
 * are as received: `content-length` counts the compressed body.
 */
export function createUndiciTransport(options: { connectTimeoutMs?: number } = {}): ClosableTransport {
  const agent = new Agent({ connect: { timeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS } });
  return {
    request: (request) => exchange(agent, request),
    close: () => agent.destroy(),
  };
}

async function exchange(agent: Agent, request: HttpRequest): Promise<HttpResponse> {
  const { signal } = request;
  try {
    const answer = await send.call(agent, dispatchOptions(request));
    const headers = joinRepeated(answer.headers);
    // Whoever never reads the body must not bring the process down when the connection breaks meanwhile.
    answer.body.on('error', () => undefined);
    const encoding = hasBody(request, answer.statusCode, headers) ? headers['content-encoding'] : undefined;
    return { status: answer.statusCode, headers, body: new Pieces(decompressed(answer.body, encoding), signal) };
  } catch (thrown) {
    throw signal?.aborted === true ? abortError() : thrown;
  }
}

function dispatchOptions(request: HttpRequest): Parameters<typeof send>[0] {
  const url = new URL(request.url);
  return {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: request.method,
    headers: { 'accept-encoding': 'gzip', ...lowerCaseNames(request.headers) },
    body: request.body ?? null,
    headersTimeout: request.headersTimeoutMs,
    bodyTimeout: request.bodyTimeoutMs,
    signal: request.signal ?? null,
  };
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function joinRepeated(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ');
  }
  return joined;
}

/** Such answers may name an encoding and still have nothing to decode. */
function hasBody(request: HttpRequest, status: number, headers: Readonly<Record<string, string>>): boolean {
  return request.method !== 'HEAD' && status !== 204 && status !== 304 && headers['content-length'] !== '0';
}
