import { afterEach, describe, expect, it } from '@jest/globals';

import { createUndiciTransport, type ClosableTransport } from '../../../../src/sdk/http/undici-transport.js';
import { createLog } from '../../../../src/sdk/observability/log.js';
import { openSentry } from '../../../../src/sdk/platform/sentry.js';
import { systemClock } from '../../../../src/sdk/system.js';
import { loopbackServer, type LoopbackAnswer, type LoopbackServer } from '../../../support/loopback-server.js';
import { RecordingStream } from '../../../support/recording-stream.js';

const SECRET = 'jca_secret-of-this-test';
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function reporting(answer: LoopbackAnswer) {
  const server: LoopbackServer = await loopbackServer(() => answer);
  const transport: ClosableTransport = createUndiciTransport();
  closing.push(
    () => server.close(),
    () => transport.close(),
  );
  const sentry = openSentry({
    dsn: server.url.replace('http://', 'http://publickey@') + '/42',
    environment: 'test',
    release: 'module/1.2.3',
    tags: { community_uuid: 'c-1', command: 'Trigger' },
    transport,
    clock: systemClock,
  });
  const log = createLog({
    level: 'debug',
    human: false,
    stream: new RecordingStream(),
    secrets: [SECRET],
    sinks: [sentry!],
  });
  return { server, sentry: sentry!, log };
}

/** The events of the envelopes that were received. */
function events({ requests }: LoopbackServer): Record<string, unknown>[] {
  return requests.map(({ body }) => JSON.parse(body.split('\n')[2] ?? '') as Record<string, unknown>);
}

describe('Sentry', () => {
  it('is told of warnings and worse, with tags, and without secrets or anything of the machine', async () => {
    const { server, sentry, log } = await reporting({ body: {} });
    log.debug('detail');
    log.info('news');
    log.warning(`slow ${SECRET}`, { url: `https://host/?key=${SECRET}`, requestId: 'r-1' });
    log.error('failed', { code: 'SOURCE_UNAVAILABLE' });
    log.critical('broken');
    await sentry.close(5_000);
    expect(events(server).map(({ level, message }) => [level, message])).toEqual([
      ['warning', 'slow [redacted]'],
      ['error', 'failed'],
      ['fatal', 'broken'],
    ]);
    expect(events(server)[1]).toMatchObject({
      environment: 'test',
      release: 'module/1.2.3',
      tags: { community_uuid: 'c-1', command: 'Trigger', code: 'SOURCE_UNAVAILABLE' },
    });
    expect(events(server)[0]).toMatchObject({ extra: { requestId: 'r-1', url: 'https://host/?key=[redacted]' } });
    for (const event of events(server)) {
      for (const member of ['server_name', 'user', 'request', 'breadcrumbs', 'modules'])
        expect(event).not.toHaveProperty(member);
    }
    const { path, headers } = server.requests[0]!;
    expect(path).toMatch(/^\/api\/42\/envelope\//);
    expect(headers['content-type']).toBe('application/x-sentry-envelope');
    expect(JSON.stringify(server.requests)).not.toContain(SECRET);
  });

  it('is told the same once a minute', async () => {
    const { server, sentry, log } = await reporting({ body: {} });
    for (let time = 0; time < 20; time += 1) log.error('failed');
    await sentry.close(5_000);
    expect(server.requests).toHaveLength(1);
  });

  it.each<LoopbackAnswer>(['never', { status: 500 }, { status: 429 }])(
    'that answers %j keeps nobody beyond the time for the last reports',
    async (answer) => {
      const { sentry, log } = await reporting(answer);
      log.error('failed');
      const startedAt = performance.now();
      await sentry.close(300);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    },
  );

  it.each(['nonsense', 'https://host.test/1', 'ftp://key@host.test/1'])('is not opened with %s', (dsn) => {
    const transport = { request: () => Promise.reject(new Error('unexpected')) };
    expect(openSentry({ dsn, tags: {}, transport, clock: systemClock })).toBeUndefined();
  });
});
