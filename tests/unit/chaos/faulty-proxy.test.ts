import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connect } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';

import { FaultyProxy } from '../../chaos/network/faulty-proxy.js';
import type { NetworkFault } from '../../chaos/network/network-fault.js';

const BODY = 'x'.repeat(50_000);
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A proxy before a server that answers each piece of a request with the same whole answer. */
async function startProxy(): Promise<FaultyProxy> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).on('data', () => socket.write(ANSWER));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await FaultyProxy.start((server.address() as AddressInfo).port);
  closing.push(
    () => proxy.close(),
    () => server.close(),
  );
  return proxy;
}

/** Sends a request and reads until the answer is whole or the connection has ended. */
function ask(proxy: FaultyProxy): { answer: Promise<string>; end: () => void } {
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  let got = '';
  const answer = new Promise<string>((resolve) => {
    socket.setEncoding('latin1').on('data', (text: string) => {
      got += text;
      if (got.length === ANSWER.length) resolve(got);
    });
    socket.on('error', () => undefined).on('close', () => resolve(got));
  });
  socket.write('GET / HTTP/1.1\r\n\r\n');
  closing.push(() => socket.destroy());
  return { answer, end: () => socket.destroy() };
}

async function settled(proxy: FaultyProxy, lostAnswers: number): Promise<void> {
  for (let left = 500; proxy.lostAnswers < lostAnswers && left > 0; left -= 1) await new Promise(setImmediate);
  expect(proxy.lostAnswers).toBe(lostAnswers);
}

describe('the proxy that fails as it is told', () => {
  it('passes everything on, and takes no answer for lost, where nothing is wrong', async () => {
    const proxy = await startProxy();
    const { answer, end } = ask(proxy);
    expect(await answer).toBe(ANSWER);
    end();
    await settled(proxy, 0);
  });

  it.each<NetworkFault>([
    { kind: 'delay', delayMs: 5 },
    { kind: 'throttle', bytesPerSecond: 1_000_000 },
  ])('gives a whole answer late: $kind', async (fault) => {
    const proxy = await startProxy();
    proxy.begin(fault);
    expect(await ask(proxy).answer).toBe(ANSWER);
  });

  it('lets bytes stand still, and go on afterwards', async () => {
    const proxy = await startProxy();
    proxy.begin({ kind: 'stall' });
    const { answer } = ask(proxy);
    expect(await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 50, 'nothing'))])).toBe('nothing');
    await proxy.heal();
    expect(await answer).toBe(ANSWER);
  });

  it('cuts an answer in its middle, and takes it for lost', async () => {
    const proxy = await startProxy();
    proxy.begin({ kind: 'cut', way: 'answer', afterBytes: 1000 });
    expect(await ask(proxy).answer).toBe(ANSWER.slice(0, 1000));
    await settled(proxy, 1);
  });

  it.each<NetworkFault>([{ kind: 'refuse' }, { kind: 'reset' }])('answers nobody: $kind', async (fault) => {
    const proxy = await startProxy();
    proxy.begin(fault);
    expect(await ask(proxy).answer).toBe('');
    await proxy.heal();
    expect(await ask(proxy).answer).toBe(ANSWER);
  });

  it('never gives back what vanished, until the client goes', async () => {
    const proxy = await startProxy();
    proxy.begin({ kind: 'vanish' });
    const { answer, end } = ask(proxy);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await proxy.heal();
    expect(proxy.hasVanishedConnections).toBe(true);
    expect(await ask(proxy).answer).toBe(ANSWER);
    end();
    expect(await answer).toBe('');
    for (let left = 500; proxy.hasVanishedConnections && left > 0; left -= 1) await new Promise(setImmediate);
    expect(proxy.hasVanishedConnections).toBe(false);
  });
});
