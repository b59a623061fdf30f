import { describe, expect, it } from '@jest/globals';

import { ModuleError } from '../../../../src/sdk/errors.js';
import { s3AccessError, s3Unavailable } from '../../../../src/sdk/storage/s3-failure.js';

const systemError = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

describe('a failure of an object storage that gave no answer', () => {
  it.each([
    ['ENOTFOUND', /spelling of the address/],
    ['ECONNREFUSED', /firewalls/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /ca_cert/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /client_cert/],
    ['ETIMEDOUT', /slow or unreachable/],
  ])('%s is told with what to check', (code, advice) => {
    const cause = systemError(code);
    for (const error of [s3Unavailable('read', 's3://b/a.json', cause), s3AccessError('s3://b', cause)]) {
      expect(error).toMatchObject({ code: 'STATE_UNAVAILABLE', advice: expect.stringMatching(advice), cause });
    }
  });

  it.each([undefined, null, 'text', 7, {}])('is total: %j', (thrown) => {
    expect(s3Unavailable('read', 's3://b/a.json', thrown)).toMatchObject({
      code: 'STATE_UNAVAILABLE',
      message: 'Cannot read s3://b/a.json',
    });
  });

  it('that was explained before stays as it is', () => {
    const error = new ModuleError('STATE_LOCKED', 'changed');
    expect(s3Unavailable('write', 's3://b/a.json', error)).toBe(error);
  });
});

describe('an object storage that refuses to be used', () => {
  it.each([
    [401, 'STATE_REFUSED', 'Access denied to the object storage'],
    [403, 'STATE_REFUSED', 'Access denied to the object storage'],
    [404, 'STATE_REFUSED', 'Impossible access the object storage'],
    [429, 'STATE_UNAVAILABLE', 'Impossible access the object storage'],
    [502, 'STATE_UNAVAILABLE', 'Impossible access the object storage'],
  ])('with %d has the code %s', (httpStatusCode, code, message) => {
    const thrown = Object.assign(new Error('no'), { $metadata: { httpStatusCode } });
    expect(s3AccessError('s3://b', thrown)).toMatchObject({
      code,
      message: expect.stringContaining(message),
      status: httpStatusCode,
    });
  });
});
