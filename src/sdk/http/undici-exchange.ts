import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';

import type { Dispatcher } from 'undici';

import { abortError } from '../errors.js';
import type { HttpRequest, HttpResponse } from '../ports.js';
import { decompressed, isEncoded } from './decompress.js';
import { Pieces } from './pieces.js';

/**
 * So much of a compressed body may wait for its decoder. What holds back the parser at the very end of a body would make it
 * take a connection that closes then for one that broke off.
 */
const WAITING_FOR_DECODER_BYTES = 256 * 1024;

/** Tries one exchange. Rejects with what undici threw, or, after an abort, with an error named AbortError. */
export async function exchangeWith(agent: Dispatcher, request: HttpRequest): Promise<HttpResponse> {
  const { signal } = request;
  watchConnections();
  try {
    return await new Promise<HttpResponse>((onAnswer, onFailure) => {
      agent.dispatch(dispatchOptions(request), new Exchange(request, { onAnswer, onFailure }));
    });
  } catch (thrown) {
    throw signal?.aborted === true ? abortError() : thrown;
  }
}

/** What was begun last, until it is known on which connection. */
let begun: Exchange | undefined;
/** What is under way on a connection. */
const carried = new WeakMap<Socket, Exchange>();
const watched = new WeakSet<Socket>();
let areConnectionsWatched = false;

/**
 * A connection that closes while undici's parser is held back makes undici 7 take a whole body for a broken one, or, where its
 * end is that of the connection, end the process with an assertion (nodejs/undici#5360). So what is held back is let out before
 * undici hears of the end.
 */
function watchConnections(): void {
  if (areConnectionsWatched) return;
  areConnectionsWatched = true;
  // Published by undici right after it has begun an exchange.
  subscribe('undici:client:sendHeaders', (message) => {
    const exchange = begun;
    begun = undefined;
    if (exchange !== undefined) watch((message as { readonly socket: Socket }).socket, exchange);
  });
}

function begin(exchange: Exchange): void {
  begun = exchange;
}

function watch(socket: Socket, exchange: Exchange): void {
  carried.set(socket, exchange);
  exchange.socket = socket;
  if (watched.has(socket)) return;
  watched.add(socket);
  socket.prependListener('end', () => carried.get(socket)?.letOut());
  // Then nothing can be let out any more, and undici must not see that it was a reset: of others it does not ask the parser.
  socket.prependListener('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET' && carried.get(socket)?.isHeld === true) error.code = 'ECONNABORTED';
  });
}

/** Whether what arrives on a connection is of a body, and of nothing else until its end. */
export function isInBody(socket: Socket): boolean {
  return carried.get(socket)?.isInBody === true;
}

/** Takes in what arrives of a body. */
interface Sink {
  /** @param part good until this returns */
  take(part: Uint8Array): void;
  end(failure?: Error): void;
}

/** Whom an exchange tells its outcome. */
interface Outcome {
  readonly onAnswer: (answer: HttpResponse) => void;
  readonly onFailure: (error: Error) => void;
}

/**
 * What becomes of one request. A body that is not compressed goes from undici's parser to whoever reads it without a stream
 * between them: of an event, that would take as long as all else that HTTP does.
 */
class Exchange implements Dispatcher.DispatchHandler {
  /** Its connection, once there is one. */
  socket: Socket | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #body: Sink | undefined;
  #isHeld = false;

  constructor(
    private readonly request: HttpRequest,
    private readonly outcome: Outcome,
  ) {
    request.signal?.addEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#controller?.abort(abortError());

  /** Whether its body has begun, and not ended. */
  get isInBody(): boolean {
    return this.#body !== undefined;
  }

  /** Whether the parser is held back. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** The connection has ended, and all its bytes were taken: what the parser has still to tell is no more than the end. */
  letOut(): void {
    this.#isHeld = false;
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.request.signal?.aborted === true) this.#abort();
    else begin(this);
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    received: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    // What comes before the answer.
    if (status < 200) return;
    const headers = joinRepeated(received);
    const encoding = hasBody(this.request, status, headers) ? headers['content-encoding'] : undefined;
    const body = isEncoded(encoding) ? this.#decoded(encoding) : this.#pieces();
    this.outcome.onAnswer({ status, headers, body });
  }

  onResponseData(_: Dispatcher.DispatchController, part: Buffer): void {
    // The parser tells of what it was held back at once more, without a byte of it.
    if (part.length > 0) this.#body?.take(part);
  }

  onResponseEnd(): void {
    this.#isOver();
    this.#body?.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#isOver();
    if (this.#body === undefined) this.outcome.onFailure(error);
    else this.#body.end(error);
  }

  #isOver(): void {
    if (this.socket !== undefined) carried.delete(this.socket);
    this.request.signal?.removeEventListener('abort', this.#abort);
  }

  #hold(): void {
    this.#isHeld = true;
    this.#controller?.pause();
  }

  #goOn(): void {
    this.#isHeld = false;
    this.#controller?.resume();
  }

  #pieces(): Pieces {
    const flow = {
      pause: () => this.#hold(),
      resume: () => this.#goOn(),
      destroy: () => this.#abort(),
    };
    const pieces = new Pieces(flow, this.request.signal);
    this.#body = pieces;
    return pieces;
  }

  #decoded(encoding: string): Pieces {
    const stream = new PassThrough({
      highWaterMark: WAITING_FOR_DECODER_BYTES,
      destroy: (error, done) => {
        this.#abort();
        done(error);
      },
    });
    // Whoever never reads the body must not bring the process down when the connection breaks meanwhile.
    stream.on('error', () => undefined);
    // Not for each part that the decoder takes: each time undici goes on, another read comes in behind what waits.
    stream.on('drain', () => this.#goOn());
    const pieces = Pieces.of(decompressed(stream, encoding), this.request.signal);
    this.#body = {
      take: (part) => {
        // Its memory may be used again before the decoder has come to it.
        if (!stream.write(Buffer.from(part))) this.#hold();
      },
      end: (failure) => {
        if (failure === undefined) stream.end();
        else stream.destroy(failure);
      },
    };
    return pieces;
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
