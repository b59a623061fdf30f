import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What is said to whoever asks. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface HttpServerOptions {
  readonly port: number;
  /** The address to listen on. Default: all interfaces. */
  readonly host?: string | undefined;
  /** @param path of the request, without its query */
  readonly answer: (path: string) => Answer | Promise<Answer>;
}

/** A small server for those who watch a run. */
export interface HttpServer {
  readonly port: number;
  /** Ends what is open at once, a scraper's kept connection included. */
  close(): Promise<void>;
}

/** Whoever asks sends little and reads at once. */
const LONGEST_REQUEST_MS = 5_000;
const LONGEST_SILENCE_MS = 10_000;
const MOST_CONNECTIONS = 256;

/**
 * Answers GET and HEAD. It never keeps the process alive, and a client that is slow holds its own connection for some
 * seconds and nothing else.
 * @throws the system's error where the port cannot be had, which `describeListenFailure` puts into words
 */
export async function openHttpServer({ port, host, answer }: HttpServerOptions): Promise<HttpServer> {
  const server = createServer(
    {
      headersTimeout: LONGEST_REQUEST_MS,
      requestTimeout: LONGEST_REQUEST_MS,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => void respond(request, response, answer),
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(LONGEST_SILENCE_MS);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // One connection that could not be accepted, for want of descriptors: the next one may be.
  server.on('error', () => undefined);
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: HttpServerOptions['answer'],
): Promise<void> {
  const { status, contentType, body } = await answerTo(request, answer);
  if (status === 405) response.setHeader('allow', 'GET, HEAD').setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body);
}

async function answerTo({ method, url = '/' }: IncomingMessage, answer: HttpServerOptions['answer']): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return refusal(405, 'Method not allowed');
  try {
    return await answer(url.replace(/\?.*$/s, ''));
  } catch {
    // What went wrong may tell more than the asker should know.
    return refusal(500, 'Internal error');
  }
}

/** An answer that says why there is none. */
export function refusal(status: number, reason: string): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify({ status_code: status, reason }) };
}

/** Why a port cannot be listened at and what to do, in words. */
export function describeListenFailure(thrown: unknown, port: number): string {
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return `port ${port} is taken by another program: choose another one`;
  if (code === 'EACCES') return `this user may not listen at port ${port}: choose one from 1024 on`;
  return `port ${port} cannot be listened at: ${message}`;
}
