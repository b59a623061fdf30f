import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { realSleep, type Sleep } from '../timing.js';
import { deliverAnswer } from './deliver-answer.js';
import type { SimulatedAnswer, SimulatedRequest } from './exchange.js';

/** How a simulator listens. */
interface LoopbackServerOptions {
  /** Port to listen on; a free one when absent or 0. */
  readonly port?: number;
  /** Bodies longer than this are read to their end, but not kept: `bodyTooLarge` is set instead. Bytes. */
  readonly maxBodyBytes: number;
  /** Whether answers may be gzip-compressed for clients that accept it. */
  readonly gzip: boolean;
  /** Wait before every answer, milliseconds. Default 0. */
  readonly latencyMs?: number;
  readonly sleep?: Sleep;
  /** Answers a request. It must not throw: what it throws ends the connection. */
  readonly handle: (request: SimulatedRequest) => SimulatedAnswer | Promise<SimulatedAnswer>;
}

/** A server on 127.0.0.1. */
interface LoopbackServer {
  readonly port: number;
  /** `http://127.0.0.1:<port>`, without a slash at its end. */
  readonly url: string;
  /** Breaks every connection, stops every wait and frees the port. */
  close(): Promise<void>;
}

/** Starts a server on the loopback interface alone. */
export async function startLoopbackServer(options: LoopbackServerOptions): Promise<LoopbackServer> {
  const closing = new AbortController();
  const sleep = options.sleep ?? realSleep;
  const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 }, (incoming, response) => {
    void exchange(incoming, response).catch(() => incoming.socket.destroy());
  });

  async function exchange(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const answer = await options.handle(await readRequest(incoming, options.maxBodyBytes));
    const signal = AbortSignal.any([closing.signal, gone.signal]);
    if (options.latencyMs !== undefined && options.latencyMs > 0) await sleep(options.latencyMs, signal);
    await deliverAnswer(answer, { incoming, response, sleep, signal, gzip: options.gzip });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readRequest(incoming: IncomingMessage, maxBodyBytes: number): Promise<SimulatedRequest> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const request = {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headersDistinct,
  };
  return bytes > maxBodyBytes
    ? { ...request, body: Buffer.alloc(0), bodyTooLarge: true }
    : { ...request, body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes) };
}
