import { describe, expect, it } from '@jest/globals';

import { loadPackage, queueFailure } from '../../../../src/harness/queue/queue-connection.js';

const failed = (message: string, code?: string): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

describe('what a Redis says', () => {
  it.each([
    ['no answer', failed('connect ECONNREFUSED 127.0.0.1:6379', 'ECONNREFUSED'), 'ECONNREFUSED', 'Check host and port'],
    ['several addresses without an answer', failed('', 'ECONNREFUSED'), 'ECONNREFUSED', 'Check host and port'],
    ['an answer that does not come', failed('connect ETIMEDOUT', 'ETIMEDOUT'), 'it does not answer', 'Check host'],
    [
      'a start that takes its time',
      failed('LOADING Redis is loading the dataset in memory'),
      'LOADING',
      'answers soon',
    ],
    ['a disk that is full', failed('MISCONF Redis is configured to save RDB snapshots'), 'MISCONF', 'takes no writes'],
    ['a replica', failed("READONLY You can't write against a read only replica."), 'READONLY', 'takes no writes'],
  ])('may change: %s', (_, thrown, what, advice) => {
    const failure = queueFailure('redis://queue.example:6379/0', thrown);
    expect(failure).toMatchObject({ code: 'QUEUE_UNAVAILABLE', retryable: true });
    expect(failure.message).toContain(what);
    expect(failure.advice).toContain(advice);
  });

  it.each([
    ['no password', failed('NOAUTH Authentication required.'), 'asks for a password', 'Check user and password'],
    ['a wrong one', failed('WRONGPASS invalid username-password pair'), 'WRONGPASS', 'Check user and password'],
    [
      'no right to a command',
      failed("NOPERM User x has no permissions to run the 'info' command"),
      'NOPERM',
      'ACL SETUSER',
    ],
    ['no right inside of a script', failed('ERR ACL failure in script: No permissions'), 'ACL failure', 'ACL SETUSER'],
    ['a Redis for this machine alone', failed('DENIED Redis is running in protected mode'), 'DENIED', 'bind'],
    ['no such database', failed('ERR DB index is out of range'), 'DB index', 'redis://HOST:PORT/0'],
    [
      'an unknown authority',
      failed('unable to verify', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
      'verify',
      'NODE_EXTRA_CA_CERTS',
    ],
    ['another name', failed('not in the altnames', 'ERR_TLS_CERT_ALTNAME_INVALID'), 'altnames', 'NODE_EXTRA_CA_CERTS'],
    ['no TLS', failed('wrong version number', 'ERR_SSL_WRONG_VERSION_NUMBER'), 'does not speak TLS', 'redis://'],
  ])('does not change by waiting: %s', (_, thrown, what, advice) => {
    const failure = queueFailure('redis://queue.example:6379/0', thrown);
    expect(failure).toMatchObject({ code: 'QUEUE_REFUSED', retryable: false });
    expect(failure.message).toContain(what);
    expect(failure.advice).toContain(advice);
  });
});

describe('packages that are not installed', () => {
  it('are not waited for', async () => {
    const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    await expect(loadPackage(() => Promise.reject(missing))).rejects.toMatchObject({
      ...{ retryable: false, advice: expect.stringContaining('npm install bullmq ioredis') },
    });
  });
});
