import { connect, type Socket } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';

import {
  describeListenFailure,
  openHttpServer,
  type Answer,
  type HttpServer,
} from '../../../../src/sdk/observability/http-server.js';
import { freePort, takenPort } from '../../../support/free-port.js';

const open: HttpServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(answer: (path: string) => Answer | Promise<Answer>): Promise<string> {
  const server = await openHttpServer({ port: 0, host: '127.0.0.1', answer });
  open.push(server);
  return `http://127.0.0.1:${server.port}`;
}

const echo = (path: string): Answer => ({ status: 200, contentType: 'text/plain', body: `at ${path}: é` });

/** A connection that has sent a text, and everything that it was told until it was closed. */
async function speak(url: string, text: string): Promise<{ socket: Socket; told: Promise<string> }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let heard = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (heard += piece));
  socket.on('error', () => undefined);
  const told = new Promise<string>((resolve) => socket.once('close', () => resolve(heard)));
  await new Promise((resolve) => socket.write(text, resolve));
  return { socket, told };
}

describe('the server for those who watch', () => {
  it('answers a GET with what it is to say, whatever the query', async () => {
    const answer = await fetch(`${await serve(echo)}/a/path?with=query`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain');
    expect(await answer.text()).toBe('at /a/path: é');
  });

  it('answers a HEAD with the same and no body', async () => {
    const answer = await fetch(await serve(echo), { method: 'HEAD' });
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength('at /: é')));
    expect(await answer.text()).toBe('');
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('refuses a %s', async (method) => {
    const answer = await fetch(await serve(echo), { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({ status_code: 405, reason: 'Method not allowed' });
  });

  it('does not tell what went wrong inside', async () => {
    const answer = await fetch(await serve(() => Promise.reject(new Error('open-sesame'))));
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('open-sesame');
  });

  it('answers others while a client does not end its request, and parts with that one', async () => {
    const url = await serve(echo);
    const slow = await speak(url, 'GET / HTTP/1.1\r\nHost: slow\r\n');
    expect((await fetch(url)).status).toBe(200);
    expect(await slow.told).toContain('408');
  }, 15_000);

  it('survives what is no HTTP', async () => {
    const url = await serve(echo);
    const { told } = await speak(url, '\u0016\u0003\u0001 no request\r\n\r\n');
    expect(await told).toContain('400');
    expect((await fetch(url)).status).toBe(200);
  });

  it('closes at once although a scraper keeps its connection', async () => {
    const url = await serve(echo);
    const scraper = await speak(url, 'GET / HTTP/1.1\r\nHost: scraper\r\nConnection: keep-alive\r\n\r\n');
    await new Promise((resolve) => scraper.socket.once('data', resolve));
    const startedAt = performance.now();
    await open.pop()!.close();
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(await scraper.told).toContain('200 OK');
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  it('says in words why a port cannot be had', async () => {
    const { port, release } = await takenPort();
    const failure: unknown = await openHttpServer({ port, host: '127.0.0.1', answer: echo }).catch(
      (error: unknown) => error,
    );
    await release();
    expect(describeListenFailure(failure, port)).toBe(`port ${port} is taken by another program: choose another one`);
    const port2 = await freePort();
    const elsewhere: unknown = await openHttpServer({ port: port2, host: '192.0.2.1', answer: echo }).catch(
      (error: unknown) => error,
    );
    expect(describeListenFailure(elsewhere, port2)).toMatch(/^port \d+ cannot be listened at: .*EADDRNOTAVAIL/);
    const forbidden = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
    expect(describeListenFailure(forbidden, 80)).toBe('this user may not listen at port 80: choose one from 1024 on');
  });
});
