import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { createUndiciTransport, type ClosableTransport } from '../../../../src/sdk/http/undici-transport.js';
import type { HttpRequest } from '../../../../src/sdk/ports.js';

const LIMITS = { headersTimeoutMs: 5000, bodyTimeoutMs: 5000 };
const LONG_TEXT = Array.from({ length: 50_000 }, (_, index) => `event ${(index * 7919) % 10_007}`).join(' ');

let transport: ClosableTransport;
let servers: (Server | TcpServer)[];

beforeEach(() => {
  transport = createUndiciTransport();
  servers = [];
});

afterEach(async () => {
  await transport.close();
  for (const server of servers) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  }
});

async function listening(server: Server | TcpServer): Promise<string> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

const serve = (listener: RequestListener): Promise<string> => listening(createServer(listener));

/** A server that writes these bytes, whatever is asked, and closes. */
function serveRaw(...parts: (string | Uint8Array)[]): Promise<string> {
  return listening(
    createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        for (const part of parts) socket.write(part);
        socket.end();
      });
    }),
  );
}

const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url,
  headers: {},
  ...LIMITS,
  ...more,
});

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('utf8');
}

describe('an exchange', () => {
  it('sends method, path, query, headers and body as given', async () => {
    const url = await serve((request, response) => {
      const sent: Buffer[] = [];
      request.on('data', (piece: Buffer) => sent.push(piece));
      request.on('end', () => {
        const { method, url, headers } = request;
        response.end(JSON.stringify({ method, url, key: headers['x-api-key'], body: Buffer.concat(sent).toString() }));
      });
    });
    const answer = await transport.request({
      method: 'POST',
      url: `${url}/insights/directory/v1/events?a=b%20c`,
      headers: { 'X-Api-Key': 'k' },
      body: Buffer.from('{"é":1}'),
      ...LIMITS,
    });
    expect(JSON.parse(await textOf(answer.body))).toEqual({
      method: 'POST',
      url: '/insights/directory/v1/events?a=b%20c',
      key: 'k',
      body: '{"é":1}',
    });
  });

  it('resolves with any status and follows no redirect', async () => {
    const url = await serve((_, response) => response.writeHead(302, { location: '/elsewhere' }).end('moved'));
    const answer = await transport.request(get(url));
    expect(answer.status).toBe(302);
    expect(answer.headers['location']).toBe('/elsewhere');
    expect(await textOf(answer.body)).toBe('moved');
  });

  it('gives header names in lower case and joins repeated ones', async () => {
    const url = await serve((_, response) => response.writeHead(200, ['X-Part', 'a', 'x-part', 'b']).end());
    const answer = await transport.request(get(url));
    expect(answer.headers['x-part']).toBe('a, b');
    await textOf(answer.body);
  });

  it('keeps connections for the exchanges that follow', async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('ok');
    });
    for (let turn = 0; turn < 10; turn++) await textOf((await transport.request(get(url))).body);
    // Two, not one: undici frees the first a moment after its body ended.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('has its headers as they were sent, whatever white space stands before them', async () => {
    const pad = ' '.repeat(400 * 1024);
    const head = ['X-First: one', `X-Second:${pad}two`, `X-Third:${pad}three`, 'Content-Length: 2'];
    const url = await serveRaw(`HTTP/1.1 200 OK\r\n${head.join('\r\n')}\r\n\r\n{}`);
    const answer = await transport.request(get(url));
    expect(answer.headers).toMatchObject({ 'x-first': 'one', 'x-second': 'two', 'x-third': 'three' });
    expect(await textOf(answer.body)).toBe('{}');
  });

  it('lets little wait in the connection of a compressed answer that is read slowly, however small its chunks', async () => {
    const sent = gzipSync(randomBytes(12 * 1024 * 1024), { level: 1 });
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      let at = 0;
      const write = (): void => {
        while (at < sent.length) if (!response.write(sent.subarray(at, (at += 60_000)))) return;
        response.end();
      };
      response.on('drain', write);
      write();
    });
    let socket: Socket | undefined;
    const onHeaders = (message: unknown): void => {
      ({ socket } = message as { socket: Socket });
    };
    subscribe('undici:client:sendHeaders', onHeaders);
    const { body } = await transport.request(get(url));
    unsubscribe('undici:client:sendHeaders', onHeaders);
    let most = 0;
    for await (const piece of body) {
      for (let left = 1 + piece.length / 16_384; left > 0; left -= 1) {
        await turn();
        most = Math.max(most, socket?.readableLength ?? Infinity);
      }
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(600 * 1024);
  });
});

describe('a compressed answer', () => {
  const gzip = gzipSync(LONG_TEXT);
  const head = (length: number): string =>
    `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${String(length)}\r\n\r\n`;

  it('is asked for as gzip, unless the caller asks for something else', async () => {
    const url = await serve((request, response) => response.end(request.headers['accept-encoding']));
    expect(await textOf((await transport.request(get(url))).body)).toBe('gzip');
    const plain = get(url, { headers: { 'Accept-Encoding': 'identity' } });
    expect(await textOf((await transport.request(plain)).body)).toBe('identity');
  });

  it.each([
    ['gzip', gzip],
    ['deflate', deflateSync(LONG_TEXT)],
    ['br', brotliCompressSync(LONG_TEXT)],
    ['identity', Buffer.from(LONG_TEXT)],
  ])('is read through %s', async (encoding, body) => {
    const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body));
    expect(await textOf((await transport.request(get(url))).body)).toBe(LONG_TEXT);
  });

  it('rejects where the compressed stream is cut, though the connection ended well', async () => {
    const url = await serveRaw(head(1000), gzip.subarray(0, 1000));
    const answer = await transport.request(get(url));
    await expect(textOf(answer.body)).rejects.toMatchObject({ code: 'Z_BUF_ERROR' });
  });

  it('rejects where the compressed stream is corrupt', async () => {
    const corrupt = Buffer.from(gzip);
    corrupt.fill(0xff, 100, 140);
    const url = await serveRaw(head(corrupt.length), corrupt);
    const answer = await transport.request(get(url));
    await expect(textOf(answer.body)).rejects.toMatchObject({ code: expect.stringMatching(/^Z_/) });
  });

  it('rejects an encoding that nobody asked for', async () => {
    const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'zstd' }).end('?'));
    await expect(transport.request(get(url))).rejects.toThrow("'zstd'");
  });

  it('may be empty where its length says so', async () => {
    const url = await serveRaw(head(0));
    expect(await textOf((await transport.request(get(url))).body)).toBe('');
  });

  it('has nothing to decode after HEAD', async () => {
    const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end());
    const answer = await transport.request(get(url, { method: 'HEAD' }));
    expect(await textOf(answer.body)).toBe('');
  });
});

describe('a failure', () => {
  it('to connect rejects with the system error', async () => {
    const server = createServer();
    const url = await listening(server);
    server.close();
    await once(server, 'close');
    await expect(transport.request(get(url))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('to find the name rejects with the system error', async () => {
    await expect(transport.request(get('http://no-such-host.invalid/'))).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
    });
  });

  it('of TLS rejects with the original error', async () => {
    const url = await serveRaw('HTTP/1.1 200 OK\r\n\r\n');
    await expect(transport.request(get(url.replace('http:', 'https:')))).rejects.toMatchObject({
      code: expect.stringMatching(/SSL|TLS|ECONNRESET/),
    });
  });

  it('to answer in time rejects', async () => {
    const url = await serve(() => undefined);
    await expect(transport.request(get(url, { headersTimeoutMs: 50 }))).rejects.toMatchObject({
      code: 'UND_ERR_HEADERS_TIMEOUT',
    });
  });

  it('to go on in time rejects the body', async () => {
    const url = await serve((_, response) => {
      response.write('a beginning');
    });
    const answer = await transport.request(get(url, { bodyTimeoutMs: 50 }));
    await expect(textOf(answer.body)).rejects.toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' });
  });

  it.each([
    ['content-length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this'],
    ['chunked', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nonly this\r\n'],
  ])('to send the whole %s body rejects the body', async (_, raw) => {
    const url = await serveRaw(raw);
    const answer = await transport.request(get(url));
    await expect(textOf(answer.body)).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  });

  it('after the headers does not bring down a caller who never reads the body', async () => {
    const url = await serveRaw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this');
    const answer = await transport.request(get(url));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answer.status).toBe(200);
  });

  it('to be HTTP at all rejects', async () => {
    const url = await serveRaw('SSH-2.0-OpenSSH\r\n');
    await expect(transport.request(get(url))).rejects.toMatchObject({ name: 'HTTPParserError' });
  });
});

describe('an abort', () => {
  it.each([
    ['no reason', undefined],
    ['a reason of its own', new Error('because')],
  ])('before the answer rejects as an AbortError, with %s', async (_, reason) => {
    const controller = new AbortController();
    const url = await serve(() => controller.abort(reason));
    const thrown = await transport.request(get(url, { signal: controller.signal })).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(Error);
    expect((thrown as Error).name).toBe('AbortError');
  });

  it('before the request sends nothing', async () => {
    let asked = 0;
    const url = await serve((_, response) => {
      asked += 1;
      response.end();
    });
    await expect(transport.request(get(url, { signal: AbortSignal.abort() }))).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(asked).toBe(0);
  });

  it.each(['identity', 'gzip'])('inside a body (%s) rejects the reading', async (encoding) => {
    const controller = new AbortController();
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': encoding });
      response.write(gzipSync(LONG_TEXT).subarray(0, 900));
    });
    const answer = await transport.request(get(url, { signal: controller.signal }));
    setTimeout(() => controller.abort(), 20);
    await expect(textOf(answer.body)).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('leaving the body early', () => {
  const endless: RequestListener = (request, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(Buffer.alloc(100_000)), 1);
    request.socket.once('close', () => clearInterval(timer));
  };

  it.each(['in the middle', 'before its beginning'])('closes the connection %s', async (when) => {
    const server = createServer(endless);
    const url = await listening(server);
    const closed = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve)));
    const answer = await transport.request(get(url));
    const iterator = answer.body[Symbol.asyncIterator]();
    if (when === 'in the middle') await iterator.next();
    await iterator.return?.();
    await closed;
  });

  it('closes the connection of a compressed body too', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.write(gzipSync(LONG_TEXT).subarray(0, 1200));
    });
    const url = await listening(server);
    const closed = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve)));
    for await (const piece of (await transport.request(get(url))).body) {
      expect(piece.byteLength).toBeGreaterThan(0);
      break;
    }
    await closed;
  });
});

describe('a slow reader', () => {
  it('holds the sender back instead of filling memory', async () => {
    let written = 0;
    const url = await serve((_, response) => {
      const write = (): void => {
        let room = written < 200_000_000;
        while (room) {
          written += 100_000;
          room = response.write(Buffer.alloc(100_000)) && written < 200_000_000;
        }
      };
      response.on('drain', write);
      write();
    });
    const answer = await transport.request(get(url, { bodyTimeoutMs: 100 }));
    const iterator = answer.body[Symbol.asyncIterator]();
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(written).toBeLessThan(50_000_000);
    // Our own pause is no silence of the sender.
    await expect(iterator.next()).resolves.toMatchObject({ done: false });
    await iterator.return?.();
  });
});

describe('a sender that closes the connection behind its answer', () => {
  const whole = Buffer.alloc(1_200_000, 'w');
  const chunked = ['1000\r\n', Buffer.alloc(4096, 'w'), '\r\n'];
  const inChunks = [...Array.from({ length: 293 }, () => chunked).flat(), '0\r\n\r\n'];
  const heads = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`;
  const answers: [string, string | undefined, (string | Buffer)[]][] = [
    ['kept alive', undefined, [heads(`content-length: ${whole.length}`), whole]],
    ['to be closed', undefined, [heads(`content-length: ${whole.length}\r\nconnection: close`), whole]],
    ['in chunks', undefined, [heads('transfer-encoding: chunked\r\nconnection: close'), ...inChunks]],
    ['that ends with the connection', undefined, [heads('connection: close'), whole]],
    ['compressed', 'gzip', []],
  ];

  it.each(answers)('is read to its end by a slow reader: one %s', async (_, encoding, parts) => {
    const packed = gzipSync(randomBytes(1_200_000));
    const compressed = [
      heads(`content-encoding: gzip\r\nconnection: close\r\ncontent-length: ${packed.length}`),
      packed,
    ];
    const url = await serveRaw(...(encoding === undefined ? parts : compressed));
    for (let times = 3; times > 0; times -= 1) {
      const answer = await transport.request(get(url));
      let bytes = 0;
      for await (const piece of answer.body) {
        bytes += piece.length;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      expect(bytes).toBeGreaterThanOrEqual(1_200_000);
    }
  });

  it('is read to its end also where all of it has come and waits, long before the connection ends', async () => {
    // As many bytes as are taken without being asked for; behind them nothing but the end.
    const held = Buffer.alloc(256 * 1024, 'h');
    const url = await listening(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => {
          socket.write(heads('connection: close'));
          socket.write(held);
          setTimeout(() => socket.end(), 30);
        });
      }),
    );
    for (let times = 3; times > 0; times -= 1) {
      const answer = await transport.request(get(url));
      await new Promise((resolve) => setTimeout(resolve, 80));
      expect(await textOf(answer.body)).toHaveLength(held.length);
    }
  });

  it('lets out nothing of the bodies that wait on others', async () => {
    const large = await serve((_, response) => response.end(Buffer.alloc(20_000_000)));
    const small = await listening(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        // Who asks for the large one is passed on; all others are answered and closed.
        socket.once('data', (asked) => {
          if (!asked.includes('/large')) return socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
          const through = connect(Number(new URL(large).port), '127.0.0.1', () => through.write(asked));
          socket.pipe(through).pipe(socket);
        });
      }),
    );
    const held = (await transport.request(get(`${small}/large`))).body[Symbol.asyncIterator]();
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let n = 0; n < 40; n += 1) expect(await textOf((await transport.request(get(small))).body)).toBe('ok');
    const { value } = await held.next();
    expect((value as Uint8Array).length).toBeLessThan(512 * 1024);
    await held.return?.();
  });

  it.each([256 * 1024, whole.length])('or resets it after %d bytes: a slow reader is told so', async (bytes) => {
    const url = await listening(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => {
          socket.write(heads(`content-length: ${2 * bytes}\r\nconnection: close`));
          socket.write(whole.subarray(0, bytes));
          setTimeout(() => socket.resetAndDestroy(), 20);
        });
      }),
    );
    for (let times = 3; times > 0; times -= 1) {
      const answer = await transport.request(get(url));
      // By then all has come that is taken without being asked for, and nothing of it waits in the socket.
      await new Promise((resolve) => setTimeout(resolve, 60));
      await expect(textOf(answer.body)).rejects.toMatchObject({ code: expect.any(String) });
    }
  });
});

it('close ends requests that are under way', async () => {
  const url = await serve(() => undefined);
  const pending = transport.request(get(url)).catch((thrown: unknown) => thrown);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await transport.close();
  expect(await pending).toMatchObject({ code: 'UND_ERR_DESTROYED' });
});
