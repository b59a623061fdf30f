import { Readable } from 'node:stream';

import type { Dispatcher } from 'undici';
// The package's index loads fetch, WebSocket and more, and makes Node.js load its own copy of them: twice the time.
import Agent from 'undici/lib/dispatcher/agent.js';

import { abortError } from '../errors.js';
import type { HttpRequest, HttpResponse, HttpTransport } from '../ports.js';
import { decompressed, isEncoded } from './decompress.js';
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
    return await new Promise<HttpResponse>((resolve, reject) => {
      agent.dispatch(dispatchOptions(request), new Exchange(request, resolve, reject));
    });
  } catch (thrown) {
    throw signal?.aborted === true ? abortError() : thrown;
  }
}

function dispatchOptions(request: HttpRequest): Dispatcher.DispatchOptions {
  const url = new URL(request.url);
  return {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: request.method,
    headers: { 'accept-encoding': 'gzip', ...lowerCaseNames(request.headers) },
    body: request.body ?? null,
    headersTimeout: request.headersTimeoutMs,
    bodyTimeout: request.bodyTimeoutMs,
  };
}

/** Takes in what arrives of a body. */
interface Sink {
  take(part: Uint8Array): void;
  end(failure?: Error): void;
}

/**
 * What becomes of one request. A body that is not compressed goes from undici's parser to whoever reads it without a stream
 * between them: of an event, that would take as long as all else that HTTP does.
 */
class Exchange implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | undefined;
  #body: Sink | undefined;

  constructor(
    private readonly request: HttpRequest,
    private readonly onAnswer: (answer: HttpResponse) => void,
    private readonly onFailure: (error: Error) => void,
  ) {
    request.signal?.addEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#controller?.abort(abortError());

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.request.signal?.aborted === true) this.#abort();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    received: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    // What comes before the answer.
    if (status < 200) return;
    const headers = joinRepeated(received);
    const encoding = hasBody(this.request, status, headers) ? headers['content-encoding'] : undefined;
    const body = isEncoded(encoding) ? this.#decoded(controller, encoding) : this.#pieces(controller);
    this.onAnswer({ status, headers, body });
  }

  onResponseData(_: Dispatcher.DispatchController, part: Buffer): void {
    this.#body?.take(part);
  }

  onResponseEnd(): void {
    this.#isOver();
    this.#body?.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#isOver();
    if (this.#body === undefined) this.onFailure(error);
    else this.#body.end(error);
  }

  #isOver(): void {
    this.request.signal?.removeEventListener('abort', this.#abort);
  }

  #pieces(controller: Dispatcher.DispatchController): Pieces {
    const flow = {
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      destroy: () => controller.abort(abortError()),
    };
    const pieces = new Pieces(flow, this.request.signal);
    this.#body = pieces;
    return pieces;
  }

  #decoded(controller: Dispatcher.DispatchController, encoding: string): Pieces {
    const stream = new Readable({
      read: () => controller.resume(),
      destroy(error, done) {
        controller.abort(error ?? abortError());
        done(error);
      },
    });
    // Whoever never reads the body must not bring the process down when the connection breaks meanwhile.
    stream.on('error', () => undefined);
    const pieces = Pieces.of(decompressed(stream, encoding), this.request.signal);
    this.#body = {
      take(part) {
        if (!stream.push(part)) controller.pause();
      },
      end(failure) {
        if (failure === undefined) stream.push(null);
        else stream.destroy(failure);
      },
    };
    return pieces;
  }
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
