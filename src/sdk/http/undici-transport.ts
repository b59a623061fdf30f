// The package's index loads fetch, WebSocket and more, and makes Node.js load its own copy of them: twice the time.
import Agent from 'undici/lib/dispatcher/agent.js';

import type { HttpTransport } from '../ports.js';
import { largeReads } from './socket-reads.js';
import { exchangeWith, isInBody } from './undici-exchange.js';

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
  const timeout = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const agent = new Agent({ connect: { timeout, onread: largeReads(isInBody) } });
  return {
    request: (request) => exchangeWith(agent, request),
    close: () => agent.destroy(),
  };
}
