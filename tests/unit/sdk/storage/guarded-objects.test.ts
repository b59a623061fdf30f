import type { ServerResponse } from 'node:http';

import { describe, expect, it } from '@jest/globals';

import { bytes, errorOf, first, loseAnswer, s3Rig } from '../../../support/s3-rig.js';
import { refuse } from '../../../support/scripted-s3.js';

const rig = s3Rig();

describe('another process that writes', () => {
  const NAME = 'context.json';
  const KEY = 'tenant/context.json';

  it('between our reading and our writing is noticed, and what it wrote is kept', async () => {
    const storage = await rig.open();
    await storage.write(NAME, bytes('ours'));
    rig.server.put(KEY, 'theirs');
    const error = await errorOf(storage.write(NAME, bytes('ours again')));
    expect(error).toMatchObject({ code: 'STATE_LOCKED', retryable: false });
    expect(error.message).toContain('Another process writes to the data path s3://state/tenant');
    expect(rig.textOf(KEY)).toBe('theirs');
    // And so it stays: our own state is outdated.
    expect(await errorOf(storage.write(NAME, bytes('once more')))).toMatchObject({ code: 'STATE_LOCKED' });
  });

  it('is noticed where we found nothing', async () => {
    const storage = await rig.open();
    expect(await storage.read(NAME)).toBeUndefined();
    rig.server.put(KEY, 'theirs');
    expect(await errorOf(storage.write(NAME, bytes('ours')))).toMatchObject({ code: 'STATE_LOCKED' });
    expect(rig.textOf(KEY)).toBe('theirs');
  });

  it('is noticed where it removed what we wrote', async () => {
    const storage = await rig.open();
    await storage.write(NAME, bytes('ours'));
    rig.server.objects.delete(KEY);
    expect(await errorOf(storage.write(NAME, bytes('ours again')))).toMatchObject({ code: 'STATE_LOCKED' });
  });

  it('is noticed by the one that wrote first, of two storages', async () => {
    const [one, two] = [await rig.open(), await rig.open()];
    await one.read(NAME);
    await one.write(NAME, bytes('one'));
    await two.read(NAME);
    await two.write(NAME, bytes('two'));
    expect(await errorOf(one.write(NAME, bytes('one again')))).toMatchObject({ code: 'STATE_LOCKED' });
    await two.write(NAME, bytes('two again'));
    expect(rig.textOf(KEY)).toBe('two again');
  });

  it('is not ourselves, when a write is tried again whose answer was lost', async () => {
    const storage = await rig.open();
    await storage.write(NAME, bytes('one'));
    rig.server.fault = first('PUT', loseAnswer);
    await storage.write(NAME, bytes('two'));
    expect(rig.textOf(KEY)).toBe('two');
    await storage.write(NAME, bytes('three'));
    expect(rig.textOf(KEY)).toBe('three');
  });

  it('is not ourselves, when a write was given up and had been carried out', async () => {
    const storage = await rig.open({}, 80);
    await storage.write(NAME, bytes('one'));
    rig.server.fault = (request, response, carryOut) => {
      if (request.method !== 'PUT') return false;
      // Carried out, and the answer stays away.
      response.end = () => response;
      carryOut();
      return true;
    };
    await errorOf(storage.write(NAME, bytes('two')));
    rig.server.fault = undefined;
    expect(rig.textOf(KEY)).toBe('two');
    await storage.write(NAME, bytes('three'));
    expect(rig.textOf(KEY)).toBe('three');
  });

  it('is noticed even while we settle what became of our own write', async () => {
    const storage = await rig.open({}, 80);
    await storage.write(NAME, bytes('one'));
    rig.server.fault = first('PUT', loseAnswer, 3);
    await errorOf(storage.write(NAME, bytes('two')));
    rig.server.fault = (request) => {
      // Right after our look at what is there.
      if (request.method === 'GET') setImmediate(() => rig.server.put(KEY, 'theirs'));
      return false;
    };
    expect(await errorOf(storage.write(NAME, bytes('three')))).toMatchObject({ code: 'STATE_LOCKED' });
    expect(rig.textOf(KEY)).toBe('theirs');
  });

  it('cannot make a late write of ours replace a newer one', async () => {
    const storage = await rig.open({}, 80);
    await storage.write(NAME, bytes('one'));
    const late: (() => void)[] = [];
    rig.server.fault = (request, _, carryOut) => {
      if (request.method === 'PUT') late.push(carryOut);
      return request.method === 'PUT';
    };
    await errorOf(storage.write(NAME, bytes('two')));
    rig.server.fault = undefined;
    await storage.write(NAME, bytes('three'));
    for (const carryOut of late) carryOut();
    expect(rig.textOf(KEY)).toBe('three');
  });

  it.each([
    [501, 'NotImplemented'],
    [400, 'NotImplemented'],
  ])('goes unnoticed where the server answers a condition with %d %s: writes are plain then', async (status, code) => {
    rig.server.fault = ({ headers }, response: ServerResponse) =>
      headers['if-match'] !== undefined || headers['if-none-match'] !== undefined
        ? refuse(response, status, code)
        : false;
    const storage = await rig.open();
    await storage.read(NAME);
    await storage.write(NAME, bytes('one'));
    rig.server.put(KEY, 'theirs');
    await storage.write(NAME, bytes('two'));
    expect(rig.textOf(KEY)).toBe('two');
    expect(rig.server.requests.at(-1)!.headers['if-match']).toBeUndefined();
  });

  it('goes unnoticed where the server names no version', async () => {
    const storage = await rig.open();
    rig.server.fault = ({ method, key, body }, response) => {
      if (method !== 'PUT') return false;
      rig.server.put(key, body.toString());
      response.writeHead(200).end();
      return true;
    };
    await storage.write(NAME, bytes('one'));
    await storage.write(NAME, bytes('two'));
    expect(rig.server.requests.at(-1)!.headers['if-match']).toBeUndefined();
  });
});
