import { describe, expect, it } from '@jest/globals';

import { BUCKET_MS, bucketEndMs, bucketOf, undatedBucketOf } from '../../../../src/sdk/ledger/bucket.js';

describe('a bucket', () => {
  it('is a minute, and ends with it', () => {
    expect([0, 1, BUCKET_MS - 1, BUCKET_MS].map(bucketOf)).toEqual([0, 0, 0, 1]);
    expect(bucketEndMs(bucketOf(BUCKET_MS))).toBe(2 * BUCKET_MS);
  });

  it('of undated events is never one of dated ones, and ends with the minute they were seen in', () => {
    expect([0, BUCKET_MS - 1, BUCKET_MS].map(undatedBucketOf)).toEqual([-1, -1, -2]);
    expect(bucketEndMs(undatedBucketOf(BUCKET_MS))).toBe(2 * BUCKET_MS);
  });

  it('can be written in 32 bits, however far in the future', () => {
    expect(bucketOf(Date.UTC(9999, 11, 31))).toBe(2 ** 31 - 1);
  });
});
