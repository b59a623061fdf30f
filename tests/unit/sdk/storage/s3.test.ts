import { describe, expect, it } from '@jest/globals';

import { describeStorage } from '../../../contract/storage.js';
import { bytes, errorOf, first, s3Rig } from '../../../support/s3-rig.js';
import { refuse, type S3Fault } from '../../../support/scripted-s3.js';

const rig = s3Rig();

describeStorage('S3 with conditions on writes', () => rig.open());

describe('a request', () => {
  it('has the bucket in its path, a signature of the region, and an MD5 of what is written', async () => {
    await (await rig.open()).write('context.json', bytes('{}'));
    const [{ key, headers }] = rig.server.requests as [(typeof rig.server.requests)[0]];
    expect(key).toBe('tenant/context.json');
    expect(headers['authorization']).toMatch(/^AWS4-HMAC-SHA256 Credential=the-access-key\/\d{8}\/eu-test-1\/s3\//);
    expect(headers['content-md5']).toBe('mZFLkyvTelC5g8XnyQrpOw==');
    expect(headers['x-amz-meta-sha256']).toMatch(/^[0-9a-f]{64}$/);
    // Which many servers refuse.
    expect(Object.keys(headers).filter((name) => name.startsWith('x-amz-checksum'))).toEqual([]);
    expect(headers['content-encoding']).toBeUndefined();
  });

  it('carries the session token where there is one', async () => {
    await (await rig.open({ sessionToken: 'the-token' })).read('context.json');
    expect(rig.server.requests[0]!.headers['x-amz-security-token']).toBe('the-token');
  });
});

describe('a storage in trouble', () => {
  it('is tried again within the call where the trouble passes', async () => {
    rig.server.fault = first('PUT', (_, response) => refuse(response, 503, 'SlowDown'), 2);
    const storage = await rig.open();
    await storage.write('a.json', bytes('{}'));
    expect(rig.puts()).toBe(3);
  });

  it.each([
    [503, 'SlowDown', /tried again/],
    [500, 'InternalError', /tried again/],
    [403, 'AccessDenied', /s3:PutObject/],
    [403, 'InvalidAccessKeyId', /aws_access_key_id/],
    [403, 'SignatureDoesNotMatch', /aws_secret_access_key/],
    [403, 'RequestTimeTooSkewed', /clock/],
    [400, 'ExpiredToken', /aws_session_token/],
    [404, 'NoSuchBucket', /Create the bucket/],
    [301, 'PermanentRedirect', /aws_default_region/],
    [507, 'InsufficientStorage', /Free space/],
    [403, 'SomethingNew', /s3:PutObject/],
    [400, 'SomethingElse', /aws_bucket_name/],
  ])('that goes on answering %d %s is told with a remedy, and without secrets', async (status, code, advice) => {
    rig.server.fault = (_, response) => refuse(response, status, code);
    const storage = await rig.open({ sessionToken: 'the-token' });
    const attempts = {
      read: () => storage.read('a.json'),
      write: () => storage.write('a.json', bytes('{}')),
      remove: () => storage.remove('a.json'),
      list: () => storage.list('ledger'),
    };
    for (const [deed, attempt] of Object.entries(attempts)) {
      const error = await errorOf(attempt());
      expect(error).toMatchObject({ code: 'STATE_UNAVAILABLE', status, requestId: 'request-1', retryable: true });
      expect(error.message).toContain(`Cannot ${deed} s3://state/tenant/`);
      expect(error.message).toContain(code);
      expect(error.advice).toMatch(advice);
      expect(`${error.message} ${String(error.cause)}`).not.toMatch(/the-secret-key|the-token/);
    }
  });

  it.each([
    [403, 'AccessDenied', 'STATE_REFUSED', 'Access denied to the object storage s3://state/tenant (AccessDenied, 403)'],
    [
      404,
      'NoSuchBucket',
      'STATE_REFUSED',
      'Impossible access the object storage s3://state/tenant (NoSuchBucket, 404)',
    ],
    [503, 'SlowDown', 'STATE_UNAVAILABLE', 'Impossible access the object storage s3://state/tenant (SlowDown, 503)'],
  ])('that answers %d %s when it is examined is %s', async (status, name, code, message) => {
    rig.server.fault = (_, response) => refuse(response, status, name);
    expect(await errorOf((await rig.open()).examine())).toMatchObject({ code, message });
  });

  it('that is not there is told as such', async () => {
    await rig.server.close();
    const storage = await rig.open();
    for (const attempt of [() => storage.read('a.json'), () => storage.examine()]) {
      const error = await errorOf(attempt());
      expect(error).toMatchObject({ code: 'STATE_UNAVAILABLE', status: undefined });
      expect(error.advice).toContain('Check aws_s3_endpoint_url');
    }
  });

  it('that never answers is given up after a bounded time, and tried again before', async () => {
    rig.server.fault = () => true;
    const storage = await rig.open({}, 80);
    const error = await errorOf(storage.write('a.json', bytes('{}')));
    expect(error).toMatchObject({ code: 'STATE_UNAVAILABLE', advice: expect.stringContaining('slow or unreachable') });
    expect(rig.puts()).toBeGreaterThan(1);
  });

  it('that sends a body drop by drop is given up after a bounded time', async () => {
    rig.server.fault = (_, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(drip));
      return true;
    };
    const error = await errorOf((await rig.open({}, 80)).read('a.json'));
    expect(error).toMatchObject({ code: 'STATE_UNAVAILABLE', advice: expect.stringContaining('slow or unreachable') });
    expect(String(error.cause)).toContain('no answer within 0.32 s');
  });

  it('holds no later write up for good', async () => {
    rig.server.fault = first('PUT', (_, response) => refuse(response, 403, 'AccessDenied'));
    const storage = await rig.open();
    const [one, two] = await Promise.allSettled(['one', 'two'].map((text) => storage.write('a.json', bytes(text))));
    expect([one!.status, two!.status]).toEqual(['rejected', 'fulfilled']);
    expect(rig.textOf('tenant/a.json')).toBe('two');
  });
});

describe('an object', () => {
  const page: S3Fault = (_, response) => {
    response.writeHead(404, { 'content-type': 'text/html' }).end('<html>not here</html>');
    return true;
  };

  it('is not missing because a proxy says so', async () => {
    rig.server.fault = page;
    expect(await errorOf((await rig.open()).read('context.json'))).toMatchObject({
      code: 'STATE_UNAVAILABLE',
      status: 404,
    });
  });

  it.each([
    ['whose connection breaks', 100, undefined],
    ['cut short by somebody who corrects its length', 1000, 1000],
  ])('%s is never read as a shorter one', async (_, sent, length) => {
    const storage = await rig.open();
    await storage.write('context.json', new Uint8Array(2000));
    rig.server.fault = (request, response) => {
      const { etag, checksum = '' } = rig.server.objects.get(request.key)!;
      response.writeHead(200, { etag, 'content-length': length ?? 2000, 'x-amz-meta-sha256': checksum });
      response.write(Buffer.alloc(sent), () => (length === undefined ? response.socket?.destroy() : response.end()));
      return true;
    };
    const error = await errorOf(storage.read('context.json'));
    expect(error).toMatchObject({ code: 'STATE_UNAVAILABLE' });
    expect(error.message).toContain('Cannot read s3://state/tenant/context.json');
  });

  it('that was changed on its way is refused', async () => {
    const storage = await rig.open();
    await storage.write('context.json', bytes('{"a":1}'));
    rig.server.objects.set('tenant/context.json', {
      ...rig.server.objects.get('tenant/context.json')!,
      content: Buffer.from('{"a":2}'),
    });
    const error = await errorOf(storage.read('context.json'));
    expect(error).toMatchObject({ code: 'STATE_UNAVAILABLE', advice: expect.stringContaining('proxy') });
    expect(String(error.cause)).toContain('checksum');
  });

  it('that another program wrote has no checksum of ours, and an ETag that may be anything', async () => {
    rig.server.objects.set('tenant/context.json', {
      content: Buffer.from('{}'),
      etag: '"opaque-7"',
      checksum: undefined,
    });
    const storage = await rig.open();
    expect(Buffer.from((await storage.read('context.json'))!).toString()).toBe('{}');
    await storage.write('context.json', bytes('{"ours":1}'));
    expect(rig.server.requests.at(-1)!.headers['if-match']).toBe('"opaque-7"');
  });

  it('that is changed on its way to the server is refused by it', async () => {
    rig.server.fault = (_, response) => refuse(response, 400, 'BadDigest');
    expect(await errorOf((await rig.open()).write('a.json', bytes('{}')))).toMatchObject({ code: 'STATE_UNAVAILABLE' });
  });
});
