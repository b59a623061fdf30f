import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { readNotice } from '../../../../src/sdk/stored/object-notice.js';

const scope = { bucket: 'mine', prefix: 'in/' };
const record = (eventName: string, key: string, bucket = 'mine'): object => ({
  ...{ eventVersion: '2.1', eventSource: 'aws:s3', eventName },
  s3: { bucket: { name: bucket }, object: { key, size: 1, eTag: 'x' } },
});
const read = (document: object): ReturnType<typeof readNotice> => readNotice(JSON.stringify(document), scope);

describe('a message about objects', () => {
  it('names those that were written, with their names decoded', () => {
    const notice = {
      Records: [record('ObjectCreated:Put', 'in/a+b%2Bc.json.gz'), record('s3:ObjectCreated:Copy', 'in/%C3%A9')],
    };
    const expected = { kind: 'objects', names: ['in/a b+c.json.gz', 'in/é'] };
    expect(read(notice)).toEqual(expected);
    expect(read({ Type: 'Notification', Message: JSON.stringify(notice) })).toEqual(expected);
  });

  it.each([
    ['a test message', { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'mine' }],
    ['a removal', { Records: [record('ObjectRemoved:Delete', 'in/a')] }],
    ['an object beside the prefix', { Records: [record('ObjectCreated:Put', 'out/a')] }],
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

  it('may be any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(['nothing', 'unknown']).toContain(readNotice(text, scope).kind);
      }),
    );
  });
});
