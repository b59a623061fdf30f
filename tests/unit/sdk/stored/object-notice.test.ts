import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { readNotice } from '../../../../src/sdk/stored/object-notice.js';

const scope = { bucket: 'mine', prefix: 'in/' };
const record = (eventName: string, key: string, bucket = 'mine'): object => ({
  ...{ eventVersion: '2.1', eventSource: 'aws:s3', eventName },
  s3: { bucket: { name: bucket }, object: { key, size: 1, eTag: 'x' } },
});
const eventBridge = (type: string, key: string, bucket = 'mine'): object => ({
  ...{ version: '0', 'detail-type': type, source: 'aws.s3' },
  detail: { version: '0', bucket: { name: bucket }, object: { key, size: 1, etag: 'x' } },
});
const read = (document: object): ReturnType<typeof readNotice> => readNotice(JSON.stringify(document), scope);

describe('a message about objects', () => {
  it('names those that were written, with their names decoded', () => {
    const notice = {
      Records: [record('ObjectCreated:Put', 'in/a+b%2Bc.json.gz'), record('s3:ObjectCreated:Copy', 'in/%C3%A9')],
    };
    const about = { version: '"x"', size: 1 };
    const expected = {
      kind: 'objects',
      objects: [
        { name: 'in/a b+c.json.gz', ...about },
        { name: 'in/é', ...about },
      ],
    };
    expect(read(notice)).toEqual(expected);
    expect(read({ Type: 'Notification', Message: JSON.stringify(notice) })).toEqual(expected);
  });

  it('may come from EventBridge, which has names as they are', () => {
    const event = eventBridge('Object Created', 'in/a+b%2Bc é');
    const expected = { kind: 'objects', objects: [{ name: 'in/a+b%2Bc é', version: '"x"', size: 1 }] };
    expect(read(event)).toEqual(expected);
    expect(read({ Type: 'Notification', Message: JSON.stringify(event) })).toEqual(expected);
    expect(read(eventBridge('Object Created', 'in/a', 'other'))).toMatchObject({ kind: 'unknown' });
    expect(read({ source: 'aws.s3' })).toMatchObject({ kind: 'unknown' });
  });

  it('may say nothing of version and size', () => {
    const notice = {
      Records: [{ eventName: 'ObjectCreated:Put', s3: { bucket: { name: 'mine' }, object: { key: 'in/a' } } }],
    };
    expect(read(notice)).toEqual({ kind: 'objects', objects: [{ name: 'in/a', version: '', size: undefined }] });
  });

  it('tells of what was restored from an archive, since it can be read only then', () => {
    for (const notice of [
      { Records: [record('s3:ObjectRestore:Completed', 'in/a')] },
      eventBridge('Object Restore Completed', 'in/a'),
    ]) {
      expect(read(notice)).toMatchObject({ kind: 'objects' });
    }
  });

  it('is about what lies in the prefix, where it is about other objects as well', () => {
    const [inside, outside] = [record('ObjectCreated:Put', 'in/a'), record('ObjectCreated:Put', 'out/a')];
    expect(read({ Records: [outside, inside] })).toMatchObject({ kind: 'objects', objects: [{ name: 'in/a' }] });
    expect(read({ Records: [outside] })).toEqual({ kind: 'outside', name: 'out/a' });
  });

  it.each([
    ['a test message', { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'mine' }],
    ['a removal', { Records: [record('ObjectRemoved:Delete', 'in/a')] }],
    ['a removal outside of the prefix', { Records: [record('ObjectRemoved:Delete', 'out/a')] }],
    ['the begin of a restoration', { Records: [record('ObjectRestore:Post', 'in/a')] }],
    ['a removal as EventBridge tells of it', eventBridge('Object Deleted', 'in/a')],
  ])('is settled by itself where it is %s', (_, document) => {
    expect(read(document)).toEqual({ kind: 'nothing' });
  });

  it.each([
    ['about another bucket', { Records: [record('ObjectCreated:Put', 'in/a', 'other')] }],
    [
      'in part about another bucket',
      { Records: [record('ObjectCreated:Put', 'in/a'), record('ObjectCreated:Put', 'in/a', 'o')] },
    ],
    ['of another kind', { hello: 'world' }],
    ['one with a name that cannot be decoded', { Records: [record('ObjectCreated:Put', 'in/%E0%A4%A')] }],
    ['one without a name', { Records: [{ eventName: 'ObjectCreated:Put' }] }],
  ])('is left where it is %s', (_, document) => {
    expect(read(document)).toMatchObject({ kind: 'unknown' });
  });

  it('is left for a reason of a bounded length', () => {
    const notice = read({ Records: [record('ObjectCreated:Put', 'in/a', 'x'.repeat(1_000_000))] });
    expect(notice).toEqual({ kind: 'unknown', reason: expect.stringMatching(/^it is about the bucket "x{63}"$/) });
  });

  it('may be any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(['nothing', 'unknown']).toContain(readNotice(text, scope).kind);
      }),
    );
  });
});
