import { describe, expect, it } from '@jest/globals';

import { regionOf } from '../../../../src/sdk/stored/sqs-queue.js';

describe('the region of a queue', () => {
  it.each([
    ['https://sqs.eu-west-3.amazonaws.com/123456789012/q', 'eu-west-3'],
    ['https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q', 'cn-north-1'],
    ['https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/q', 'us-gov-west-1'],
    ['https://vpce-0a1b2c.sqs.eu-west-3.vpce.amazonaws.com/123456789012/q', 'eu-west-3'],
    ['https://sqs.eu-west-3.api.aws/123456789012/q', 'eu-west-3'],
  ])('is named by the address %s', (url, region) => {
    expect(regionOf(url)).toBe(region);
  });

  it.each([
    'https://sqs.eu-west-3.example.test/1/q',
    'http://127.0.0.1:9324/queue/q',
    'https://s3.eu-west-3.amazonaws.com/q',
  ])('is that of the settings where it is %s', (url) => {
    expect(regionOf(url)).toBeUndefined();
  });
});
