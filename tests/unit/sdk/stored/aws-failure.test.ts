import { describe, expect, it } from '@jest/globals';

import { abortError, describeError, ModuleError } from '../../../../src/sdk/errors.js';
import { awsFailure, isGone, roleFailure } from '../../../../src/sdk/stored/aws-failure.js';

const answered = (name: string, status?: number): Error =>
  Object.assign(new Error('what the server says'), {
    name,
    ...(status !== undefined && { $metadata: { httpStatusCode: status } }),
  });

function failureOf(deed: string, place: string, thrown: unknown): ModuleError {
  const error = awsFailure(deed, place, thrown);
  if (!(error instanceof ModuleError)) throw error;
  return error;
}

describe('a failure of a storage or queue', () => {
  it.each([
    ['SignatureDoesNotMatch', 403, 'SOURCE_CREDENTIAL_REFUSED'],
    ['CredentialsProviderError', undefined, 'SOURCE_CREDENTIAL_REFUSED'],
    ['Unknown', 401, 'SOURCE_CREDENTIAL_REFUSED'],
    ['NoSuchBucket', 404, 'SOURCE_NOT_FOUND'],
    ['PermanentRedirect', 301, 'SOURCE_NOT_FOUND'],
    ['NotFound', 404, 'SOURCE_NOT_FOUND'],
    ['AccessDenied', 403, 'SOURCE_ROLE_REFUSED'],
    ['InvalidObjectState', 403, 'SOURCE_ROLE_REFUSED'],
    ['SlowDown', 503, 'SOURCE_RATE_LIMITED'],
    ['TooManyRequests', 429, 'SOURCE_RATE_LIMITED'],
    ['AccessDenied', 400, 'SOURCE_ROLE_REFUSED'],
    ['KMS.AccessDeniedException', 400, 'SOURCE_ROLE_REFUSED'],
    ['ThrottlingException', 400, 'SOURCE_RATE_LIMITED'],
    ['OverLimit', 403, 'SOURCE_RATE_LIMITED'],
    ['InternalError', 500, 'SOURCE_UNAVAILABLE'],
    ['SyntaxError', 200, 'SOURCE_ANSWER_INVALID'],
    ['SyntaxError', 503, 'SOURCE_UNAVAILABLE'],
    ['InvalidRequest', 400, 'SOURCE_REQUEST_REFUSED'],
    ['TimeoutError', undefined, 'SOURCE_UNREACHABLE'],
  ])('%s, %s, is %s, with what to do', (name, status, code) => {
    const error = failureOf('read', 's3://b/o', answered(name, status));
    expect(error).toMatchObject({ code, status });
    expect(error.message).toBe(`Cannot read s3://b/o (${status === undefined ? name : `${name}, ${status}`})`);
    expect(error.advice).toBeTruthy();
  });

  it('passes by itself where the storage is down, and not where it refuses', () => {
    const isRetryable = (name: string, status: number): boolean =>
      failureOf('list', 's3://b/', answered(name, status)).retryable;
    expect([isRetryable('InternalError', 500), isRetryable('SlowDown', 503)]).toEqual([true, true]);
    expect([isRetryable('AccessDenied', 403), isRetryable('NoSuchBucket', 404)]).toEqual([false, false]);
  });

  it('names no reason where there is none, and leaves alone what is an error of this program', () => {
    expect(awsFailure('list', 's3://b/', new Error('?')).message).toBe('Cannot list s3://b/');
    const own = new ModuleError('STATE_UNAVAILABLE', 'Ours');
    const abort = abortError();
    expect([awsFailure('list', '', own), awsFailure('list', '', abort)]).toEqual([own, abort]);
  });

  it('does not quote what was signed, as some servers do', () => {
    const canonical = 'The canonical string should have been POST / x-amz-security-token:the-session-token';
    const refused = Object.assign(answered('SignatureDoesNotMatch', 403), { message: canonical });
    expect(describeError(failureOf('read', 'http://queue.test/1/q', refused))).not.toContain('the-session-token');
    expect(describeError(roleFailure('arn', refused))).not.toContain('the-session-token');
  });

  it('may be that an object is gone, or is there in another version', () => {
    const failures = [answered('NoSuchKey', 404), answered('PreconditionFailed', 412), answered('Odd', 412)];
    expect(failures.map(isGone)).toEqual([true, true, true]);
    expect(isGone(answered('NoSuchBucket', 404))).toBe(false);
  });
});
