import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { createS3Storage, type S3Storage } from '../../src/sdk/storage/s3.js';
import { systemClock } from '../../src/sdk/system.js';
import { describeStorage } from '../contract/storage.js';
import { openS3Library, s3Settings } from '../support/s3-access.js';
import { describeWithSwift, startSwift, type Swift } from '../support/swift.js';

const content = new TextEncoder().encode('{}');

describeWithSwift('an object storage: OpenStack Swift', () => {
  let swift: Swift;
  let opened = 0;
  beforeAll(async () => {
    swift = await startSwift();
  }, 60_000);
  afterAll(() => swift.stop());

  const open = (changes: object = {}): Promise<S3Storage> =>
    createS3Storage({ ...s3Settings(swift, `test ${(opened += 1)}/é/`), ...changes }, { clock: systemClock });

  describeStorage('S3', () => open());

  describe('S3', () => {
    it('is found in order, and says where it is', async () => {
      const storage = await open({ prefix: 'tenant/one/' });
      await expect(storage.examine()).resolves.toBeUndefined();
      expect(storage.location).toBe('s3://state/tenant/one');
    });

    it.each([
      [{ bucket: 'not-there' }, 'Impossible access the object storage', 'Create the bucket'],
      [{ secretAccessKey: 'a-wrong-secret' }, 'Access denied to the object storage', 'Check aws_access_key_id'],
      [{ accessKeyId: 'unknown' }, 'Access denied to the object storage', 'aws_access_key_id'],
    ])('with %j is refused with a remedy', async (changes, message, advice) => {
      const error: unknown = await (await open(changes)).examine().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'STATE_REFUSED',
        message: expect.stringContaining(message),
        advice: expect.stringContaining(advice),
      });
      expect(JSON.stringify(error) + String(error)).not.toContain('a-wrong-secret');
    });

    it('never takes a bucket that is gone for one without documents', async () => {
      const storage = await open({ bucket: 'not-there' });
      const attempts = [() => storage.read('a.json'), () => storage.write('a.json', content), () => storage.list('')];
      for (const attempt of attempts) {
        await expect(attempt()).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE', status: 404 });
      }
    });

    it('keeps documents where the Python connector has them, and reads what it wrote', async () => {
      const storage = await open({ prefix: 'python/' });
      const python = await openS3Library(swift);
      await python.put('python/context.json', '{"most_recent_date_seen":"2030-01-02T03:04:05+00:00"}');
      expect(Buffer.from((await storage.read('context.json'))!).toString()).toContain('2030-01-02');
      await storage.write('context.json', content);
      expect(await python.get('python/context.json')).toBe('{}');
    });

    it('lists no placeholders of folders', async () => {
      const storage = await open({ prefix: 'folders/' });
      const operator = await openS3Library(swift);
      await operator.put('folders/ledger/', '');
      await storage.write('ledger/1.bin', content);
      expect(await storage.list('ledger')).toEqual(['1.bin']);
    });
  });
});
