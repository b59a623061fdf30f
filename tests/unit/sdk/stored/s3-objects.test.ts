import { createHash } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { isAbort } from '../../../../src/sdk/errors.js';
import type { PipelineEvent } from '../../../../src/sdk/pipeline/pipeline-event.js';
import type { Clock } from '../../../../src/sdk/ports.js';
import type { OpenedObject } from '../../../../src/sdk/stored/object-store.js';
import { openS3Objects, type S3Objects } from '../../../../src/sdk/stored/s3-objects.js';
import { refuse, type S3Fault, type ScriptedS3, startScriptedS3 } from '../../../support/scripted-s3.js';
import { seededRandom } from '../../../support/seeded-random.js';

const etagOf = (text: string): string => `"${createHash('md5').update(text).digest('hex')}"`;
const { signal } = new AbortController();
/** Pauses pass at once, time limits never. */
const IMPATIENT: Clock = {
  now: () => 0,
  monotonic: () => 0,
  sleep: (ms, stop) =>
    new Promise((resolve) => {
      if (ms < 60_000 || stop?.aborted === true) resolve();
      else stop?.addEventListener('abort', () => resolve(), { once: true });
    }),
};

describe('objects in a bucket', () => {
  let s3: ScriptedS3;
  let objects: S3Objects;
  let told: PipelineEvent[];

  beforeAll(async () => (s3 = await startScriptedS3()));
  afterAll(() => s3.close());
  beforeEach(async () => {
    s3.objects.clear();
    s3.requests.length = 0;
    s3.fault = undefined;
    told = [];
    objects = await open('exports/');
  });

  function open(prefix: string, pageSize?: number): Promise<S3Objects> {
    const { endpoint, bucket, region, accessKeyId, secretAccessKey } = s3;
    return openS3Objects(
      {
        ...{ endpoint, bucket, region, prefix, pathStyle: true, role: undefined },
        keys: { accessKeyId, secretAccessKey },
      },
      {
        clock: IMPATIENT,
        random: seededRandom(1),
        listener: (event) => void told.push(event),
        ...(pageSize && { pageSize }),
      },
    );
  }

  async function textOf(opened: OpenedObject | undefined): Promise<string> {
    const pieces: Uint8Array[] = [];
    for await (const piece of opened?.content ?? []) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  }

  /** The next request for an object breaks after so many bytes of it. */
  function breakAfter(count: number, andThen?: S3Fault): void {
    s3.fault = ({ key }, response) => {
      if (key === '') return false;
      const { content, etag } = s3.objects.get(key)!;
      response.writeHead(200, { 'content-length': content.length, etag });
      response.write(content.subarray(0, count), () => setImmediate(() => response.destroy()));
      s3.fault = andThen;
      return true;
    };
  }

  it('are those of a prefix, page by page, but not what stands for a folder', async () => {
    for (const name of ['exports/', 'exports/b', 'exports/a', 'exports/c', 'other'])
      s3.put(name, name === 'exports/' ? '' : name);
    const paged = await open('exports/', 2);
    const found = [];
    for await (const page of paged.list(signal))
      found.push(page.map(({ name, version, size }) => [name, version, size]));
    const shown = (name: string): unknown[] => [name, etagOf(name), name.length];
    expect(found).toEqual([[shown('exports/a')], [shown('exports/b'), shown('exports/c')]]);
    expect(told).toMatchObject([
      { kind: 'answered', endpoint: 'list', status: 200 },
      { kind: 'answered', endpoint: 'list', status: 200 },
    ]);
    paged.close();
  });

  it('are opened as they are now, and may be gone', async () => {
    s3.put('exports/a', 'content');
    const opened = await objects.object('exports/a').open(signal);
    expect(opened).toMatchObject({ name: 'exports/a', version: etagOf('content') });
    expect(await textOf(opened)).toBe('content');
    expect(await objects.object('exports/gone').open(signal)).toBeUndefined();
  });

  it('are read on at the byte where a connection broke, of the same version', async () => {
    s3.put('exports/a', 'abcdefghij');
    breakAfter(4);
    expect(await textOf(await objects.object('exports/a').open(signal))).toBe('abcdefghij');
    expect(s3.requests.at(-1)?.headers).toMatchObject({ range: 'bytes=4-', 'if-match': etagOf('abcdefghij') });
  });

  it('are read to their end once, also where the server knows no ranges', async () => {
    s3.put('exports/a', 'abcdefghij');
    breakAfter(4, ({ key }, response) => {
      const { content, etag } = s3.objects.get(key)!;
      response.writeHead(200, { 'content-length': content.length, etag });
      response.write(content.subarray(0, 2), () => setImmediate(() => response.end(content.subarray(2))));
      return true;
    });
    expect(await textOf(await objects.object('exports/a').open(signal))).toBe('abcdefghij');
    expect(s3.requests).toHaveLength(2);
  });

  it('are not mixed out of two versions', async () => {
    s3.put('exports/a', 'abcdefghij');
    const opened = (breakAfter(4), await objects.object('exports/a').open(signal));
    s3.put('exports/a', 'ABCDEFGHIJ');
    await expect(textOf(opened)).rejects.toMatchObject({ code: 'SOURCE_ANSWER_INVALID' });
  });

  it('are a failure where reading breaks again and again, or is refused', async () => {
    s3.put('exports/a', 'abcdefghij');
    breakAfter(0, (_, response) => refuse(response, 403, 'AccessDenied'));
    const opened = await objects.object('exports/a').open(signal);
    await expect(textOf(opened)).rejects.toMatchObject({ code: 'SOURCE_ROLE_REFUSED' });
    await expect(objects.object('exports/a').open(signal)).rejects.toMatchObject({ code: 'SOURCE_ROLE_REFUSED' });
    await expect(objects.list(signal).next()).rejects.toMatchObject({ code: 'SOURCE_ROLE_REFUSED' });
    expect(told.at(-1)).toMatchObject({ kind: 'answered', status: 403 });
  });

  it('are let go at a stop, before an answer and in the middle of the content', async () => {
    s3.put('exports/a', 'abcdefghij');
    const stop = new AbortController();
    s3.fault = (_, response) => {
      response.writeHead(200, { 'content-length': 10, etag: etagOf('abcdefghij') });
      // And no more.
      response.write('abcd');
      return true;
    };
    const content = (await objects.object('exports/a').open(stop.signal))?.content[Symbol.asyncIterator]();
    expect((await content?.next())?.value).toHaveLength(4);
    const rest = content?.next();
    stop.abort();
    expect(isAbort(await rest?.catch((error: unknown) => error))).toBe(true);
    const next = new AbortController();
    s3.fault = () => {
      setImmediate(() => next.abort());
      return true;
    };
    const listing = objects.list(next.signal).next();
    expect(isAbort(await listing.catch((error: unknown) => error))).toBe(true);
  });
});
