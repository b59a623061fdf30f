import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createRawServer, type AddressInfo, type Server as RawServer } from 'node:net';
import { gzipSync } from 'node:zlib';

import { afterAll, afterEach, describe, expect, it } from '@jest/globals';

import { readPlaybook } from '../../src/harness/playbook-file.js';
import { DirectoryInsightsClient } from '../../src/jumpcloud/api/client.js';
import { ModuleError } from '../../src/sdk/errors.js';
import { readText } from '../../src/sdk/http/body.js';
import { createUndiciTransport } from '../../src/sdk/http/undici-transport.js';
import { readIntakeAnswer } from '../../src/sdk/intake/intake-answer.js';
import { createLog } from '../../src/sdk/observability/log.js';
import { reportError } from '../../src/sdk/observability/report-error.js';
import { systemClock } from '../../src/sdk/system.js';
import { byApiKey } from '../support/by-api-key.js';
import { MemoryFiles } from '../support/memory-files.js';
import { RecordingStream } from '../support/recording-stream.js';
import { seededRandom } from '../support/seeded-random.js';

const KEY = 'jca_synthetic_key_of_a_test';
const transport = createUndiciTransport();
const servers: (Server | RawServer)[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => transport.close());

async function listening(server: Server | RawServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = (answer: RequestListener): Promise<string> => listening(createServer(answer));

const timeouts = { headersTimeoutMs: 5000, bodyTimeoutMs: 5000 };

function client(baseUrl: string): DirectoryInsightsClient {
  const connection = { transport, clock: systemClock, random: seededRandom() };
  return new DirectoryInsightsClient({ baseUrl, ...byApiKey(KEY), userAgent: 'test', retryForMs: 0, ...connection });
}

const SELECTION = { services: ['all'], fromMs: 0, toMs: 1000 };
const count = (baseUrl: string): Promise<number> => client(baseUrl).count(SELECTION, new AbortController().signal);

function expectNothingPolluted(): void {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
}

describe('an API that is not what it seems', () => {
  it.each([301, 302, 307, 308])('is not followed elsewhere with the key: %d', async (status) => {
    const seen: unknown[] = [];
    const elsewhere = await serve((request, response) => {
      seen.push(request.headers);
      response.end('{"count":1}');
    });
    const url = await serve((_, response) => response.writeHead(status, { location: `${elsewhere}/` }).end());
    await expect(count(url)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(seen).toEqual([]);
  });

  it('sends headers that are named like parts of every object, to no effect', async () => {
    const raw = createRawServer((socket) => {
      socket.once('data', () => {
        const headers = '__proto__: polluted\r\nconstructor: x\r\nhasOwnProperty: y\r\ncontent-length: 2';
        socket.end(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n{}`);
      });
    });
    const answer = await transport.request({ method: 'GET', url: await listening(raw), headers: {}, ...timeouts });
    expect(Object.getPrototypeOf(answer.headers)).toBe(Object.prototype);
    expect(answer.headers['content-length']).toBe('2');
    await readText(answer);
    expectNothingPolluted();
  });

  it('answers with a bomb that unpacks to a hundred times what is read', async () => {
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
    const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    const before = process.memoryUsage().rss;
    await expect(count(url)).rejects.toThrow(/longer than 8388608 bytes/);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  });

  it('answers a count with a tower of brackets', async () => {
    const url = await serve((_, response) => response.end(`{"count":${'['.repeat(4_000_000)}`));
    await expect(count(url)).rejects.toMatchObject({ code: 'SOURCE_ANSWER_INVALID' });
  });

  it('cannot write a line of the log, nor have the key shown', async () => {
    const forged = `no\n{"level":"info","message":"All is well"}\u001b[2J\u009b0m ${KEY}`;
    const url = await serve((_, response) => response.writeHead(403).end(JSON.stringify({ message: forged })));
    const thrown: unknown = await count(url).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ModuleError);
    for (const human of [true, false]) {
      const stream = new RecordingStream();
      reportError(createLog({ level: 'debug', human, stream, secrets: [KEY] }), thrown);
      expect(stream.lines.filter((line) => /^\S*"?level"?:?"?info|^\{"level":"info"/.test(line))).toEqual([]);
      expect(stream.text).not.toContain(KEY);
      // eslint-disable-next-line no-control-regex -- none is to be there
      expect(stream.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    }
  });
});

describe('an intake that is not what it seems', () => {
  it('answers with keys that are parts of every object: they acknowledge nothing and change nothing', () => {
    const answers = [
      '{"__proto__":{"event_ids":["a"]}}',
      '{"__proto__":["a"]}',
      '{"constructor":{"prototype":{"polluted":1}}}',
      '[{"__proto__":{"status":200,"polluted":1}}]',
    ];
    for (const answer of answers) expect(readIntakeAnswer(answer, 1).kind).not.toBe('verdicts');
    expectNothingPolluted();
  });
});

describe('a playbook file that is not what it seems', () => {
  const read = (text: string): Promise<unknown> =>
    readPlaybook('/work/playbook.yaml', { HOME: '/root' }, new MemoryFiles({ '/work/playbook.yaml': text }));

  it.each([
    'trigger: X\n__proto__: { polluted: 1 }\n',
    '{"trigger":"X","account":{"__proto__":{"polluted":1}},"arguments":{"constructor":{"prototype":{"polluted":1}}}}',
    'trigger: X\naccount: { <<: { __proto__: { polluted: 1 } } }\n',
  ])('changes nothing: %j', async (text) => {
    await read(text).catch((thrown: unknown) => expect(thrown).toBeInstanceOf(ModuleError));
    expectNothingPolluted();
  });

  it('makes no object of its own: a tag runs nothing', async () => {
    await expect(read('trigger: !!js/function "function () { throw 1 }"\n')).rejects.toBeInstanceOf(ModuleError);
  });

  it('that grows when its aliases are followed, or is nested without end, is refused', async () => {
    const laughs = Array.from(
      { length: 12 },
      (_, n) =>
        `a${n}: &a${n} [${Array(9)
          .fill(n === 0 ? 'x' : `*a${n - 1}`)
          .join(',')}]`,
    );
    await expect(read(`trigger: X\n${laughs.join('\n')}\n`)).rejects.toBeInstanceOf(ModuleError);
    await expect(read(`trigger: ${'['.repeat(100_000)}`)).rejects.toBeInstanceOf(ModuleError);
  });
});
